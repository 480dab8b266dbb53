"""RTP to access units: any packetisation of any NAL units, by any marker habit, comes back equal."""

from collections.abc import Sequence
from typing import Any, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.rtppackets import (
    MARKERS,
    SEI,
    Marker,
    Packet,
    Picture,
    Wire,
    aggregate,
    fragments,
    interleaved,
    marked,
    picture,
    single,
)

from beffroi.media.nal import CODECS, Codec
from beffroi.media.rtp import AccessUnit, Depacketiser
from beffroi.media.rtp_h264 import H264Depacketiser
from beffroi.media.rtp_h265 import H265Depacketiser


def depacketiser(codec: Codec, *, donl: bool = False) -> Depacketiser:
    return H264Depacketiser(96) if codec == "h264" else H265Depacketiser(96, donl=donl)


def take(video: Depacketiser, data: bytes) -> list[AccessUnit]:
    out: list[AccessUnit] = []
    assert video.interleaved(data, 0, out) == len(data)
    return out


@st.composite
def pictures(draw: st.DrawFn, codec: Codec, count: int = 8, slices: int | None = None) -> list[Picture]:
    bodies = st.lists(st.binary(min_size=1, max_size=60), min_size=slices or 1, max_size=slices or 4)
    return [
        picture(
            codec,
            number,
            key=number % 4 == 0,
            slices=draw(bodies),
            sei=draw(st.booleans()),
            aud=draw(st.booleans()),
        )
        for number in range(draw(st.integers(1, count)))
    ]


class Draw(Protocol):
    """What draws a value: `st.data` and a composite's own."""

    def __call__(self, strategy: st.SearchStrategy[Any]) -> Any: ...


WAYS = ("single", "fragments", "aggregate")


def packetised(
    draw: Draw, of: Picture, policy: Marker, *, donl: bool = False, ways: Sequence[str] = WAYS
) -> list[Packet]:
    """One picture, each NAL unit alone, with its neighbours, or in fragments."""
    packets: list[tuple[bytes, bytes]] = []
    left = list(of.nals)
    while left:
        way = draw(st.sampled_from(ways))
        if way == "aggregate":
            take_now = draw(st.integers(1, len(left)))
            packets.append((aggregate(of.codec, left[:take_now], donl=donl), left[take_now - 1]))
            del left[:take_now]
        elif way == "single":
            packets.append((single(of.codec, left[0], donl=donl), left.pop(0)))
        else:
            cuts = draw(st.lists(st.integers(1, 60), max_size=6))
            pieces = fragments(of.codec, left[0], cuts, donl=donl)
            packets += [(piece, b"") for piece in pieces[:-1]] + [(pieces[-1], left.pop(0))]
    return list(marked(packets, of.rtp_time, policy, of.codec))


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_packetisation_comes_back_equal(codec: Codec, data: st.DataObject) -> None:
    donl = codec == "h265" and data.draw(st.booleans())
    policy = data.draw(st.sampled_from(MARKERS))
    # A marker on the wrong packets is found out by the first pictures only if they are cut like the later ones.
    steady = policy in {"every", "first"}
    ways = WAYS[:2] if steady else WAYS
    sent = data.draw(pictures(codec, slices=data.draw(st.integers(1, 3)) if steady else None))
    after = picture(
        codec, len(sent), key=True, slices=[b"x"] * (len(sent[0].kept()) - sent[0].kept().count(SEI[codec]))
    )
    wire = Wire(sequence=data.draw(st.sampled_from((0, 65_530, 65_535))))
    stream = b"".join(
        wire.frame(packet)
        for one in [*sent, after]
        for packet in packetised(data.draw, one, policy, donl=donl, ways=ways)
    )
    video = depacketiser(codec, donl=donl)
    got = take(video, stream)
    assert got[: len(sent)] == [one.expected() for one in sent]
    assert got[len(sent) :] in ([], [after.expected()])
    assert video.lost == 0


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_cut_of_the_bytes_gives_the_same(codec: Codec, data: st.DataObject) -> None:
    sent = data.draw(pictures(codec, 6))
    wire = Wire()
    stream = b"".join(wire.frame(p) for one in sent for p in packetised(data.draw, one, "last"))
    whole: list[AccessUnit] = []
    depacketiser(codec).interleaved(stream, 0, whole)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    got: list[AccessUnit] = []
    video, rest = depacketiser(codec), b""
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        rest += stream[start:end]
        rest = rest[video.interleaved(rest, 0, got) :]
    assert got == whole
    assert rest == b""


