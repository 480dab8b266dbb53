"""“Pourquoi ?”: the card of one act on one camera, allowed or refused. No image, no entry."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Request
from pydantic import Field

from beffroi.domain.acts import Act, Purpose
from beffroi.domain.clock import now, to_wall_us
from beffroi.domain.decision import Decision
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.server.access import LOGGED_IN, Routes
from beffroi.server.asking import post_here, question
from beffroi.server.body import Body
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.duty import purpose_for
from beffroi.server.paperlists import paper_json
from beffroi.server.rendering import Json, refusal_json
from beffroi.server.session import require_caller
from beffroi.server.sight import sight_of

LAST_MINUTE_US: Final = 60_000_000
_BAD_RANGE: Final = Text(
    fr="Indiquez un début et une fin, le début d'abord, avec leur fuseau horaire.",
    en="Give a beginning and an end, the beginning first, with their time zone.",
)


class Why(Body):
    """One act on one camera. Without a purpose: that of the reason of duty. Without times: footage of the last minute.
    ``recipient`` is the service of a relay, ``second`` the other person of an extract."""

    camera: Annotated[str, Field(max_length=63)]
    act: Act
    purpose: Purpose | None = None
    recipient: Annotated[str | None, Field(max_length=40)] = None
    second: Annotated[str | None, Field(max_length=64)] = None
    begin: Annotated[datetime | None, Field(alias="from")] = None
    end: Annotated[datetime | None, Field(alias="to")] = None


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.post("/api/why", LOGGED_IN)
    def why(body: Why, request: Request) -> Json:
        """Why an act is allowed or refused: conditions, articles, documents, what cures it and who issues that."""
        caller, facts = require_caller(request), centre.registry.facts()
        duty = centre.duties.of(caller.session)
        # Whom the caller may not know of is, here too, as unknown as whoever does not exist.
        second = None if body.second is None else PersonId(body.second)
        if second is not None and not sight_of(facts, caller.person).person(facts, facts.persons.get(second)):
            second = PersonId("")
        asked = question(
            centre,
            caller,
            CameraId(body.camera),
            body.act,
            body.purpose or (duty.reason.purpose if duty else None),
            footage=_footage(body, to_wall_us(now(centre.clock))),
            recipient=body.recipient,
            second=second,
            post=post_here(centre, request),
        )
        if body.purpose is None and duty is not None:
            opens = purpose_for(duty.reason, lambda one: centre.decider.decide(replace(asked, purpose=one)).allowed)
            asked = replace(asked, purpose=opens)
        return card_json(facts, centre.decider.decide(asked))

    return routes


def _footage(body: Why, now_us: int) -> WallRange | None:
    if body.act not in {Act.REPLAY, Act.EXTRACT}:
        return None
    begin, end = body.begin, body.end
    if begin is None and end is None:
        return WallRange(now_us - LAST_MINUTE_US, now_us)
    if begin is None or end is None or begin.tzinfo is None or end.tzinfo is None or not begin < end:
        raise BadInputError(_BAD_RANGE)
    return WallRange(to_wall_us(begin.astimezone(UTC)), to_wall_us(end.astimezone(UTC)))


def card_json(facts: Facts, decision: Decision) -> Json:
    """The whole card: what a refusal tells, and, for an allow, under whose authority and on which papers."""
    asked = decision.request
    camera = facts.cameras.get(asked.camera) if decision.disclosable else None
    place = "" if camera is None else commune_name(facts, camera.commune)
    papers = [facts.in_charge(document, asked.at) for document in decision.documents]
    return {
        **refusal_json(decision),
        "act": asked.act.value,
        "purpose": None if asked.purpose is None else asked.purpose.value,
        "camera": None if camera is None else {"id": camera.id, "name": camera.name, "commune": place},
        "authority": None
        if decision.authority is None
        else {"id": decision.authority, "name": authority_name(facts, decision.authority, place).as_dict()},
        "documents": [paper_json(facts, paper, asked.at) for paper in papers if paper is not None],
    }
