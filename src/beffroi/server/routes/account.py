"""The account of the recorder: does all that was ordered, recorded, kept, destroyed and lost add up?

Read by those whom the law lets read the register of a camera: the controllers for all, a mayor for the commune's own.
The answer is JSON lines, because it may take minutes: how many cameras there are; the days of a few at a time; at the
end what concerns no day, and whether all adds up. Whether the reader still may is asked before each; what stops it
is its last line. An answer without one of these two ends is not whole.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from fastapi.responses import StreamingResponse

from beffroi.domain.clock import now
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BadInputError, BeffroiError, RefusedError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId
from beffroi.domain.text import Text
from beffroi.law.visible import register_scope
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.server.access import ACCOUNT, Routes, admit
from beffroi.server.accountparts import AccountParts, Part, divided
from beffroi.server.centre import Centre, commune_name
from beffroi.server.missionscope import reach_of
from beffroi.server.rendering import Json, error_json, iso
from beffroi.server.session import Caller, NotLoggedInError, require_caller
from beffroi.server.sight import unknown
from beffroi.vault.accounttext import without_numbers

MAX_DAYS: Final = 31
_BAD_SPAN: Final = Text(
    fr="Un compte se demande pour un à 31 jours, du plus ancien au plus récent : corrigez les dates.",
    en="An account is asked for one to 31 days, from the oldest to the newest: correct the dates.",
)
_ELSEWHERE: Final = Text(
    fr="Le journal de l'enregistreur, commun à plusieurs communes, présente une anomalie : le délégué à la protection "
    "des données en a le détail.",
    en="The recorder's journal, shared by several communes, shows an anomaly: the data protection officer has the "
    "detail.",
)


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes, parts = Routes(), AccountParts(centre.recorder_socket)

    @routes.get("/api/account", ACCOUNT)
    async def read(
        request: Request,
        first: Annotated[date | None, Query(alias="from")] = None,
        last: Annotated[date | None, Query(alias="to")] = None,
        camera: Annotated[str | None, Query(max_length=63)] = None,
    ) -> StreamingResponse:
        """The sums of each camera, stream and legal day (today's without days), as JSON lines. Reading is an entry."""
        asked = await asyncio.to_thread(_prepare, centre, require_caller(request), (first, last), camera)
        known = await parts.known()
        told = (_bytes(line) async for line in _told(centre, parts, asked, known))
        # nginx would keep the lines until there are some thousand bytes of them
        return StreamingResponse(told, media_type="application/x-ndjson", headers={"X-Accel-Buffering": "no"})

    return routes


@dataclass(frozen=True, slots=True)
class _Right:
    """What a person may be told at this instant: of all cameras, those that are no more included, or of ``own``."""

    facts: Facts
    whole: bool
    own: frozenset[str]

    @classmethod
    def of(cls, centre: Centre, caller: Caller, at: datetime) -> "_Right":
        """Blocking.

        Raises:
            RefusedError: the law opens the register of no camera to this person.
        """
        facts = centre.registry.facts()
        scope = register_scope(centre.law, facts, caller.person, at)
        if not scope.whole and not scope.communes:
            raise RefusedError(ACCOUNT.text)
        reach = reach_of(facts, caller.person, at)
        known = [one for one in facts.cameras.values() if scope.whole or one.commune in scope.communes]
        return cls(facts, scope.whole and not reach.letters, frozenset(one.id for one in known if reach.camera(one)))

    @classmethod
    def still(cls, centre: Centre, asked: "_Asked", cameras: Collection[str]) -> "_Right":
        """What holds now, minutes later, for these cameras. Blocking.

        Raises:
            RefusedError: the session has ended, or it is not the person's any more to be told of one of them.
        """
        live = centre.identity.session_of_key(asked.caller.session)
        if live is None:
            raise NotLoggedInError
        caller = Caller(live.account, live.key, live.strong, live.expires_at)
        admit(ACCOUNT, caller)
        right = cls.of(centre, caller, now(centre.clock))
        if not right.whole and not right.own.issuperset(cameras):
            raise RefusedError(ACCOUNT.text)
        return right


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a person asks for. ``cameras`` is None for all that the recorder knows."""

    caller: Caller
    right: _Right
    cameras: frozenset[str] | None
    first: date
    last: date


def _prepare(centre: Centre, caller: Caller, span: tuple[date | None, date | None], camera: str | None) -> _Asked:
    """Decide and enter in the register, in that order. Blocking.

    Raises:
        RefusedError: the law opens the register of no camera to this person.
        NotFoundError: this camera is not one of those.
        BadInputError: no such days.
    """
    at = now(centre.clock)
    right = _Right.of(centre, caller, at)
    today = at.astimezone(ZoneInfo(LEGAL_TIME_ZONE)).date()
    first, last = span[0] or span[1] or today, span[1] or span[0] or today
    if not timedelta() <= last - first < timedelta(days=MAX_DAYS):
        raise BadInputError(_BAD_SPAN)
    if camera is not None and camera not in right.own:
        raise unknown(camera)
    centre.ledger.append(
        Entry(
            EntryKind.REGISTER_READ,
            actor=caller.person,
            camera=None if camera is None else CameraId(camera),
            detail={"day": first.isoformat(), "account": last.isoformat()},
        )
    )
    every = None if right.whole else right.own
    return _Asked(caller, right, every if camera is None else frozenset({camera}), first, last)


async def _told(centre: Centre, parts: AccountParts, asked: _Asked, known: Part) -> AsyncGenerator[Json | None]:
    """The lines of an answer; None is a line that says nothing."""
    cameras = [one for one in known["cameras"] if asked.cameras is None or one in asked.cameras]
    yield {"from": asked.first.isoformat(), "to": asked.last.isoformat(), "cameras": len(cameras)}
    latest, right, done, adds_up = known, asked.right, 0, True
    try:
        for some in divided(cameras, asked.first, asked.last):
            async with aclosing(parts.part(asked.caller.person, some, asked.first, asked.last)) as coming:
                async for part in coming:
                    if part is None:
                        yield None
                    else:
                        latest = part
            right = await asyncio.to_thread(_Right.still, centre, asked, some)
            days = [_line(right.facts, line, whole=right.whole) for line in latest["days"]]
            done, adds_up = done + len(some), adds_up and all(line["adds_up"] for line in days)
            yield {"done": done, "days": days}
    except BeffroiError as error:
        yield error_json("stopped", error.text)
        return
    whole = _whole(right, latest)
    yield {
        "at": iso(latest["now_us"]),
        "checked": None if latest["whole_us"] is None else iso(latest["whole_us"]),
        "adds_up": adds_up and not whole,
        "whole": whole,
    }


def _whole(right: _Right, found: Part) -> list[Json]:
    # What is wrong with a camera of another commune is that commune's; the journal itself is everybody's.
    told = (one for one in found["whole"] if right.whole or not one.get("camera") or one["camera"] in right.own)
    whole = [{"kind": one["kind"], "text": one["text"]} for one in told]
    if whole and not right.whole:
        return [{"kind": "elsewhere", "text": _ELSEWHERE.as_dict()}]
    return whole


def _bytes(line: Json | None) -> bytes:
    return (b"" if line is None else json.dumps(line, ensure_ascii=False).encode()) + b"\n"


def _line(facts: Facts, line: dict[str, Any], *, whole: bool) -> Json:
    camera = facts.cameras.get(CameraId(line["camera"]))
    terms = {name: value for name, value in line.items() if name.endswith("_us")}
    if not whole:
        terms.pop("frozen_us", None)  # a hold belongs to a procedure: a commune only counts them by month
    return {
        "camera": line["camera"],
        "name": line["camera"] if camera is None else camera.name,
        "commune": None if camera is None else commune_name(facts, camera.commune),
        "stream": line["stream"],
        "day": line["day"],
        "adds_up": line["adds_up"],
        **terms,
        "wrong": [
            {"kind": one["kind"], "text": one["text"] if whole else without_numbers(one["text"])}
            for one in line["wrong"]
        ],
    }
