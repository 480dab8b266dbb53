"""Shared parts of the recorder's tests."""

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
from av.bitstream import BitStreamFilterContext

from beffroi.media.codec import Codec, annexb_to_lengths
from beffroi.media.nal import nal_type


def picture_digest(codec: Codec, data: bytes) -> str:
    """Digest of the coded slices of one length-prefixed access unit: the picture, whatever stands beside it."""
    hasher, at = hashlib.sha256(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        nal = data[at + 4 : at + 4 + size]
        if nal_type(codec, nal) <= (5 if codec == "h264" else 31):
            hasher.update(nal)
        at += 4 + size
    return hasher.hexdigest()[:16]


def loop_digests(path: Path) -> list[str]:
    """The pictures of a clip, in sending order, read from its file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec = cast(Codec, {"h264": "h264", "hevc": "h265"}[stream.codec_context.name])
        sink = BitStreamFilterContext("h264_mp4toannexb" if codec == "h264" else "hevc_mp4toannexb", stream)
        units = [part for packet in container.demux(stream) for part in sink.filter(packet if packet.size else None)]
    return [picture_digest(codec, annexb_to_lengths(codec, bytes(unit))[0]) for unit in units]


def missing_pictures(got: list[str], loop: list[str]) -> int:
    """How many pictures of an endless loop are missing between the first and the last one got; order counts."""
    assert len(set(loop)) == len(loop), "the clip must not hold a picture twice"
    places = [loop.index(digest) for digest in got]
    steps = [(after - before) % len(loop) for before, after in pairwise(places)]
    assert 0 not in steps, "a picture was recorded twice"
    return sum(step - 1 for step in steps)
