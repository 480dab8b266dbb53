"""H.264 without IDR pictures: which SEI and which slices make a picture one at which decoding may start."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.rtppackets import SETS, Packet, Wire, aggregate, fragments

from beffroi.media.h264_recovery import begins_with_intra, recovers_at_once
from beffroi.media.nal import split_lengths
from beffroi.media.rtp import AccessUnit
from beffroi.media.rtp_h264 import H264Depacketiser
from beffroi.media.rtp_picture import MAX_PICTURE_BYTES

AT_ONCE = b"\x84"  # recovery_frame_cnt 0 (the bit 1), exact match 0, broken link 0, changing group 00, alignment
LATER = b"\x5e"  # recovery_frame_cnt 1 (010)
I_FIRST, P_FIRST, P_SECOND = b"\x41\x88\x84\xaa", b"\x41\x9a\x24\xaa", b"\x41\x4a\x24\xaa"
I_SECOND = b"\x41\x42\x04\xaa"  # first_mb_in_slice 1 (010), slice_type 7 (0001000)


def escaped(payload: bytes) -> bytes:
    """With emulation prevention bytes (H.264 §7.4.1), byte by byte."""
    out, zeros = bytearray(), 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def sei(*messages: tuple[int, bytes]) -> bytes:
    """An SEI NAL unit of these messages (type, payload)."""
    out = b""
    for kind, payload in messages:
        for number in (kind, len(payload)):
            out += b"\xff" * (number // 255) + bytes((number % 255,))
        out += payload
    return b"\x06" + escaped(out + b"\x80")


OTHERS = st.tuples(st.integers(0, 600).filter(lambda kind: kind != 6), st.binary(max_size=700))
ZEROS = st.tuples(st.just(5), st.lists(st.sampled_from([b"\0", b"\0\0", b"\3", b"\0\0\3"]), max_size=40).map(b"".join))


@given(st.lists(OTHERS | ZEROS, max_size=6), st.sampled_from([AT_ONCE, LATER, b"\x00\x01", b""]), st.booleans())
def test_the_message_is_found_wherever_it_stands(before: list[tuple[int, bytes]], point: bytes, present: bool) -> None:
    messages = [*before, *([(6, point)] if present else []), (1, b"\x12")]
    assert recovers_at_once(sei(*messages)) is (present and point == AT_ONCE)


@given(st.lists(OTHERS | ZEROS, max_size=3), st.data())
def test_a_torn_unit_says_nothing(before: list[tuple[int, bytes]], data: st.DataObject) -> None:
    whole = sei(*before, (6, AT_ONCE))
    payload_at = whole.rindex(b"\x06\x01")
    cut = data.draw(st.integers(0, payload_at + 2))
    assert recovers_at_once(whole[:cut]) is False


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    recovers_at_once(b"\x06" + data)
    begins_with_intra(data)
    begins_with_intra(len(data).to_bytes(4, "big") + data)


@pytest.mark.parametrize(
    "hostile",
    [
        b"\xff" * MAX_PICTURE_BYTES,
        b"\x06" + b"\xff" * MAX_PICTURE_BYTES,
        b"\0\0\3" * (MAX_PICTURE_BYTES // 3),
        b"\x05\0" * (MAX_PICTURE_BYTES // 2) + b"\x06\x01\x84\x80",
        b"\x00\x00\x03\x00\x00\x03\x06\x01\x84\x80",
    ],
    ids=["type without end", "size without end", "escapes only", "millions of messages", "escapes in each other"],
)
def test_huge_and_nested_ones_are_read_in_few_steps(hostile: bytes) -> None:
    """By their number: 64 messages are looked at, and no byte of a payload."""
    # Nested: 00 00 03 00 00 03 06 is two empty messages of type 0 behind their escapes, then the recovery point.
    assert recovers_at_once(b"\x06" + hostile) is hostile.startswith(b"\x00\x00\x03\x00\x00\x03\x06")


def unit(*nals: bytes) -> bytes:
    return b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals)


@pytest.mark.parametrize(
    ("nals", "intra"),
    [
        ([I_FIRST], True),
        ([I_FIRST, I_SECOND], True),
        ([b"\x06\x01\x00\x80", I_FIRST], True),
        ([I_FIRST, P_SECOND], False),
        ([P_FIRST], False),
        ([I_FIRST, P_FIRST], True),  # the second of two fields
        ([b"\x42" + I_FIRST[1:]], False),  # data partitions are not looked into
        ([b"\x41\x00\x00\x03\x00\x00\x03\x00"], False),
        ([b"\x41"], False),
        ([], False),
    ],
)
def test_a_picture_is_intra_when_its_slices_say_so(nals: Sequence[bytes], intra: bool) -> None:
    assert begins_with_intra(unit(*nals)) is intra


def taken(*pictures: Sequence[bytes], lose: int | None = None) -> list[AccessUnit]:
    """Each picture's payloads in order, the marker on the last; three plain pictures prove the marker first."""
    video, wire = H264Depacketiser(96), Wire()
    out: list[AccessUnit] = []
    for number, payloads in enumerate([[P_FIRST]] * 3 + list(pictures) + [[P_FIRST]]):
        for place, payload in enumerate(payloads):
            if lose is not None and number == 3 and place == lose:
                wire.lose()
                continue
            data = wire.frame(Packet(payload, number * 3600, place == len(payloads) - 1))
            assert video.interleaved(data, 0, out) == len(data)
    return out[3:]


