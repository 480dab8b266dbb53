"""Packets in = packets out, for each codec and shape of time, clear and encrypted; nothing opens without the key."""

import io
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clips import clip, gops, picture

from beffroi.media import cenc
from beffroi.media.boxes import find, walk
from beffroi.media.codec import CodecConfig, config_from_init
from beffroi.media.errors import MalformedMediaError
from beffroi.media.fmp4 import Protection, fragment, init_segment
from beffroi.media.frame import Frame
from beffroi.media.nal import split_lengths
from beffroi.media.parse import sample_bytes
from beffroi.media.repair import whole_fragments

KEY = Protection(bytes(range(16)), bytes(range(16, 32)))

CLIPS: dict[str, dict[str, Any]] = {
    "h264": {},
    "h265": {"codec": "h265"},
    "h264 B-frames": {"b_frames": 2},
    "h265 B-frames": {"codec": "h265", "b_frames": 2},
    "variable rate": {"vfr": True},
    "four slices": {"slices": 4},
}


def made(config: CodecConfig, frames: tuple[Frame, ...], protection: Protection | None) -> bytes:
    parts: list[bytes | memoryview] = [init_segment(config, protection=protection)]
    first = 0
    groups = gops(frames)
    for number, group in enumerate(groups, 1):
        following = groups[number][0].dts_90k if number < len(groups) else None
        parts += fragment(
            group, sequence=number, protection=protection, first_sample=first, codec=config.codec,
            next_dts_90k=following, wall_us=1_700_000_000_000_000 + first,
        )  # fmt: skip
        first += len(group)
    return b"".join(parts)


def packets(data: bytes, key: bytes | None = None) -> list[tuple[bytes, int | None, int | None, bool]]:
    options = {"decryption_key": key.hex()} if key else {}
    with av.open(io.BytesIO(data), "r", options=options) as container:
        return [(bytes(p), p.dts, p.pts, p.is_keyframe) for p in container.demux(video=0) if p.size]


@pytest.mark.parametrize("shape", CLIPS)
@pytest.mark.parametrize("protection", [None, KEY], ids=["clear", "encrypted"])
def test_packets_come_back_byte_for_byte(shape: str, protection: Protection | None) -> None:
    config, frames = clip(**CLIPS[shape])
    expected = [(frame.data, frame.dts_90k, frame.pts_90k, frame.key) for frame in frames]

    assert packets(made(config, frames, protection), protection.key if protection else None) == expected


@pytest.mark.parametrize("shape", CLIPS)
def test_our_own_parser_agrees(shape: str) -> None:
    config, frames = clip(**CLIPS[shape])
    data = made(config, frames, KEY)

    whole = whole_fragments(data, codec=config.codec)

    assert (whole.length, whole.stopped) == (len(data), None)
    read = [
        (sample_bytes(data, item, sample, KEY.key), sample.dts_90k, sample.pts_90k, sample.key)
        for item in whole.fragments
        for sample in item.samples
    ]
    assert read == [(frame.data, frame.dts_90k, frame.pts_90k, frame.key) for frame in frames]
    assert whole.fragments[0].wall_us == 1_700_000_000_000_000
    assert data[: whole.fragments[0].start].count(KEY.kid) == 1
    assert config_from_init(data[: whole.fragments[0].start]) == config


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_the_true_key_shows_the_pictures_and_no_key_shows_none(codec: Any) -> None:
    config, frames = clip(codec, count=25)
    data = made(config, frames, KEY)

    with av.open(io.BytesIO(data), mode="r", options={"decryption_key": KEY.key.hex()}) as container:
        assert len(container.streams.audio) == 0
        assert len(container.streams) == 1
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 25
    for number, image in enumerate(shown):
        assert np.abs(image.astype(int) - picture(number, 160, 90)).mean() < 25, "coded coarsely, but the same scene"

    assert resembling(data, {"decryption_key": KEY.key.hex()}) == 25, "the measure itself sees the scene"
    for options in ({}, {"decryption_key": "00" * 16}):
        assert resembling(data, options) == 0


def resembling(data: bytes, options: dict[str, str]) -> int:
    """How many decoded pictures correlate with the true ones. A decoder may raise, or give rubbish: both are none."""
    alike, number = 0, -1
    with av.open(io.BytesIO(data), "r", options=options) as container:
        decoder = container.streams.video[0].codec_context
        for packet in container.demux(video=0):
            try:
                decoded = decoder.decode(packet)
            except av.error.FFmpegError:
                continue
            for image in decoded:
                number += 1
                seen = image.to_ndarray(format="rgb24").astype(float).ravel()
                true = picture(min(number, 24), 160, 90).astype(float).ravel()
                if seen.std() > 0 and np.corrcoef(seen, true)[0, 1] > 0.3:
                    alike += 1
    return alike


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_only_lengths_and_nal_headers_stay_clear(codec: Any) -> None:
    config, frames = clip(codec, count=25)
    data = made(config, frames, KEY)
    header = 1 if codec == "h264" else 2

    for item in whole_fragments(data).fragments:
        for sample in item.samples:
            assert all(clear == 4 + header for clear, _ in sample.subsamples)
            assert sum(map(sum, sample.subsamples)) == sample.size


