"""The register as views of it: one's own acts for everyone; the whole for those whose task it is."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import Query, Request

from beffroi.domain.clock import now, to_wall_us
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, camera_id
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.law.visible import register_scope
from beffroi.ledger.choosing import Choice
from beffroi.ledger.entry import Entry, EntryKind, Record
from beffroi.ledger.sentences import sentence
from beffroi.server.access import LOGGED_IN, REGISTER, Routes
from beffroi.server.centre import Centre, commune_name
from beffroi.server.missionscope import Reach, reach_of
from beffroi.server.rendering import Json, iso
from beffroi.server.session import require_caller
from beffroi.server.witnessing import Witnessing

PAGE: Final = 50
MOST: Final = 2000
"""Entries of one answer of the register; ``more`` says that the day holds others (ask camera by camera)."""

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
_BAD_DAY: Final = Text(fr="Ce jour n'est pas dans le registre.", en="This day is not in the register.")


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.get("/api/acts/mine", LOGGED_IN)
    def mine(request: Request, before: Annotated[int | None, Query(ge=0, lt=1 << 53)] = None) -> Json:
        """One's own register entries, newest first, numbered among one's own."""
        caller = require_caller(request)
        facts = centre.registry.facts()
        known = {one.camera.id for one in centre.visible_to(caller.person, strong=caller.strong)}
        numbered = centre.ledger.own_numbered(caller.person, before=before, limit=PAGE)
        rows = [
            # The register's own index would tell how much happens elsewhere.
            {**record_json(facts, record, known=known), "index": number}
            for number, record in numbered
        ]
        return {"entries": rows, "next": numbered[-1][0] if numbered and numbered[-1][0] > 1 else None}

    @routes.get("/api/register", REGISTER)
    def register(
        request: Request,
        day: Annotated[date | None, Query()] = None,
        camera: Annotated[str | None, Query(max_length=63)] = None,
    ) -> Json:
        """Entries of a day (today when none is given), of one camera or of all. Reading is itself an entry."""
        caller = require_caller(request)
        facts, at = centre.registry.facts(), now(centre.clock)
        asked_camera = None if camera is None else camera_id(camera)
        scope = register_scope(centre.law, facts, caller.person, at)
        if not scope.whole:
            raise RefusedError(REGISTER.text)  # those of some communes read the registers of each: /api/registers
        reach = reach_of(facts, caller.person, at)
        zone = ZoneInfo(LEGAL_TIME_ZONE)
        asked = day or at.astimezone(zone).date()
        if not FIRST_DAY <= asked <= LAST_DAY:
            raise BadInputError(_BAD_DAY)
        begin = datetime.combine(asked, time(), zone)
        span = WallRange(to_wall_us(begin), to_wall_us(datetime.combine(asked + timedelta(days=1), time(), zone)))
        centre.ledger.append(
            Entry(EntryKind.REGISTER_READ, actor=caller.person, camera=asked_camera, detail={"day": asked.isoformat()})
        )
        choice = _choice(facts, span, asked_camera, reach)
        records = centre.ledger.chosen(choice, lambda one: reach.record(facts, one))
        bound = None if reach.note is None else reach.note.as_dict()
        told = [record_json(facts, record) for record in records[:MOST]]
        return {"day": asked.isoformat(), "entries": told, "more": len(records) > MOST, "bound": bound}

    @routes.get("/api/register/checkpoint", REGISTER)
    def checkpoint() -> Json:
        """The signed head of the register, to be kept elsewhere."""
        head = centre.ledger.checkpoint()
        return {"size": head.size, "note": centre.ledger.checkpoint_note().decode(), **witness_json(centre.witnessing)}

    return routes


def witness_json(witnessing: Witnessing) -> Json:
    """Whether somebody outside stands behind the register, and since when."""
    status = witnessing.status()
    return {
        "witnessed": status.witnessed,
        "witness": {
            "state": status.state.value,
            "text": status.text.as_dict(),
            "size": status.size,
            "at": None if status.since_us is None else iso(status.since_us),
        },
    }


def _choice(facts: Facts, span: WallRange, camera: CameraId | None, reach: Reach) -> Choice:
    """What is looked through: never the entries of cameras that the reader's letters are not about, however many."""
    cameras = {str(one.id) for one in facts.cameras.values() if reach.camera(one)} if reach.letters else None
    if camera is not None:
        cameras = {str(camera)} if cameras is None else cameras & {str(camera)}
    bounded = None if cameras is None else frozenset(cameras)
    return Choice(span, frozenset(EntryKind), bounded, limit=MOST + 1, placeless=camera is None)


def record_json(facts: Facts, record: Record, *, known: Collection[CameraId] | None = None) -> Json:
    """An entry as a line of a table. Cameras outside ``known`` (None: all are known) keep the id under which they were
    asked for, and no name: one learns nothing from having been refused."""
    shown = record.camera is not None and (known is None or record.camera in known)
    camera = facts.cameras.get(record.camera) if record.camera and shown else None
    return {
        "index": record.index,
        "at": iso(record.happened_us),
        "kind": record.kind.value,
        "text": sentence(record).as_dict(),
        "actor": record.actor,
        "camera": None if record.camera is None else (camera.name if camera else record.camera),
        "commune": None if camera is None else commune_name(facts, camera.commune),
        "authority": record.authority,
        "purpose": None if record.purpose is None else record.purpose.value,
        "ground": None if record.decision is None else record.decision.ground,
        "articles": [] if record.decision is None else list(record.decision.articles),
        "outcome": record.outcome,
        "footage": None
        if record.footage is None or record.footage.duration_s <= 0
        else {"from": iso(record.footage.from_us), "to": iso(record.footage.to_us)},
        "sent": None
        if record.sent is None
        else {
            "frames": record.sent.frames,
            "bytes": record.sent.bytes,
            "from": None if record.sent.footage is None else iso(record.sent.footage.from_us),
            "to": None if record.sent.footage is None else iso(record.sent.footage.to_us),
        },
    }
