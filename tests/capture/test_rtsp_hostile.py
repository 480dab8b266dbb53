"""Cameras that mean harm, or have gone mad: nothing but `SourceError` gets out, nothing hangs, nothing grows."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.rtppackets import Packet, Wire, interleaved, picture
from tests.support.rtspcamera import SDP, Camera, answer, playing, read_requests, talk

from beffroi.capture.ends import RunEnd
from beffroi.capture.rtsp import Session, SourceError
from beffroi.capture.rtsp.message import MAX_BODY_BYTES, MAX_HEAD_BYTES
from beffroi.media.rtp_picture import MAX_PICTURE_BYTES

URL = "rtsp://user:secret@camera.test/main"


def until_error(session: Session, data: bytes, step: int = 4096) -> SourceError | None:
    """Feed bytes until the session ends."""
    try:
        for at in range(0, len(data), step):
            session.receive(data[at : at + step], 0.0)
            session.to_send()
        session.tick(0.0)
    except SourceError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("HTTP", b"HTTP/1.1 200 OK\r\n\r\n"),
        ("another protocol", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("zeros", bytes(10)),
        ("no status", b"RTSP/1.0 OK\r\n\r\n"),
        ("a status of letters", b"RTSP/1.0 abc OK\r\n\r\n"),
        ("a long status", b"RTSP/1.0 20000 OK\r\n\r\n"),
        ("negative length", b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n"),
        ("length in letters", b"RTSP/1.0 200 OK\r\nContent-Length: many\r\n\r\n"),
        ("hexadecimal length", b"RTSP/1.0 200 OK\r\nContent-Length: 0x10\r\n\r\n"),
        ("length of other digits", "RTSP/1.0 200 OK\r\nContent-Length: ٣\r\n\r\n".encode()),
        ("huge length", b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        ("length over the cap", f"RTSP/1.0 200 OK\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n".encode()),
        ("endless head", b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * MAX_HEAD_BYTES),
        ("endless line", b"RTSP/1.0 200 OK\r\nX: " + b"y" * 2 * MAX_HEAD_BYTES),
        ("endless word", b"R" * 2 * MAX_HEAD_BYTES),
        ("endless request", b"OPTIONS " * MAX_HEAD_BYTES),
        ("bad request", b"OPTIONS\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("step", [1, 4096])
@pytest.mark.parametrize("while_playing", [False, True])
def test_what_is_not_rtsp_ends_the_session(name: str, data: bytes, step: int, while_playing: bool) -> None:
    session = playing()[0] if while_playing else Session(URL, now_s=0.0)
    error = until_error(session, data, step)
    assert error is not None
    assert error.end is RunEnd.UNREADABLE
    assert len(session._rest) <= MAX_HEAD_BYTES + 4096


def test_a_head_full_of_headers_is_read_or_refused() -> None:
    lines = b"".join(b"A%d: b\r\n" % number for number in range(1500))
    session = Session(URL, now_s=0.0)
    assert until_error(session, b"RTSP/1.0 200 OK\r\n" + lines[: MAX_HEAD_BYTES - 100] + b"\r\n\r\n") is None


def test_bytes_that_are_not_text_in_a_head() -> None:
    session = Session(URL, now_s=0.0)
    session.receive(b"RTSP/1.0 200 \xff\xfe\r\nPublic: \xe9\x80\r\nServer: \xc3\r\n\xff: \x00\r\n\r\n", 0.0)
    assert b"DESCRIBE" in session.to_send()


@pytest.mark.parametrize(
    "session",
    ["", ";timeout=60", "a\x01b", "a b", "a" * 300, "é", "x\r y", "\u2028"],
)
def test_session_names_that_cannot_be_sent_back(session: str) -> None:
    camera = Camera(session=session)
    with pytest.raises(SourceError) as refused:
        talk(Session(URL, now_s=0.0), camera)
    assert refused.value.kind == "session"


@pytest.mark.parametrize(
    ("written", "timeout_s"),
    [("a;timeout=0", 2), ("a;timeout=999999", 999_999), ("a;timeout=-5", 60), ("a;timeout=", 60)],
)
def test_time_outs_of_every_size(written: str, timeout_s: int) -> None:
    """Zero is not taken at its word: the keep-alive would be all that is said."""
    session, _ = playing(Camera(session=written))
    assert session._dialogue.timeout_s == timeout_s


@pytest.mark.parametrize(
    "transport",
    [
        "RTP/AVP;unicast;client_port=1-2",
        "RTP/AVP/TCP;interleaved=300-301",
        "RTP/AVP/TCP;interleaved=5-5",
        "RTP/AVP/TCP;interleaved=255",
    ],
)
def test_transports_that_are_not_ours(transport: str) -> None:
    with pytest.raises(SourceError) as refused:
        talk(Session(URL, now_s=0.0), Camera(transport=transport))
    assert refused.value.kind == "transport"


def test_pictures_before_anything_was_agreed_are_passed_over() -> None:
    session = Session(URL, now_s=0.0)
    assert session.receive(interleaved(0, bytes(1000)) * 50, 0.0) == []
    assert talk(session, Camera())[-1] == "PLAY"


def test_answers_to_nothing_are_passed_over() -> None:
    session, _ = playing()
    for status in (100, 200, 301, 401, 404, 454, 500):
        session.receive(answer(status, "Location: rtsp://evil/", "WWW-Authenticate: Basic realm=x"), 0.0)
    assert session.to_send() == b""


def test_a_flood_of_requests_is_answered_within_bounds() -> None:
    """Each gets one short line; what waits to be sent is the owner's of the socket to bound."""
    session, _ = playing()
    session.receive(b"OPTIONS * RTSP/1.0\r\n\r\n" * 1000, 0.0)
    assert len(session.to_send()) < 60_000


