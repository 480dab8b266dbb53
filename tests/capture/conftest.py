"""Shared parts of the recorder's tests."""

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Final, cast

import av
from av.bitstream import BitStreamFilterContext

from beffroi.media.codec import CodecConfig, config_from_annexb
from beffroi.media.nal import Codec

_NOT_KEPT: Final[dict[Codec, frozenset[int]]] = {
    "h264": frozenset({7, 8, 9, 10, 11, 12}),
    "h265": frozenset({32, 33, 34, 35, 36, 37, 38}),
}
"""Of an access unit, what a file does without (H.264 table 7-1, H.265 table 7-1): parameter sets, which stand at
its head, delimiters, ends of sequence and of stream, fillers. Everything else is kept, in its order: slices, SEI, and
what neither standard has named yet."""


def picture_digest(codec: Codec, data: bytes) -> str:
    """Digest of one length-prefixed access unit as it must be kept: whole, save what a file does without."""
    hasher, at = hashlib.sha256(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        nal = data[at + 4 : at + 4 + size]
        assert len(nal) == size > 0, "a unit cut short"
        if (nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F) not in _NOT_KEPT[codec]:
            hasher.update(data[at : at + 4] + nal)
        at += 4 + size
    return hasher.hexdigest()[:16]


def loop_digests(path: Path) -> list[str]:
    """The access units of a clip, in sending order, as they lie in its file (MP4, lengths of four bytes)."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec = cast(Codec, {"h264": "h264", "hevc": "h265"}[stream.codec_context.name])
        return [picture_digest(codec, bytes(packet)) for packet in container.demux(stream) if packet.size]


def clip_config(path: Path) -> CodecConfig:
    """The parameter sets of a clip, as they lie at the head of its file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec = cast(Codec, {"h264": "h264", "hevc": "h265"}[stream.codec_context.name])
        sink = BitStreamFilterContext("h264_mp4toannexb" if codec == "h264" else "hevc_mp4toannexb", stream)
        first = next(packet for packet in container.demux(stream) if packet.size)
        return config_from_annexb(codec, b"".join(bytes(unit) for unit in sink.filter(first)))


def missing_pictures(got: list[str], loop: list[str]) -> int:
    """How many pictures of an endless loop are missing between the first and the last one got; order counts."""
    assert len(set(loop)) == len(loop), "the clip must not hold a picture twice"
    places = [loop.index(digest) for digest in got]
    steps = [(after - before) % len(loop) for before, after in pairwise(places)]
    assert 0 not in steps, "a picture was recorded twice"
    return sum(step - 1 for step in steps)
