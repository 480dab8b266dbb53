"""The register as views of it: one's own acts for everyone; the whole for those whose task it is."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query, Request

from beffroi.domain.clock import to_wall_us
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.ledger.entry import Entry, EntryKind, Record
from beffroi.ledger.sentences import sentence
from beffroi.server.access import LOGGED_IN, REGISTER, Routes
from beffroi.server.centre import Centre, commune_name
from beffroi.server.rendering import Json, iso
from beffroi.server.session import require_caller

PAGE = 50


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.get("/api/acts/mine", LOGGED_IN)
    def mine(request: Request, before: Annotated[int | None, Query(ge=0)] = None) -> Json:
        """One's own register entries, newest first."""
        caller = require_caller(request)
        facts = centre.registry.facts()
        records = centre.ledger.own_entries(caller.person, before=before, limit=PAGE)
        return {
            "entries": [record_json(facts, record) for record in records],
            "next": records[-1].index if len(records) == PAGE else None,
        }

    @routes.get("/api/register", REGISTER)
    def register(
        request: Request,
        day: Annotated[date | None, Query()] = None,
        camera: Annotated[str | None, Query(max_length=63)] = None,
    ) -> Json:
        """Entries of a day (today when none is given), of one camera or of all. Reading is itself an entry."""
        caller = require_caller(request)
        facts = centre.registry.facts()
        zone = ZoneInfo(LEGAL_TIME_ZONE)
        asked = day or datetime.now(UTC).astimezone(zone).date()
        begin = datetime.combine(asked, time(), zone)
        span = WallRange(to_wall_us(begin), to_wall_us(datetime.combine(asked + timedelta(days=1), time(), zone)))
        centre.ledger.append(
            Entry(
                EntryKind.REGISTER_READ,
                actor=caller.person,
                camera=CameraId(camera) if camera else None,
                footage=span,
            )
        )
        records = centre.ledger.entries_between(span, camera=CameraId(camera) if camera else None)
        return {"day": asked.isoformat(), "entries": [record_json(facts, record) for record in records]}

    @routes.get("/api/register/checkpoint", REGISTER)
    def checkpoint() -> Json:
        """The signed head of the register, to be kept elsewhere."""
        head = centre.ledger.checkpoint()
        return {"size": head.size, "note": centre.ledger.checkpoint_note().decode(), "witnessed": False}

    return routes


def record_json(facts: Facts, record: Record) -> Json:
    """An entry as a line of a table."""
    camera = facts.cameras.get(record.camera) if record.camera else None
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
