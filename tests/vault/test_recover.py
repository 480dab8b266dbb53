"""Crashes, torn files, full disks: what was written whole is kept."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest
from tests.support.chunks import CAMERA, START_US, begin, feed, write_chunk
from tests.support.clips import clip, gops
from tests.support.frames import clear_frames

from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import Catalogue, ChunkState
from beffroi.vault.check import FindingKind, check
from beffroi.vault.chunk import ChunkWriteError, ChunkWriter, CloseReason
from beffroi.vault.chunkformat import FORMAT_VERSION
from beffroi.vault.reader import ChunkReader
from beffroi.vault.recover import Outcome, recover


def crashed(
    root: Path, catalogue: Catalogue, *, checkpoint_after: int = 0, version: int = FORMAT_VERSION
) -> tuple[ChunkWriter, bytes]:
    """Three GOPs written, the first ones confirmed, then the writer is gone without a footer."""
    config, frames = clip(count=75)
    writer, key = begin(root, catalogue, config, version=version)
    for number, group in enumerate(gops(frames), 1):
        writer.write_gop(group, START_US + (number - 1) * 1_000_000)
        if number == checkpoint_after:
            writer.sync()
    writer.abandon()
    return writer, key


def readable(path: Path, key: bytes) -> int:
    with av.open(str(path), "r", options={"decryption_key": key.hex()}) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.parametrize("confirmed", [0, 1, 2, 3])
def test_a_crash_loses_nothing_that_was_written(tmp_path: Path, catalogue: Catalogue, confirmed: int) -> None:
    writer, key = crashed(tmp_path, catalogue, checkpoint_after=confirmed)

    (found,) = recover(tmp_path, catalogue)

    assert (found.outcome, found.frames, found.cut_bytes) == (Outcome.CUT, 75, 0)
    assert found.end_us == START_US + 3_000_000
    row = catalogue.chunk(writer.chunk_id)
    assert row is not None
    assert (row.state, row.reason, row.frames) == (ChunkState.CLOSED, CloseReason.RECOVERED, 75)
    assert check(tmp_path, catalogue, level="hash") == []
    assert readable(writer.path, key) == 75
    assert recover(tmp_path, catalogue) == [], "twice is once"
    with ChunkReader.open(writer.path) as reader:
        assert reader.gops == writer.entries, "the same index as an orderly close would have written"


def test_any_cut_leaves_whole_gops_only(tmp_path: Path, catalogue: Catalogue) -> None:
    """Forty places of the video, each in a file of its own: whole fragments, no exception, a clean check."""
    writer, key = crashed(tmp_path, catalogue)
    data = writer.path.read_bytes()
    ends = [entry.offset + entry.length for entry in writer.entries]
    first = writer.entries[0].offset
    config, frames = clip(count=75)
    for cut in [*range(first, len(data), len(data) // 40), ends[0], ends[1] + 5]:
        other = tmp_path / f"cut-{cut}"
        other.mkdir()
        with_tail = Catalogue.open(other / "catalogue.sqlite")
        torn, torn_key = begin(other, with_tail, config)
        feed(torn, gops(frames)[:1])
        torn.sync()
        for number, group in enumerate(gops(frames)[1:], 1):
            torn.write_gop(group, START_US + number * 1_000_000)
        torn.abandon()
        os.truncate(torn.path, cut)
        (found,) = recover(other, with_tail)
        whole = sum(end <= cut for end in ends)
        if whole == 0:
            assert (found.outcome, torn.path.exists()) == (Outcome.EMPTY, False)
        else:
            assert (found.frames, found.cut_bytes) == (25 * whole, cut - ends[whole - 1])
            with ChunkReader.open(torn.path) as reader:
                assert [f.data for g in reader.gops for f in clear_frames(reader, g, torn_key)] == [
                    f.data for f in frames[: 25 * whole]
                ]
        assert check(other, with_tail, level="hash") == []
        with_tail.close()
    assert readable(writer.path, key) == 75


@pytest.mark.parametrize("version", [1, 2])
def test_zeros_left_by_a_power_cut_are_not_taken_for_pictures(
    tmp_path: Path, catalogue: Catalogue, version: int
) -> None:
    """Files of the first format have no digest after each fragment: recorders that were updated still hold them."""
    writer, key = crashed(tmp_path, catalogue, checkpoint_after=1, version=version)
    third = writer.entries[2]
    for start, length in ((third.offset + third.length - 700, 600), (third.offset + third.length // 2, 128)):
        with writer.path.open("r+b") as file:
            file.seek(start)
            file.write(bytes(length))
    (found,) = recover(tmp_path, catalogue)
    assert (found.outcome, found.frames, found.cut_bytes) == (Outcome.CUT, 50, third.length)
    assert readable(writer.path, key) == 50


def test_a_zero_filled_end_is_cut(tmp_path: Path, catalogue: Catalogue) -> None:
    writer, _ = crashed(tmp_path, catalogue)
    with writer.path.open("ab") as file:
        file.write(bytes(8192))
    (found,) = recover(tmp_path, catalogue)
    assert (found.frames, found.cut_bytes) == (75, 8192)


def test_a_file_without_a_whole_head_is_set_aside(tmp_path: Path, catalogue: Catalogue) -> None:
    writer, _ = crashed(tmp_path, catalogue)
    os.truncate(writer.path, 300)
    (found,) = recover(tmp_path, catalogue)
    assert found.outcome is Outcome.QUARANTINED
    assert writer.path.with_name(writer.path.name + ".torn").exists()
    row = catalogue.chunk(writer.chunk_id)
    assert row is not None
    assert row.state is ChunkState.LOST
    kinds = {item.kind for item in check(tmp_path, catalogue)}
    assert kinds == {FindingKind.QUARANTINED, FindingKind.LOST}


@pytest.mark.parametrize("size", [0, 700])
def test_a_file_that_a_power_cut_left_void_is_removed(tmp_path: Path, catalogue: Catalogue, size: int) -> None:
    writer, _ = begin(tmp_path, catalogue, clip(count=25)[0])
    writer.abandon()
    catalogue.discard_chunk(writer.chunk_id)
    writer.path.write_bytes(bytes(size))
    (found,) = recover(tmp_path, catalogue)
    assert (found.outcome, writer.path.exists()) == (Outcome.EMPTY, False)
    assert check(tmp_path, catalogue) == []


@pytest.mark.parametrize("by", ["writer", "recovery"])
def test_a_crash_while_an_empty_file_is_removed_does_not_tell_it_as_lost(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Found by power cuts: file gone, row still there."""
    writer, _ = begin(tmp_path, catalogue, clip(count=25)[0])

    def crash(path: Path) -> None:
        path.unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(f"beffroi.vault.{'chunk' if by == 'writer' else 'recover'}.unlink_durable", crash)
        if by == "writer":
            writer.close(CloseReason.STOPPED)
        writer.abandon()
        recover(tmp_path, catalogue)
    assert not writer.path.exists(), "it crashed when the file was gone"
    assert recover(tmp_path, catalogue) == []
    assert check(tmp_path, catalogue) == []


