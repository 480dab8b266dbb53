"""What the routes of the night and of the roster answer to whom: lines of the matrix of `test_server_routes`."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from beffroi.domain.clock import now
from beffroi.domain.ids import BodyId, PersonId
from beffroi.room.roster import Roster

Probed = tuple[str, dict[str, Any] | None, int]


def _hours(cell: Any) -> tuple[datetime, datetime]:
    """Half an hour that no other cell uses."""
    starts = now(cell.town.clock) + timedelta(hours=24 + cell.number)
    return starts, starts + timedelta(minutes=30)


def _shift(cell: Any) -> str:
    """A shift for this cell alone, on one's own territory or another's."""
    if cell.caller != "supervisorE" or cell.what == "unknown":
        return "nothing"  # refused at the door, or unknown
    centre = cell.town.centre
    roster = Roster(centre.registry, centre.law, centre.clock)
    person, commune = ("agentE", "X") if cell.what == "own" else ("pmZ", "Z")
    shift, _ = roster.enter(PersonId(person), [BodyId(commune)], *_hours(cell), by=PersonId("agentE"))
    return shift.id


def _cell(cell: Any) -> Probed:
    path = f"/api/tonight/cell?person=agentE&commune={cell.pick('X', 'Z')}&act=live"
    return path, None, 200 if cell.visible else 404


def _what_if(cell: Any) -> Probed:
    body = {"changes": [{"verb": "suspend", "document": cell.paper}], "who": "duty"}
    return "/api/tonight/what-if", body, 200 if cell.visible else 404


def _enter(cell: Any) -> Probed:
    starts, ends = (one.isoformat() for one in _hours(cell))
    body = {"person": "agentE", "communes": [cell.pick("X", "Z")], "starts": starts, "ends": ends}
    return "/api/roster", body, 201 if cell.visible else 404


def _on_shift(cell: Any, act: str, body: dict[str, Any] | None) -> Probed:
    return f"/api/roster/{_shift(cell)}/{act}", body, 200 if cell.visible else 404


PROBES_TONIGHT: Final[dict[tuple[str, str], Callable[[Any], Probed]]] = {
    ("GET", "/api/tonight"): lambda _: ("/api/tonight?who=rostered", None, 200),
    ("GET", "/api/tonight/cell"): _cell,
    ("POST", "/api/tonight/what-if"): _what_if,
    ("GET", "/api/roster"): lambda _: ("/api/roster?begin=2026-03-02T00:00:00Z&end=2026-03-30T00:00:00Z", None, 200),
    ("POST", "/api/roster"): _enter,
    ("GET", "/api/roster/{shift}/candidates"): lambda cell: _on_shift(cell, "candidates", None),
    ("POST", "/api/roster/{shift}/replace"): lambda cell: _on_shift(cell, "replace", {"person": "pmX"}),
    ("POST", "/api/roster/{shift}/cancel"): lambda cell: _on_shift(cell, "cancel", {}),
}
