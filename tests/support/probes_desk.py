"""What the routes of the requisition desk answer to whom: lines of the matrix of `test_server_routes`."""

from collections.abc import Callable
from typing import Any, Final

Probed = tuple[str, dict[str, Any] | None, int]
_NONE: Final = "/api/desk/cases/D-20260302-00000000"


def _always(path: str, body: dict[str, Any] | None, status: int) -> Callable[[Any], Probed]:
    return lambda _: (path, body, status)


PROBES_DESK: Final[dict[tuple[str, str], Callable[[Any], Probed]]] = {
    ("GET", "/api/desk/cases"): _always("/api/desk/cases", None, 200),
    ("POST", "/api/desk/cases"): _always("/api/desk/cases", {"kind": "none"}, 422),
    # A case of others and one that is not there: the same answer, whoever asks.
    ("GET", "/api/desk/cases/{case}"): _always(_NONE, None, 404),
    ("POST", "/api/desk/cases/{case}/handlers"): _always(f"{_NONE}/handlers", {"person": "pmX"}, 404),
    ("POST", "/api/desk/cases/{case}/search"): _always(f"{_NONE}/search", {"text": "gare"}, 404),
    ("POST", "/api/desk/cases/{case}/hold"): _always(f"{_NONE}/hold", {"cameras": []}, 404),
}

_PACKAGE: Final = f"{_NONE}/packages/none"
PROBES_DESK.update(
    {
        ("POST", "/api/desk/cases/{case}/requisition"): _always(f"{_NONE}/requisition", {"document": "x"}, 404),
        ("GET", "/api/desk/cases/{case}/requisitions"): _always(f"{_NONE}/requisitions", None, 404),
        ("GET", "/api/desk/cases/{case}/seconds"): _always(f"{_NONE}/seconds", None, 404),
        ("POST", "/api/desk/cases/{case}/packages"): _always(f"{_NONE}/packages", {"second": "pmX"}, 404),
        ("POST", "/api/desk/cases/{case}/packages/{package}/agree"): _always(f"{_PACKAGE}/agree", {}, 404),
        ("POST", "/api/desk/cases/{case}/packages/{package}/build"): _always(
            f"{_PACKAGE}/build", {"reason": "patrol"}, 404
        ),
        ("GET", "/api/desk/cases/{case}/packages/{package}/remise.zip"): _always(f"{_PACKAGE}/remise.zip", None, 404),
        ("POST", "/api/desk/cases/{case}/packages/{package}/receipt"): _always(
            f"{_PACKAGE}/receipt", {"signed_on": "2026-03-03", "signed_by": "OPJ", "reference": "R-1"}, 404
        ),
    }
)

PROBES_DESK.update(
    {
        ("GET", "/api/desk/cases/{case}/packages/{package}/bordereau.pdf"): _always(
            f"{_PACKAGE}/bordereau.pdf", None, 404
        ),
        ("POST", "/api/desk/safeguards"): _always("/api/desk/safeguards", {"camera": "cx", "reason": "none"}, 422),
        ("POST", "/api/desk/cases/{case}/reported"): _always(f"{_NONE}/reported", {"service": "gendarmerie"}, 404),
    }
)

_ONSITE: Final = f"{_NONE}/onsite"
_READ: Final = {"reason": "none", "investigator": "x", "service": "x", "number": "x"}
_MINUTES: Final = {"camera": "cx", "from": "2026-03-02T08:00:00Z", "to": "2026-03-02T08:01:00Z"}
PROBES_DESK.update(
    {
        ("GET", "/api/desk/cases/{case}/onsite"): _always(_ONSITE, None, 404),
        ("POST", "/api/desk/cases/{case}/onsite"): _always(_ONSITE, _READ, 422),
        ("POST", "/api/desk/cases/{case}/onsite/{onsite}/confirm"): _always(
            f"{_ONSITE}/none/confirm", {"investigator": "x"}, 404
        ),
        ("POST", "/api/desk/cases/{case}/onsite/{onsite}/views"): _always(
            f"{_ONSITE}/none/views", {"connection": "x", **_MINUTES}, 404
        ),
        ("POST", "/api/desk/cases/{case}/onsite/{onsite}/marks"): _always(f"{_ONSITE}/none/marks", _MINUTES, 404),
        ("DELETE", "/api/desk/cases/{case}/onsite/{onsite}/marks/{mark_id}"): _always(
            f"{_ONSITE}/none/marks/none", None, 404
        ),
        ("POST", "/api/desk/cases/{case}/onsite/{onsite}/end"): _always(
            f"{_ONSITE}/none/end", {"outcome": "nothing"}, 404
        ),
        ("POST", "/api/desk/cases/{case}/onsite/{onsite}/left"): _always(f"{_ONSITE}/none/left", {}, 404),
        ("GET", "/api/desk/cases/{case}/onsite/{onsite}/recepisse.pdf"): _always(
            f"{_ONSITE}/none/recepisse.pdf", None, 404
        ),
    }
)