def kept(session: Session) -> int:
    """Everything that a session keeps of what was sent to it, as Python counts it."""
    video = session._video
    assert video is not None
    picture_of = video._picture
    parts = sum(map(sys.getsizeof, [*picture_of.parts, *picture_of.sets])) + sys.getsizeof(picture_of.parts)
    return parts + len(session._rest) + len(session._dialogue._out)


@pytest.mark.parametrize("name", ["fragments", "fragments of a byte", "units", "small units", "aggregates"])
def test_a_picture_without_end_is_bounded(name: str) -> None:
    """However small the pieces: objects cost more than the bytes in them."""
    session, _ = playing()
    wire = Wire()
    unit, count = {
        "fragments": (b"\x7c\x05" + bytes(60_000), 300),
        "fragments of a byte": (b"\x7c\x05z", 20_000),
        "units": (b"\x41\x48" + bytes(60_000), 300),
        "small units": (b"\x41\x48", 20_000),
        "aggregates": (b"\x18" + b"\x00\x02\x41\x48" * 15_000, 60),
    }[name]
    session.receive(wire.frame(Packet(b"\x7c\x85\x88", 0)), 0.0)
    most = sent = 0
    for _ in range(count):
        data = wire.frame(Packet(unit, 0))
        sent += len(data)
        session.receive(data, 0.0)
        most = max(most, kept(session)) if count < 1000 or sent % 100 == 0 else most
    most = max(most, kept(session))
    print(f"{name}: {sent / 1024:.0f} KiB sent, {most / 1024:.0f} KiB kept at most")  # noqa: T201  a figure
    assert most <= 4 * MAX_PICTURE_BYTES


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("unknown channel", interleaved(9, bytes(60_000))),
        ("reports", interleaved(1, b"\x80\xc8\x00\x06" + bytes(24)) * 100),
        ("empty frames", interleaved(0, b"") * 1000),
        ("answers", answer(200, "X: " + "y" * 8000) * 5),
        ("white", b"\r\n" * 2000),
    ],
)
def test_nothing_is_kept_of_other_floods(name: str, data: bytes) -> None:
    session, _ = playing()
    session.receive(b"", 0.0)
    for _ in range(100):
        session.receive(data, 0.0)
        session.to_send()
        assert kept(session) < 1000


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_damage_gives_pictures_or_one_error(data: st.DataObject) -> None:
    """A real conversation with bytes flipped, cut out or put in, in any cuts."""
    wire = Wire()
    stream = b"".join(
        wire.frame(Packet(nal, n * 3600, nal == one.nals[-1]))
        for n in range(6)
        for one in [picture("h264", n, key=n == 0, slices=[b"a" * 30])]
        for nal in one.nals
    )
    camera = Camera()
    conversation = [answer(200, f"Public: {camera.public}")]
    conversation.append(answer(200, "Content-Type: application/sdp", body=SDP.encode()))
    conversation.append(answer(200, f"Transport: {camera.transport}", f"Session: {camera.session}"))
    conversation.append(answer(200) + stream)
    whole = bytearray(b"".join(conversation))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(whole) - 1))
        match data.draw(st.sampled_from(("flip", "cut", "put"))):
            case "flip":
                whole[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del whole[at : at + data.draw(st.integers(1, 40))]
            case "put":
                whole[at:at] = data.draw(st.binary(min_size=1, max_size=40))
        if not whole:
            return
    session = Session(URL, now_s=0.0)
    step = data.draw(st.integers(1, 400))
    until_error(session, bytes(whole), step)
    assert len(session._rest) < 70_000 + MAX_BODY_BYTES


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=100), max_size=20))
def test_any_bytes(pieces: list[bytes]) -> None:
    session = Session(URL, now_s=0.0)
    for piece in pieces:
        if until_error(session, piece):
            break


def test_our_own_requests_parse() -> None:
    """Read back by a reader of its own: nothing of what a camera said breaks a line."""
    camera = Camera(base="rtsp://camera.test/a%0d%0aX:y/", session="$we;r!d")
    camera.session = "a$b'c"
    session, _ = playing(camera)
    session.tick(0.0)
    requests, left = read_requests(session.close())
    assert left == b""
    assert requests[0].headers["session"] == "a$b'c"
