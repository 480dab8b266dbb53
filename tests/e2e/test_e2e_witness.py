"""A witness in its own process, on another host (a network name space), over TLS: follows, and finds a rewriting.

Among the tests that run one after the other: an interface that comes or goes makes every Chromium of this machine drop
its requests (net::ERR_NETWORK_CHANGED).
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.commands import run
from tests.support.netspace import Netspace, netspace
from tests.support.ports import free_port, wait_for
from tests.support.register import KEY, ORIGIN, fill, open_ledger

from beffroi.base.clock import SystemClock
from beffroi.domain.clock import ManualClock, to_wall_us
from beffroi.domain.clock import now as now_of
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import Verifier, open_note
from beffroi.ledger.quorum import parse_quorum
from beffroi.ledger.verify import verify
from beffroi.server.witnesscall import is_here
from beffroi.server.witnessing import Witnessing
from beffroi.server.witnessstate import ALARM_S, BANNER_S, WitnessState

LOG = Verifier(ORIGIN, KEY.public_key())


@dataclass
class TownHall:
    """A witness that runs elsewhere. ``quorum`` is what the centre writes of it."""

    folder: Path
    space: Netspace
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"https://{self.space.far}:{self.port}"

    def quorum(self) -> str:
        vkey = (self.folder / "witness.vkey").read_text().strip()
        return f"log {LOG.encode()}\nwitness hall {vkey} {self.address}\nquorum hall\n"

    def start(self) -> None:
        self.process = self.space.beffroi(
            "witness", "serve", str(self.folder), "--host", self.space.far, "--port", str(self.port)
        )
        wait_for(lambda: self.space.answers(self.port), timeout_s=60, what="the witness")

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[TownHall]:
    with netspace() as space:
        folder = tmp_path / "hall"
        assert run("witness", "init", str(folder), "--name", "hall.example/witness", "--host", space.far).code == 0
        assert run("witness", "watch", str(folder), LOG.encode()).code == 0
        found = TownHall(folder, space, free_port())
        found.start()
        yield found
        found.stop()


@dataclass
class Centre:
    """The centre's side: a register and what submits it."""

    folder: Path
    clock: ManualClock
    ledger: Ledger
    witnessing: Witnessing

    def restart(self) -> "Centre":
        self.ledger.close()
        return open_centre(self.folder, self.clock)


def open_centre(folder: Path, clock: ManualClock) -> Centre:
    ledger = open_ledger(folder, clock=clock)
    return Centre(folder, clock, ledger, Witnessing(ledger, folder, clock))


@pytest.fixture
def centre(tmp_path: Path, hall: TownHall) -> Iterator[Centre]:
    folder = tmp_path / "centre"
    folder.mkdir()
    (folder / "quorum.txt").write_text(hall.quorum())
    shutil.copy(hall.folder / "tls" / "ca.pem", folder / "witnesses.pem")
    made = open_centre(folder, ManualClock(to_wall_us(now_of(SystemClock()))))
    fill(made.ledger, 300)
    yield made
    made.ledger.close()


def test_it_follows_and_its_absence_is_told_after_a_quarter_of_an_hour(centre: Centre, hall: TownHall) -> None:
    assert not is_here(hall.address)
    assert centre.witnessing.status().state is WitnessState.MISSING
    assert centre.witnessing.once()
    fill(centre.ledger, 40)
    assert centre.witnessing.once()
    status = centre.witnessing.status()
    assert (status.state, status.size) == (WitnessState.WITNESSED, 340)
    note = (centre.folder / "ledger-witnessed").read_bytes()
    assert parse_quorum(hall.quorum()).met_at_s(note) is not None
    hall.stop()
    assert not centre.witnessing.once()
    centre.clock.advance(BANNER_S - 60)
    assert centre.witnessing.status().witnessed
    centre.clock.advance(120)
    assert centre.witnessing.status().state is WitnessState.LATE
    centre.clock.advance(ALARM_S)
    assert centre.witnessing.status().state is WitnessState.MISSING
    assert [notice.code for notice in centre.witnessing.notices()] == ["witness-missing"]
    hall.start()
    assert centre.witnessing.once()
    assert centre.witnessing.status().witnessed


