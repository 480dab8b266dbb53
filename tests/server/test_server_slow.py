"""A body that is slow to come is given up after its time, with a sentence, on any route; an act is not hurried."""

import asyncio
import http.client
import json
import re
import select
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.centre import Town

from beffroi.registry import attachments, papers_file
from beffroi.server import bodylimit
from beffroi.server.bodylimit import Message, Receive, seconds_for
from beffroi.server.guard import _TOO_SLOW, MAX_BODY_BYTES, Guard, Scope, Send

SHORT_S = 0.5
LEAST_S, BYTES_S = bodylimit.LEAST_S, bodylimit.BYTES_S
GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "install.md"


@pytest.fixture(autouse=True)
def short(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.person("supervisorE")  # logged in before: on a busy machine an honest body may take as long
    monkeypatch.setattr(bodylimit, "LEAST_S", SHORT_S)
    monkeypatch.setattr(bodylimit, "BYTES_S", 1e9)  # a large file's 40 s too


def dripped(town: Town, path: str, *lines: str, every_s: float = 0.05) -> tuple[int, str, float]:
    """Send the head, then one byte of the body at a time until there is an answer; how long that took, in seconds."""
    here = f"127.0.0.1:{town.port}"
    head = [f"POST {path} HTTP/1.1", f"Host: {here}", f"Origin: http://{here}", "X-Beffroi: 1", *lines]
    began_s = time.monotonic()  # before the head leaves: the centre counts from its arrival
    with socket.create_connection(("127.0.0.1", town.port), timeout=30) as link:
        link.sendall("\r\n".join([*head, "", ""]).encode())
        while not select.select([link], [], [], every_s)[0]:
            link.sendall(b"1\r\n{\r\n" if "Transfer-Encoding: chunked" in lines else b"{")
        answer = http.client.HTTPResponse(link)
        answer.begin()
        return answer.status, answer.read().decode(), time.monotonic() - began_s


JSON, FORM = "Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/demande", (FORM, "Content-Length: 9000")),
        ("/demande/suivi", (FORM, "Transfer-Encoding: chunked")),
        ("/api/login", (JSON, "Content-Length: 9000")),
        ("/api/login", (JSON, "Transfer-Encoding: chunked")),
        ("/api/documents/import?name=pieces.yaml", (JSON, "Content-Length: 9000")),
    ],
)
def test_a_body_that_drips_is_given_up(town: Town, path: str, lines: tuple[str, ...]) -> None:
    if path.startswith("/api/documents"):
        lines = (*lines, f"Cookie: {town.person('supervisorE').cookie_header()}")
    status, body, took_s = dripped(town, path, *lines)
    assert status == 408, body
    assert set(json.loads(body)["error"]["text"]) == {"fr", "en"}
    assert took_s >= SHORT_S, "not before its time"