def test_a_missing_file_is_marked_lost(tmp_path: Path, catalogue: Catalogue) -> None:
    writer, _ = crashed(tmp_path, catalogue, checkpoint_after=2)
    writer.path.unlink()
    assert recover(tmp_path, catalogue)[0].outcome is Outcome.MISSING
    second = WallRange(START_US, START_US + 2_000_000)
    assert catalogue.calendar(CAMERA, "main", second).lost == (second,)


def test_a_crash_between_footer_and_row_is_finished(tmp_path: Path, catalogue: Catalogue) -> None:
    config, frames = clip(count=75)
    writer, _ = begin(tmp_path, catalogue, config)
    feed(writer, gops(frames))
    row_before = catalogue.chunk(writer.chunk_id)
    fd = os.dup(writer._open_fd())
    data = bytearray()
    writer.close(CloseReason.ROTATED)
    os.close(fd)
    data += writer.path.read_bytes()
    catalogue.discard_chunk(writer.chunk_id)
    assert row_before is not None
    catalogue.open_chunk(writer.header, row_before.path, row_before.size)
    (found,) = recover(tmp_path, catalogue)
    assert found.outcome is Outcome.FINISHED
    assert writer.path.read_bytes() == data
    assert check(tmp_path, catalogue, level="hash") == []


def test_a_crash_inside_the_footer_is_finished(tmp_path: Path, catalogue: Catalogue) -> None:
    written = write_chunk(tmp_path, catalogue)
    with ChunkReader.open(written.path) as reader:
        video_end, size = reader.footer_offset, reader.size
    for cut in range(video_end, size, 9):
        other = tmp_path / f"cut-{cut}"
        target = other / written.header.relative_path()
        target.parent.mkdir(parents=True)
        target.write_bytes(written.path.read_bytes()[:cut])
        own = Catalogue.open(other / "catalogue.sqlite")
        (found,) = recover(other, own)
        assert (found.outcome, found.frames) == (Outcome.CUT, 75)
        assert check(other, own, level="hash") == []
        own.close()


def test_a_file_being_written_is_left_alone(tmp_path: Path, catalogue: Catalogue) -> None:
    config, frames = clip(count=75)
    writer, key = begin(tmp_path, catalogue, config)
    feed(writer, gops(frames)[:2])
    assert [item.outcome for item in recover(tmp_path, catalogue)] == [Outcome.BUSY]
    assert check(tmp_path, catalogue, level="hash") == []
    writer.write_gop(gops(frames)[2], START_US + 2_000_000)
    writer.close(CloseReason.STOPPED)
    assert readable(writer.path, key) == 75


