"""What every request meets first: where it comes from, how large it is, what its answer carries."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.support.centre import Town, account_name
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from beffroi.server.guard import MAX_BODY_BYTES

HEADERS = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "microphone=()",
}


@contextmanager
def wire(town: Town) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", town.port), timeout=60) as link:
        yield link


def told(town: Town, head: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Send these very bytes and read one answer."""
    with wire(town) as link:
        link.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        answer = http.client.HTTPResponse(link)
        answer.begin()
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()


def sentence(raw: bytes) -> dict[str, str]:
    text: dict[str, str] = json.loads(raw)["error"]["text"]
    assert set(text) == {"fr", "en"}
    return text


def post(town: Town, *lines: str, host: str | None = None, path: str = "/api/login", body: bytes = b"{}") -> int:
    """The status of a POST with these headers."""
    kept = [line for line in lines if line]
    head = "\n".join([f"POST {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{town.port}'}", *kept])
    status, _, raw = told(town, f"{head}\nContent-Length: {len(body)}", body)
    sentence(raw)
    return status


def good(town: Town) -> tuple[str, str, str]:
    return f"Origin: http://127.0.0.1:{town.port}", "X-Beffroi: 1", "Content-Type: application/json"


def test_a_request_comes_from_a_page_of_the_centre(town: Town) -> None:
    origin, mark, kind = good(town)
    assert post(town, origin, mark, kind) == 422
    assert post(town, mark, kind) == 403
    assert post(town, origin, kind) == 403
    assert post(town, origin, "X-Beffroi: 0", kind) == 403
    here = f"127.0.0.1:{town.port}"
    for other in (
        "null",
        "http://evil.example",
        f"https://{here}",
        f"http://127.0.0.1:{town.port + 1}",
        f"http://{here}.evil.example",
        f"http://evil.example@{here}",
    ):
        assert post(town, f"Origin: {other}", mark, kind) == 403, other


def test_the_host_is_the_centre_s(town: Town) -> None:
    lines = good(town)
    for other in ("evil.example", f"evil.example:{town.port}", "127.0.0.1", f"127.0.0.1:{town.port}.evil.example", ""):
        assert post(town, *lines, host=other or " ") in {400, 421}, other
    status, headers, raw = told(town, f"GET / HTTP/1.1\nHost: evil.example:{town.port}")
    assert status == 421
    assert "evil.example" not in raw.decode()
    assert headers["cache-control"] == "no-store"


def test_a_header_said_twice_is_refused(town: Town) -> None:
    origin, mark, kind = good(town)
    assert post(town, origin, "Origin: http://evil.example", mark, kind) == 400
    assert post(town, "Origin: http://evil.example", origin, mark, kind) == 400


def test_security_headers_are_on_every_answer(town: Town) -> None:
    person = town.person("agentE")
    answers = [
        person.get("/api/me"),
        person.get("/api/nothing"),
        person.get("/"),
        person.get("/assets/nothing.js"),
        person.call("PATCH", "/api/me"),
        person.post("/api/duty", {"reason": "x"}),
        person.post("/api/why", {"camera": "cx", "act": "dance"}),
        town.nobody().get("/api/me"),
        town.nobody().call("POST", "/api/login", {}, headers={"Origin": "http://evil.example"}),
    ]
    for answer in answers:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        for name, value in HEADERS.items():
            assert value in headers[name], (name, answer.status)
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
        assert "unsafe" not in headers["content-security-policy"]


def test_a_fault_is_a_sentence_with_its_headers_and_nothing_of_the_inside(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("inside-detail")

    person = town.person("agentE")
    monkeypatch.setattr(type(town.centre.duties), "reasons", broken)
    answer = person.get("/api/reasons")
    assert answer.status == 500
    assert "inside-detail" not in answer.raw.decode()
    assert sentence(answer.raw)["en"].startswith("The centre met a fault")
    assert answer.headers["x-frame-options"] == "DENY"


def test_every_answer_says_when_it_was_sent(town: Town) -> None:
    """The console counts terms and countdowns by it: a workstation's clock may be wrong."""
    person = town.person("agentE")
    asked_us = town.clock.wall_us()
    for path in ("/api/reasons", "/api/nothing"):
        told_us = int(person.get(path).headers["x-beffroi-now-us"])
        assert asked_us <= told_us <= town.clock.wall_us()


def test_a_body_has_a_limit_told_or_not(town: Town) -> None:
    origin, mark, kind = good(town)
    host = f"Host: 127.0.0.1:{town.port}"
    large = b'{"account": "' + b"x" * MAX_BODY_BYTES + b'"}'
    head = "\n".join(["POST /api/login HTTP/1.1", host, origin, mark, kind])
    assert told(town, f"{head}\nContent-Length: {len(large)}")[0] == 413
    assert told(town, f"{head}\nContent-Length: {10**12}")[0] == 413
    pieces = [large[at : at + 100_000] for at in range(0, len(large), 100_000)]
    chunked = b"".join(f"{len(one):x}\r\n".encode() + one + b"\r\n" for one in pieces) + b"0\r\n\r\n"
    status, headers, raw = told(town, f"{head}\nTransfer-Encoding: chunked", chunked)
    assert status == 413
    assert "1 MB" in sentence(raw)["en"]
    assert headers["x-frame-options"] == "DENY"


def test_a_socket_is_opened_by_a_page_of_the_centre(town: Town) -> None:
    cookie = {"Cookie": town.person("agentE").cookie_header()}
    for origin in (None, "http://evil.example", "null", f"https://127.0.0.1:{town.port}"):
        with pytest.raises(InvalidStatus) as refused:
            connect(
                f"ws://127.0.0.1:{town.port}/ws/view",
                origin=Origin(origin) if origin else None,
                additional_headers=cookie,
            )
        assert refused.value.response.status_code == 403
        assert refused.value.response.headers["x-frame-options"] == "DENY"


def test_files_are_those_of_the_console_and_no_others(town: Town) -> None:
    host = f"Host: 127.0.0.1:{town.port}"
    for path in ("/../app.py", "/..%2fapp.py", "/%2e%2e/app.py", "/assets/../../app.py", "//etc/passwd", "/%00",
                 "/" + "a" * 5000, "/%ff%fe", "/..\\app.py", "/static/../../../../../../etc/passwd"):  # fmt: skip
        status, _, raw = told(town, f"GET {path} HTTP/1.1\n{host}")
        assert status in {200, 404, 503}, path
        assert b"create_app" not in raw, path
        assert b"root:" not in raw, path


def test_a_missing_file_is_not_remembered_for_a_year(town: Town) -> None:
    answer = town.nobody().get("/assets/nothing.js")
    assert answer.status == 404
    assert answer.headers["cache-control"] == "no-store"


def test_the_cookie_is_for_this_site_s_pages_only(town: Town) -> None:
    town.identity_clock.advance(30)
    answer = town.nobody().login(account_name("pmX"), "Tilleul-Ardoise-47", town.code("pmX"))
    flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert not [flag for flag in flags if flag.startswith("domain")]


def test_guesses_are_slowed_down_with_a_sentence(town: Town) -> None:
    town.forgive()
    answers = [town.nobody().login("compte.devine", f"Mauvais-Mot-{n}", "000000") for n in range(8)]
    assert [answer.status for answer in answers[:5]] == [401] * 5
    assert answers[-1].status == 429
    assert "s" in sentence(answers[-1].raw)["fr"]
    town.forgive()
