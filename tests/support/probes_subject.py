"""What the routes of filmed persons' requests answer to whom: lines of the matrix of `test_server_routes`."""

from collections.abc import Callable
from typing import Any, Final

Probed = tuple[str, dict[str, Any] | None, int]
_ALL: Final = "/api/subject/requests"
_NONE: Final = f"{_ALL}/P-20260302-00000000"
_COPY: Final = f"{_NONE}/copies/none"
_MINUTES: Final = {"camera": "cx", "from": "2026-03-02T09:40:00+01:00", "to": "2026-03-02T09:41:00+01:00"}


def _always(path: str, body: dict[str, Any] | None, status: int) -> Callable[[Any], Probed]:
    return lambda _: (path, body, status)


def _enter(cell: Any) -> Probed:
    body = {"wish": "copy", "channel": "paper", "received_on": "2026-03-02", "commune": cell.pick("X", "Z")}
    return _ALL, body, 201 if cell.visible else 404


# A request of another commune and one that is not there: the same answer, whoever asks.
PROBES_SUBJECT: Final[dict[tuple[str, str], Callable[[Any], Probed]]] = {
    ("GET", _ALL): _always(_ALL, None, 200),
    ("POST", _ALL): _enter,
    ("GET", "/api/subject/communes"): _always("/api/subject/communes", None, 200),
    ("GET", f"{_ALL}/{{name}}"): _always(_NONE, None, 404),
    ("GET", f"{_ALL}/{{name}}/cameras"): _always(f"{_NONE}/cameras", None, 404),
    ("POST", f"{_ALL}/{{name}}/commune"): _always(f"{_NONE}/commune", {"commune": "X"}, 404),
    ("POST", f"{_ALL}/{{name}}/register"): _always(f"{_NONE}/register", {"cameras": [_MINUTES]}, 404),
    ("POST", f"{_ALL}/{{name}}/identity"): _always(f"{_NONE}/identity", {"how": "card_seen", "on": "2026-03-02"}, 404),
    ("POST", f"{_ALL}/{{name}}/propose"): _always(f"{_NONE}/propose", {}, 404),
    ("POST", f"{_ALL}/{{name}}/decide"): _always(f"{_NONE}/decide", {"outcome": "copy"}, 404),
    ("GET", f"{_ALL}/{{name}}/lettre.pdf"): _always(f"{_NONE}/lettre.pdf", None, 404),
    ("POST", f"{_ALL}/{{name}}/answered"): _always(f"{_NONE}/answered", {}, 404),
    ("GET", f"{_ALL}/{{name}}/seconds"): _always(f"{_NONE}/seconds", None, 404),
    ("POST", f"{_ALL}/{{name}}/copies"): _always(f"{_NONE}/copies", {**_MINUTES, "second": "pmX"}, 404),
    ("POST", f"{_ALL}/{{name}}/copies/{{copy}}/open"): _always(f"{_COPY}/open", {"reason": "patrol"}, 404),
    ("POST", f"{_ALL}/{{name}}/copies/{{copy}}/boxes"): _always(f"{_COPY}/boxes", {"regions": []}, 404),
    ("POST", f"{_ALL}/{{name}}/viewings"): _always(f"{_NONE}/viewings", {}, 404),
    ("POST", f"{_ALL}/{{name}}/viewings/{{viewing}}/end"): _always(f"{_NONE}/viewings/none/end", {}, 404),
    ("GET", "/demande"): _always("/demande", None, 200),
    ("GET", "/demande.css"): _always("/demande.css", None, 200),
    ("GET", "/demande/suivi"): _always("/demande/suivi", None, 200),
    # What is no form is refused before anything is read of it.
    ("POST", "/demande"): _always("/demande", {"wish": "copy"}, 422),
    ("POST", "/demande/suivi"): _always("/demande/suivi", {"reference": "x", "code": "y"}, 422),
    **{
        ("POST", f"{_ALL}/{{name}}/copies/{{copy}}/{step}"): _always(f"{_COPY}/{step}", {}, 404)
        for step in ("agree", "check", "handed", "build", "close")
    },
    **{
        ("GET", f"{_ALL}/{{name}}/copies/{{copy}}/{file}"): _always(f"{_COPY}/{file}", None, 404)
        for file in ("copie.zip", "film.mp4", "open", "picture")
    },
}
