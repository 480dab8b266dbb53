"""`beffroi backup` and `beffroi restore`, as a person types them."""

import os
import shutil
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import delete
from tests.support.commands import run

from beffroi.backup.make import archives
from beffroi.base.clock import SystemClock
from beffroi.base.db import open_engine, session_scope
from beffroi.base.secrets import SecretBox, read_secret, read_signing_key
from beffroi.cli.founding import parse_commune
from beffroi.cli.init import found_centre, prepare_folder
from beffroi.domain.clock import now
from beffroi.domain.ids import AuthorityId, PersonId
from beffroi.domain.text import Text
from beffroi.gate.restored import RestoredMark
from beffroi.identity import Identity, NewAccount, Role
from beffroi.identity.tables import ThrottleRow
from beffroi.identity.totp import code_at
from beffroi.ledger.ledger import Ledger
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.ringcopy import RingCopy
from beffroi.vault.sealing import hour_of

PASSWORD: Final = "Tilleul-Ardoise-47"
RING: Final = "une phrase pour les trousseaux"
DPO: Final = PersonId("p-dpo")
"""Known to the identity room only: a reconciliation looks at accounts."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A founded centre with two people, an administrator and a data protection officer; the secrets of their codes."""
    data = tmp_path_factory.mktemp("founded") / "data"
    prepare_folder(
        data, host="127.0.0.1", authorities=[AuthorityId("maire/99001")], passphrase=RING, cheap_keyrings=True
    )
    link = found_centre(data, [parse_commune("99001:Bourg-Neuf")], None)
    engine, clock = open_engine(f"sqlite:///{data / 'centre' / 'beffroi.sqlite'}"), SystemClock()
    identity = Identity(engine, SecretBox(read_secret(data / "centre" / "secrets" / "factors.key")), clock)
    secrets = {"administrateur": identity.accept(link.token, PASSWORD).secret}
    first = identity.enrol(link.token, code_at(secrets["administrateur"], now(clock))).id
    more = identity.invite(NewAccount("dpo", DPO, Role.DPO, Text(fr="DPO", en="DPO")), by=first)
    secrets["dpo"] = identity.accept(more.token, PASSWORD).secret
    identity.enrol(more.token, code_at(secrets["dpo"], now(clock)))
    engine.dispose()
    ring = HourKeyring.open(data / "centre" / "keyrings" / "maire-99001", RING)
    ring.prepare(30, hour_of(clock.wall_us()), 24)
    return data, secrets


@pytest.fixture
def house(prepared: tuple[Path, dict[str, str]], tmp_path: Path) -> tuple[Path, dict[str, str], Path]:
    """A copy of it, and a file that holds the back-up's passphrase."""
    shutil.copytree(prepared[0], tmp_path / "data")
    secret = tmp_path / "passphrase"
    secret.write_text("une phrase de sauvegarde\n")
    secret.chmod(0o600)
    return tmp_path / "data", prepared[1], secret


def answers(secrets: dict[str, str], *names: str) -> str:
    """What two persons type. The code is the next step's: the one of now was used to open the account."""
    at = now(SystemClock())
    return "".join(f"{name}\n{PASSWORD}\n{code_at(secrets[name], at)}\n" for name in names)


def forget_used_codes(data: Path) -> None:
    """Codes serve once in thirty seconds, and failures are counted: a test does not wait for that."""
    from beffroi.identity.tables import AccountRow

    engine = open_engine(f"sqlite:///{data / 'centre' / 'beffroi.sqlite'}")
    with session_scope(engine) as session:
        session.execute(delete(ThrottleRow))
        for row in session.query(AccountRow):
            row.totp_last_step = 0
    engine.dispose()


