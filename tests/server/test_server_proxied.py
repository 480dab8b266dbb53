"""Behind a reverse proxy: its word on who asks counts when the installer named it, and from no one else."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.test_subject_public import form
from tests.support.centre import Town, running

from beffroi.cli.serve import serve
from beffroi.domain.errors import BadInputError
from beffroi.server.proxied import address_behind, proxy_network
from beffroi.server.routes import subjectpublic

PROXY = "192.0.2.10"
TRUSTED = (proxy_network(PROXY), proxy_network("2001:db8::/64"))


def behind(peer: str, *said: str) -> str:
    headers = [(b"host", b"x"), *((b"x-forwarded-for", one.encode("latin-1", "replace")) for one in said)]
    return address_behind(peer, headers, TRUSTED)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (("198.51.100.7",), "198.51.100.7"),
        (("203.0.113.1, 198.51.100.7",), "198.51.100.7"),  # the first was sent by whoever asks
        (("203.0.113.1", "198.51.100.7"), "198.51.100.7"),
        ((f"198.51.100.7, {PROXY}, 2001:db8::5",), "198.51.100.7"),  # two proxies in a row, both trusted
        ((f"{PROXY}, {PROXY}",), PROXY),
        (("::ffff:198.51.100.7",), "198.51.100.7"),
        (("2001:DB9:0::1",), "2001:db9::1"),
        ((), PROXY),
    ],
)
def test_the_last_address_that_is_no_proxy_s_is_who_asks(said: tuple[str, ...], found: str) -> None:
    assert behind(PROXY, *said) == found
    assert behind(f"::ffff:{PROXY}", *said) == found
    assert behind("198.51.100.99", *said) == "198.51.100.99", "from another: not looked at"


HOSTILE = (
    "", " ", ",", ",,,", "unknown", "198.51.100.7:443", "[2001:db9::1]:443", "fe80::1%eth0", "2001:db9::1%25",
    "198.51.100.7;x", "0x7f.1", "198.51.100", "198.51.100.256", "198.51.100.07", "\x00", "é", "*", "a" * 60_000,
    "1" * 400, "198.51.100.7\x0b", "<script>", "198.51.100.7, nobody", "203.0.113.1 198.51.100.7",
)  # fmt: skip


@pytest.mark.parametrize("said", HOSTILE)
def test_what_cannot_be_read_is_the_proxy_itself(said: str) -> None:
    assert behind(PROXY, said) == PROXY


@given(st.lists(st.text(max_size=30) | st.ip_addresses().map(str) | st.sampled_from(HOSTILE), max_size=6))
def test_whatever_is_sent_before_the_proxy_s_own_word_changes_nothing(before: list[str]) -> None:
    assert behind(PROXY, *before, "198.51.100.7") == "198.51.100.7"
    assert behind(PROXY, ", ".join([*before, "198.51.100.7"])) == "198.51.100.7"


@pytest.mark.parametrize("text", ["", "proxy.example", "192.0.2.10/24", "0.0.0.0/0", "::/0", "*", "192.0.2.10:80"])
def test_a_proxy_is_an_address_or_a_network(text: str) -> None:
    with pytest.raises(BadInputError):
        proxy_network(text)


def test_the_command_says_what_a_proxy_is(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="partout"):
        serve(tmp_path, trusted_proxy=["partout"])


def sent(town: Town, address: str) -> int:
    """One request of a resident, as a proxy on this machine hands it on."""
    link = http.client.HTTPConnection("127.0.0.1", town.port, timeout=30)
    headers = {"Content-Type": subjectpublic.FORM, "Origin": f"http://127.0.0.1:{town.port}"}
    try:
        link.request("POST", "/demande", form(), {**headers, "X-Forwarded-For": f"203.0.113.1, {address}"})
        return link.getresponse().status
    finally:
        link.close()


@pytest.fixture(params=[(), (proxy_network("127.0.0.0/8"),)], ids=["none", "named"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    with running(tmp_path / "data", proxies=request.param) as one:
        yield one


def test_residents_behind_a_named_proxy_do_not_share_five_an_hour(town: Town) -> None:
    first = [sent(town, "198.51.100.7") for _ in range(subjectpublic.EACH + 1)]
    assert first == [201] * subjectpublic.EACH + [429]
    assert sent(town, "198.51.100.8") == (201 if town.centre.proxies else 429)
