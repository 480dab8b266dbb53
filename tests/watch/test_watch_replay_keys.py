"""Keys of a replay: a keyring that is slow, away, closed or damaged."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.viewing import ReplayHouse

from beffroi.domain.errors import BeffroiError
from beffroi.domain.ranges import WallRange
from beffroi.gate.answers import CutCode
from beffroi.vault.keyerrors import HourDamagedError
from beffroi.vault.keyring_remote import KeyringUnreachableError
from beffroi.vault.release import KeyReleaser, NoKeyringError
from beffroi.vault.sealing import SealBrokenError, SealedChunk
from beffroi.watch import sender

S = 1_000_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ReplayHouse]:
    found = ReplayHouse(tmp_path)
    yield found
    found.close()


class _SlowKeyring:
    """The commune's keyring, so slow the first time that the lease it was handed has run out."""

    def __init__(self, house: ReplayHouse) -> None:
        self._house = house
        self.asked = 0

    def release(self, header: SealedChunk, lease_token: str, *, now_us: int) -> bytes:
        self.asked += 1
        late_us = 3 * S if self.asked == 1 else 0
        return self._house.world.keyrings.release(header, lease_token, now_us=now_us + late_us)


async def play_with(house: ReplayHouse, keyring: KeyReleaser, footage: WallRange) -> "asyncio.Task[Any]":
    """A replay whose keys this keyring opens."""
    _, replay = await house.open(footage, keyring)
    return asyncio.create_task(replay.run())


async def test_a_lease_that_runs_out_on_the_way_to_the_keyring_is_tried_again(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=4)
    keyring = _SlowKeyring(house)
    task = await play_with(house, keyring, WallRange(start, start + 4 * S))
    house.orders.seek(1, start)
    await house.sink.until_type("end")
    assert keyring.asked == 2
    assert len(house.sink.fragments) == 4
    house.orders.leave()
    await task


class _AwayKeyring:
    """The commune's keyring, which answers so many times with an error before it opens."""

    def __init__(self, house: ReplayHouse, error: BeffroiError, times: int) -> None:
        self._house = house
        self._error = error
        self.left = times

    def release(self, header: SealedChunk, lease_token: str, *, now_us: int) -> bytes:
        if self.left > 0:
            self.left -= 1
            raise self._error
        return self._house.world.keyrings.release(header, lease_token, now_us=now_us)


async def test_a_keyring_that_comes_back_is_waited_for_within_the_view(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=4)
    keyring = _AwayKeyring(house, KeyringUnreachableError(Path("bourg.sock")), times=2)
    task = await play_with(house, keyring, WallRange(start, start + 4 * S))
    house.orders.seek(1, start)
    await house.sink.until_type("end")
    assert keyring.left == 0
    assert len(house.sink.fragments) == 4
    house.orders.leave()
    await task


@pytest.mark.parametrize(
    "error",
    [
        KeyringUnreachableError(Path("bourg.sock")),
        NoKeyringError("bourg-neuf"),
        SealBrokenError(),
        HourDamagedError("bourg-neuf", 7),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_asking_again_does_not_cure_ends_the_view(
    house: ReplayHouse, error: BeffroiError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "KEYRING_S", 0.5)
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=4)
    task = await play_with(house, _AwayKeyring(house, error, times=1 << 30), WallRange(start, start + 4 * S))
    house.orders.seek(1, start)
    _, cut = await asyncio.wait_for(task, 60)
    assert house.sink.fragments == []
    assert (cut.code, cut.text) == (CutCode.ENDED, error.text)
