"""“Planning”: who is on duty where and when; a shift that the law would refuse is refused when it is planned."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import Field

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.law.tonight.moments import Span
from beffroi.room.roster import Roster
from beffroi.room.shift import WATCHERS, Obstacle, Shift, ShiftRefusedError
from beffroi.server.access import ROSTER, TONIGHT, Routes
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.night import Scope, scope_of
from beffroi.server.nightjson import communes_json, obstacle_json, person_json, shift_json, zulu
from beffroi.server.rendering import Json, error_json
from beffroi.server.session import require_caller
from beffroi.server.sight import unknown

FARTHEST: Final = timedelta(days=400)
_WEEK: Final = timedelta(days=8)
_LONGEST: Final = timedelta(days=62)
_Name = Annotated[str, Field(max_length=64)]
_BAD_SPAN: Final = Text(
    fr="Donnez un début puis une fin, avec leur fuseau, de deux mois au plus et à moins d'un an d'ici.",
    en="Give a start, then an end, with their zone, at most two months apart and less than a year from now.",
)


class Enter(Body):
    """A shift."""

    person: _Name
    communes: Annotated[list[_Name], Field(min_length=1, max_length=300)]
    starts: datetime
    ends: datetime


class Replace(Body):
    """Who takes the shift over."""

    person: _Name


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()
    roster = Roster(centre.registry, centre.law, centre.clock)

    def known(scope: Scope, shift: str) -> Shift:
        found = next((one for one in _near(roster, scope) if one.id == shift), None)
        if found is None or len(scope.told(found)) < len(found.communes):
            raise unknown(shift)
        return found

    @routes.get("/api/roster", TONIGHT)
    def listed(request: Request, begin: str = "", end: str = "") -> Json:
        """The shifts of some days (eight by default), and who and where may be put on the roster."""
        scope = scope_of(centre, require_caller(request))
        span = _span(begin, end, scope.at)
        shifts = [(one, told) for one in roster.within(span) if (told := scope.told(one))]
        watchers = [scope.facts.persons[one] for one in scope.persons]
        return {
            "from": zulu(span.start),
            "until": zulu(span.end),
            "shifts": [shift_json(scope.facts, one, told, scope.at) for one, told in shifts],
            "persons": [person_json(one) for one in watchers if one.status in WATCHERS],
            "communes": communes_json(scope.facts, scope.communes),
        }

    @routes.post("/api/roster", ROSTER, status_code=201)
    def enter(body: Enter, request: Request) -> Any:
        """Put a person on the roster; refused days ahead where they could not watch, with what lacks."""
        caller = require_caller(request)
        scope = scope_of(centre, caller)
        person, communes = scope.person(body.person), [scope.commune(one) for one in body.communes]
        for at in (body.starts, body.ends):
            _check_near(at, scope.at)
        try:
            shift, warnings = roster.enter(person, communes, body.starts, body.ends, by=caller.person)
        except ShiftRefusedError as refused:
            return _refused(scope, person, refused)
        return _done(scope, shift, warnings)

    @routes.get("/api/roster/{shift}/candidates", ROSTER)
    def candidates(shift: str, request: Request) -> list[Json]:
        """Who could take a shift over now, entitled and free: everywhere first, then those who would lack some
        cameras."""
        scope = scope_of(centre, require_caller(request))
        found = roster.candidates(known(scope, shift), scope.persons)
        ordered = sorted(found, key=lambda one: (not found[one], scope.facts.persons[one].label.fr, one))
        return [{**person_json(scope.facts.persons[one]), "whole": found[one]} for one in ordered]

    @routes.post("/api/roster/{shift}/replace", ROSTER)
    def replace(shift: str, body: Replace, request: Request) -> Any:
        """Somebody already entitled takes the rest of a shift over, at once; one person is enough."""
        caller = require_caller(request)
        scope = scope_of(centre, caller)
        old, person = known(scope, shift), scope.person(body.person)
        try:
            new, warnings = roster.replace(old.id, person, by=caller.person)
        except ShiftRefusedError as refused:
            return _refused(scope, person, refused)
        return _done(scope, new, warnings)

    @routes.post("/api/roster/{shift}/cancel", ROSTER)
    def cancel(shift: str, request: Request) -> Json:
        """Take a shift off the roster, or end it now."""
        caller = require_caller(request)
        scope = scope_of(centre, caller)
        roster.cancel(known(scope, shift).id, by=caller.person)
        return {}

    return routes


def _near(roster: Roster, scope: Scope) -> list[Shift]:
    """The shifts that one may still act on; one that is over looks as if it were not there."""
    return roster.within(Span(scope.at, scope.at + FARTHEST))


def _done(scope: Scope, shift: Shift, warnings: list[Obstacle]) -> Json:
    return {
        "shift": shift_json(scope.facts, shift, shift.communes, scope.at),
        "warnings": [obstacle_json(scope.facts, shift.person, one) for one in warnings],
    }


def _refused(scope: Scope, person: Any, refused: ShiftRefusedError) -> JSONResponse:
    """The sentence, and each commune with its article and its cure."""
    several = [obstacle_json(scope.facts, person, one) for one in refused.obstacles]
    return JSONResponse({**error_json("shift-refused", refused.text), "obstacles": several}, status_code=409)


def _span(begin: str, end: str, at: datetime) -> Span:
    if not begin and not end:
        return Span(at, at + _WEEK)
    try:
        first, last = datetime.fromisoformat(begin), datetime.fromisoformat(end)
        for one in (first, last):
            _check_near(one, at)
        span = Span(first.astimezone(UTC), last.astimezone(UTC))
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInputError(_BAD_SPAN) from error
    if span.end - span.start > _LONGEST:
        raise BadInputError(_BAD_SPAN)
    return span


def _check_near(at: datetime, now: datetime) -> None:
    """Within a year or so: farther is a slip of the hand, and beyond the calendar's end nothing can be counted."""
    if at.tzinfo is None or not 2000 < at.year < 9000 or abs(at - now) > FARTHEST:
        raise BadInputError(_BAD_SPAN)
