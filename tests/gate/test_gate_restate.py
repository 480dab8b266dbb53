"""Circumstances that change while a view is open: asked again at once, under what is true now, and ever since."""

from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.gates import TableLaw, live
from tests.support.register import open_ledger

from beffroi.domain.acts import Purpose
from beffroi.domain.clock import ManualClock
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.ids import ConnectionId, PersonId
from beffroi.gate.answers import OpenedView
from beffroi.gate.gate import Gate
from beffroi.ledger.entry import EntryKind

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
SOMEBODY = frozenset({PersonId("p2")})


class SharedScreen(TableLaw):
    """Everybody before the screen must be in the table."""

    def decide(self, request: ActRequest) -> Decision:
        for other in sorted(request.present):
            decision = super().decide(replace(request, person=other, present=frozenset()))
            if not decision.allowed:
                return replace(decision, request=request)
        return super().decide(request)


async def test_who_comes_before_the_screen_is_asked_about_at_once(tmp_path: Path) -> None:
    clock, law = ManualClock(), SharedScreen({("p1", "cam-1"), ("p1", "cam-2"), ("p2", "cam-1")})
    ledger = open_ledger(tmp_path, clock=clock)
    gate = Gate(law, ledger, KEY, clock)
    stays = await gate.open(live(), ConnectionId("c1"), {})
    goes = await gate.open(live(camera="cam-2"), ConnectionId("c2"), {})
    before = law.asked

    gate.restate(lambda view: view.request)
    assert law.asked == before  # nothing changed, nothing is asked

    gate.restate(lambda view: replace(view.request, present=SOMEBODY))
    assert gate.opened(goes.id) is None
    kept: OpenedView | None = gate.opened(stays.id)
    assert kept is not None
    assert kept.request.present == SOMEBODY
    await gate.end(goes.id)
    cut = next(one for index in range(ledger.size) if (one := ledger.record(index)).kind is EntryKind.VIEW_CUT)
    assert ledger.payload(cut.index) == {"present": ["p2"]}  # beside the leaf, which names nobody

    law.withdraw("p2", "cam-1")
    await gate.tick()
    assert gate.opened(stays.id) is None  # asked ever since with who is there
    ledger.close()


async def test_an_open_view_keeps_its_purpose_whatever_is_restated(tmp_path: Path) -> None:
    clock, law = ManualClock(), SharedScreen({("p1", "cam-1")})
    ledger = open_ledger(tmp_path, clock=clock)
    gate = Gate(law, ledger, KEY, clock)
    opened = await gate.open(live(), ConnectionId("c1"), {})
    gate.restate(lambda view: replace(view.request, post="salle 1"))
    kept = gate.opened(opened.id)
    assert kept is not None
    assert (kept.request.purpose, kept.request.post) == (Purpose.F5, "salle 1")
    assert ledger.record(opened.ledger_index).purpose is Purpose.F5
    await gate.end(opened.id)
    ledger.close()
