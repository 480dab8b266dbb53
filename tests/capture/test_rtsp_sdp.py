"""What cameras write about their streams, and what is made of it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.rtppackets import SETS
from tests.support.rtspcamera import SDP, SDP_H265, SPROP

from beffroi.capture.ends import RunEnd
from beffroi.capture.rtsp import SourceError
from beffroi.capture.rtsp.sdp import Track, read_sdp

SPS, PPS = SETS["h264"]
_START = b"\0\0\0\1"


def sdp(*lines: str) -> bytes:
    return ("v=0\r\ns=x\r\n" + "\r\n".join(lines) + "\r\n").encode()


def test_ordinary_descriptions() -> None:
    assert read_sdp(SDP.encode()) == (Track("h264", 96, "video", SETS["h264"], donl=False), "*")
    assert read_sdp(SDP_H265.encode()) == (Track("h265", 98, "trackID=0", SETS["h265"], donl=False), "")


def test_the_first_video_that_we_know_is_taken() -> None:
    track, control = read_sdp(
        sdp(
            "a=control:rtsp://c/whole",
            "m=audio 0 RTP/AVP 0",
            "a=rtpmap:0 H264/90000",
            "a=control:a",
            "m=video 0 RTP/AVP 26",
            "a=control:jpeg",
            "m=video 0 RTP/AVP 97 98",
            "a=rtpmap:97 VP8/90000",
            "a=rtpmap:98 h265/90000",
            "a=control:second",
            "m=video 0 RTP/AVP 96",
            "a=rtpmap:96 H264/90000",
            "a=control:third",
        )
    )
    assert (track.codec, track.payload_type, track.control, control) == ("h265", 98, "second", "rtsp://c/whole")


@pytest.mark.parametrize(
    ("fmtp", "sets"),
    [
        ("", ()),
        ("a=fmtp:96 packetization-mode=1", ()),
        (f"a=fmtp:96 sprop-parameter-sets={SPROP}", (SPS, PPS)),
        (f"a=fmtp:96 SPROP-parameter-sets = {SPROP.partition(',')[0].rstrip('=')} ;x", (SPS,)),
        (f"a=fmtp:96 sprop-parameter-sets={base64.b64encode(_START + SPS + _START + PPS).decode()}", (SPS, PPS)),
        ("a=fmtp:96 sprop-parameter-sets=!!!,====,Zg", (b"f",)),
        ("a=fmtp:96 sprop-parameter-sets=,,,", ()),
        (f"a=fmtp:97 sprop-parameter-sets={SPROP}", ()),
        ("a=fmtp:96 profile-level-id=42e01f;sprop-parameter-sets=é", ()),
    ],
)
def test_parameter_sets_of_every_shape(fmtp: str, sets: tuple[bytes, ...]) -> None:
    """What is torn is left out: the stream carries them as well."""
    track, _ = read_sdp(sdp("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", fmtp))
    assert track.sets == sets


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ((), "no H.264 or H.265 video"),
        (("m=audio 0 RTP/AVP 0",), "no H.264 or H.265 video"),
        (("m=video 0 RTP/AVP 26",), "no H.264 or H.265 video"),
        (("m=video 0 RTP/AVP 96", "a=rtpmap:96 MP4V-ES/90000"), "no H.264 or H.265 video"),
        (("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/8000"), "video clock"),
        (("m=video", "m=video 0", "m=video 0 RTP/AVP", "m="), "no H.264 or H.265 video"),
        (("m=video 0 RTP/AVP ٣ 999 -1 x", "a=rtpmap:999 H264/90000"), "no H.264 or H.265 video"),
        (
            ("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=2"),
            "interleaved packetization",
        ),
    ],
)
def test_what_cannot_be_recorded(lines: tuple[str, ...], word: str) -> None:
    with pytest.raises(SourceError) as refused:
        read_sdp(sdp(*lines))
    assert refused.value.end is RunEnd.UNREADABLE
    assert refused.value.kind == word


@pytest.mark.parametrize(("value", "donl"), [("0", False), ("2", True)])
def test_decoding_order_numbers(value: str, donl: bool) -> None:
    track, _ = read_sdp(sdp("m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000", f"a=fmtp:96 sprop-max-don-diff={value}"))
    assert track.donl is donl


@given(st.binary(max_size=400))
def test_any_bytes(body: bytes) -> None:
    with pytest.raises(SourceError):
        read_sdp(body)


@given(
    st.lists(
        st.sampled_from(
            ("m=video 0 RTP/AVP 96", "m=audio 0 RTP/AVP 0", "a=rtpmap:96 H264/90000", "a=control:x", "a=fmtp:96 ;;=",
             "a=fmtp:", "a=rtpmap:", "a=", "m=", "=", "", "a=control", "a=fmtp:96 sprop-parameter-sets=Z0I=")
        ),
        max_size=30,
    )
)  # fmt: skip
def test_any_lines_in_any_order(lines: list[str]) -> None:
    try:
        track, _ = read_sdp(sdp(*lines))
    except SourceError:
        return
    assert track.codec == "h264"
    assert len(track.sets) <= 1


def test_a_description_of_many_lines_costs_little() -> None:
    """64 KiB of anything is the most that is read; no line of it is looked at twice."""
    for line in ("m=video 0 RTP/AVP 96", "a=fmtp:96 " + ";" * 1000, "a=rtpmap:96 H264/90000"):
        body = "\r\n".join([line] * (65_536 // (len(line) + 2)))
        try:
            read_sdp(body.encode())
        except SourceError:
            continue
