"""A requisition that no longer counts keeps nothing alive: own term over, pieces, keys and the built copy are gone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.test_desk_delivery import ask, reason, requisition, round_of, store_of
from tests.server.test_desk_leftovers import agreed
from tests.support.clips import clip
from tests.support.desktown import BEGIN_US, DAY_S, DeskTown, desk_town

from beffroi.domain.ids import AuthorityId, DocumentId, PersonId
from beffroi.ledger.entry import EntryKind
from beffroi.server.deskbuild import package_path
from beffroi.vault.casekey import CaseKeys
from beffroi.vault.keyslots import KeyState
from beffroi.vault.sealing import hour_of
from beffroi.vault.term import hour_term_end_us

TERM_US = hour_term_end_us(hour_of(BEGIN_US), 30, "Europe/Paris")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DeskTown]:
    with desk_town(tmp_path / "data") as one:
        yield one


def until(place: DeskTown, at_us: float) -> None:
    """Time passes to this instant, and the round goes by."""
    place.days_pass((at_us - place.town.clock.wall_us()) / 1e6)
    asyncio.run(round_of(place).once())


def outcomes(place: DeskTown, case: str) -> list[str]:
    ledger = place.town.centre.ledger
    found = [ledger.record(number) for number in range(ledger.size)]
    return [str(one.outcome) for one in found if one.detail.get("case") == case and one.detail.get("why") == "lapsed"]


def entered(place: DeskTown, case: str) -> list[int]:
    """What the centre entered of a case. The recorder's acts of it are taken in whenever the intake comes by."""
    ledger = place.town.centre.ledger
    found = [ledger.record(number) for number in range(ledger.size)]
    return [one.index for one in found if one.detail.get("case") == case and one.source is None]


@pytest.mark.parametrize("how", ["withdraw", "suspend"])
def test_a_requisition_that_no_longer_counts_keeps_nothing_past_the_own_term(place: DeskTown, how: str) -> None:
    case, name = agreed(place)
    assert ask(place, case, f"packages/{name}/build", {"reason": reason(place)})[0] == 200
    path, grace_us = package_path(place.town.centre, name), 7 * DAY_S * 1e6
    (paper,) = [DocumentId(one.document) for one in store_of(place).case(case).papers]
    getattr(place.town.centre.registry, how)(paper, by=PersonId("mayorX"), reason="essai")
    until(place, TERM_US + grace_us - 120e6)
    assert (len(place.pieces()), path.exists()) == (1, True), "its own term and the frame's days stay what they are"

    until(place, TERM_US + grace_us + 60e6)
    told = store_of(place).case(case)
    assert (place.pieces(), path.exists()) == ([], False)
    assert (told.row.closed_why, told.holds[0].ended_us is not None) == ("ended", True)
    ring = place.town.centre.supply.keepers[AuthorityId("maire/X")].keyring
    assert CaseKeys(ring).slot(case).state is KeyState.DESTROYED
    assert outcomes(place, case) == ["package_destroyed", "ended"], "each an entry, the copy first"
    ledger = place.town.centre.ledger
    kinds = [ledger.record(number).outcome for number in range(ledger.size)]
    assert "case_key_destroyed" in kinds


def test_what_another_requisition_speaks_of_stays(place: DeskTown) -> None:
    for camera in ("cx", "cd"):
        place.record(camera, clip(count=250))
    case = place.open_case()
    place.hold(case, {"cx": (0, 9), "cd": (0, 9)}, frame="none", verified=False)
    for name, camera in (("one", "cx"), ("two", "cx"), ("three", "cd")):
        assert ask(place, case, "requisition", {"document": requisition(place, name, camera, 0, 60)})[0] == 200
    papers = {one.document.rpartition("/")[2]: DocumentId(one.document) for one in store_of(place).case(case).papers}
    for name in ("one", "three"):
        place.town.centre.registry.withdraw(papers[name], by=PersonId("mayorX"), reason="essai")
    until(place, TERM_US + 60e6)
    told = store_of(place).case(case)
    assert {one.camera: one.ended_us is None for one in told.holds} == {"cx": True, "cd": False}
    assert (told.row.closed_us, len(place.pieces())) == (None, 1)
    ledger = place.town.centre.ledger
    ended = [ledger.record(number) for number in range(ledger.size)]
    assert [one.camera for one in ended if one.kind is EntryKind.HOLD and one.outcome == "ended"] == ["cd"]


def test_a_minute_that_is_asked_lengthens_no_more_than_the_files_it_lies_in(place: DeskTown) -> None:
    for number, run in enumerate(("a1", "b2", "c3")):
        place.record("cx", clip(count=100), at_s=4.0 * number, run=run * 16)
    case = place.open_case()
    place.hold(case, {"cx": (0, 12)}, frame="none", verified=False)
    told = ask(place, case, "requisition", {"document": requisition(place, "first", "cx", 1, 2)})[1]["holds"]
    assert (len(place.pieces()), [one["dies_us"] for one in told]) == (3, [TERM_US]), "what dies first is told"
    until(place, TERM_US - 3600e6)
    assert ask(place, case, "requisition", {"document": requisition(place, "third", "cx", 9, 10)})[0] == 200
    entries = entered(place, case)
    asyncio.run(round_of(place).once())
    assert entered(place, case) == entries, "once for each requisition"
    until(place, TERM_US + 60e6)
    assert len(place.pieces()) == 2, "the second file had nothing of either, and is gone at its own term"
    until(place, TERM_US + 30 * DAY_S * 1e6)
    assert len(place.pieces()) == 2, "what was asked waits for its hand-over"
