"""The one address under which the centre answers: its certificate's first name, or what the installer says is typed."""

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.test_server_https import PASSPHRASE, started
from tests.support.commands import run
from tests.support.ports import free_port, wait_for

from beffroi.cli.serve import serve
from beffroi.domain.errors import BadInputError
from beffroi.server.run import public_address

TYPED = "csu.example.fr:8443"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("https://csu.example.fr", "https://csu.example.fr"),
        ("https://csu.example.fr/", "https://csu.example.fr"),
        (" https://CSU.Example.fr:443 ", "https://csu.example.fr"),
        ("https://csu.example.fr:8443", "https://csu.example.fr:8443"),
        ("https://192.0.2.10:8443", "https://192.0.2.10:8443"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://[2001:db8::443]", "https://[2001:db8::443]"),
    ],
)
def test_an_address_is_as_a_browser_sends_it(said: str, found: str) -> None:
    assert public_address(said) == found


@pytest.mark.parametrize(
    "said",
    ["", "csu.example.fr", "http://csu.example.fr", "https://", "https://a/b", "https://a?x", "https://a:0", "https://*",
     "https://a:65536", "https://a:99999999", "https://u@a", "https://a b", "https://a,b", "https://é.fr", "https://a\nb",
     "https://a\x00", "https://" + "a" * 60_000, "https://a:٨٤", "https://[::1", "https://a//"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_sentence(said: str) -> None:
    with pytest.raises(BadInputError) as refused:
        public_address(said)
    assert set(refused.value.text.as_dict()) == {"fr", "en"}


def test_the_command_says_what_an_address_is(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="partout"):
        serve(tmp_path, address="partout")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A centre behind a proxy that listens on another port than itself."""
    data, log, phrase = tmp_path / "data", tmp_path / "log", tmp_path / "phrase"
    phrase.touch(mode=0o600)
    phrase.write_text(PASSPHRASE)
    made = run("init", "--data", str(data), "--host", "127.0.0.1", "--commune", "99001:Bourg-Neuf",
               "--passphrase-file", str(phrase))  # fmt: skip
    assert made.code == 0, made.output
    one = free_port()
    child = started(log, "serve", "--data", str(data), "--host", "127.0.0.1", "--port", str(one), "--locked",
                    "--address", f"https://{TYPED}")  # fmt: skip
    try:
        wait_for(
            lambda: child.poll() is not None or _listens(one),
            timeout_s=150,
            what=lambda: f"the centre:\n{log.read_text(errors='replace')[-2000:]}",
        )
        assert child.poll() is None, log.read_text(errors="replace")[-2000:]
        yield one
    finally:
        child.terminate()
        child.wait(60)


def _listens(port: int) -> bool:
    try:
        return asked(port, TYPED) > 0
    except OSError:
        return False


def asked(port: int, host: str, origin: str | None = None) -> int:
    """The status of a request as a proxy hands it on: read, or written with this origin."""
    context = ssl._create_unverified_context()  # noqa: S323  the certificate is not what is tried here
    link = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context)
    headers = {"Host": host, "X-Beffroi": "1", "Content-Type": "application/json"}
    try:
        if origin is None:
            link.request("GET", "/api/me", headers=headers)
        else:
            link.request("POST", "/api/login", "{}", {**headers, "Origin": origin})
        return link.getresponse().status
    finally:
        link.close()


def test_behind_a_proxy_on_another_port_the_centre_answers_to_what_people_type(port: int) -> None:
    assert asked(port, TYPED) == 401
    assert asked(port, TYPED, f"https://{TYPED}") == 422
    assert asked(port, TYPED, f"https://127.0.0.1:{port}") == 403
    assert asked(port, f"127.0.0.1:{port}") == 421
    assert asked(port, "csu.example.fr") == 421
