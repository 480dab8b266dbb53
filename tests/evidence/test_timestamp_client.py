"""The client keeps a time stamp that holds, and says why there is none; it waits for nobody."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.ports import free_port
from tests.support.tsa import POLICY, Authority, Server, answered, serving

from beffroi.domain.errors import BadInputError
from beffroi.evidence import timestamp_client
from beffroi.evidence.timestamp import read_stamp
from beffroi.evidence.timestamp_client import (
    SETTINGS,
    NoTimestampError,
    TimestampSettings,
    ask_stamp,
    read_settings,
    settings_of,
)

DATA = b"what is handed over"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "own")


@pytest.fixture
def server(authority: Authority) -> Iterator[Server]:
    with serving(authority) as started:
        yield started


def settings(server: Server, policy: str | None = None) -> TimestampSettings:
    return settings_of(server.address, server.authority.ca, policy)


@pytest.mark.parametrize("policy", [None, POLICY])
@pytest.mark.parametrize("chain", [False, True])
def test_it_keeps_what_holds(server: Server, policy: str | None, chain: bool) -> None:
    server.chain = chain
    raw, stamp = ask_stamp(settings(server, policy), DATA)
    assert read_stamp(raw) == stamp
    assert server.asked == 1


def _later(authority: Authority) -> bytes:
    """A genuine time stamp over the same bytes, given for another question."""
    return authority.stamp(DATA)


WRONG: dict[str, Callable[[Authority], bytes]] = {
    "nothing": lambda _: b"",
    "words": lambda _: b"<html>Service unavailable</html>",
    "a rejection": lambda _: bytes.fromhex("30053003020102"),
    "too much": lambda _: bytes(70_000),
    "an answer to another question": _later,
    "another manifest's": lambda authority: authority.stamp(b"another"),
    "no token": lambda _: answered(b""),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_keeps_nothing_that_does_not_hold(server: Server, name: str) -> None:
    server.broken = WRONG[name](server.authority)
    with pytest.raises(NoTimestampError) as told:
        ask_stamp(settings(server), DATA)
    assert told.value.text.fr
    assert "horodatage" in told.value.text.fr


def test_another_authority_or_policy_is_refused(server: Server, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    with pytest.raises(NoTimestampError, match="certificate verify error"):
        ask_stamp(settings_of(server.address, other.ca), DATA)
    with pytest.raises(NoTimestampError, match="olicy"):
        ask_stamp(settings(server, "1.2.3.4.2"), DATA)


def test_an_error_or_silence_is_said(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.status = 503
    with pytest.raises(NoTimestampError, match="503"):
        ask_stamp(settings(server), DATA)
    nobody = settings_of(f"http://127.0.0.1:{free_port()}/", server.authority.ca)
    with pytest.raises(NoTimestampError, match="ConnectionRefusedError"):
        ask_stamp(nobody, DATA)
    monkeypatch.setattr(timestamp_client, "TIMEOUT_S", 0.3)
    server.silent = threading.Event()
    with pytest.raises(NoTimestampError):
        ask_stamp(settings(server), DATA)
    server.broken = b""  # its late answer asks nothing of the authority, which the next test has
    server.silent.set()


def test_over_https_its_address_is_verified(authority: Authority) -> None:
    with serving(authority, tls=True) as secure:
        found = settings_of(secure.address, authority.ca, tls_ca=authority.ca)
        raw, stamp = ask_stamp(found, DATA)
        assert read_stamp(raw) == stamp
        with pytest.raises(NoTimestampError, match="SSLCertVerificationError"):
            ask_stamp(settings(secure), DATA)
        assert secure.asked == 1


def test_an_answer_that_drips_is_cut(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timestamp_client, "TIMEOUT_S", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def drip() -> None:
        line, _ = listener.accept()
        with line:
            line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            try:
                while not done.wait(0.05):
                    line.sendall(b"a")
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    begun = time.monotonic()
    with pytest.raises(NoTimestampError):
        ask_stamp(settings_of(f"http://127.0.0.1:{listener.getsockname()[1]}/", authority.ca), DATA)
    print(f"\n[time stamps] a dripping answer is cut after {time.monotonic() - begun:.2f} s")  # noqa: T201  a figure
    done.set()
    thread.join(10)
    listener.close()


def test_settings_are_read_and_never_guessed(authority: Authority, tmp_path: Path) -> None:
    assert read_settings(tmp_path) is None
    (tmp_path / "tsa.pem").write_bytes(authority.ca.read_bytes())
    path = tmp_path / SETTINGS
    path.write_text('address = "https://horodatage.example/"\nca = "tsa.pem"\npolicy = "1.2.3"\ntls_ca = "tls.pem"\n')
    found = read_settings(tmp_path)
    assert found is not None
    assert (found.address, found.policy, found.tls_ca) == ("https://horodatage.example/", "1.2.3", tmp_path / "tls.pem")
    assert len(found.authorities) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        'address = "https://horodatage.example/"\n',
        'ca = "tsa.pem"\n',
        'address = "ftp://horodatage.example/"\nca = "tsa.pem"\n',
        'address = "horodatage.example"\nca = "tsa.pem"\n',
        'address = "https://horodatage.example:x/"\nca = "tsa.pem"\n',
        'address = "https://horodatage.example/"\nca = 3\n',
        'address = "https://horodatage.example/"\nca = "tsa.pem"\nsecret = "x"\n',
        'address = "https://horodatage.example/"\nca = "none.pem"\n',
        'address = "https://horodatage.example/"\nca = "timestamp.toml"\n',
        'address = "https://horodatage.example/"\nca = "tsa.pem"\npolicy = "x"\n',
    ],
)
def test_settings_that_cannot_be_used_are_refused(authority: Authority, tmp_path: Path, text: str) -> None:
    (tmp_path / "tsa.pem").write_bytes(authority.ca.read_bytes())
    (tmp_path / SETTINGS).write_text(text)
    with pytest.raises(BadInputError):
        read_settings(tmp_path)