def test_after_a_restart_both_go_on_where_they_were(centre: Centre, hall: TownHall) -> None:
    assert centre.witnessing.once()
    hall.stop()
    hall.start()
    again = centre.restart()
    assert again.witnessing.status().size == 300
    fill(again.ledger, 5)
    assert again.witnessing.once()
    again.ledger.close()


@pytest.mark.parametrize("attack", ["roll back to a copy", "rewrite with the stolen key"])
def test_a_rewriting_is_found_by_the_witness_and_by_its_checkpoint(
    centre: Centre, hall: TownHall, tmp_path: Path, attack: str
) -> None:
    copy = tmp_path / "copy"
    centre.ledger.close()
    shutil.copytree(centre.folder, copy)
    honest = open_centre(centre.folder, centre.clock)
    fill(honest.ledger, 50)
    assert honest.witnessing.once()
    honest.ledger.close()
    witnessed = (honest.folder / "ledger-witnessed").read_bytes()
    forged = open_centre(copy, centre.clock)
    if attack != "roll back to a copy":
        fill(forged.ledger, 80, person="someone-else")
    assert not forged.witnessing.once()
    assert forged.witnessing.status().state is WitnessState.REFUSED
    forged.ledger.close()
    assert verify(copy / "ledger", LOG).clean, "the forger holds the key: alone, the files look whole"
    report = verify(copy / "ledger", LOG, older=witnessed)
    assert {finding.kind.value for finding in report.findings} == {
        "rollback" if attack == "roll back to a copy" else "fork"
    }
    assert open_note(witnessed, LOG).size == 350
    printed = run("witness", "head", str(hall.folder))
    assert printed.code == 0
    saved = tmp_path / "saved"
    saved.write_text(printed.output)  # as the guide says: what the witness prints is what the verifier takes
    asked = ("--key", LOG.encode(), "--checkpoint", str(saved))
    assert run("ledger", "verify", str(honest.folder / "ledger"), *asked).code == 0
    found = run("ledger", "verify", str(copy / "ledger"), *asked, "--json")
    assert found.code == 1
    assert {one["kind"] for one in json.loads(found.output)["findings"]} == {one.kind.value for one in report.findings}


def test_a_witness_on_this_machine_proves_nothing(tmp_path: Path) -> None:
    folder, hall = tmp_path / "centre", tmp_path / "hall"
    folder.mkdir()
    port = free_port()
    assert run("witness", "init", str(hall), "--name", "hall").code == 0
    assert run("witness", "watch", str(hall), LOG.encode()).code == 0
    vkey = (hall / "witness.vkey").read_text().strip()
    (folder / "quorum.txt").write_text(
        f"log {LOG.encode()}\nwitness hall {vkey} http://127.0.0.1:{port}\nquorum hall\n"
    )
    with Netspace.here() as here:
        process = here.beffroi("witness", "serve", str(hall), "--port", str(port))
        try:
            wait_for(lambda: here.answers(port), timeout_s=60, what="the witness")
            centre = open_centre(folder, ManualClock())
            fill(centre.ledger, 3)
            assert centre.witnessing.once()
            assert centre.witnessing.status().state is WitnessState.HERE
            assert not centre.witnessing.status().witnessed
            centre.ledger.close()
        finally:
            process.kill()
            process.wait()


def test_without_a_quorum_file_the_register_says_so(tmp_path: Path) -> None:
    centre = open_centre(tmp_path, ManualClock())
    assert not centre.witnessing.once()
    assert centre.witnessing.status().state is WitnessState.NONE
    centre.ledger.close()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("init", "{}", "--name", "a name"), "espace"),
        (("watch", "{}", "nonsense"), "mal formée"),
        (("serve", "{}", "--host", "192.0.2.1"), "certificat"),
        (("serve", "{}"), "witness init"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    done = run("witness", *(one.format(tmp_path) for one in arguments))
    assert done.code == 1
    assert says in done.output


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    assert run("witness", "init", str(tmp_path), "--name", "w").code == 0
    key = (tmp_path / "witness.key").read_bytes()
    assert run("witness", "init", str(tmp_path), "--name", "w").code == 1
    assert (tmp_path / "witness.key").read_bytes() == key
    assert (tmp_path / "witness.key").stat().st_mode & 0o077 == 0