def test_the_sentence_reaches_a_client_that_goes_on_sending(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed at once, the connection would be reset by the bytes that nobody read, and the sentence be lost with it."""
    monkeypatch.setattr(bodylimit, "_LINGER_S", 60.0)  # two seconds may be less than this client's twenty bytes take
    here = f"127.0.0.1:{town.port}"
    head = f"POST /demande HTTP/1.1\r\nHost: {here}\r\nOrigin: http://{here}\r\n{FORM}\r\nContent-Length: 9000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", town.port), timeout=30) as link:
        link.sendall(head.encode())
        while not select.select([link], [], [], 0.05)[0]:
            link.sendall(b"x")
        for _ in range(20):
            link.sendall(b"x")
            time.sleep(0.02)  # the client's own pace: what it sends after the answer
        answer = http.client.HTTPResponse(link)
        answer.begin()
        assert (answer.status, "error" in json.loads(answer.read())) == (408, True)


def test_the_centre_answers_others_meanwhile(town: Town) -> None:
    here = f"127.0.0.1:{town.port}"
    with socket.create_connection(("127.0.0.1", town.port), timeout=30) as link:
        link.sendall(f"POST /demande HTTP/1.1\r\nHost: {here}\r\nOrigin: http://{here}\r\n{FORM}\r\n".encode())
        link.sendall(b"Content-Length: 9000\r\n\r\nx")
        assert town.nobody().get("/demande").status == 200


def test_large_files_have_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodylimit, "BYTES_S", BYTES_S)
    assert (seconds_for(16_000), seconds_for(0)) == (SHORT_S, SHORT_S)
    assert seconds_for(25_000_000) == pytest.approx(250)


@pytest.mark.parametrize("lang", ["fr", "en", "guide"])
def test_the_times_that_are_told_are_those_that_are_given(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the lower ten seconds, or minute: nobody is told more than there is, and every kind of body is named."""
    monkeypatch.setattr(bodylimit, "LEAST_S", LEAST_S)
    monkeypatch.setattr(bodylimit, "BYTES_S", BYTES_S)
    text = GUIDE.read_text() if lang == "guide" else _TOO_SLOW.text.as_dict()[lang]
    sentence = next(one for one in text.replace("\n", " ").split("## ") if "408" in one or lang != "guide")
    found = re.findall(r"(\d+) (second|minute)", sentence)
    given = [seconds_for(limit) for limit in (MAX_BODY_BYTES, papers_file.MAX_BYTES, attachments.MAX_BYTES)]
    told = [int(number) * (60 if unit == "minute" else 1) for number, unit in found]
    assert len(told) == len(given), sentence
    for said_s, given_s in zip(told, given, strict=True):
        assert said_s <= given_s < said_s + (60 if said_s >= 60 else 10), (said_s, given_s)
    assert "import" in sentence


async def _asked(app: Any, messages: list[Message], sent: list[Message] | None = None) -> list[Message]:
    """One request to a guarded application, in this loop; what it sent."""
    sent = [] if sent is None else sent
    never = asyncio.Event()

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        await never.wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    here = b"centre.example"
    headers = [(b"host", here), (b"origin", b"https://centre.example"), (b"x-beffroi", b"1")]
    scope = {"type": "http", "method": "POST", "path": "/api/x", "headers": headers, "client": ("192.0.2.1", 1)}
    guard = Guard(app, origins=frozenset({"https://centre.example"}), https=True, now_us=lambda: 0)
    await guard(scope, receive, send)
    return sent


def test_an_act_that_takes_longer_than_a_body_may_is_left_alone() -> None:
    """The whole body came at once; then the route works, and waits for the client to leave, as a file's answer does."""

    async def slow(_: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["body"] == b"{}"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(), 2 * SHORT_S)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    sent = asyncio.run(_asked(slow, [{"type": "http.request", "body": b"{}", "more_body": False}]))
    assert [one.get("status") for one in sent if one["type"] == "http.response.start"] == [200]


def test_a_route_that_swallows_the_end_of_its_body_is_answered_for() -> None:
    async def stubborn(_: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"as if"})

    sent = asyncio.run(_asked(stubborn, [{"type": "http.request", "body": b"{", "more_body": True}]))
    assert [one.get("status") for one in sent if one["type"] == "http.response.start"] == [408]


START: Message = {"type": "http.response.start", "status": 200, "headers": []}


def _chunk(more: bool) -> Message:
    return {"type": "http.response.body", "body": b"part", "more_body": more}


@pytest.mark.parametrize("listens_before", [False, True])
def test_a_body_announced_and_never_sent_does_not_break_an_answer_under_way(listens_before: bool) -> None:
    """A file is streamed longer than a body may take, while its route listens for the client to leave."""

    async def streams(_: Scope, receive: Receive, send: Send) -> None:
        if not listens_before:
            await send(dict(START))
        leaving = asyncio.ensure_future(receive())
        await asyncio.sleep(0)  # it listens now
        if listens_before:
            await send(dict(START))
        done, _pending = await asyncio.wait({leaving}, timeout=3 * SHORT_S)
        assert not done, "the client is still there"
        leaving.cancel()
        await send(_chunk(more=True))
        await send(_chunk(more=False))

    sent = asyncio.run(_asked(streams, []))
    assert [one["type"].rsplit(".", 1)[1] for one in sent] == ["start", "body", "body"]


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_body_too_large_ends_an_answer_under_way_with_the_connection(goes_on: bool) -> None:
    """No second answer in the middle of the first one, and no part of it swallowed and counted as sent."""
    counted: list[int] = []

    async def streams(_: Scope, receive: Receive, send: Send) -> None:
        await send(dict(START))
        assert (await receive())["type"] == "http.disconnect"
        if goes_on:
            await send(_chunk(more=True))
            counted.append(1)

    sent: list[Message] = []
    large = b"x" * (MAX_BODY_BYTES + 1)
    with pytest.raises(ConnectionError):
        asyncio.run(_asked(streams, [{"type": "http.request", "body": large, "more_body": True}], sent))
    assert ([one["type"] for one in sent], counted) == (["http.response.start"], [])
