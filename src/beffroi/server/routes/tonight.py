"""“Ce soir”: who may see what until morning, why, and what a change would make of it. No image, no entry."""

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import Request
from pydantic import Field, JsonValue

from beffroi.domain.acts import Act
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.law.tonight.difference import suppose
from beffroi.law.tonight.matrix import TONIGHT as ACTS
from beffroi.law.tonight.matrix import reasons
from beffroi.law.tonight.whatif import Accredit, Amend, Change, Designate, End, Stop
from beffroi.room.board import Board, Drawing
from beffroi.room.roster import Roster
from beffroi.server.access import TONIGHT, Routes
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.night import Scope, Who, chosen, scope_of
from beffroi.server.nightjson import communes_json, gap_json, matrix_json, person_json, reason_json, zulu
from beffroi.server.rendering import Json
from beffroi.server.session import require_caller
from beffroi.server.sight import unknown
from beffroi.server.viewing import Viewing

SHOWN: Final = 2000
"""Differences sent at once; the others are counted."""

_Name = Annotated[str, Field(max_length=200)]


class Supposed(Body):
    """One change to suppose. ``verb``: end (``on``, last valid day), suspend, withdraw, amend (``fields``), accredit
    (``departements``), designate (``commune``, ``acts``)."""

    verb: Literal["end", "suspend", "withdraw", "amend", "accredit", "designate"]
    document: _Name = ""
    person: _Name = ""
    commune: _Name = ""
    on: date | None = None
    departements: Annotated[
        list[Annotated[str, Field(pattern=r"^[0-9AB]{2,3}$")]], Field(max_length=10, default_factory=list)
    ]
    acts: Annotated[list[Act], Field(max_length=7, default_factory=list)]
    fields: Annotated[dict[str, JsonValue], Field(max_length=10, default_factory=dict)]


class WhatIf(Body):
    """Some changes together, for the persons of a filter."""

    changes: Annotated[list[Supposed], Field(min_length=1, max_length=10)]
    who: Who = "all"


def build(centre: Centre, viewing: Viewing) -> Routes:
    """These routes, on this centre."""
    routes = Routes()
    board = Board(centre.registry, centre.law, centre.clock)
    roster = Roster(centre.registry, centre.law, centre.clock)

    def on_duty() -> frozenset[PersonId]:
        """Who has taken duty and has the wall open."""
        watchers = viewing.watchers().items()
        return frozenset(caller.person for session, (caller, _) in watchers if centre.duties.of(session) is not None)

    @routes.get("/api/tonight", TONIGHT)
    def night(request: Request, who: Who = "duty") -> Json:
        """Who may see what until morning, for the persons on duty, on the roster, or all."""
        scope = scope_of(centre, require_caller(request))
        persons = chosen(who, scope, roster, on_duty())
        found = (board.soon if who == "all" else board.now)(persons, scope.communes)
        drawing = {"done": found.done, "of": found.of} if isinstance(found, Drawing) else None
        duty = set(chosen("duty", scope, roster, on_duty()))
        night_json = {} if isinstance(found, Drawing) else matrix_json(found, scope.at)
        rows = {row["person"] for row in night_json.get("rows", ())}
        return {
            "at": zulu(scope.at),
            "who": who,
            "drawing": drawing,
            "communes": communes_json(scope.facts, sorted(scope.communes)),
            "order": [] if isinstance(found, Drawing) else list(found.communes),
            "persons": [
                {**person_json(scope.facts.persons[one]), "duty": one in duty} for one in persons if one in rows
            ],
            **night_json,
        }

    @routes.get("/api/tonight/cell", TONIGHT)
    def cell(request: Request, person: _Name = "", commune: _Name = "", act: Act = Act.LIVE) -> Json:
        """Why a person may or may not do an act in a commune until morning: the decisions, camera by camera."""
        scope = scope_of(centre, require_caller(request))
        who, where = scope.person(person), scope.commune(commune)
        matrix = board.now([who], [where])
        since = max(scope.at, matrix.span.start)  # drawn while the question waited
        found = reasons(centre.law, matrix, (who, where, act), since) if act in ACTS else []
        return {
            "person": person_json(scope.facts.persons[who]),
            "commune": where,
            "act": act.value,
            "reasons": [reason_json(scope.facts, one, since) for one in found],
        }

    @routes.post("/api/tonight/what-if", TONIGHT)
    def what_if(body: WhatIf, request: Request) -> Json:
        """Who would gain and who would lose by some changes, and from when; nothing is changed."""
        scope = scope_of(centre, require_caller(request))
        changes = [_change(scope, one) for one in body.changes]
        persons = chosen(body.who, scope, roster, on_duty())
        gaps = suppose(centre.law, scope.facts, changes, scope.at, persons=persons, communes=scope.communes)
        named = {one.person for one in gaps}
        return {
            "at": zulu(scope.at),
            "gaps": [gap_json(one) for one in gaps[:SHOWN]],
            "more": max(0, len(gaps) - SHOWN),
            "persons": [person_json(scope.facts.persons[one]) for one in sorted(named)],
            "communes": communes_json(scope.facts, {one.commune for one in gaps}),
        }

    return routes


def _change(scope: Scope, one: Supposed) -> Change:
    """The change, if all that it names may be known."""
    if one.verb == "accredit":
        return Accredit(scope.person(one.person), tuple(one.departements))
    if one.verb == "designate":
        return Designate(scope.person(one.person), scope.commune(one.commune), tuple(one.acts))
    document = DocumentId(one.document)
    newest = (scope.facts.versions(document) or (None,))[-1]
    if not scope.sight.document(scope.facts, newest):
        raise unknown(document)
    if one.verb == "end":
        return End(document, one.on or scope.at.date())
    if one.verb == "amend":
        return Amend(document, tuple(one.fields.items()))
    return Stop(document, scope.at, withdrawn=one.verb == "withdraw")
