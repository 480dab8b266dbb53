"""The conversation with a camera: what is asked, in which order, at which time; what its answers may look like."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.rtppackets import SETS, Packet, Wire, interleaved, picture
from tests.support.rtspcamera import SDP_H265, Asked, Camera, answer, playing, read_requests, talk

from beffroi.capture.ends import RunEnd
from beffroi.capture.rtsp import Session, SourceError
from beffroi.media.rtp import AccessUnit

URL = "rtsp://user:secret@camera.test/main"
NTP_1970_S = 2_208_988_800


def frames(count: int, wire: Wire | None = None, *, first: int = 0) -> bytes:
    wire = wire or Wire()
    out = b""
    for n in range(first, first + count):
        one = picture("h264", n, key=n % 25 == 0, slices=[bytes([n % 250]) * 50])
        out += b"".join(wire.frame(Packet(nal, one.rtp_time, nal == one.nals[-1])) for nal in one.nals)
    return out


def report(wall_us: int | None, rtp_time: int, *, channel: int = 1) -> bytes:
    seconds, micros = divmod(wall_us or 0, 1_000_000)
    ntp = ((seconds + NTP_1970_S) << 32 | (micros << 32) // 1_000_000) if wall_us is not None else 77 << 32
    return interleaved(channel, struct.pack(">BBHIQIII", 0x80, 200, 6, 0x1234, ntp, rtp_time & 0xFFFFFFFF, 9, 9))


def test_an_ordinary_conversation() -> None:
    session, camera = Session(URL, now_s=0.0), Camera()
    assert talk(session, camera) == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]
    assert session.playing
    assert session.codec == "h264"
    assert session.sets == SETS["h264"]
    assert [one.headers["cseq"] for one in camera.asked] == ["1", "2", "3", "4"]
    assert [one.url for one in camera.asked] == [
        "rtsp://camera.test/main",
        "rtsp://camera.test/main",
        "rtsp://camera.test/main/video",
        "rtsp://camera.test/main/",
    ]
    assert camera.asked[2].headers["transport"] == "RTP/AVP/TCP;unicast;interleaved=0-1"
    assert camera.asked[3].headers["session"] == "12345678"
    requests, _ = read_requests(session.close())
    assert [(one.method, one.headers["session"]) for one in requests] == [("TEARDOWN", "12345678")]


def test_only_the_video_is_set_up() -> None:
    """The description offers sound first: nothing of it is ever asked for."""
    _, camera = playing()
    assert [one.url for one in camera.asked if one.method == "SETUP"] == ["rtsp://camera.test/main/video"]


def test_h265_is_described() -> None:
    session, _ = playing(Camera(sdp=SDP_H265))
    assert session.codec == "h265"
    assert session.sets == SETS["h265"]


@pytest.mark.parametrize(
    ("transport", "rtp", "rtcp"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=0-1", 0, 1),
        ("RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=12AB", 2, 3),
        ("RTP/AVP/TCP;interleaved=7", 7, 8),
        ("RTP/AVP/TCP; Interleaved = 254-255", 254, 255),
        ("RTP/AVP/TCP", 0, 1),
        ("", 0, 1),
    ],
)
def test_the_channels_are_those_of_the_answer(transport: str, rtp: int, rtcp: int) -> None:
    session, _ = playing(Camera(transport=transport))
    wall_us = 1_700_000_000_000_000
    got = session.receive(report(wall_us, 0, channel=rtcp) + frames(9, Wire(channel=rtp)), 0.0)
    assert [unit.rtp_time for unit in got] == [n * 3600 for n in range(9)]
    assert got[0].camera_us == wall_us
    assert session.receive(frames(3, Wire(channel=(rtp + 5) % 250)), 0.0) == []


def test_frames_may_come_before_the_answer_to_play() -> None:
    session, camera = Session(URL, now_s=0.0), Camera()
    camera.odd["PLAY"] = lambda asked: frames(2) + answer(200, sequence=asked.headers["cseq"])
    talk(session, camera)
    got = session.receive(frames(5, Wire(sequence=4), first=2), 0.0)
    assert [unit.rtp_time for unit in got] == [n * 3600 for n in range(1, 7)], "the first was given with the answer"
    assert session.rtp_lost == 0


def test_the_wall_time_of_the_camera() -> None:
    """By its last sender report; none before the first; none when it says that it has no clock."""
    session, _ = playing()
    wire = Wire()
    assert {unit.camera_us for unit in session.receive(frames(5, wire), 0.0)} == {None}
    session.receive(report(1_700_000_000_000_000, 10 * 3600), 0.0)
    later = session.receive(frames(5, wire, first=5), 0.0)
    assert [(unit.rtp_time, unit.camera_us) for unit in later] == [
        (n * 3600, 1_700_000_000_000_000 + (n - 10) * 40_000) for n in range(5, 10)
    ]
    session.receive(report(None, 0), 0.0)
    assert session.receive(frames(1, wire, first=10), 0.0)[0].camera_us is None


def test_the_wall_time_around_the_wrap_of_rtp_time() -> None:
    session, _ = playing()
    session.receive(report(1_700_000_000_000_000, (1 << 32) - 1800), 0.0)
    wire = Wire()
    session.receive(frames(4, wire), 0.0)
    got = session.receive(
        b"".join(wire.frame(Packet(b"\x41\x88x", t, marker=True)) for t in (0xFFFFFFFF - 899, 900)), 0.0
    )
    assert [unit.camera_us for unit in got] == [1_700_000_000_010_000, 1_700_000_000_030_000]


def test_compound_reports_and_good_bye() -> None:
    """Pictures that came in the same bytes as the good-bye are given first."""
    session, _ = playing()
    wire = Wire()
    session.receive(frames(6, wire), 0.0)
    description = struct.pack(">BBHI", 0x81, 202, 1, 0x1234)
    bye = struct.pack(">BBHI", 0x81, 203, 1, 0x1234)
    got = session.receive(frames(2, wire, first=6) + interleaved(1, description + bye), 0.0)
    assert len(got) == 2
    for act in (lambda: session.receive(b"", 0.0), lambda: session.tick(0.0)):
        with pytest.raises(SourceError) as ended:
            act()
        assert ended.value.end is RunEnd.CLOSED


@pytest.mark.parametrize(
    "rtcp",
    [b"", b"\x80", b"\x80\xc8\xff\xff" + bytes(20), b"\x80\xc8\x00\x06", b"\x00\xc8\x00\x06" + bytes(24), bytes(99)],
)
def test_torn_reports_are_ignored(rtcp: bytes) -> None:
    session, _ = playing()
    session.receive(interleaved(1, rtcp), 0.0)
    assert session.receive(frames(5), 0.0)[0].camera_us is None


# Time


def test_keep_alive_at_half_the_timeout() -> None:
    session, camera = playing(Camera(session="abc;timeout=30"))
    wire, seen = Wire(), []
    for second in range(100):
        session.receive(frames(5, wire, first=5 * second), float(second))
        session.tick(float(second))
        seen += [second] * talk(session, camera, float(second)).count("GET_PARAMETER")
    assert seen == [15, 30, 45, 60, 75, 90]
    assert camera.asked[-1].headers["session"] == "abc"


def test_keep_alive_by_options_where_get_parameter_is_not_known() -> None:
    def once(public: str, odd: dict[str, Callable[[Asked], bytes]]) -> list[str]:
        session, camera = playing(Camera(public=public, odd=odd))
        said = []
        for second in range(0, 121, 5):
            session.receive(frames(8), float(second))
            session.tick(float(second))
            said += talk(session, camera, float(second))
        return said

    assert once("OPTIONS, DESCRIBE, SETUP, PLAY", {}) == ["OPTIONS"] * 4
    unknown = {"GET_PARAMETER": lambda asked: answer(501, sequence=asked.headers["cseq"])}
    assert once("OPTIONS, GET_PARAMETER", unknown) == ["GET_PARAMETER", "OPTIONS", "OPTIONS", "OPTIONS"]


def test_a_keep_alive_that_is_never_answered_does_not_end_a_stream_that_flows() -> None:
    session, _ = playing()
    wire = Wire()
    for second in range(200):
        session.receive(frames(5, wire, first=5 * second), float(second))
        session.tick(float(second))
        session.to_send()


def test_a_session_that_the_camera_forgot_ends() -> None:
    session, camera = playing(Camera(odd={"GET_PARAMETER": lambda asked: answer(454)}))
    session.receive(frames(8), 29.0)
    session.tick(30.0)
    with pytest.raises(SourceError) as ended:
        talk(session, camera, 30.0)
    assert ended.value.end is RunEnd.CLOSED


@pytest.mark.parametrize("silent", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_no_answer_for_5_s_is_a_stall(silent: str) -> None:
    session, camera = Session(URL, now_s=100.0), Camera()
    camera.odd[silent] = lambda _: b""
    talk(session, camera, 101.0)
    session.tick(105.0)
    with pytest.raises(SourceError) as ended:
        session.tick(106.1)
    assert ended.value.end is RunEnd.STALLED


def test_an_answer_that_trickles_in_does_not_count() -> None:
    session = Session(URL, now_s=0.0)
    for second, byte in enumerate(answer(200, "Public: OPTIONS")[:5]):
        session.receive(bytes([byte]), float(second))
    with pytest.raises(SourceError):
        session.tick(5.1)


@pytest.mark.parametrize("what", ["nothing", "reports", "sound", "empty packets"])
def test_no_picture_for_10_s_is_a_stall(what: str) -> None:
    session, camera = playing()
    wire = Wire()
    session.receive(frames(5, wire), 3.0)
    for second in range(3, 13):
        noise = {
            "nothing": b"",
            "reports": report(1_700_000_000_000_000, 0),
            "sound": interleaved(2, bytes(200)),
            "empty packets": wire.frame(Packet(b"", 18_000)),
        }[what]
        session.receive(noise, float(second))
        session.tick(float(second))
        talk(session, camera, float(second))
    with pytest.raises(SourceError) as ended:
        session.tick(13.1)
    assert ended.value.end is RunEnd.STALLED


def test_receiver_reports_are_sent_every_5_s() -> None:
    session, camera = playing()
    wire = Wire(sequence=65_534)
    session.receive(report(1_700_000_000_000_000, 0), 1.5)
    seen = []
    for second in range(1, 12):
        session.receive(frames(5, wire, first=5 * second), float(second))
        if second == 8:
            wire.lose(3)
        session.tick(float(second))
        said = session.to_send()
        if said:
            assert said[:2] == b"$\x01"
            assert int.from_bytes(said[2:4], "big") == len(said) - 4
            seen.append((second, said[4:]))
    assert [second for second, _ in seen] == [5, 10]
    one, two = (struct.unpack(">BBHIIIIIII", packet[:32]) for _, packet in seen)
    assert one[:3] == (0x81, 201, 7)
    assert one[4] == 0x1234
    assert one[5] == 0
    assert one[6] == 65_534 + 27 - 1
    assert two[5] & 0xFFFFFF == 3
    assert two[5] >> 24 == 256 * 3 // (27 + 3), "of 25 pictures, one of them with two parameter sets"
    ntp = ((1_700_000_000 + NTP_1970_S) << 16) & 0xFFFFFFFF
    assert one[8:] == (ntp, int(3.5 * 65_536))
    assert seen[0][1][33] == 202, "our name follows"
    assert camera.asked[-1].method == "PLAY"


# Answers of every shape


def test_pieces_of_any_size_are_the_same_conversation() -> None:
    whole, camera = Session(URL, now_s=0.0), Camera()
    session = Session(URL, now_s=0.0)
    twin = Camera()
    for _ in range(5):
        for one, to, size in ((whole, camera, 10_000), (session, twin, 1)):
            requests, _ = read_requests(one.to_send())
            for request in requests:
                reply = to.answers(request) + b"\r\n"
                for at in range(0, len(reply), size):
                    one.receive(reply[at : at + size], 0.0)
    assert session.playing
    assert [asked.url for asked in twin.asked] == [asked.url for asked in camera.asked]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_cut_of_the_stream_gives_the_same_pictures(data: st.DataObject) -> None:
    """Pictures, reports, sound and answers in one stream, cut anywhere; buffers used again by the caller."""
    wire, parts = Wire(sequence=65_500), []
    for n in range(12):
        parts.append(frames(1, wire, first=n))
        parts.append(
            data.draw(st.sampled_from((b"", report(1_700_000_000_000_000, n * 3600), interleaved(4, b"sound"))))
        )
        parts.append(data.draw(st.sampled_from((b"", answer(200), b"\r\n"))))
    stream = b"".join(parts)

    def given_by(cuts: list[int]) -> list[AccessUnit]:
        session, _ = playing()
        buffer, got = bytearray(len(stream)), []
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            buffer[: end - start] = stream[start:end]
            got += session.receive(memoryview(buffer)[: end - start], 0.0)
            buffer[: end - start] = bytes(end - start)
        return got

    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=25)))
    assert given_by(cuts) == given_by([])


@pytest.mark.parametrize(
    ("status", "end"),
    [(400, "refused"), (403, "unauthorised"), (404, "refused"), (453, "refused"), (461, "refused"), (503, "refused")],
)
@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
def test_refusals(method: str, status: int, end: str) -> None:
    session, camera = Session(URL, now_s=0.0), Camera()
    camera.odd[method] = lambda asked: answer(status, sequence=asked.headers["cseq"])
    with pytest.raises(SourceError) as ended:
        talk(session, camera)
    assert ended.value.end.value == end


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_camera_without_options_is_asked_all_the_same(status: int) -> None:
    playing(Camera(odd={"OPTIONS": lambda asked: answer(status)}))


def test_a_request_of_the_cameras_is_answered() -> None:
    session, _ = playing()
    session.receive(b"OPTIONS rtsp://client RTSP/1.0\r\nCSeq: 7\r\n\r\n", 0.0)
    assert session.to_send() == b"RTSP/1.0 501 Not Implemented\r\nCSeq: 7\r\n\r\n"


def test_lines_may_end_with_a_line_feed_alone_and_numbers_may_be_wrong() -> None:
    plain = lambda asked: b"RTSP/1.0 200 OK\nCSeq: 999\nPublic: OPTIONS\n\n"  # noqa: E731  one line says it
    playing(Camera(odd={"OPTIONS": plain}))


def test_100_continue_is_not_the_answer() -> None:
    odd = {"OPTIONS": lambda asked: answer(100) + answer(200, "Public: OPTIONS")}
    assert talk(Session(URL, now_s=0.0), Camera(odd=odd))[:2] == ["OPTIONS", "DESCRIBE"]
