"""A camera that sends one key frame and no other (periodic intra refresh does so): its files end all the same, so every
minute is found, counted and destroyed; after a refused group it is written again; nothing dies under its writer."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.support.timelab import CAMERA, LabCamera, LabClock, Stack, stack

from beffroi.capture.rotation import CHUNK_US, HOUR_US, NO_KEY_US, hour_of
from beffroi.capture.sink import NO_KEY_S
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import MAX_CHUNK_US
from beffroi.vault.journal import ActKind
from beffroi.vault.release import CHUNK_SPAN_US

START_US: Final = 1_770_000_900_000_000
HOURS: Final = 3
SECOND_US: Final = 1_000_000
ONE_KEY: Final = LabCamera(fps=1, gop=50, jitter_us=5_000, seed=6, one_key=True)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Three hours of it, on disk."""
    with stack(tmp_path_factory.mktemp("without-keys"), LabClock(START_US), gop=50) as lab:
        lab.send(ONE_KEY, HOURS * 3600.0)
        lab.stop()
        yield lab


def test_a_file_without_key_frames_ends_and_the_next_begins_where_it_ended(kept: Stack) -> None:
    rows, gops = kept.rows(), list(kept.groups())
    longest_us = max(row.wall_end_us - row.wall_start_us for row in rows)
    print(f"{len(rows)} files, the longest {longest_us / 60e6:.1f} minutes")  # noqa: T201
    assert sum(gop.key for _, gop in gops) == 1
    assert sum(gop.frames for _, gop in gops) == len(kept.sent), "every picture once"
    assert len({row.run for row in rows}) == 1
    assert longest_us <= CHUNK_US + NO_KEY_US + 2 * SECOND_US
    assert longest_us * 2 < MAX_CHUNK_US
    assert longest_us < CHUNK_SPAN_US, "a lease for its last minutes opens it"
    assert all(abs(after.wall_start_us - before.wall_end_us) <= 60_000 for before, after in itertools.pairwise(rows))
    for row in rows:
        assert row.hour == hour_of(row.wall_start_us)
        assert row.wall_end_us <= (row.hour + 1) * HOUR_US + NO_KEY_US + 2 * SECOND_US, "an image dies with its hour"


def test_every_minute_without_a_key_frame_is_found_and_counted(kept: Stack) -> None:
    whole = WallRange(kept.rows()[0].wall_start_us, kept.rows()[-1].wall_end_us)
    for from_us in range(whole.from_us, whole.to_us - 60 * SECOND_US, 60 * SECOND_US):
        minute = WallRange(from_us, from_us + 60 * SECOND_US)
        assert kept.catalogue.chunks(CAMERA, "main", minute), (from_us - whole.from_us) / 60e6
        calendar = kept.catalogue.calendar(CAMERA, "main", minute)
        assert [one.to_us - one.from_us for one in calendar.recorded] == [60 * SECOND_US]
        assert not calendar.gaps
    closed = [act.fields for act in kept.acts() if act.kind is ActKind.CHUNK_CLOSED]
    assert {one["path"] for one in closed} == {row.path for row in kept.rows()}
    assert all(one["to_us"] - one["from_us"] < MAX_CHUNK_US for one in closed), "the account looks no further"


def test_after_a_refused_group_it_is_written_again_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stack(tmp_path, LabClock(START_US), gop=50) as lab:
        taken, refused_at = lab.pool.submit, lab.clock.at_us(100.0)
        refused: list[str] = []

        def submit(stream: str, size: int, task: object) -> bool:
            if not refused and lab.clock.wall_us() >= refused_at:
                refused.append(stream)
                return False
            return taken(stream, size, task)  # type: ignore[arg-type]  # whatever it was given

        monkeypatch.setattr(lab.pool, "submit", submit)
        lab.send(ONE_KEY, 600.0)
        lab.stop()
        rows = lab.rows()
        (gap,) = lab.catalogue.calendar(CAMERA, "main", WallRange(START_US, refused_at * 2)).gaps
    assert refused
    assert gap.cause is GapCause.OVERRUN
    assert gap.range.duration_s <= NO_KEY_S + 4
    assert gap.range.to_us == rows[1].wall_start_us
    assert rows[-1].wall_end_us - lab.clock.at_us(600.0) < SECOND_US
