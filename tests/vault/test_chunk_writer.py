"""A chunk on disk: ciphertext that plays with its key, an index that proves it, and honest failures."""

import errno
import io
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree
from tests.support.chunks import CAMERA, START_US, begin, feed, header_for, write_chunk
from tests.support.clips import clip, gops
from tests.support.frames import clear_frames

from beffroi.base.files import FsyncFailedError
from beffroi.domain.clock import ManualClock
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.ledger import merkle
from beffroi.vault import chunk as chunk_module
from beffroi.vault.catalogue import Catalogue, ChunkState
from beffroi.vault.chunk import ChunkWriteError, ChunkWriter, CloseReason
from beffroi.vault.chunkformat import DamagedChunkError, parse_header
from beffroi.vault.export import Source, export_clear
from beffroi.vault.rangeerrors import NoFootageError, SettingsChangedError
from beffroi.vault.reader import ChunkReader


def demuxed(data: bytes | Path, key: bytes | None = None) -> list[bytes]:
    file = io.BytesIO(data) if isinstance(data, bytes) else str(data)
    with av.open(file, "r", options={"decryption_key": key.hex()} if key else {}) as container:
        assert [stream.type for stream in container.streams] == ["video"], "one picture track, no sound"
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("shape", [{}, {"codec": "h265"}, {"b_frames": 2}, {"vfr": True}], ids=str)
def test_frames_written_are_frames_read(tmp_path: Path, catalogue: Catalogue, shape: Any) -> None:
    source = clip(count=75, **shape)
    written = write_chunk(tmp_path, catalogue, source)

    assert demuxed(written.path, written.key) == [frame.data for frame in source[1]]
    with ChunkReader.open(written.path) as reader:
        assert reader.header == written.header
        assert [gop.frames for gop in reader.gops] == [25, 25, 25]
        assert all(gop.key for gop in reader.gops)
        opened = [frame for gop in reader.gops for frame in clear_frames(reader, gop, written.key)]
        assert [(f.data, f.dts_90k, f.pts_90k, f.key) for f in opened] == [
            (f.data, f.dts_90k, f.pts_90k, f.key) for f in source[1]
        ]


def test_the_key_and_the_pictures_are_nowhere_on_the_disk(tmp_path: Path, catalogue: Catalogue) -> None:
    written = write_chunk(tmp_path, catalogue)
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert written.key not in everything
    assert written.key.hex().encode() not in everything
    for frame in written.frames:
        assert frame.data[5:37] not in everything


def test_the_writer_forgets_its_key(tmp_path: Path, catalogue: Catalogue) -> None:
    config, frames = clip(count=25)
    writer, key = begin(tmp_path, catalogue, config)
    feed(writer, gops(frames))
    writer.close(CloseReason.STOPPED)
    held = [value for value in vars(writer).values() if key in repr(value).encode() or value == key]
    assert held == []
    assert writer._protection is None
    with pytest.raises(ValueError, match="closed"):
        writer.write_gop(frames, START_US)


def test_each_gop_hash_and_the_root_against_an_independent_tree(tmp_path: Path, catalogue: Catalogue) -> None:
    written = write_chunk(tmp_path, catalogue)
    with ChunkReader.open(written.path) as reader:
        footer = reader.footer
        assert footer is not None
        oracle = InmemoryTree(algorithm="sha256")
        for leaf in footer.leaves():
            oracle.append_entry(leaf)
        assert footer.root == oracle.get_root()
        row = catalogue.chunk(written.chunk_id)
        assert row is not None
        assert row.root == footer.root
        for number, gop in enumerate(reader.gops, 1):
            assert reader.sha256(gop.offset, gop.length) == gop.sha256
            hashes = [merkle.leaf_hash(leaf) for leaf in footer.leaves()]
            proof = merkle.inclusion_proof(merkle.nodes_of(hashes), number, len(hashes))
            assert merkle.verify_inclusion(merkle.leaf_hash(gop.pack()), number, len(hashes), proof, footer.root)


def test_a_long_gop_is_cut_so_that_little_is_ever_unwritten(tmp_path: Path, catalogue: Catalogue) -> None:
    config, frames = clip(count=125, gop=125)
    writer, key = begin(tmp_path, catalogue, config)
    writer.write_gop(frames, START_US)
    writer.close(CloseReason.RUN_ENDED)
    with ChunkReader.open(writer.path) as reader:
        assert [(gop.frames, gop.key) for gop in reader.gops] == [(50, True), (50, False), (25, False)]
        assert [gop.wall_us - START_US for gop in reader.gops] == [0, 2_000_000, 4_000_000]
        late = WallRange(START_US + 4_100_000, START_US + 4_200_000)
        assert [gop.key for gop in reader.gops_in(late)] == [True, False, False], "decoding starts at the key frame"
    assert demuxed(writer.path, key) == [frame.data for frame in frames]


