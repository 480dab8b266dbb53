"""What the centre makes of its quorum file and of the witnesses it names: a file that breaks, a witness on its own
machine, one that is mute or wrong. Never is the console stopped, and never is a silence taken for a word."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.centre import Town
from tests.support.ports import wait_for
from tests.support.register import KEY, ORIGIN, fill, open_ledger
from tests.support.townhalls import Hall, hall, mute

from beffroi.base.clock import SystemClock
from beffroi.domain.clock import ManualClock
from beffroi.ledger.cosignature import cosigned_at_s
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import Verifier
from beffroi.server import witnesscall, witnessing
from beffroi.server.notices import Level
from beffroi.server.witnesscall import is_here
from beffroi.server.witnessing import Witnessing, status_in

LOG = Verifier(ORIGIN, KEY.public_key())
QUARTER_S, DAY_S = 15 * 60.0, 24 * 3600.0


@dataclass
class Centre:
    """A register and what submits it. ``elsewhere``: the ports that this test takes for another machine's."""

    folder: Path
    clock: ManualClock
    ledger: Ledger
    witnessing: Witnessing
    elsewhere: set[int]

    def write(self, *lines: str, before: bytes = b"") -> None:
        text = "\n".join((f"log {LOG.encode()}", *lines, ""))
        (self.folder / "quorum.txt").write_bytes(before + text.encode())

    def away(self, one: Hall) -> None:
        self.elsewhere.add(one.port)

    def restart(self) -> None:
        self.witnessing = Witnessing(self.ledger, self.folder, self.clock)

    @property
    def state(self) -> str:
        return self.witnessing.status().state.value

    def told(self) -> list[tuple[str, Level]]:
        return [(one.code, one.level) for one in self.witnessing.notices()]


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Centre]:
    elsewhere: set[int] = set()

    def place(address: str) -> bool | None:
        return False if int(address.rpartition(":")[2]) in elsewhere else is_here(address)

    monkeypatch.setattr(witnessing, "is_here", place)
    monkeypatch.setattr(witnesscall, "TIMEOUT_S", 60.0)  # how long they are waited for is no bar of these tests
    monkeypatch.setattr(witnessing, "DEADLINE_S", 60.0)
    folder, clock = tmp_path / "centre", ManualClock(SystemClock().wall_us())
    folder.mkdir()
    ledger = open_ledger(folder, clock=clock)
    fill(ledger, 20)
    made = Centre(folder, clock, ledger, Witnessing(ledger, folder, clock), elsewhere)
    yield made
    made.witnessing.stop()
    ledger.close()


@pytest.fixture
def halls(tmp_path: Path, centre: Centre) -> Iterator[tuple[Hall, Hall]]:
    with ExitStack() as stack:
        yield (
            stack.enter_context(hall(tmp_path / "halls", "lisle", LOG, centre.clock)),
            stack.enter_context(hall(tmp_path / "halls", "vaux", LOG, centre.clock)),
        )


