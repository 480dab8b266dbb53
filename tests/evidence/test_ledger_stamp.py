"""A checkpoint that an authority stamped is an older checkpoint like any other, with a time that nobody here chose."""

import json
from pathlib import Path

import pytest
from tests.support.commands import run
from tests.support.ports import free_port
from tests.support.register import KEY, ORIGIN, fill, open_ledger
from tests.support.tsa import Authority, serving

from beffroi.evidence.timestamp_client import SETTINGS
from beffroi.ledger.note import Verifier

VKEY = Verifier(ORIGIN, KEY.public_key()).encode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "own")


def register(folder: Path, *, person: str = "operateur-1", entries: int = 40) -> Path:
    folder.mkdir()
    ledger = open_ledger(folder)
    fill(ledger, entries, person=person)
    ledger.close()
    return folder / "ledger"


def more(folder: Path) -> None:
    ledger = open_ledger(folder.parent)
    fill(ledger, 10)
    ledger.close()


def test_it_finds_a_rewriting_and_tells_since_when(authority: Authority, tmp_path: Path) -> None:
    honest = register(tmp_path / "honest")
    kept = tmp_path / "kept"
    with serving(authority) as server:
        done = run("ledger", "stamp", str(honest), str(kept), "--tsa", server.address, "--tsa-ca", str(authority.ca))
    assert done.code == 0, done.output
    assert "40 écritures" in done.output
    more(honest)
    given = ("--key", VKEY, "--checkpoint", str(kept))
    claimed = run("ledger", "verify", str(honest), *given)
    assert claimed.code == 0, claimed.output
    assert "Non vérifié ici" in claimed.output
    verified = run("ledger", "verify", str(honest), *given, "--tsa-ca", str(authority.ca))
    assert verified.code == 0, verified.output
    assert "horodatage vérifié" in verified.output
    told = json.loads(run("ledger", "verify", str(honest), *given, "--json").output)
    assert "Not verified here" in told["checkpoint_stamp"]["en"]
    forged = register(tmp_path / "forged", person="someone-else", entries=60)
    assert run("ledger", "verify", str(forged), "--key", VKEY).code == 0, "the stolen key signs what it likes"
    assert run("ledger", "verify", str(forged), *given, "--tsa-ca", str(authority.ca)).code == 1


def test_the_centre_s_own_authority_is_the_default(authority: Authority, tmp_path: Path) -> None:
    ledger = register(tmp_path / "centre")
    refused = run("ledger", "stamp", str(ledger), str(tmp_path / "kept"))
    assert refused.code == 1
    assert "Donnez l'autorité d'horodatage" in refused.output
    (ledger.parent / "tsa.pem").write_bytes(authority.ca.read_bytes())
    with serving(authority) as server:
        (ledger.parent / SETTINGS).write_text(f'address = "{server.address}"\nca = "tsa.pem"\n')
        done = run("ledger", "stamp", str(ledger), str(tmp_path / "kept"), "--json")
    assert json.loads(done.output)["size"] == 40
    down = run("ledger", "stamp", str(ledger), str(tmp_path / "other"))
    assert down.code == 1
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("wrong", ["another file's", "another authority's", "huge", "none"])
def test_a_time_stamp_that_does_not_hold_is_refused(authority: Authority, tmp_path: Path, wrong: str) -> None:
    ledger = register(tmp_path / "centre")
    kept, beside = tmp_path / "kept", tmp_path / "kept.tsr"
    note = (ledger / "checkpoint").read_bytes()
    kept.write_bytes(note)
    trusted: tuple[str, ...] = ()
    if wrong == "another file's":
        beside.write_bytes(authority.stamp(b"another"))
    elif wrong == "another authority's":
        beside.write_bytes(Authority(tmp_path / "other").stamp(note))
        trusted = ("--tsa-ca", str(authority.ca))
    elif wrong == "huge":
        beside.write_bytes(bytes(1 << 20))
    else:
        trusted = ("--tsa-ca", str(authority.ca))
    done = run("ledger", "verify", str(ledger), "--key", VKEY, "--checkpoint", str(kept), *trusted)
    assert done.code == (2 if wrong == "none" else 1), "what was not given is wrong usage, not a finding"
    assert "L'horodatage de" in done.output


def test_what_cannot_be_asked_or_kept_is_said(authority: Authority, tmp_path: Path) -> None:
    ledger = register(tmp_path / "centre")
    nobody = ("--tsa", f"http://127.0.0.1:{free_port()}/", "--tsa-ca", str(authority.ca))
    assert "n'a pas donné de jeton" in run("ledger", "stamp", str(ledger), str(tmp_path / "k"), *nobody).output
    assert "Impossible de lire" in run("ledger", "stamp", str(tmp_path), str(tmp_path / "k"), *nobody).output
    with serving(authority) as server:
        given = ("--tsa", server.address, "--tsa-ca", str(authority.ca))
        done = run("ledger", "stamp", str(ledger), str(tmp_path / "none" / "k"), *given)
    assert done.code == 1
    assert "Impossible d'écrire" in done.output
