"""Addresses: where the camera is, what it says of itself, and what must never be written anywhere."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.rtspcamera import SDP, Asked, Camera, answer, playing, talk

from beffroi.capture.ends import RunEnd
from beffroi.capture.rtsp import Session, SourceError
from beffroi.capture.rtsp.address import Address, base_url, control_url

URL = "rtsp://user:secret@camera.test/main"


@pytest.mark.parametrize(
    ("base", "control", "track", "whole"),
    [
        ("rtsp://camera.test/main/", "video", "rtsp://camera.test/main/video", "rtsp://camera.test/main/"),
        ("rtsp://camera.test/main", "trackID=1", "rtsp://camera.test/main/trackID=1", "rtsp://camera.test/main"),
        ("", "trackID=1", "rtsp://camera.test/main/trackID=1", "rtsp://camera.test/main"),
        ("camera.test/main/", "video", "rtsp://camera.test/main/video", "rtsp://camera.test/main/"),
        ("camera.test:554/x/", "video", "rtsp://camera.test:554/x/video", "rtsp://camera.test:554/x/"),
        ("192.168.1.10:554/stream0/", "t=1", "rtsp://192.168.1.10:554/stream0/t=1", "rtsp://192.168.1.10:554/stream0/"),
        ("10.0.0.9", "t=1", "rtsp://10.0.0.9/t=1", "rtsp://10.0.0.9"),
        ("stream0/", "t=1", "rtsp://camera.test/main/t=1", "rtsp://camera.test/main"),
        ("/other/", "video", "rtsp://camera.test/other/video", "rtsp://camera.test/other/"),
        ("nonsense here", "video", "rtsp://camera.test/main/video", "rtsp://camera.test/main"),
        ("rtsp://10.0.0.9/m/", "video", "rtsp://10.0.0.9/m/video", "rtsp://10.0.0.9/m/"),
        ("rtsp://u:p@camera.test/m/", "video", "rtsp://camera.test/m/video", "rtsp://camera.test/m/"),
        ("rtsp://camera.test/m?a=1", "t=0", "rtsp://camera.test/m?a=1/t=0", "rtsp://camera.test/m?a=1"),
        ("rtsp://camera.test/m/", "rtsp://camera.test/m/t0", "rtsp://camera.test/m/t0", "rtsp://camera.test/m/"),
        ("rtsp://camera.test/m/", "*", "rtsp://camera.test/m/", "rtsp://camera.test/m/"),
    ],
)
def test_where_the_track_is(base: str, control: str, track: str, whole: str) -> None:
    _, camera = playing(Camera(base=base, sdp=SDP.replace("a=control:video", f"a=control:{control}")))
    assert [one.url for one in camera.asked if one.method == "SETUP"] == [track]
    assert [one.url for one in camera.asked if one.method == "PLAY"] == [whole]


def test_a_control_that_cannot_stand_in_a_request_is_refused() -> None:
    session, camera = Session(URL, now_s=0.0), Camera(sdp=SDP.replace("a=control:video", "a=control:a b\x01"))
    with pytest.raises(SourceError) as ended:
        talk(session, camera)
    assert ended.value.end is RunEnd.UNREADABLE


@given(written=st.text(max_size=40), control=st.text(max_size=40))
def test_no_declared_address_can_write_into_the_request(written: str, control: str) -> None:
    try:
        url = control_url(base_url(written, "rtsp://camera.test/main"), control)
    except SourceError:
        return
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url


def test_redirect_to_the_same_host_is_followed() -> None:
    def elsewhere(asked: Asked) -> bytes:
        if asked.url.endswith("/main"):
            return answer(302, "Location: rtsp://camera.test:554/real", sequence=asked.headers["cseq"])
        return Camera().answers(asked)

    _, camera = playing(Camera(odd={"DESCRIBE": elsewhere}))
    assert camera.asked[-1].url == "rtsp://camera.test:554/real/"


@pytest.mark.parametrize(
    "location",
    ["rtsp://other.test/x", "http://camera.test/x", "rtsp://camera.test:8554/x", "rtsps://camera.test/x", ""],
)
def test_redirect_elsewhere_is_refused(location: str) -> None:
    session = Session(URL, now_s=0.0)
    with pytest.raises(SourceError) as ended:
        talk(session, Camera(odd={"DESCRIBE": lambda _: answer(301, f"Location: {location}")}))
    assert ended.value.end is RunEnd.REFUSED


def test_redirects_do_not_go_round_for_ever() -> None:
    session = Session(URL, now_s=0.0)
    with pytest.raises(SourceError) as ended:
        talk(session, Camera(odd={"DESCRIBE": lambda _: answer(301, "Location: rtsp://camera.test/again")}))
    assert ended.value.end is RunEnd.REFUSED


@pytest.mark.parametrize(
    ("url", "host", "port", "secure", "request_url"),
    [
        ("rtsp://c.test/m", "c.test", 554, False, "rtsp://c.test/m"),
        ("rtsps://u:p@c.test/m?x=1", "c.test", 322, True, "rtsps://c.test/m?x=1"),
        ("rtsp://u:p%40ss@[::1]:8554/", "::1", 8554, False, "rtsp://[::1]:8554/"),
    ],
)
def test_addresses(url: str, host: str, port: int, secure: bool, request_url: str) -> None:
    got = Address.parse(url)
    assert (got.host, got.port, got.secure, got.url) == (host, port, secure, request_url)


@pytest.mark.parametrize(
    "url",
    ["", "http://c.test/", "rtsp://", "rtsp:///x", "rtsp://c.test:0/", "rtsp://c.test:99999/", "rtsp://c .test/",
     "rtsp://c.test/\r\nX: y", "rtsp://c.test/é", "rtsp://[::1/", "rtsp://c.test/" + "a" * 3000, "c.test/main"],
)  # fmt: skip
def test_what_is_not_an_address(url: str) -> None:
    with pytest.raises(SourceError) as refused:
        Session(url, now_s=0.0)
    assert refused.value.end is RunEnd.UNREADABLE


def test_neither_password_nor_address_in_any_text() -> None:
    session, _ = playing(url="rtsp://herbert:Zq9-secret@camera-42.test/way")
    texts = [repr(session), repr(session.address), str(session.address), repr(vars(session).get("_dialogue"))]
    oddities: list[dict[str, Callable[[Asked], bytes]]] = [
        {"DESCRIBE": lambda _: answer(401, 'WWW-Authenticate: Basic realm="camera-42.test herbert"')},
        {"DESCRIBE": lambda _: answer(404)},
        {"OPTIONS": lambda _: b"HTTP/1.1 400 camera-42.test Zq9-secret\r\n\r\n"},
        {"SETUP": lambda _: answer(200, "Session: camera-42.test Zq9-secret")},
        {"DESCRIBE": lambda _: answer(301, "Location: rtsp://herbert:Zq9-secret@elsewhere/")},
    ]
    for odd in oddities:
        with pytest.raises(SourceError) as ended:
            talk(Session("rtsp://herbert:Zq9-secret@camera-42.test/way", now_s=0.0), Camera(odd=odd))
        error: BaseException | None = ended.value
        while error is not None:
            texts += [str(error), repr(error)]
            error = error.__cause__ or error.__context__
    for text in texts:
        for secret in ("herbert", "Zq9", "camera-42", "/way"):
            assert secret not in text
