"""Views entered in a town's register as the gate enters them, at chosen hours."""

from typing import Any

from tests.support import worlds
from tests.support.centre import Town

from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.clock import to_wall_us
from beffroi.domain.ids import AuthorityId, CameraId, PersonId, ViewId
from beffroi.domain.ranges import WallRange
from beffroi.ledger.entry import Entry, EntryKind, Sent, Trace

BY_HAND = "r"
"""The rule set that these entries name: no archive has it, so nobody can ask them again."""
_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000


def since(town: Town, before: int, kind: EntryKind) -> list[int]:
    """The entries of a kind from this size on. The next entry of all may be another's: what an earlier test closed may
    end meanwhile."""
    ledger = town.centre.ledger
    return [index for index in range(before, ledger.size) if ledger.record(index).kind is kind]


def view(
    town: Town,
    camera: str,
    name: str,
    *,
    documents: tuple[str, ...] = (),
    minutes_ago: int = 5,
    days_ago: int = 0,
    footage_days_ago: int | None = None,
    refused: bool = False,
    act: Act = Act.REPLAY,
    lasts_min: int = 1,
) -> int:
    """One view, refused or opened and ended a minute later (or so many); the number of its first entry."""
    at_us = to_wall_us(worlds.NOW) - minutes_ago * _MINUTE_US - days_ago * _DAY_US
    ago = days_ago if footage_days_ago is None else footage_days_ago
    begins = to_wall_us(worlds.NOW) - (minutes_ago + 10) * _MINUTE_US - ago * _DAY_US
    footage = WallRange(begins, begins + _MINUTE_US)
    trace = Trace(Verdict.DENY if refused else Verdict.ALLOW, "row-13", (), ("CSI L.132-14",), documents, BY_HAND, "f")
    common: dict[str, Any] = {
        "actor": PersonId("agentE"),
        "camera": CameraId(camera),
        "view": ViewId(name),
        "act": act,
        "purpose": Purpose.F5,
        "footage": footage,
        "authority": AuthorityId("maire/X"),
    }
    kind = EntryKind.VIEW_REFUSED if refused else EntryKind.VIEW_OPENED
    payload = {"account": "compte.agente", "reason": "watch"}
    opened = town.centre.ledger.append(Entry(kind, decision=trace, payload=payload, at_us=at_us, **common))
    if not refused:
        sent = Sent(1500, 9, WallRange(footage.from_us, footage.to_us - 10_000_000))
        ended = Entry(EntryKind.VIEW_ENDED, opened=opened, sent=sent, at_us=at_us + lasts_min * _MINUTE_US, **common)
        town.centre.ledger.append(ended)
    return opened