def test_a_heavy_gop_is_cut_by_bytes(tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_module, "MAX_FRAGMENT_BYTES", 4000)
    config, frames = clip(count=25)
    writer, key = begin(tmp_path, catalogue, config)
    writer.write_gop(frames, START_US)
    assert len(writer.entries) > 2
    writer.close(CloseReason.RUN_ENDED)
    assert demuxed(writer.path, key) == [frame.data for frame in frames]


def test_one_system_call_per_fragment(tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    config, frames = clip(count=25)
    writer, _ = begin(tmp_path, catalogue, config)
    calls: list[int] = []
    real = os.writev

    def counting(fd: int, buffers: list[bytes]) -> int:
        calls.append(len(buffers))
        return real(fd, buffers)

    monkeypatch.setattr(os, "writev", counting)
    writer.write_gop(frames, START_US)
    assert calls == [3], "moof with the mdat header, the frames, the digest"
    writer.abandon()


def test_never_two_files_of_one_name(tmp_path: Path, catalogue: Catalogue) -> None:
    config, _ = clip(count=25)
    header = header_for(config)
    writer = ChunkWriter.create(tmp_path, header, config, os.urandom(16), catalogue)
    with pytest.raises(FileExistsError):
        ChunkWriter.create(tmp_path, header, config, os.urandom(16), catalogue)
    writer.abandon()


def test_an_empty_chunk_leaves_nothing_and_its_gaps_wait(tmp_path: Path, catalogue: Catalogue) -> None:
    config, _ = clip(count=25)
    missing = WallRange(START_US - 9_000_000, START_US)
    catalogue.add_gap(CAMERA, "main", missing, GapCause.STREAM_STALLED)
    writer, _ = begin(tmp_path, catalogue, config)
    assert catalogue.uncarried_gaps(CAMERA, "main") == ()
    assert writer.close(CloseReason.STOPPED) is None
    assert not writer.path.exists()
    assert list(catalogue.all_chunks()) == []
    assert [gap.range for gap in catalogue.uncarried_gaps(CAMERA, "main")] == [missing]


def test_checkpoints_follow_the_interval(tmp_path: Path, catalogue: Catalogue) -> None:
    clock = ManualClock()
    config, frames = clip(count=75)
    writer = ChunkWriter.create(
        tmp_path, header_for(config), config, os.urandom(16), catalogue, flush_s=10, clock=clock
    )
    first, second, third = gops(frames)
    writer.write_gop(first, START_US)
    assert catalogue.tail(writer.chunk_id) == (0, [])
    clock.advance(10)
    writer.write_gop(second, START_US + 1_000_000)
    assert catalogue.tail(writer.chunk_id) == (writer.length, list(writer.entries))
    confirmed = writer.length
    writer.write_gop(third, START_US + 2_000_000)
    durable, entries = catalogue.tail(writer.chunk_id)
    assert (durable, len(entries)) == (confirmed, 2)
    row = catalogue.chunk(writer.chunk_id)
    assert row is not None
    assert (row.state, row.gops, row.frames, row.wall_end_us) == (ChunkState.OPEN, 2, 50, START_US + 2_000_000)
    writer.close(CloseReason.ROTATED)
    assert catalogue.tail(writer.chunk_id) == (0, [])


def test_a_failed_fsync_is_said_once_and_not_retried(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, frames = clip(count=25)
    writer, _ = begin(tmp_path, catalogue, config)
    writer.write_gop(frames, START_US)
    calls = []

    def failing(fd: int) -> None:
        calls.append(fd)
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(FsyncFailedError):
        writer.sync()
    assert len(calls) == 1
    assert catalogue.tail(writer.chunk_id) == (0, []), "nothing unconfirmed is claimed"
    writer.abandon()


def test_a_full_disk_leaves_a_whole_file_and_names_the_gap(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, frames = clip(count=50)
    first, second = gops(frames)
    writer, key = begin(tmp_path, catalogue, config)
    writer.write_gop(first, START_US)
    real = os.writev

    def torn(fd: int, buffers: list[bytes]) -> int:
        real(fd, buffers[:3])
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "writev", torn)
    with pytest.raises(ChunkWriteError) as caught:
        writer.write_gop(second, START_US + 1_000_000)
    monkeypatch.setattr(os, "writev", real)
    assert caught.value.cause is GapCause.DISK_FULL
    writer.write_gop(second, START_US + 1_000_000)
    writer.close(CloseReason.RUN_ENDED)
    assert demuxed(writer.path, key) == [frame.data for frame in frames]
    with ChunkReader.open(writer.path) as reader:
        ivs = [sample.iv for item in reader.walked.fragments for sample in item.samples]
    assert len(set(ivs)) == 50
    assert int.from_bytes(ivs[25], "big") == 50, "the numbers of the failed write are never used again"


def test_reading_while_it_is_written(tmp_path: Path, catalogue: Catalogue) -> None:
    config, frames = clip(count=75)
    first, second, _ = gops(frames)
    writer, key = begin(tmp_path, catalogue, config)
    writer.write_gop(first, START_US)
    writer.write_gop(second, START_US + 1_000_000)
    with ChunkReader.open(writer.path) as reader:
        assert reader.footer is None
        assert [(g.wall_us, g.frames) for g in reader.gops] == [(START_US, 25), (START_US + 1_000_000, 25)]
        assert [f.data for f in clear_frames(reader, reader.gops[1], key)] == [f.data for f in second]
    writer.abandon()


def test_export_joins_chunks_of_two_keys(tmp_path: Path, catalogue: Catalogue) -> None:
    source = clip(count=75, b_frames=2)
    one = write_chunk(tmp_path, catalogue, source, run="a1" * 16)
    two = write_chunk(tmp_path, catalogue, source, run="b2" * 16, wall_start_us=START_US + 5_000_000)
    sources = [Source(two.path, two.key), Source(one.path, one.key)]
    whole = WallRange(START_US, START_US + 60_000_000)

    data = b"".join(export_clear(sources, whole))

    assert demuxed(data) == [frame.data for frame in source[1]] * 2
    with av.open(io.BytesIO(data), "r") as container:
        times = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
        assert times[75] == 5 * 90_000, "the hole between the two stays a hole"
    with av.open(io.BytesIO(data), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) == 150

    middle = WallRange(START_US + 1_200_000, START_US + 1_300_000)
    assert demuxed(b"".join(export_clear(sources, middle))) == [frame.data for frame in gops(source[1])[1]]
    with pytest.raises(NoFootageError):
        list(export_clear(sources, WallRange(0, 1)))


def test_export_refuses_two_configurations_in_one_file(tmp_path: Path, catalogue: Catalogue) -> None:
    one = write_chunk(tmp_path, catalogue)
    two = write_chunk(tmp_path, catalogue, clip(count=25, width=320, height=180), wall_start_us=START_US + 5_000_000)
    with pytest.raises(SettingsChangedError, match="video settings"):
        list(export_clear([Source(one.path, one.key), Source(two.path, two.key)], WallRange(0, START_US * 2)))


@given(st.binary(max_size=200))
def test_hostile_headers_raise_the_typed_error_only(payload: bytes) -> None:
    with pytest.raises(DamagedChunkError):
        parse_header(payload, "x.mp4")


def test_a_header_field_of_the_wrong_kind_is_refused() -> None:
    config, _ = clip(count=25)
    good = header_for(config)
    payload = good.to_box()[24:]
    assert parse_header(payload, "x.mp4") == good
    for old, new in ((b'"hour":', b'"hour":"x","h":'), (b'"version":2', b'"version":3'), (b'"kid":"', b'"kid":"00')):
        with pytest.raises(DamagedChunkError):
            parse_header(payload.replace(old, new), "x.mp4")
    assert replace(good, width=1) != good


def test_many_streams_write_at_once(tmp_path: Path, catalogue: Catalogue) -> None:
    source = clip(count=75)
    failures: list[BaseException] = []

    def one(number: int) -> None:
        try:
            write_chunk(tmp_path, catalogue, source, camera=f"camera-{number}")
        except BaseException as error:  # noqa: BLE001  handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [row.gops for row in catalogue.all_chunks()] == [3] * 8


def test_the_order_of_creation(tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, head, fsync, fsync of the directory, row: after a power cut a row always means a whole head."""
    config, _ = clip(count=25)
    (tmp_path / "streams" / CAMERA / "main").mkdir(parents=True)
    order: list[str] = []
    real_fsync, real_writev, real_row = os.fsync, os.writev, catalogue.open_chunk

    def fsync(fd: int) -> None:
        order.append("fsync " + Path(f"/proc/self/fd/{fd}").readlink().suffix)
        real_fsync(fd)

    def writev(fd: int, buffers: list[bytes]) -> int:
        order.append("write")
        return real_writev(fd, buffers)

    def row(*args: Any) -> int:
        order.append("row")
        return real_row(*args)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "writev", writev)
    monkeypatch.setattr(catalogue, "open_chunk", row)
    writer, _ = begin(tmp_path, catalogue, config)
    assert order == ["write", "fsync .mp4", "fsync ", "row"]
    writer.abandon()
