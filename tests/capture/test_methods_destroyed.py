"""A file is destroyed between being listed and being opened: it is gone, and the rest is there."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.viewing import CAMERA, ReplayHouse

from beffroi.capture.leases import LeaseChecker
from beffroi.capture.methods import Methods
from beffroi.domain.errors import NotFoundError
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import ChunkRow
from beffroi.vault.chunkformat import DamagedChunkError
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.destruction import Destroyer
from beffroi.vault.journal import Journal

STEPS = ("overwrite head", "unlink", "fsync directory", "journal", "drop row", "done")


class _Cut(Exception):  # noqa: N818  not an error: where the destruction stands still
    pass


class Place:
    """Two files of twenty seconds, and a view of both."""

    def __init__(self, house: ReplayHouse, folder: Path) -> None:
        self.house = house
        start_us = house.clock.wall_us() - 60_000_000
        for number, run in enumerate(("a1", "b2")):
            house.chunk(start_us + number * 20_000_000, run=run * 16)
        self.asked = WallRange(start_us, start_us + 40_000_000)
        self.journal = Journal.open(folder / "journal.sqlite")
        checker = LeaseChecker(house.root / "trust" / "gate.pub", house.clock)
        self.methods = Methods(
            root=house.root,
            catalogue=house.catalogue,
            journal=lambda: self.journal,
            leases=checker,
            recorder=None,  # type: ignore[arg-type]  # neither health nor sheets are asked for here
            clock=house.clock,
        )
        view, _ = asyncio.run(house.open(self.asked))
        lease = house.gate.current_lease(view.id)
        assert lease is not None
        self.lease = lease

    def rows(self) -> list[ChunkRow]:
        return self.house.catalogue.chunks(CAMERA, "main", self.asked)

    def chunks(self) -> list[dict[str, Any]]:
        span = {"from_us": self.asked.from_us, "to_us": self.asked.to_us}
        found = self.methods.call("chunks", {"camera": str(CAMERA), "stream": "main", **span, "lease": self.lease})
        return list(found["chunks"])

    def head(self, row: ChunkRow) -> bytes:
        return bytes(self.methods.call("read", {"id": row.id, "offset": 0, "length": 64, "lease": self.lease}))

    def destroy(self, row: ChunkRow, step: str) -> None:
        """For want of room, and no further than before this step."""

        def trace(told: str) -> None:
            if told == step:
                raise _Cut

        watch = ClockWatch(self.house.clock)
        parts = {"catalogue": self.house.catalogue, "journal": self.journal, "clock": self.house.clock, "watch": watch}
        one = Destroyer(
            self.house.root,
            **parts,  # type: ignore[arg-type]  # each is of its kind
            legal_tz=lambda _, __: "Europe/Paris",
            min_days=lambda _: 0,
            trace=trace,
        )
        try:
            one.early([row])
        except _Cut:
            assert step in STEPS
        else:
            assert step == "done"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    house = ReplayHouse(tmp_path)
    one = Place(house, tmp_path)
    yield one
    one.journal.close()
    house.close()


def once_between(whole: Callable[..., Any], act: Callable[[], None]) -> Callable[..., Any]:
    """The same answer, and ``act`` just after the first one."""
    left = [act]

    def asked(*given: Any) -> Any:
        found = whole(*given)
        if left:
            left.pop()()
        return found

    return asked


@pytest.mark.parametrize("step", STEPS)
def test_a_listed_file_that_is_being_destroyed_is_left_out(
    place: Place, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = place.rows()
    catalogue = place.house.catalogue
    monkeypatch.setattr(catalogue, "chunks", once_between(catalogue.chunks, lambda: place.destroy(first, step)))
    wanted = [first.id, second.id] if step == "overwrite head" else [second.id]
    assert [one["id"] for one in place.chunks()] == wanted


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_file_that_is_being_destroyed_is_not_found(place: Place, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = place.rows()
    catalogue = place.house.catalogue
    monkeypatch.setattr(catalogue, "chunk", once_between(catalogue.chunk, lambda: place.destroy(first, step)))
    with pytest.raises(NotFoundError):
        place.head(first)
    assert place.head(second)[4:8] == b"ftyp"


def test_a_file_that_is_kept_and_torn_is_still_said_to_be(place: Place) -> None:
    first, _ = place.rows()
    path = place.house.root / first.path
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])
    with pytest.raises(DamagedChunkError):
        place.chunks()
    with pytest.raises(DamagedChunkError):
        place.head(first)
