"""What cameras of the field do to RTP, each seen in somebody's issue list: recorded all the same, and never torn."""

from fractions import Fraction

import av
import pytest
from tests.support.clips import clip
from tests.support.rtppackets import SEI, SETS, Packet, Picture, Wire, fragments, picture

from beffroi.media import h264
from beffroi.media.codec import config_from_annexb
from beffroi.media.nal import CODECS, Codec, split_lengths
from beffroi.media.rtp import AccessUnit, Depacketiser
from beffroi.media.rtp_h264 import H264Depacketiser
from beffroi.media.rtp_h265 import H265Depacketiser

START = b"\0\0\0\1"


def depacketiser(codec: Codec) -> Depacketiser:
    return H264Depacketiser(96) if codec == "h264" else H265Depacketiser(96)


def take(video: Depacketiser, *packets: Packet, wire: Wire) -> list[AccessUnit]:
    out: list[AccessUnit] = []
    data = b"".join(wire.frame(packet) for packet in packets)
    assert video.interleaved(data, 0, out) == len(data)
    return out


def ordinary(codec: Codec, count: int, first: int = 0) -> list[Picture]:
    return [picture(codec, first + n, key=(first + n) % 8 == 0, slices=[b"a" * 40, b"b" * 30]) for n in range(count)]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("inside", ["unit", "fragments", "before"])
def test_a_byte_stream_where_one_unit_belongs(codec: Codec, inside: str) -> None:
    """Start codes inside a unit: parameter sets and the key picture glued together, or a start code put first."""
    video, wire, got = depacketiser(codec), Wire(), []
    sent = ordinary(codec, 17)
    for one in sent:
        glued = START.join(one.nals) if one.key else one.nals[0]
        units = [glued] if one.key else list(one.nals)
        if inside == "before":
            units = [START + unit for unit in units]
        elif inside == "fragments":
            units = [piece for unit in units for piece in fragments(codec, unit, range(7, 120, 9))]
        got += take(video, *(Packet(unit, one.rtp_time, unit == units[-1]) for unit in units), wire=wire)
    assert got == [one.expected() for one in sent][: len(got)]
    assert len(got) >= 16


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("wrong", ["type", "reserved bit", "empty fragments", "start and end"])
def test_fragments_that_break_the_rules_without_loss(codec: Codec, wrong: str) -> None:
    """The numbers show that nothing is missing: what follows a start belongs to it."""
    video, wire, got = depacketiser(codec), Wire(), []
    sent = ordinary(codec, 12)
    at = 1 if codec == "h264" else 2
    for one in sent:
        packets = []
        for nal in one.nals:
            pieces = fragments(codec, nal, [] if wrong == "start and end" else range(7, 60, 9))
            if wrong == "type":
                pieces = [pieces[0]] + [p[:at] + bytes((p[at] & 0xC0 | 3,)) + p[at + 1 :] for p in pieces[1:]]
            elif wrong == "reserved bit" and codec == "h264":
                pieces = [p[:at] + bytes((p[at] | 0x20,)) + p[at + 1 :] for p in pieces]
            elif wrong == "empty fragments":
                empty = pieces[0][:at] + bytes((pieces[0][at] & 0x3F,))
                pieces = [pieces[0], *(one_more for p in pieces[1:] for one_more in (empty, p))]
            packets += [Packet(p, one.rtp_time) for p in pieces]
        packets[-1] = Packet(packets[-1].payload, one.rtp_time, marker=True)
        got += take(video, *packets, wire=wire)
    assert got == [one.expected() for one in sent]


@pytest.mark.parametrize("codec", CODECS)
def test_parameter_sets_and_sei_sent_ahead_with_another_time(codec: Codec) -> None:
    """They belong to the picture that follows, at its time, whatever theirs is and whatever their marker says."""
    for marker in (False, True):
        video, wire, got = depacketiser(codec), Wire(), []
        sent = [picture(codec, n, key=n % 4 == 0, slices=[b"a" * 40], sei=True) for n in range(12)]
        for one in sent:
            ahead = [nal for nal in one.nals if nal in (*SETS[codec], SEI[codec])]
            got += take(video, *(Packet(nal, one.rtp_time - 900, marker) for nal in ahead), wire=wire)
            got += take(video, Packet(one.nals[-1], one.rtp_time, marker=True), wire=wire)
        assert got == [one.expected() for one in sent][: len(got)]
        assert len(got) >= 11


@pytest.mark.parametrize("codec", CODECS)
def test_a_time_that_never_moves(codec: Codec) -> None:
    """Pictures are still told apart, by their first slices."""
    video, wire, got = depacketiser(codec), Wire(), []
    sent = ordinary(codec, 12)
    for one in sent:
        got += take(video, *(Packet(nal, 77) for nal in one.nals), wire=wire)
    assert [unit.data for unit in got] == [one.expected().data for one in sent[:-1]]
    assert {unit.rtp_time for unit in got} == {77}


def interlaced_sps() -> bytes:
    """The SPS that x264 writes for interlaced video."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 160, 96, "yuv420p", Fraction(1, 25)
    encoder.options = {"preset": "ultrafast", "x264-params": "interlaced=1:threads=1"}
    packets = encoder.encode(av.VideoFrame(160, 96, "yuv420p")) + encoder.encode(None)
    return config_from_annexb("h264", bytes(packets[0])).parameter_sets[0]


def test_two_fields_are_one_picture() -> None:
    """Interlaced H.264: a marker behind each field, one time for both. A real SPS of an interlaced stream says so."""
    config, frames = clip("h264", count=4, gop=2)
    progressive = config.parameter_sets[0]
    assert not h264.parse_sps(progressive).fields
    interlaced = interlaced_sps()
    assert h264.parse_sps(interlaced).fields
    for sps, together in ((interlaced, True), (progressive, False)):
        video, wire, got = H264Depacketiser(96), Wire(), []
        for n in range(10):
            nal = next(frames[n % 2].data[at : at + size] for at, size in split_lengths(frames[n % 2].data)[-1:])
            ahead = [Packet(sps, n * 3600)] if n == 0 else []
            fields = [Packet(nal, n * 3600, marker=True), Packet(nal, n * 3600, marker=True)]
            got += take(video, *ahead, *fields, wire=wire)
        sizes = {len(split_lengths(unit.data)) for unit in got}
        assert sizes == ({2} if together else {1})


def test_a_suffix_sei_stays_with_its_picture() -> None:
    """H.265 puts some behind the slices: with a marker before it, the marker is not believed any more."""
    suffix = b"\x50\x01\x84\x04abcd\x80"
    for before in (False, True):
        video, wire, got = H265Depacketiser(96), Wire(), []
        sent = [picture("h265", n, key=n == 0, slices=[b"a" * 40]) for n in range(10)]
        sent = [Picture("h265", one.rtp_time, (*one.nals, suffix), one.key) for one in sent]
        for one in sent:
            marked = one.nals[-2] if before else one.nals[-1]
            got += take(video, *(Packet(nal, one.rtp_time, nal == marked) for nal in one.nals), wire=wire)
        assert got == [one.expected() for one in sent][: len(got)]
        assert len(got) == (9 if before else 10)
