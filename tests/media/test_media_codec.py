"""Parameter sets: sizes, codec strings and records against FFmpeg; hostile bytes give the typed error."""

import io
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clips import clip

from beffroi.media import h264, h265
from beffroi.media.bits import BitReader, unescape
from beffroi.media.codec import annexb_to_lengths, config_from_annexb, config_from_parameter_sets
from beffroi.media.errors import MalformedMediaError
from beffroi.media.fmp4 import init_segment
from beffroi.media.nal import split_annexb, split_lengths


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("size", [(160, 90), (322, 182), (640, 360), (1920, 1080), (98, 50)])
def test_size_after_cropping(codec: Any, size: tuple[int, int]) -> None:
    config, _ = clip(codec, count=1, width=size[0], height=size[1])
    assert (config.width, config.height) == size
    with av.open(io.BytesIO(init_segment(config, protection=None))) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.extradata == config.record()
        assert (stream.codec_context.width, stream.codec_context.height) == size


def test_h264_strings_and_records() -> None:
    base, _ = clip(count=1)
    main, _ = clip(count=10, b_frames=2)
    assert base.codec_string == "avc1." + base.parameter_sets[0][1:4].hex()
    assert base.codec_string.startswith("avc1.42")
    assert main.codec_string.startswith("avc1.4d")
    assert base.record()[:5] == b"\x01" + base.parameter_sets[0][1:4] + b"\xff"


def test_h265_string_is_exact() -> None:
    config, _ = clip("h265", count=1)
    assert config.codec_string == "hvc1.1.6.L30.90"
    assert config.record()[0] == 1
    assert config.record()[21] & 3 == 3, "four-byte lengths"
    # Spelling of ISO/IEC 14496-15 annex E: space letter, high tier, inner zero kept, trailing zeros dropped.
    sps = h265.H265Sps(1, True, 4, 0x08000000, b"\x9e\x00\x08\x00\x00\x00", 153, 3, 8, 8, 1, True, 64, 64)
    assert sps.codec_string == "hvc1.A4.10.H153.9e.0.8"


def test_digest_tells_configurations_apart() -> None:
    one, _ = clip(count=1)
    other, _ = clip(count=1, width=320, height=180)
    assert one.digest() != other.digest()
    assert one.digest() == config_from_parameter_sets("h264", reversed(one.parameter_sets)).digest()


def test_annexb_loses_start_codes_delimiters_and_parameter_sets_only() -> None:
    config, _ = clip(count=1)
    sps, pps = config.parameter_sets
    delimiter, sei, idr = b"\x09\x10", b"\x06\x05\x01\xaa\x80", b"\x65\x88\x84\x00\x00\x03\x01"
    data = (
        b"\x00\x00\x00\x01".join([b"", delimiter, sps, pps]) + b"\x00\x00\x01" + sei + b"\x00\x00\x01" + idr + b"\x00"
    )

    lengths, key, sets = annexb_to_lengths("h264", data)

    assert [lengths[at : at + size] for at, size in split_lengths(lengths)] == [sei, idr]
    assert key
    assert sets == (sps, pps)
    assert annexb_to_lengths("h264", b"\x00\x00\x01\x41\x9a")[1] is False
    assert annexb_to_lengths("h265", b"\x00\x00\x01\x2a\x01\xaf")[1] is True, "CRA"
    assert annexb_to_lengths("h265", b"\x00\x00\x01\x02\x01\xaf")[1] is False


@given(
    st.lists(st.binary(min_size=1, max_size=30).map(lambda nal: b"\x41" + nal.replace(b"\x00", b"\x01")), max_size=8)
)
def test_splitting_is_the_inverse_of_start_codes(nals: list[bytes]) -> None:
    assert split_annexb(b"".join(b"\x00\x00\x01" + nal for nal in nals)) == nals
    assert split_annexb(b"".join(b"\x00\x00\x00\x01" + nal for nal in nals)) == nals


def test_missing_and_absurd_parameter_sets_are_refused() -> None:
    config, _ = clip(count=1)
    for data in (b"", b"\x00\x00\x01" + config.parameter_sets[0], b"no start code"):
        with pytest.raises(MalformedMediaError):
            config_from_annexb("h264", data)
    with pytest.raises(MalformedMediaError):
        annexb_to_lengths("h264", b"\x00\x00\x00")


@given(data=st.binary(max_size=120), mutate=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=6))
@settings(max_examples=300)
def test_hostile_parameter_sets_raise_the_typed_error_only(data: bytes, mutate: list[tuple[int, int]]) -> None:
    for codec, parse in (("h264", h264.parse_sps), ("h265", h265.parse_sps)):
        config, _ = clip(codec, count=1)
        true = bytearray(next(item for item in config.parameter_sets if item[0] in {0x67, 0x42}))
        for at, value in mutate:
            true[at % len(true)] = value
        for candidate in (bytes(true), bytes(true[: len(data)]), bytes(true[:2]) + data):
            try:
                found = parse(candidate)
            except MalformedMediaError:
                continue
            assert 0 < found.width <= 17_000
            assert 0 < found.height <= 34_000


@given(st.binary(max_size=60))
def test_unescape_undoes_emulation_prevention(raw: bytes) -> None:
    escaped, zeros = bytearray(), 0
    for byte in raw:
        if zeros == 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    assert unescape(bytes(escaped)) == raw


def test_exp_golomb_vectors() -> None:
    bits = BitReader(0b1_010_011_00100_00101_0001000.to_bytes(3, "big"))
    assert [bits.ue() for _ in range(6)] == [0, 1, 2, 3, 4, 7]
    signed = BitReader(0b1_010_011_00100_00101_0000000.to_bytes(3, "big"))
    assert [signed.se() for _ in range(5)] == [0, 1, -1, 2, -2]
    with pytest.raises(MalformedMediaError):
        BitReader(bytes(10)).ue()
