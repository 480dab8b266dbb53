"""A delivery is time-stamped by the authority that the centre chose, and its register countersigned by witnesses; one
that is silent or wrong delays nothing."""

import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_desk_delivery import delivered
from tests.support.clips import clip
from tests.support.commands import run
from tests.support.desktown import AGENT, DeskTown, desk_town
from tests.support.ports import free_port, wait_for
from tests.support.tsa import Authority, serving

from beffroi.domain.ranges import WallRange
from beffroi.evidence import timestamp_client
from beffroi.evidence.seal import KEY_NAME
from beffroi.evidence.timestamp_client import SETTINGS
from beffroi.evidence.timestamp_trust import read_authorities
from beffroi.evidence.told import ToldKind
from beffroi.evidence.verify import Trust, verify_package
from beffroi.ledger.cosignature import WitnessKey, parse_witness_key
from beffroi.ledger.entry import EntryKind
from beffroi.ledger.note import Verifier
from beffroi.server import witnesscall, witnessing
from beffroi.server.deskstamp import Stamping, stamp_json


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DeskTown]:
    with desk_town(tmp_path / "data") as one:
        one.record("cx", clip(count=250, b_frames=2))
        yield one


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "own")


def choose(folder: Path, authority: Authority, address: str) -> None:
    """What the centre's administrator writes."""
    (folder / "tsa.pem").write_bytes(authority.ca.read_bytes())
    (folder / SETTINGS).write_text(f'address = "{address}"\nca = "tsa.pem"\n')


def told(place: DeskTown, case: str) -> dict[str, Any]:
    """What the console says of the one delivery of a case."""
    body = place.town.person(AGENT).get(f"/api/desk/cases/{case}").body
    found: dict[str, Any] = body["packages"][0]["timestamp"]
    return found


def entered(place: DeskTown) -> dict[str, Any]:
    """The entry of the register that says that it was built."""
    ledger = place.town.centre.ledger
    found = ledger.entries_between(WallRange(0, 2**62), limit=10_000)
    return dict([one for one in found if one.kind is EntryKind.DESK and one.outcome == "built"][-1].detail)


def trust(place: DeskTown, authority: Authority) -> Trust:
    centre = place.town.centre
    key = Verifier(KEY_NAME, centre.evidence_key.public_key())
    return Trust(key, centre.ledger.verifier, authorities=read_authorities(authority.ca))


@contextmanager
def witness(place: DeskTown, folder: Path) -> Iterator[WitnessKey]:
    """A witness's own program, to which the centre's quorum file sends its checkpoints."""
    assert run("witness", "init", str(folder), "--name", "mairie.example/temoin", "--host", "127.0.0.1").code == 0
    log = place.town.centre.ledger.verifier.encode()
    assert run("witness", "watch", str(folder), log).code == 0
    port = free_port()
    command = [sys.executable, "-c", "from beffroi.cli.main import main; main()", "witness", "serve", str(folder)]
    process = subprocess.Popen([*command, "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(port), timeout_s=60, what="the witness")
        key = (folder / "witness.vkey").read_text().strip()
        centre = place.town.centre.data / "centre"
        (centre / "quorum.txt").write_text(f"log {log}\nwitness m {key} https://127.0.0.1:{port}\nquorum m\n")
        (centre / "witnesses.pem").write_bytes((folder / "tls" / "ca.pem").read_bytes())
        yield parse_witness_key(key)
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("outside", [True, False])
def test_the_authority_and_the_witness_are_asked_and_told(
    place: DeskTown, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outside: bool
) -> None:
    """A witness on the centre's own machine, where this one runs, proves nothing: the package does not name it."""
    for room in (timestamp_client, witnesscall):  # a delivery does not wait for them; here both shall be heard
        monkeypatch.setattr(room, "TIMEOUT_S", 60.0)
    monkeypatch.setattr(witnessing, "DEADLINE_S", 60.0)
    if outside:  # as if its address were that of another machine
        monkeypatch.setattr(witnessing, "is_here", lambda _: False)
    with serving(authority) as server, witness(place, tmp_path / "hall") as key:
        choose(place.town.centre.data / "centre", authority, server.address)
        case, _, path = delivered(place, tmp_path)
        assert server.asked == 1
    report = verify_package(path, replace(trust(place, authority), witnesses=[key]))
    assert [one.detail for one in report.told if one.kind is ToldKind.WITNESSED] == (
        ["1/1 (mairie.example/temoin)"] if outside else []
    )
    assert (ToldKind.NO_WITNESS in {one.kind for one in report.told}) is not outside
    with zipfile.ZipFile(path) as archive:
        assert (key.encode() in archive.read("verify/keys.txt").decode()) is outside
    assert report.verdict.value == "valid", [one.text.en for one in report.findings]
    times = [one.detail for one in report.told if one.kind is ToldKind.TIMESTAMP_VERIFIED]
    assert told(place, case) == {"state": "stamped", "time": times[0]}
    detail = entered(place)
    assert (detail["timestamp"], detail["timestamp_time"]) == ("stamped", times[0])


def test_without_its_answer_the_delivery_leaves_and_says_so(
    place: DeskTown, authority: Authority, tmp_path: Path
) -> None:
    with serving(authority) as server:
        server.broken = authority.stamp(b"another")
        choose(place.town.centre.data / "centre", authority, server.address)
        case, _, path = delivered(place, tmp_path)
    plain = Trust(trust(place, authority).evidence, place.town.centre.ledger.verifier)
    report = verify_package(path, plain)
    assert report.verdict.value == "valid", [one.text.en for one in report.findings]
    assert ToldKind.NO_TIMESTAMP in {one.kind for one in report.told}
    assert verify_package(path, trust(place, authority)).verdict.value == "incomplete"
    with zipfile.ZipFile(path) as archive:
        assert "Horodatage demandé".encode() in archive.read("manifest.json")
    assert told(place, case) == {"state": "missing"}
    detail = entered(place)
    assert (detail["timestamp"], detail["timestamp_why"]) == ("missing", "messageImprint")


def test_an_authority_that_is_down_or_badly_named_stops_nothing(authority: Authority, tmp_path: Path) -> None:
    none = Stamping(tmp_path)
    assert (none.ask(b"manifest"), none.note, none.told) == (None, "", {"timestamp": "none"})
    choose(tmp_path, authority, f"http://127.0.0.1:{free_port()}/")
    down = Stamping(tmp_path)
    assert "127.0.0.1" in down.note
    assert down.ask(b"manifest") is None
    assert down.told == {"timestamp": "missing", "timestamp_why": "ConnectionRefusedError"}
    (tmp_path / SETTINGS).write_text("nonsense")
    badly = Stamping(tmp_path)
    assert badly.ask(b"manifest") is None
    assert "mal configurée" in badly.note
    assert badly.told == {"timestamp": "missing", "timestamp_why": "settings"}


def test_what_is_told_of_a_file_that_is_gone_or_torn(tmp_path: Path) -> None:
    assert stamp_json(tmp_path / "gone.zip", "") is None
    (tmp_path / "torn.zip").write_bytes(b"PK")
    assert stamp_json(tmp_path / "torn.zip", "") is None
