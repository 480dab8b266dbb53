"""The account of the recorder: does all that was ordered, recorded, kept, destroyed and lost add up?

Read by those whom the law lets read the register of a camera: the controllers for all, a mayor for the commune's own.
"""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import Query, Request

from beffroi.capture.client import RecorderClient
from beffroi.domain.clock import now
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId
from beffroi.domain.text import Text
from beffroi.law.visible import register_scope
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.server.access import ACCOUNT, Routes
from beffroi.server.centre import Centre, commune_name
from beffroi.server.missionscope import reach_of
from beffroi.server.rendering import Json, iso
from beffroi.server.session import Caller, require_caller
from beffroi.server.sight import unknown
from beffroi.vault.accounttext import without_numbers

MAX_DAYS: Final = 31
TIMEOUT_S: Final = 60.0
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
    routes = Routes()

    @routes.get("/api/account", ACCOUNT)
    async def read(
        request: Request,
        first: Annotated[date | None, Query(alias="from")] = None,
        last: Annotated[date | None, Query(alias="to")] = None,
        camera: Annotated[str | None, Query(max_length=63)] = None,
    ) -> Json:
        """The sums of each camera, stream and legal day (today when none is given). Reading is itself an entry."""
        asked = await asyncio.to_thread(_prepare, centre, require_caller(request), (first, last), camera)
        # A connection of its own: an account may take seconds, and others ask for pictures meanwhile.
        async with RecorderClient(centre.recorder_socket, timeout_s=TIMEOUT_S) as recorder:
            found = await recorder.account(asked.first.isoformat(), asked.last.isoformat(), asked.cameras)
        return _answer(asked, found)

    return routes


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a person asks for and may be told. ``cameras`` is None for all, those that are no more included; ``own`` are
    all that the person may know of."""

    facts: Facts
    whole: bool
    own: frozenset[str]
    cameras: list[str] | None
    first: date
    last: date


def _prepare(centre: Centre, caller: Caller, span: tuple[date | None, date | None], camera: str | None) -> _Asked:
    """Decide and enter in the register, in that order. Blocking.

    Raises:
        RefusedError: the law opens the register of no camera to this person.
        NotFoundError: this camera is not one of those.
        BadInputError: no such days.
    """
    facts, at = centre.registry.facts(), now(centre.clock)
    scope = register_scope(centre.law, facts, caller.person, at)
    if not scope.whole and not scope.communes:
        raise RefusedError(ACCOUNT.text)
    today = at.astimezone(ZoneInfo(LEGAL_TIME_ZONE)).date()
    first, last = span[0] or span[1] or today, span[1] or span[0] or today
    if not timedelta() <= last - first < timedelta(days=MAX_DAYS):
        raise BadInputError(_BAD_SPAN)
    reach = reach_of(facts, caller.person, at)
    known = [one for one in facts.cameras.values() if scope.whole or one.commune in scope.communes]
    own = sorted(one.id for one in known if reach.camera(one))
    if camera is not None and camera not in own:
        raise unknown(camera)
    centre.ledger.append(
        Entry(
            EntryKind.REGISTER_READ,
            actor=caller.person,
            camera=None if camera is None else CameraId(camera),
            detail={"day": first.isoformat(), "account": last.isoformat()},
        )
    )
    whole = scope.whole and not reach.letters
    every: list[str] | None = None if whole else list(own)
    return _Asked(facts, whole, frozenset(own), every if camera is None else [camera], first, last)


def _answer(asked: _Asked, found: dict[str, Any]) -> Json:
    # What is wrong with a camera of another commune is that commune's; the journal itself is everybody's.
    told = (one for one in found["whole"] if asked.whole or not one.get("camera") or one["camera"] in asked.own)
    whole = [{"kind": one["kind"], "text": one["text"]} for one in told]
    if whole and not asked.whole:
        whole = [{"kind": "elsewhere", "text": _ELSEWHERE.as_dict()}]
    lines = [_line(asked.facts, line, whole=asked.whole) for line in found["days"]]
    return {
        "from": asked.first.isoformat(),
        "to": asked.last.isoformat(),
        "at": iso(found["now_us"]),
        "checked": None if found["whole_us"] is None else iso(found["whole_us"]),
        "adds_up": not whole and all(line["adds_up"] for line in lines),
        "days": lines,
        "whole": whole,
    }


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
