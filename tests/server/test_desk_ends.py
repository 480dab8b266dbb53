"""What the centre ends is gone on the recorder: also where a crash or the disk took the name or the book of a hold."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_desk_delivery import store_of
from tests.support.clips import clip
from tests.support.desktown import DeskTown, desk_town

from beffroi.capture.client import RecorderClient
from beffroi.domain.errors import BeffroiError, BrokenError
from beffroi.domain.text import Text
from beffroi.gate.keeping import Kept
from beffroi.ledger.entry import EntryKind
from beffroi.registry.desktables import DeskHoldRow
from beffroi.server.deskholds import DeskHolds, keep_of
from beffroi.vault.journal import ActKind


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    with desk_town(tmp_path_factory.mktemp("ends") / "data") as one:
        one.record("cx", clip(count=250))
        yield one


def end(place: DeskTown, row: DeskHoldRow) -> int:
    holds: DeskHolds = place.town.app.state.deliveries.desk.holds
    return asyncio.run(holds.end(row, None, "ended"))


def only_hold(place: DeskTown, case: str) -> DeskHoldRow:
    (row,) = store_of(place).case(case).holds
    return row


def folders(place: DeskTown) -> list[Path]:
    return [one for one in (place.root / "frozen").glob("*") if one.is_dir()]


def refusing(refused: str) -> Any:
    """The centre's calls to a recorder that refuses this one and answers all others."""
    whole = RecorderClient.call

    async def call(client: RecorderClient, method: str, params: dict[str, Any]) -> Any:
        if method == refused:
            raise BrokenError(Text(fr="refusé", en="refused"))
        return await whole(client, method, params)

    return call


def test_a_hold_that_the_centre_could_not_name_ends_with_its_case(
    place: DeskTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorder placed it and copied; then it did not answer any more, and nothing was told to the row."""
    case = place.open_case()
    with monkeypatch.context() as shut:
        shut.setattr(RecorderClient, "call", refusing("hold_pieces"))
        assert place.hold(case, {"cx": (0, 3)}).status == 200
    row = only_hold(place, case)
    assert (row.name, len(place.pieces())) == ("", 1), "it is there, and the row does not know its name"
    assert end(place, row) == 1
    assert (place.pieces(), folders(place)) == ([], [])


@pytest.mark.parametrize("bad", [b"", b"[]", b"\xff" * 40, None])
def test_a_hold_whose_book_is_torn_ends_with_its_case(place: DeskTown, bad: bytes | None) -> None:
    case = place.open_case()
    assert place.hold(case, {"cx": (0, 3)}).body["holds"][0]["complete"]
    row = only_hold(place, case)
    book = place.root / "frozen" / row.name / "hold.json"
    book.unlink() if bad is None else book.write_bytes(bad)
    assert end(place, row) == 1
    assert (place.pieces(), folders(place)) == ([], [])
    acts = [one for one in place.journal.read_after(0, 10_000) if one.fields.get("hold") == row.name]
    assert {ActKind.DESTRUCTION, ActKind.HOLD_ENDED} <= {one.kind for one in acts}, "with its proof"


def test_a_torn_book_is_written_anew_when_the_same_minutes_are_held_again(place: DeskTown) -> None:
    case = place.open_case()
    assert place.hold(case, {"cx": (0, 3)}).body["holds"][0]["complete"]
    row = only_hold(place, case)
    book = place.root / "frozen" / row.name / "hold.json"
    whole = book.read_bytes()
    book.write_bytes(b"")
    again = place.hold(case, {"cx": (0, 3)})
    assert (again.status, again.body["holds"][0]["complete"]) == (200, True), again.body
    assert ({**json.loads(whole), "asked_us": 0}, len(place.pieces())) == (
        {**json.loads(book.read_bytes()), "asked_us": 0},
        1,
    )
    end(place, row)


def test_the_lease_of_one_hold_ends_no_other_that_is_torn(place: DeskTown) -> None:
    """Nothing but its name says whose a torn hold is: a case, an authority, a camera, these minutes."""
    cases = [place.open_case() for _ in "ab"]
    for one in cases:
        assert place.hold(one, {"cx": (0, 3)}).status == 200
    mine, theirs = [only_hold(place, one) for one in cases]
    (place.root / "frozen" / theirs.name / "hold.json").write_bytes(b"")
    keeper = place.town.app.state.deliveries.desk.holds.keeper

    async def ask(**params: Any) -> Any:
        async with RecorderClient(place.town.centre.recorder_socket) as recorder:
            lease = keeper.lease(Kept(keep_of(mine), mine.entry))
            return await recorder.call("hold_end", {"hold": theirs.name, "lease": lease, **params})

    for params in ({}, {"case": mine.case, "camera": "cx"}, {"case": theirs.case, "camera": "cy"}, {"case": 7}):
        with pytest.raises(BeffroiError):
            asyncio.run(ask(**params))
    assert len(place.pieces()) == 2
    assert [end(place, one) for one in (mine, theirs)] == [1, 1]


def ended_entries(place: DeskTown, case: str) -> int:
    ledger = place.town.centre.ledger
    found = [ledger.record(number) for number in range(ledger.size)]
    return sum(one.kind is EntryKind.HOLD and one.outcome == "ended" and one.detail["case"] == case for one in found)


def test_half_a_copy_that_a_crash_left_goes_with_its_hold(place: DeskTown) -> None:
    """Sound or torn: `end` meets it before the recorder's own pass does."""
    for torn in (False, True):
        case = place.open_case()
        assert place.hold(case, {"cx": (0, 3)}).body["holds"][0]["complete"]
        row = only_hold(place, case)
        folder = place.root / "frozen" / row.name
        (folder / f"{'0' * 32}.part").write_bytes(b"half a copy")
        if torn:
            (folder / "hold.json").write_bytes(b"")
        assert end(place, row) == 1
        assert (place.pieces(), folders(place)) == ([], [])


def test_an_end_that_the_recorder_refuses_is_one_entry_however_often_it_is_tried(
    place: DeskTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = place.open_case()
    assert place.hold(case, {"cx": (0, 3)}).status == 200
    with monkeypatch.context() as shut:
        shut.setattr(RecorderClient, "call", refusing("hold_end"))
        for _ in range(3):
            with pytest.raises(BrokenError):
                end(place, only_hold(place, case))
    assert (end(place, only_hold(place, case)), ended_entries(place, case)) == (1, 1)


def test_a_recorder_of_an_older_version_that_names_no_torn_hold_ends_the_sound_ones(
    place: DeskTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = RecorderClient.call

    async def older(client: RecorderClient, method: str, params: dict[str, Any]) -> Any:
        told = await whole(client, method, params)
        return {"holds": told["holds"], "problems": told["problems"]} if method == "holds" else told

    case = place.open_case()
    assert place.hold(case, {"cx": (0, 3)}).status == 200
    monkeypatch.setattr(RecorderClient, "call", older)
    assert end(place, only_hold(place, case)) == 1
    assert (place.pieces(), folders(place)) == ([], [])
