"""Whatever is sent to the server, it answers or closes, and goes on serving the others."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beffroi.domain.errors import BadInputError
from simulate.clips import tiny
from simulate.config import Camera, Config
from simulate.control import Control
from simulate.request import BadRequestError, read_request
from simulate.server import Server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    clip = tiny(gop=10)
    async with Server(Config(cameras=(Camera(name="rue", main=clip, sub=clip),))) as running:
        yield running


async def talk(port: int, data: bytes, *, wait_s: float = 30.0) -> bytes:
    """Send bytes, say no more, and return what comes back until the end, which the server owes to who has ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    out = b""
    try:
        writer.write(data)
        await writer.drain()
        writer.write_eof()
        while part := await asyncio.wait_for(reader.read(65536), wait_s):
            out += part
    except ConnectionError:
        pass
    finally:
        writer.close()
    return out


def ask(method: str, url: str, sequence: object = 1, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {url} RTSP/1.0", f"CSeq: {sequence}", *headers, "", ""]).encode()


async def alive(server: Server) -> bool:
    return b"200 OK" in await talk(server.port, ask("DESCRIBE", f"rtsp://127.0.0.1:{server.port}/rue/main"))


HOSTILE = {
    "garbage": bytes(range(256)) * 40,
    "zeros": bytes(5000),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "huge header": b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "endless line": b"OPTIONS" * 10_000,
    "huge body": b"GET_PARAMETER /rue/main RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999999\r\n\r\n",
    "negative body": b"GET_PARAMETER /rue/main RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -5\r\n\r\n",
    "no CSeq": b"OPTIONS * RTSP/1.0\r\n\r\n",
    "wrong CSeq": b"OPTIONS * RTSP/1.0\r\nCSeq: minus one\r\n\r\n",
    "unicode CSeq": "OPTIONS * RTSP/1.0\r\nCSeq: ١\r\n\r\n".encode(),
    "bad URL": b"DESCRIBE rtsp://[::1 RTSP/1.0\r\nCSeq: 1\r\n\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_not_rtsp_is_answered_400(server: Server, name: str) -> None:
    answer = await talk(server.port, HOSTILE[name])
    assert answer.startswith(b"RTSP/1.0 400") or answer == b""
    assert await alive(server)


@pytest.mark.parametrize("data", [b"", b"OPT", b"$\x00\xff\xff12", b"$", b"\r\n\r\n\r\n"])
async def test_a_connection_that_breaks_off_is_forgotten(server: Server, data: bytes) -> None:
    assert await talk(server.port, data) == b""
    assert await alive(server)


async def test_the_state_of_a_session_is_respected(server: Server) -> None:
    url = f"rtsp://127.0.0.1:{server.port}/rue/main"
    tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
    cases = [
        (ask("PLAY", url), 454),
        (ask("PLAY", url, 1, "Session: 12345678"), 454),
        (ask("TEARDOWN", url), 454),
        (ask("SETUP", f"{url}/video", 1, tcp) + ask("PLAY", url, 2, "Session: nonsense"), 454),
        (ask("SETUP", f"{url}/video", 1, "Transport: RTP/AVP;unicast;client_port=5000-5001"), 461),
        (ask("SETUP", f"{url}/video"), 461),
        (ask("SETUP", f"{url}/video", 1, "Transport: RTP/AVP/TCP;interleaved=255-256"), 461),
        (ask("SETUP", f"{url}/audio", 1, tcp), 404),
        (ask("SETUP", f"{url}/video", 1, tcp) + ask("SETUP", url.replace("main", "sub") + "/video", 2, tcp), 455),
        (ask("DESCRIBE", "rtsp://127.0.0.1/"), 404),
        (ask("DESCRIBE", "rtsp://127.0.0.1/rue"), 404),
        (ask("RECORD", url), 501),
    ]
    for data, code in cases:
        answer = await talk(server.port, data)
        assert f"RTSP/1.0 {code} ".encode() in answer, (data, answer)
    assert await alive(server)


async def test_play_sends_packets_on_the_channels_asked_for(server: Server) -> None:
    url = f"rtsp://127.0.0.1:{server.port}/rue/main"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(ask("SETUP", f"{url}/video", 1, "Transport: RTP/AVP/TCP;unicast;interleaved=6-7"))
    session = re.search(rb"Session: (\w+)", await reader.readuntil(b"\r\n\r\n"))
    assert session
    writer.write(ask("PLAY", url, 2, f"Session: {session[1].decode()}"))
    played = (await reader.readuntil(b"\r\n\r\n")).decode()
    channels = []
    first_rtp = b""
    for _ in range(20):
        head = await reader.readexactly(4)
        body = await reader.readexactly(int.from_bytes(head[2:], "big"))
        channels.append(head[1])
        if head[1] == 6 and not first_rtp:
            first_rtp = body
    assert channels[0] == 7  # the report comes first
    assert set(channels) == {6, 7}
    promised = re.search(r"seq=(\d+);rtptime=(\d+)", played)
    assert promised
    assert (int.from_bytes(first_rtp[2:4], "big"), int.from_bytes(first_rtp[4:8], "big")) == (
        int(promised[1]),
        int(promised[2]),
    )
    writer.write(ask("TEARDOWN", url, 3, f"Session: {session[1].decode()}"))
    await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert server.status()["rue"]["viewers"] == {"main": 0, "sub": 0}


@given(data=st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], max_examples=150)
async def test_reading_any_bytes_gives_a_request_nothing_or_a_refusal(data: bytes) -> None:
    reader = asyncio.StreamReader(limit=1024)
    reader.feed_data(data)
    reader.feed_eof()
    try:
        request = await read_request(reader)
    except BadRequestError:
        return
    assert request is None or request.headers["cseq"].isdecimal()


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b'"x"', b'{"camera": 1}', b'{"camera":"rue","fault":["x"]}', b"[" * 3000, b"a" * 9000],
)
async def test_the_control_port_survives_nonsense(server: Server, line: bytes) -> None:
    async with Control(server) as control:
        answer = await talk(control.port, line + b"\n")
        assert answer == b"" or b'"ok": false' in answer
        assert b'"ok": true' in await talk(control.port, b'{"status": true}\n')


async def test_a_taken_port_is_said_in_a_sentence(server: Server) -> None:
    with pytest.raises(BadInputError, match=str(server.port)):
        async with Server(Config(cameras=(), port=server.port)):
            pass