def test_one_command_each_way_then_two_persons(house: tuple[Path, dict[str, str], Path], tmp_path: Path) -> None:
    data, secrets, secret = house
    copies, again = tmp_path / "copies", tmp_path / "again"
    key = ["--passphrase-file", str(secret)]
    for _ in range(3):
        done = run("backup", str(copies), "--data", str(data), "--keep", "2", *key)
        assert done.code == 0, done.output
    assert "24" in done.output
    assert len(list(copies.glob("*.backup"))) == 2
    assert run("backup", "check", str(copies), *key).code == 0
    done = run("restore", str(copies), "--into", str(again), *key)
    assert done.code == 0, done.output
    assert "reconcile" in done.output
    assert RestoredMark(again / "centre").standing()
    forget_used_codes(again)

    done = run("restore", "reconcile", "--data", str(again), stdin=answers(secrets, "administrateur"))
    assert done.code == 1
    assert "réponse" in done.output
    forget_used_codes(again)
    twice = answers(secrets, "administrateur", "administrateur")
    assert run("restore", "reconcile", "--data", str(again), stdin=twice).code == 1
    forget_used_codes(again)
    wrong = answers(secrets, "administrateur", "dpo").replace(PASSWORD, "Tilleul-Ardoise-48", 1)
    assert run("restore", "reconcile", "--data", str(again), stdin=wrong).code == 1
    assert RestoredMark(again / "centre").standing()
    forget_used_codes(again)

    both = answers(secrets, "administrateur", "dpo")
    done = run("restore", "reconcile", "--data", str(again), stdin=both)
    assert done.code == 0, done.output
    assert PASSWORD not in done.output
    assert not RestoredMark(again / "centre").standing()
    ledger = Ledger.open(
        again / "centre" / "ledger", SystemClock(), read_signing_key(again / "centre" / "secrets" / "register.key")
    )
    said = [(one.outcome, ledger.payload(one.index)) for one in (ledger.record(n) for n in range(ledger.size))][-2:]
    ledger.close()
    assert [outcome for outcome, _ in said] == ["restored", "reconciled"]
    assert said[1][1] == {"second": DPO}
    assert "ouvert" in run("restore", "reconcile", "--data", str(again)).output


def test_beside_a_running_centre_the_statement_waits_for_it(
    house: tuple[Path, dict[str, str], Path], tmp_path: Path
) -> None:
    data, secrets, secret = house
    copies, again = tmp_path / "copies", tmp_path / "again"
    assert run("backup", str(copies), "--data", str(data), "--passphrase-file", str(secret)).code == 0
    assert run("restore", str(copies), "--into", str(again), "--passphrase-file", str(secret)).code == 0
    forget_used_codes(again)
    running = Ledger.open(
        again / "centre" / "ledger", SystemClock(), read_signing_key(again / "centre" / "secrets" / "register.key")
    )
    try:
        both = answers(secrets, "dpo", "administrateur")
        done = run("restore", "reconcile", "--data", str(again), stdin=both)
        assert done.code == 0, done.output
        assert "demi-minute" in done.output
        mark = RestoredMark(again / "centre")
        assert mark.standing()
        assert mark.read()["reconciled"]["first"] == DPO
    finally:
        running.close()


def test_the_copy_is_pruned_and_retired_by_command(house: tuple[Path, dict[str, str], Path], tmp_path: Path) -> None:
    data, _, secret = house
    place = tmp_path / "hours"
    made = run(
        "backup", str(tmp_path / "copies"), "--data", str(data), "--hours", str(place), "--passphrase-file", str(secret)
    )
    assert made.code == 0, made.output
    done = run("backup", "prune", str(place))
    assert "0 clés détruites" in done.output
    assert RingCopy.open(place).held() == 24
    assert run("backup", "prune", str(tmp_path / "copies")).code == 1
    done = run("backup", "retire", "--data", str(data))
    assert "24 clés détruites" in done.output
    assert RingCopy.open(place).held() == 0
    shutil.rmtree(place)
    made = run("backup", str(tmp_path / "copies"), "--data", str(data), "--passphrase-file", str(secret))
    assert made.code == 0, made.output
    shutil.rmtree(tmp_path / "copies" / "hours")
    assert run("backup", "retire", "--data", str(data)).code == 1
    done = run("backup", "retire", "--data", str(data), "--lost")
    assert done.code == 0
    assert "passphrases" in done.output


def test_a_passphrase_is_never_an_argument(house: tuple[Path, dict[str, str], Path], tmp_path: Path) -> None:
    data, _, secret = house
    done = run("backup", str(tmp_path / "copies"), "--data", str(data))
    assert done.code == 1
    assert "--passphrase-file" in done.output
    assert not list(tmp_path.glob("copies/*.backup"))
    secret.chmod(0o644)
    done = run("backup", str(tmp_path / "copies"), "--data", str(data), "--passphrase-file", str(secret))
    assert "chmod 600" in done.output


def test_of_two_archives_of_one_second_the_last_written_is_the_newest(tmp_path: Path) -> None:
    for at, tail in enumerate(("ffffffff", "00000000", "88888888")):
        path = tmp_path / f"beffroi-20261122T093857Z-{tail}.backup"
        path.write_bytes(b"")
        os.utime(path, ns=(at, at))
    assert [path.stem[-8:] for path in archives(tmp_path)] == ["88888888", "00000000", "ffffffff"]