BROKEN: dict[str, Any] = {
    "latin-1": "# témoin de la mairie\n".encode("latin-1"),
    "utf-16": "log x\nquorum x\n".encode("utf-16"),
    "a typing error": b"log nonsense\nquorum none\n",
    "half a bracket": b"witness w %s https://[::1\nquorum w\n",
    "a count of five thousand digits": b"group g " + b"9" * 5000 + b" w\nquorum g\n",
    "nothing": b"",
    "a folder in its place": None,
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_quorum_file_that_cannot_be_used_is_told_at_once_and_stops_nothing(
    centre: Centre, halls: tuple[Hall, Hall], what: str
) -> None:
    one, _ = halls
    centre.away(one)
    centre.write(one.line, "quorum lisle")
    assert centre.witnessing.once()
    assert (centre.state, centre.told()) == ("witnessed", [])
    since = centre.witnessing.status().since_us
    path = centre.folder / "quorum.txt"
    path.unlink()
    if BROKEN[what] is None:
        path.mkdir()
    else:
        key = one.witness.public.encode().encode()
        path.write_bytes(BROKEN[what].replace(b"%s", key))
    status = centre.witnessing.status()
    assert (status.state.value, status.since_us, status.witnessed) == ("unread", since, False)
    assert "Le fichier de quorum est refusé" in status.text.fr
    assert "docs/guide/witness.md" in status.text.en
    assert centre.told() == [("witness-unread", Level.SOON)]
    assert (centre.witnessing.vkeys(), centre.witnessing.covering(1)) == ([], None)
    assert status_in(centre.folder, centre.clock).state.value == "unread"
    centre.restart()  # the centre starts
    assert centre.told() == [("witness-unread", Level.SOON)]
    centre.clock.advance(DAY_S + 60)
    assert centre.told() == [("witness-unread", Level.LOST)]


def test_a_quorum_file_of_another_account_is_refused_with_a_sentence(centre: Centre) -> None:
    """As root leaves it under a narrow umask, read by the account of the centre, which is not root."""
    centre.write("quorum none")
    path = centre.folder / "quorum.txt"
    path.chmod(0)
    reader = (
        "import os, sys; from pathlib import Path; from beffroi.base.clock import SystemClock\n"
        "from beffroi.server.witnessing import status_in\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        "print(status_in(Path(sys.argv[1]), SystemClock()).text.en)"
    )
    done = subprocess.run(
        [sys.executable, "-c", reader, centre.folder], capture_output=True, text=True, check=False, timeout=120
    )
    assert "cannot read it (PermissionError" in done.stdout, done.stderr


def test_it_takes_no_console_down(town: Town) -> None:
    path = town.centre.data / "centre" / "quorum.txt"
    path.write_bytes(BROKEN["latin-1"])
    try:
        me = town.person("adminE").get("/api/me")
        assert me.status == 200
        assert me.body["witnessed"] is False
        assert "witness-unread" in {one["code"] for one in me.body["notices"]}
        assert town.person("agentE").get("/api/me").body["notices"] == []
        assert town.person("adminE").get("/api/health/system").status == 200
    finally:
        path.unlink()
    assert "witness-unread" not in {one["code"] for one in town.person("adminE").get("/api/me").body["notices"]}


def test_the_mark_that_an_editor_puts_first_is_no_error(centre: Centre, halls: tuple[Hall, Hall]) -> None:
    one, _ = halls
    centre.away(one)
    centre.write(one.line, "quorum lisle", before=b"\xef\xbb\xbf")
    assert centre.witnessing.once()
    assert centre.state == "witnessed"


@pytest.mark.parametrize("restarted", [False, True])
def test_a_quorum_file_that_disappears_is_missed(centre: Centre, halls: tuple[Hall, Hall], restarted: bool) -> None:
    one, _ = halls
    centre.away(one)
    assert centre.told() == []  # never had a witness: the register's own room says so
    centre.write(one.line, "quorum lisle")
    assert centre.witnessing.once()
    (centre.folder / "quorum.txt").unlink()
    if restarted:
        centre.restart()
    assert not centre.witnessing.once()
    centre.clock.advance(QUARTER_S + 60)
    assert centre.told() == [("witness-late", Level.SOON)]
    assert "quorum.txt" in centre.witnessing.status().text.fr
    centre.clock.advance(DAY_S)
    assert centre.told() == [("witness-missing", Level.LOST)]
    centre.write("quorum none")  # whoever gives up witnesses says so
    assert (centre.state, centre.told()) == ("none", [])


def test_a_witness_that_was_taken_out_of_the_file_refuses_no_more(
    centre: Centre, halls: tuple[Hall, Hall], tmp_path: Path
) -> None:
    one, other = halls
    centre.away(one)
    centre.away(other)
    longer = open_ledger(tmp_path / "longer", clock=centre.clock)
    fill(longer, 30, person="someone-else")
    beside = Witnessing(longer, tmp_path / "longer", centre.clock)
    (tmp_path / "longer" / "quorum.txt").write_text(f"log {LOG.encode()}\n{one.line}\nquorum lisle\n")
    assert beside.once(), "the first has seen another register of that name"
    longer.close()
    centre.write(one.line, other.line, "group g any lisle vaux", "quorum g")
    assert centre.witnessing.once()
    assert centre.told() == [("witness-refused", Level.LOST)]
    (centre.folder / "quorum.txt").rename(tmp_path / "kept")
    assert centre.state == "refused", "a file that is gone takes nobody's word back"
    centre.write(other.line, "quorum vaux")
    assert (centre.state, centre.told()) == ("witnessed", [])


@pytest.mark.parametrize("rule", ["any", "all"])
def test_one_here_beside_one_elsewhere_hides_no_silence(centre: Centre, halls: tuple[Hall, Hall], rule: str) -> None:
    here, away = halls
    centre.away(away)
    centre.write(here.line, away.line, f"group g {rule} lisle vaux", "quorum g")
    assert centre.witnessing.once()
    # where the quorum cannot be had without the one here, it is worth no more than that one
    assert centre.state == {"any": "witnessed", "all": "here"}[rule]
    size = centre.witnessing.status().size
    away.stop()
    fill(centre.ledger, 5)
    assert not centre.witnessing.once()
    centre.clock.advance(QUARTER_S + 60)
    assert not centre.witnessing.once()
    assert (centre.told(), centre.witnessing.status().size) == ([("witness-late", Level.SOON)], size)
    centre.clock.advance(DAY_S)
    assert centre.told() == [("witness-missing", Level.LOST)]
    away.start()
    assert centre.witnessing.once()
    assert centre.witnessing.status().size == size + 5


def test_one_here_alone_says_so_and_its_silence_is_told(centre: Centre, halls: tuple[Hall, Hall]) -> None:
    here, _ = halls
    centre.write(here.line, "quorum lisle")
    assert centre.witnessing.once()
    assert centre.told() == [("witness-here", Level.LESS)]
    here.stop()
    assert not centre.witnessing.once()
    centre.clock.advance(QUARTER_S + 60)
    assert centre.told() == [("witness-late", Level.SOON)]


def test_a_witness_here_is_in_no_package(centre: Centre, halls: tuple[Hall, Hall]) -> None:
    here, away = halls
    centre.write(here.line, "quorum lisle")
    assert centre.witnessing.once()
    assert (centre.witnessing.covering(1), centre.witnessing.vkeys()) == (None, [])
    centre.away(away)
    centre.write(here.line, away.line, "group g all lisle vaux", "quorum g")
    for _ in range(2):  # asked for, then as it was kept
        note = centre.witnessing.covering(20)
        assert note is not None
        assert cosigned_at_s(note, away.witness.public) is not None
        assert cosigned_at_s(note, here.witness.public) is None
        assert centre.witnessing.vkeys() == [away.witness.public.encode()]
        centre.restart()  # nobody's place is known yet: it is found out first


def test_an_address_that_cannot_be_a_name_ends_nothing(centre: Centre, halls: tuple[Hall, Hall]) -> None:
    one, other = halls
    centre.away(one)
    assert is_here("https://temoin..mairie.fr:8047") is None
    assert is_here("https://[::1") is None
    odd = other.line.replace(other.address, "https://temoin..mairie.fr:8047")
    centre.write(odd, one.line, "group g any lisle vaux", "quorum g")
    centre.witnessing.start()
    wait_for(lambda: centre.state == "witnessed", timeout_s=60, what="the other one's word")
    assert centre.witnessing.vkeys() == [other.witness.public.encode(), one.witness.public.encode()]


def test_a_machine_without_ipv6_asks_a_witness_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class OldSocket(socket.socket):
        def __init__(self, family: int = socket.AF_INET, *rest: Any, **named: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(97, "Address family not supported by protocol")
            super().__init__(family, *rest, **named)

    monkeypatch.setattr(socket, "socket", OldSocket)
    assert is_here("https://[2001:db8::7]:8047") is False


def test_whatever_is_wrong_with_one_the_others_are_asked_again_and_again(
    centre: Centre, halls: tuple[Hall, Hall], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = halls
    centre.away(one)
    centre.away(other)
    true_note, true_submit = centre.ledger.checkpoint_note, witnesscall.submit
    failed: list[str] = []

    def note() -> bytes:
        if not failed:
            failed.append("note")
            raise RuntimeError("a fault that nobody foresaw")
        return true_note()

    def submit(witness: Any, *rest: Any) -> bytes:
        if witness.name == "vaux":
            failed.append("vaux")
            raise RuntimeError("a fault that nobody foresaw")
        return true_submit(witness, *rest)

    monkeypatch.setattr(centre.ledger, "checkpoint_note", note)
    monkeypatch.setattr(witnessing, "submit", submit)
    monkeypatch.setattr(witnessing, "PERIOD_S", 0.01)
    centre.write(other.line, one.line, "group g any lisle vaux", "quorum g")
    centre.witnessing.start()
    wait_for(lambda: failed.count("vaux") > 1 and centre.state == "witnessed", timeout_s=60, what="the other's word")


def test_a_mute_witness_delays_nobodys_refusal(
    centre: Centre, halls: tuple[Hall, Hall], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, _ = halls
    centre.away(one)
    centre.write(one.line, "quorum lisle")
    assert centre.witnessing.once()
    monkeypatch.setattr(witnesscall, "TIMEOUT_S", 3600.0)
    forged = open_ledger(tmp_path / "forged", clock=centre.clock)
    fill(forged, 25, person="someone-else")
    with mute("mute") as silent, mute("deaf") as deaf:
        text = f"log {LOG.encode()}\n{silent.line}\n{deaf.line}\n{one.line}\nquorum lisle\n"
        (tmp_path / "forged" / "quorum.txt").write_text(text)
        found = Witnessing(forged, tmp_path / "forged", centre.clock)
        found.start()
        wait_for(lambda: found.status().state.value == "refused", timeout_s=60, what="the refusal")
    found.stop()
    forged.close()


def test_a_round_ends_though_one_never_answers_and_it_is_not_called_twice_at_once(
    centre: Centre, halls: tuple[Hall, Hall], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = halls
    centre.away(one)
    monkeypatch.setattr(witnesscall, "TIMEOUT_S", 3600.0)
    monkeypatch.setattr(witnessing, "DEADLINE_S", 3.0)
    with mute("mute") as silent:
        centre.write(silent.line, one.line, "group g any lisle mute", "quorum g")
        wait_for(centre.witnessing.once, timeout_s=60, what="a round in which the other one answers in time")
        assert centre.state == "witnessed"
        wait_for(lambda: silent.calls() == 1, timeout_s=60, what="the call of the mute one")
        centre.witnessing.once()
        assert silent.calls() == 0