def test_a_frame_of_more_slices_than_the_table_holds() -> None:
    config, frames = clip(count=6, gop=3, width=96, height=768, slices=45)
    assert max(len(split_lengths(frame.data)) for frame in frames) > cenc.MAX_SUBSAMPLES
    data = made(config, frames, KEY)
    assert packets(data, KEY.key) == [(f.data, f.dts_90k, f.pts_90k, f.key) for f in frames]
    assert whole_fragments(data, codec="h264").length == len(data)


def test_every_iv_of_a_file_is_different() -> None:
    config, frames = clip()
    ivs = [sample.iv for item in whole_fragments(made(config, frames, KEY)).fragments for sample in item.samples]
    assert ivs == [number.to_bytes(8, "big") for number in range(len(frames))]


def test_the_init_says_live_and_where_the_scheme_is() -> None:
    config, _ = clip()
    init = init_segment(config, protection=KEY)
    mvhd = find(init, (b"moov", b"mvhd"))
    assert mvhd is not None
    assert init[mvhd.body + 16 : mvhd.body + 20] == bytes(4), "no duration"
    assert find(init, (b"moov", b"mvex", b"trex")) is not None
    assert b"encv" in init
    assert b"cenc" in init
    assert KEY.key not in init
    assert [item.kind for item in walk(init)] == [b"ftyp", b"moov"]


def test_a_lone_frame_lasts_until_the_next_or_what_it_says() -> None:
    config, frames = clip()
    for following, expected in ((frames[0].dts_90k + 1234, 1234), (None, 3600)):
        data = b"".join(
            [
                init_segment(config, protection=None),
                *fragment(frames[:1], sequence=1, protection=None, first_sample=0, next_dts_90k=following),
            ]
        )
        assert whole_fragments(data).fragments[0].duration_90k == expected


def test_a_fragment_refuses_what_it_cannot_write() -> None:
    config, frames = clip()
    with pytest.raises(ValueError, match="needs a frame"):
        fragment([], sequence=1, protection=None, first_sample=0)
    with pytest.raises(ValueError, match="go back"):
        fragment([frames[1], frames[0]], sequence=1, protection=None, first_sample=0)
    with pytest.raises(ValueError, match="codec"):
        fragment(frames[:1], sequence=1, protection=KEY, first_sample=0)
    torn = Frame(frames[0].data[:-1], True, 0, 0, 0, 0)
    with pytest.raises(MalformedMediaError):
        fragment([torn], sequence=1, protection=KEY, first_sample=0, codec=config.codec)


nals = st.lists(st.binary(min_size=1, max_size=90), min_size=1, max_size=60)


@given(units=nals, codec=st.sampled_from(["h264", "h265"]), number=st.integers(0, 2**32))
def test_encryption_is_undone_by_the_same_operation(units: list[bytes], codec: Any, number: int) -> None:
    data = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
    subsamples = cenc.subsamples_of(codec, data)
    assert len(subsamples) <= cenc.MAX_SUBSAMPLES
    assert sum(map(sum, subsamples)) == len(data)
    hidden = cenc.apply(data, subsamples, cenc.iv_of(number), KEY.key)
    assert len(hidden) == len(data)
    assert cenc.apply(hidden, subsamples, cenc.iv_of(number), KEY.key) == data


@given(samples=st.lists(nals, min_size=1, max_size=5), codec=st.sampled_from(["h264", "h265"]))
def test_one_cipher_for_many_samples_writes_what_one_for_each_would(samples: list[list[bytes]], codec: Any) -> None:
    cipher = cenc.SampleCipher(KEY.key)
    for number, units in enumerate(samples):
        data = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
        subsamples, out = cenc.subsamples_of(codec, data), bytearray(len(data))
        cipher.encrypt(data, subsamples, cenc.iv_of(number), memoryview(out))
        assert out == cenc.apply(data, subsamples, cenc.iv_of(number), KEY.key)
    with pytest.raises(MalformedMediaError):
        cipher.encrypt(b"\0\0\0\1a", [(5, 1)], cenc.iv_of(0), memoryview(bytearray(5)))


@given(st.binary(max_size=200))
def test_hostile_frames_raise_the_typed_error_only(data: bytes) -> None:
    try:
        subsamples = cenc.subsamples_of("h264", data)
    except MalformedMediaError:
        return
    assert sum(map(sum, subsamples)) == len(data)
