"""Who saw camera X on day D, and why; who bears a number; the proof of one entry. For controllers; each an entry."""

import asyncio
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import Path, Query, Request, Response

from beffroi.domain.errors import BadInputError, BeffroiError, NotFoundError, RefusedError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.ledger.choosing import Choice
from beffroi.ledger.entry import Entry, EntryKind, Record
from beffroi.publish.registers.period import Period
from beffroi.publish.registers.seen import LONGEST_VIEW_US, Sighting, json_of, sightings
from beffroi.publish.registers.views import VIEW_KINDS, views_of
from beffroi.server.access import REGISTER, Routes
from beffroi.server.centre import Centre, commune_name
from beffroi.server.missionscope import OutsideMissionError
from beffroi.server.proving import entry_of, proof_of
from beffroi.server.registers import Reader, reader_of, today_of
from beffroi.server.rendering import Json
from beffroi.server.routes.registers import attached
from beffroi.server.session import require_caller
from beffroi.server.sight import unknown

LATER: Final = timedelta(days=400)
"""How long after a day its images may still be looked at: held for a procedure, as far as this question goes."""

MOST: Final = 20_000
_TOO_MANY: Final = Text(
    fr="Cette caméra a trop d'inscriptions pour cette réponse : demandez le registre des accès de sa commune, semaine "
    "par semaine.",
    en="This camera has too many entries for this answer: ask for its commune's register of accesses, week by week.",
)
_FORGOTTEN: Final = Text(
    fr="Personne n'est plus nommé par cette inscription : ce qui la nommait a été effacé, ou le système a agi seul.",
    en="This entry names nobody any more: what named a person was erased, or the system acted alone.",
)
_Index = Annotated[int, Path(ge=0, lt=1 << 53)]


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.get("/api/seen", REGISTER)
    async def seen(request: Request, camera: Annotated[str, Query(max_length=63)], day: date) -> Json:
        """Who saw a camera on a legal day, and later images of that day: why, what was sent, what was refused."""
        caller = require_caller(request)
        return await asyncio.to_thread(_seen, centre, caller.person, camera, Period(day, day))

    @routes.get("/api/register/{index}/proof", REGISTER)
    async def proof(request: Request, index: _Index) -> Response:
        """The proof that an entry is in the register, as `beffroi ledger check` reads it."""
        caller = require_caller(request)

        def prove() -> bytes:
            _checked(centre, caller.person, entry_of(centre, index))
            centre.ledger.append(Entry(EntryKind.REGISTER_READ, actor=caller.person, detail={"proof_of": index}))
            return proof_of(centre, index)

        made = await asyncio.to_thread(prove)
        return attached(made, f"preuve-{index}.json", "application/json")

    @routes.get("/api/register/{index}/person", REGISTER)
    async def person(request: Request, index: _Index) -> Json:
        """Who bears the number of an entry. Lifting a number is itself an entry, which names the one it lifts."""
        caller = require_caller(request)

        def lift() -> Json:
            record = _checked(centre, caller.person, entry_of(centre, index))
            camera = record.camera
            centre.ledger.append(
                Entry(EntryKind.REGISTER_READ, actor=caller.person, camera=camera, detail={"person_of": index})
            )
            named = (centre.ledger.payload(index) or {}).get("account")
            if record.actor is None or not isinstance(named, str):
                raise NotFoundError(_FORGOTTEN)
            return {"index": index, "account": named}

        return await asyncio.to_thread(lift)

    return routes


def _reader(centre: Centre, facts: Facts, person: PersonId) -> Reader:
    """Who reads the whole register; the communes' own readers have the registers of each (`/api/registers`).

    Raises:
        RefusedError: the whole is not for this person.
    """
    reader = reader_of(centre, facts, person)
    if not reader.whole:
        raise RefusedError(REGISTER.text)
    return reader


def _checked(centre: Centre, person: PersonId, record: Record) -> Record:
    """An entry, unless it is outside of what the reader's mission letter names."""
    facts = centre.registry.facts()
    reach = _reader(centre, facts, person).reach
    if not reach.record(facts, record):
        raise OutsideMissionError(reach)
    return record


def _seen(centre: Centre, person: PersonId, camera: str, day: Period) -> Json:
    facts = centre.registry.facts()
    reader = _reader(centre, facts, person)
    found = facts.cameras.get(CameraId(camera))
    if found is None:
        raise unknown(camera)
    reader.reach.check(found, day.span)
    detail = {"day": day.first.isoformat(), "question": "seen"}
    centre.ledger.append(Entry(EntryKind.REGISTER_READ, actor=person, camera=found.id, detail=detail))
    begins = day.span.from_us - LONGEST_VIEW_US
    ends = day.span.to_us + round(LATER.total_seconds() * 1e6)
    choice = Choice(WallRange(begins, ends), VIEW_KINDS, frozenset({camera}), limit=MOST + 1)
    records = centre.ledger.chosen(choice)
    if len(records) > MOST:
        raise BadInputError(_TOO_MANY)
    answers = sightings(views_of(records), day.span)
    return {
        "camera": {"id": found.id, "name": found.name, "commune": commune_name(facts, found.commune)},
        "day": day.first.isoformat(),
        "today": today_of(centre).isoformat(),
        "views": [json_of(one, found.commune, reason=_reason(centre, one)) for one in answers],
    }


def _reason(centre: Centre, one: Sighting) -> Text | None:
    """The reason that was given, in the words of the list; None when its payload was erased."""
    try:
        said = (centre.ledger.payload(one.view.first.index) or {}).get("reason")
        return centre.duties.reason(said).text if isinstance(said, str) else None
    except BeffroiError:
        return None  # erased, pruned, or no longer in the list: the purpose stands in the entry itself