def test_recovery_of_one_stream_leaves_the_others(tmp_path: Path, catalogue: Catalogue) -> None:
    crashed(tmp_path, catalogue)
    assert recover(tmp_path, catalogue, streams={("other", "main")}) == []
    assert len(recover(tmp_path, catalogue, streams={(CAMERA, "main")})) == 1


_VICTIM = """
import sys
from dataclasses import replace
from pathlib import Path
from beffroi.vault.catalogue import Catalogue
from tests.support.chunks import START_US, begin
from tests.support.clips import clip, gops
root = Path(sys.argv[1])
catalogue = Catalogue.open(root / "catalogue.sqlite")
config, frames = clip(count=75)
writer, _ = begin(root, catalogue, config, key=b"k" * 16)
elapsed = 0
while True:
    for group in gops(frames):
        moved = [type(f)(f.data, f.key, f.dts_90k + elapsed, f.pts_90k + elapsed, 3600, 0) for f in group]
        writer.write_gop(moved, START_US + moved[0].dts_90k * 100 // 9)
        print(len(writer.entries), flush=True)
    elapsed += 75 * 3600
"""


def test_kill_nine_in_mid_write_loses_at_most_the_gop_in_hand(tmp_path: Path) -> None:
    for attempt in range(3):
        root = tmp_path / str(attempt)
        root.mkdir()
        victim = subprocess.Popen([sys.executable, "-c", _VICTIM, str(root)], stdout=subprocess.PIPE, text=True)
        assert victim.stdout is not None
        said = [victim.stdout.readline() for _ in range(20 + 7 * attempt)]
        victim.send_signal(signal.SIGKILL)
        last = int(([*said, *victim.stdout.read().split()])[-1])
        victim.wait()
        catalogue = Catalogue.open(root / "catalogue.sqlite")
        (found,) = recover(root, catalogue)
        assert found.frames >= 25 * last, "all that was announced as written is there"
        assert check(root, catalogue, level="hash") == []
        assert readable(root / found.path, b"k" * 16) == found.frames
        catalogue.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A real file system of 96 kB."""
    point = tmp_path / "small"
    point.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(point)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs privileges")
    yield point
    subprocess.run(["umount", "-l", str(point)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path, catalogue: Catalogue) -> None:
    """What was written before stays whole and readable; the index waits for room."""
    config, frames = clip(count=75)
    key = b"k" * 16
    writer, _ = begin(small_disk, catalogue, config, key=key)
    written = 0
    with pytest.raises(ChunkWriteError) as caught:  # noqa: PT012  the disk fills up after some GOPs
        for number, group in enumerate(gops(frames) * 10):
            writer.write_gop(group, START_US + number * 1_000_000)
            written += 1
    assert caught.value.cause is GapCause.DISK_FULL
    assert written > 0
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))
    with contextlib.suppress(ChunkWriteError):
        writer.close(CloseReason.RUN_ENDED)

    (row,) = catalogue.all_chunks()
    if row.state is ChunkState.OPEN:
        ballast.unlink()
        (found,) = recover(small_disk, catalogue)
        assert found.frames == 25 * written
    assert check(small_disk, catalogue, level="hash") == []
    with ChunkReader.open(writer.path) as reader:
        assert sum(len(clear_frames(reader, gop, key)) for gop in reader.gops) == 25 * written


def test_recovery_waits_when_there_is_no_room_for_the_index(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, key = crashed(tmp_path, catalogue)
    real = os.pwrite

    def full(fd: int, data: bytes, offset: int) -> int:
        real(fd, bytes(data[:10]), offset)
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert [item.outcome for item in recover(tmp_path, catalogue)] == [Outcome.POSTPONED]
    monkeypatch.setattr(os, "pwrite", real)
    assert readable(writer.path, key) == 75, "readable meanwhile"
    (found,) = recover(tmp_path, catalogue)
    assert (found.outcome, found.frames, found.cut_bytes) == (Outcome.CUT, 75, 0)


def test_a_disk_that_opens_no_file_for_writing_postpones_recovery(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, _ = crashed(tmp_path, catalogue)
    real = os.open

    def read_only(path: Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == writer.path:
            raise OSError(errno.EROFS, "Read-only file system")
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", read_only)
    assert [item.outcome for item in recover(tmp_path, catalogue)] == [Outcome.POSTPONED]
    monkeypatch.setattr(os, "open", real)
    assert [item.outcome for item in recover(tmp_path, catalogue)] == [Outcome.CUT]
