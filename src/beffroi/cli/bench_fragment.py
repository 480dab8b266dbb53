"""What writing costs: our encrypted, hashed, indexed files beside a plain remux by PyAV's muxer, in the same run."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final

import av
from av.bitstream import BitStreamFilterContext

from beffroi.cli.benchclip import FPS, GOP, Quality, bench_clip
from beffroi.domain.ids import CameraId
from beffroi.media.codec import CodecConfig, annexb_to_lengths, config_from_parameter_sets
from beffroi.media.frame import Frame
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import ChunkWriter
from beffroi.vault.chunkformat import ChunkHeader, CloseReason

_TICK_90K: Final = 90_000 // FPS
_HOUR_US: Final = 3_600_000_000
_START_US: Final = 1_770_000_000_000_000


def fragment_figures(folder: Path, *, minutes: float = 5.0, rounds: int = 5, kbit_s: int = 2000) -> dict[str, Any]:
    """Write so many minutes of one stream, by us and by the peer in turn; medians of processor time for each second
    of video, and their ratio.

    Ours encrypts (AES-CTR), hashes (SHA-256), indexes and confirms to the disk every ten seconds of its life; the peer
    writes fragments of one group of pictures, clear, without a hash.
    """
    clip = bench_clip(Quality(1280, 720, kbit_s))
    config, frames = _frames(clip)
    groups = round(minutes * 60 * FPS / GOP)
    ours, peers, sizes = [], [], []
    for number in range(rounds):
        place = folder / f"round-{number}"
        place.mkdir()
        ours.append(_cpu_s(partial(_write_ours, place, config, frames, groups)))
        peers.append(_cpu_s(partial(_write_peer, place / "peer.mp4", clip, groups)))
        sizes.append(next((place / "streams").rglob("*.mp4")).stat().st_size / (place / "peer.mp4").stat().st_size)
    seconds = groups * GOP / FPS
    return {
        "video_s": seconds,
        "ours_cpu_us_per_s_of_video": round(statistics.median(ours) / seconds * 1e6),
        "pyav_clear_remux_cpu_us_per_s_of_video": round(statistics.median(peers) / seconds * 1e6),
        "ratio_cpu": round(statistics.median(ours) / statistics.median(peers), 2),
        "ratio_size": round(statistics.median(sizes), 4),
    }


def _cpu_s(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _frames(clip: Path) -> tuple[CodecConfig, list[Frame]]:
    frames: list[Frame] = []
    sets: list[bytes] = []
    with av.open(str(clip), "r") as container:
        stream = container.streams.video[0]
        filtering = BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [packet for packet in container.demux(stream) if packet.size]
        for number, unit in enumerate(part for packet in packets for part in filtering.filter(packet)):
            data, key, seen = annexb_to_lengths("h264", bytes(unit))
            sets += seen
            at = number * _TICK_90K
            frames.append(Frame(data, key, at, at, _TICK_90K, arrival_us=0, camera_us=None))
    return config_from_parameter_sets("h264", sets), frames


def _write_ours(root: Path, config: CodecConfig, frames: Sequence[Frame], groups: int) -> None:
    header = ChunkHeader(
        camera=CameraId("bench"),
        stream="main",
        run="5e" * 16,
        authority="maire/99001",
        term_days=15,
        hour=_START_US // _HOUR_US,
        kid=os.urandom(16),
        sealed_key=os.urandom(80),
        wall_start_us=_START_US,
        start_90k=0,
        config_digest=config.digest(),
        codec_string=config.codec_string,
        width=config.width,
        height=config.height,
        recorder="bench",
    )
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    try:
        writer = ChunkWriter.create(root, header, config, os.urandom(16), catalogue)
        loop_90k = len(frames) * _TICK_90K
        for number in range(groups):
            turn, first = divmod(number * GOP, len(frames))
            shift = turn * loop_90k
            group = [
                Frame(one.data, one.key, one.dts_90k + shift, one.pts_90k + shift, _TICK_90K, 0, None)
                for one in frames[first : first + GOP]
            ]
            writer.write_gop(group, _START_US + group[0].dts_90k * 100 // 9)
        writer.close(CloseReason.ROTATED)
    finally:
        catalogue.close()


def _write_peer(path: Path, clip: Path, groups: int) -> None:
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(str(clip), "r") as source, av.open(str(path), "w", format="mp4", options=options) as target:
        stream = source.streams.video[0]
        written = target.add_stream_from_template(stream)
        packets = [(bytes(one), one.is_keyframe) for one in source.demux(stream) if one.size]
        for number in range(groups * GOP):
            data, key = packets[number % len(packets)]
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = written, Fraction(1, 90_000), key
            packet.pts = packet.dts = number * _TICK_90K
            packet.duration = _TICK_90K
            target.mux(packet)