POINT, WAIT = sei((6, AT_ONCE)), sei((6, LATER))


@pytest.mark.parametrize(
    ("payloads", "key"),
    [
        ([POINT, I_FIRST], True),
        ([POINT, I_FIRST, I_SECOND], True),
        ([*SETS["h264"], POINT, I_FIRST], True),
        ([aggregate("h264", [*SETS["h264"], POINT]), I_FIRST], True),
        ([*fragments("h264", sei((5, b"u" * 90), (6, AT_ONCE)), [30, 60]), *fragments("h264", I_FIRST, [1, 2])], True),
        ([WAIT, I_FIRST], False),
        ([WAIT, POINT, I_FIRST], True),
        ([I_FIRST], False),
        ([POINT, P_FIRST], False),
        ([POINT, I_FIRST, P_SECOND], False),
        ([POINT[:2], I_FIRST], False),
        ([b"\x06" + b"\xff" * 1000, I_FIRST], False),
    ],
)
def test_a_recovery_point_on_an_i_picture_is_a_key_picture(payloads: Sequence[bytes], key: bool) -> None:
    """And the SEI is kept with it, byte by byte; the picture after it is none."""
    got, after = taken(payloads)[:2]
    assert got.key is key
    assert after.key is False
    stored = [got.data[at : at + size] for at, size in split_lengths(got.data)]
    assert stored[-1] in {I_FIRST, I_SECOND, P_FIRST, P_SECOND}


def test_a_point_behind_the_slices_is_the_next_picture_s() -> None:
    """An SEI after a slice begins the next access unit: it says nothing of the picture before."""
    first, second = taken([I_FIRST], [POINT, I_FIRST])[:2]
    assert (first.key, second.key) == (False, True)


def test_a_point_that_was_lost_makes_no_key_and_a_dropped_picture_leaves_none_behind() -> None:
    first, second = taken([POINT, I_FIRST], [I_FIRST], lose=0)[:2]
    assert (first.key, first.lost, second.key) == (False, True, False)
    slices = [I_FIRST + b"x" * 60_000, *[I_SECOND + b"x" * 60_000] * (MAX_PICTURE_BYTES // 60_000 + 2)]
    units = taken([POINT, *slices], [I_FIRST], [POINT, I_FIRST])
    assert [(one.key, one.lost) for one in units[:2]] == [(False, True), (True, False)], "the first was dropped whole"