@pytest.mark.parametrize("codec", CODECS)
def test_a_right_marker_delays_no_picture(codec: Codec) -> None:
    """After the first pictures have proved it."""
    video, wire = depacketiser(codec), Wire()
    given_at = []
    for number in range(8):
        one = picture(codec, number, key=number == 0, slices=[b"a" * 40, b"b" * 40], sei=True)
        packets = [(piece, nal) for nal in one.nals for piece in fragments(codec, nal, range(10, 50, 10))]
        got = take(video, b"".join(wire.frame(p) for p in marked(packets, one.rtp_time, "last", codec)))
        given_at += [(number, unit.rtp_time // 3600) for unit in got]
    assert given_at == [(1, 0), (2, 1), (3, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7)]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("policy", [policy for policy in MARKERS if policy != "last"])
def test_a_wrong_marker_tears_no_picture(codec: Codec, policy: Marker) -> None:
    video, wire, got = depacketiser(codec), Wire(), []
    sent = [picture(codec, n, key=n == 0, slices=[b"a" * 40, b"b" * 40], sei=True) for n in range(20)]
    for one in sent:
        packets = marked([(nal, nal) for nal in one.nals], one.rtp_time, policy, codec)
        got += take(video, b"".join(wire.frame(packet) for packet in packets))
    assert got == [one.expected() for one in sent[:-1]]


@pytest.mark.parametrize("codec", CODECS)
def test_a_camera_that_begins_to_lie_costs_one_picture_and_says_so(codec: Codec) -> None:
    """The marker was right for a while, then stands on each slice: one picture is short, the next ones whole again."""
    video, wire, got = depacketiser(codec), Wire(), []
    sent = [picture(codec, n, key=n == 0, slices=[b"a" * 40, b"b" * 40]) for n in range(20)]
    for n, one in enumerate(sent):
        policy: Marker = "last" if n < 10 else "every"
        packets = marked([(nal, nal) for nal in one.nals], one.rtp_time, policy, codec)
        got += take(video, b"".join(wire.frame(packet) for packet in packets))
    whole = [one.expected() for one in sent[:-1]]
    assert got[:10] == whole[:10]
    assert len(got) == len(whole)
    assert whole[10].data.startswith(got[10].data)
    assert got[11] == sent[11].expected(lost=True)
    assert got[12:] == whole[12:]


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_lost_packets_never_glue_and_are_told(codec: Codec, data: st.DataObject) -> None:
    """Every NAL unit given is one that was sent, at its time; what is short, or follows a hole, says so."""
    policy = data.draw(st.sampled_from(MARKERS))
    sent = [
        picture(codec, n, key=n % 4 == 0, slices=[bytes([65 + n]) * size for size in (50, 30)], sei=True)
        for n in range(12)
    ]
    packets = []
    for one in sent:
        pieces = [(piece, b"") for nal in one.nals for piece in fragments(codec, nal, range(7, 60, 9))]
        packets += list(marked(pieces, one.rtp_time, policy, codec))
    gone = data.draw(st.sets(st.integers(1, len(packets) - 1), min_size=1, max_size=6))
    wire, stream, dropped = Wire(), b"", 0
    last = max(place for place in range(len(packets)) if place not in gone)
    for place, packet in enumerate(packets):
        if place in gone:
            wire.lose()
            dropped += place < last
        else:
            stream += wire.frame(packet)
    video = depacketiser(codec)
    got = take(video, stream)
    by_time = {one.rtp_time: one for one in sent}
    for unit in got:
        one, left = by_time[unit.rtp_time], unit.data
        while left:
            size = int.from_bytes(left[:4], "big")
            assert left[4 : 4 + size] in one.kept()
            left = left[4 + size :]
        assert unit.lost or unit == one.expected()
    assert video.lost == dropped
    assert len({unit.rtp_time for unit in got}) == len(got)


def test_which_pictures_a_loss_touches() -> None:
    """In the middle: that one. Between two, before the marker was proved: both, for nobody knows whose it was."""

    def stream(lose: int) -> list[bool]:
        video, wire, got = H264Depacketiser(96), Wire(), []
        for n in range(12):
            one = picture("h264", n, key=n == 0, slices=[b"a" * 100])
            for place, piece in enumerate(fragments("h264", one.nals[-1], range(10, 100, 10))):
                if n == 6 and place == lose:
                    wire.lose()
                    continue
                got += take(video, wire.frame(Packet(piece, one.rtp_time, piece[1] & 0x40 != 0)))
        assert [unit.rtp_time for unit in got] == [
            n * 3600 for n in range(12) if n != 6
        ]  # one slice: nothing of it left
        return [unit.lost for unit in got]

    for lose in (0, 5, 9):
        assert stream(lose) == [False] * 6 + [True] + [False] * 4


def frame_of(rtp: bytes) -> bytes:
    return interleaved(0, rtp)


HEAD = bytes.fromhex("8060000100000e1000001234")


@pytest.mark.parametrize(
    ("name", "rtp"),
    [
        ("empty", b""),
        ("short", HEAD[:11]),
        ("no payload", HEAD),
        ("version 0", b"\x00" + HEAD[1:] + b"\x41\x88"),
        ("version 1", b"\x40" + HEAD[1:] + b"\x41\x88"),
        ("sources beyond the end", b"\x8f" + HEAD[1:] + b"\x41\x88"),
        ("extension beyond the end", b"\x90" + HEAD[1:] + b"\xbe\xde\xff\xff\x41\x88"),
        ("extension cut", b"\x90" + HEAD[1:] + b"\xbe\xde"),
        ("padding longer than the packet", b"\xa0" + HEAD[1:] + b"\x41\x88\xff"),
        ("padding of zero", b"\xa0" + HEAD[1:] + b"\x41\x88\x00"),
        ("reports on the video's channel", b"\x80\xc8" + HEAD[2:] + bytes(16)),
        ("FU-A of one byte", HEAD + b"\x7c"),
        ("FU-A empty", HEAD + b"\x7c\x85"),
        ("FU-A without start", HEAD + b"\x7c\x45abc"),
        ("STAP-A torn", HEAD + b"\x18\xff\xff\x67"),
        ("STAP-A of empty units", HEAD + b"\x18" + bytes(40)),
        ("STAP-A in STAP-A", HEAD + b"\x18\x00\x03\x18\x00\x01"),
        ("type 0", HEAD + b"\x00\x88"),
        ("type 30", HEAD + b"\x1e\x88"),
        ("AP torn (H.265)", HEAD + b"\x60\x01\xff\xff\x42"),
        ("FU of two bytes (H.265)", HEAD + b"\x62\x01"),
    ],
)
@pytest.mark.parametrize("codec", CODECS)
def test_what_is_not_rtp_is_survived(codec: Codec, name: str, rtp: bytes) -> None:
    """And the stream goes on behind it."""
    video, wire, got = depacketiser(codec), Wire(), []
    take(video, frame_of(rtp))
    sent = [picture(codec, n, key=n == 2, slices=[b"a" * 40]) for n in range(2, 8)]
    for one in sent:
        got += take(video, b"".join(wire.frame(Packet(nal, one.rtp_time, nal == one.nals[-1])) for nal in one.nals))
    assert [unit.data for unit in got if unit.rtp_time >= 3 * 3600] == [one.expected().data for one in sent[1:]]


@pytest.mark.parametrize("codec", CODECS)
def test_header_extension_sources_and_padding_are_skipped(codec: Codec) -> None:
    nal = picture(codec, 1, key=False, slices=[b"body"]).nals[0]
    video = depacketiser(codec)
    for number in range(5):
        rtp = bytes((0x80 | 0x20 | 0x10 | 2, 0xE0)) + number.to_bytes(2, "big") + (number * 3600).to_bytes(4, "big")
        rtp += b"ssrc" + b"src1src2" + b"\xbe\xde\x00\x01" + b"abcd" + nal + b"\x00\x00\x03"
        got = take(video, frame_of(rtp))
    assert got[-1].data == len(nal).to_bytes(4, "big") + nal


@pytest.mark.parametrize(
    ("codec", "payload"),
    [
        ("h264", b"\x19\x00\x00\x00\x02\x67\x64"),
        ("h264", b"\x1a\x00\x00"),
        ("h264", b"\x1b\x00\x00"),
        ("h264", b"\x1d\x85\x00\x00abc"),
        ("h265", b"\x64\x01\x00\x00"),
    ],
)
def test_refused_packetisations(codec: Codec, payload: bytes) -> None:
    """From the start: this camera cannot be recorded. Later: a stray packet, a loss."""
    from beffroi.media.errors import MalformedMediaError

    with pytest.raises(MalformedMediaError) as refused:
        take(depacketiser(codec), Wire().frame(Packet(payload, 0)))
    assert refused.value.what in {"STAP-B", "MTAP16", "MTAP24", "FU-B", "PACI"}
    video, wire, got = depacketiser(codec), Wire(), []
    for n in range(8):
        one = picture(codec, n, key=n == 0, slices=[b"a" * 40])
        got += take(video, b"".join(wire.frame(Packet(nal, one.rtp_time, nal == one.nals[-1])) for nal in one.nals))
        if n == 5:
            got += take(video, wire.frame(Packet(payload, one.rtp_time + 3600)))
    assert [unit.lost for unit in got] == [False] * 6 + [True, False]


@pytest.mark.parametrize("codec", CODECS)
def test_wrong_sources_types_and_numbers_are_followed(codec: Codec) -> None:
    """A camera changes its SSRC with each picture, or sends another payload type than it announced: no loss."""
    video, wire, got = depacketiser(codec), Wire(payload_type=97), []
    sent = [picture(codec, n, key=n == 0, slices=[b"a" * 40, b"b" * 9]) for n in range(9)]
    for one in sent:
        for nal in one.nals:
            wire.ssrc += 1
            got += take(video, wire.frame(Packet(nal, one.rtp_time, nal == one.nals[-1])))
    assert got == [one.expected() for one in sent]
    assert video.lost == 0


@pytest.mark.parametrize("jump", [30_000, 40_000, 65_535])
def test_a_camera_that_begins_its_numbers_anew(jump: int) -> None:
    """Behind a leap back nothing can be counted; the picture there says that something may be missing."""
    video, wire, got = H264Depacketiser(96), Wire(), []
    for n in range(9):
        one = picture("h264", n, key=n == 0, slices=[b"a" * 40])
        if n == 6:
            wire.lose(jump)
        got += take(video, b"".join(wire.frame(Packet(nal, one.rtp_time, nal == one.nals[-1])) for nal in one.nals))
    assert [unit.lost for unit in got] == [False] * 6 + [True] + [False] * 2
    assert video.lost == (jump if jump < 32_768 else 0)


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=200, deadline=None)
@given(payloads=st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 3), st.booleans()), max_size=60))
def test_garbage_payloads_raise_nothing_else_and_keep_little(codec: Codec, payloads: list[Any]) -> None:
    from beffroi.media.errors import MalformedMediaError

    video, wire = depacketiser(codec), Wire()
    for payload, time, marker in payloads:
        try:
            units = take(video, wire.frame(Packet(payload, time * 3600, marker)))
        except MalformedMediaError as error:
            assert error.what in {"STAP-B", "MTAP16", "MTAP24", "FU-B", "PACI"}  # noqa: PT017  which word matters
            continue
        for unit in units:
            left = unit.data
            while left:  # whatever came, lengths add up
                size = int.from_bytes(left[:4], "big")
                assert size > 0
                assert len(left) >= 4 + size
                left = left[4 + size :]


@pytest.mark.parametrize("way", ["fragments", "slices", "sets", "sei"])
def test_an_endless_picture_is_dropped_and_told(way: str) -> None:
    """64 MiB without an end: memory stays under what a picture can be, and the next picture comes with a loss."""
    from beffroi.media.rtp_picture import MAX_PICTURE_BYTES

    video, wire = H264Depacketiser(96), Wire()
    piece = {
        "fragments": b"\x7c\x05" + bytes(60_000),
        "slices": b"\x41\x48" + bytes(60_000),
        "sets": b"\x67\x64" + bytes(60_000),
        "sei": b"\x06\x05" + bytes(60_000),
    }[way]
    out = take(video, wire.frame(Packet(b"\x7c\x85\x88", 0)))
    held = 0
    for _ in range(1100):
        out += take(video, wire.frame(Packet(piece, 0)))
        held = max(held, video.held_bytes)
    assert out == []
    assert held <= MAX_PICTURE_BYTES + 65_536
    one = picture("h264", 1, key=True, slices=[b"a"])
    for nal in one.nals:
        take(video, wire.frame(Packet(nal, one.rtp_time)))
    assert take(video, wire.frame(Packet(b"\x41\x88", 7200))) == [one.expected(lost=True)]
