"""Commands on a centre whose register's key a signer keeps elsewhere: a sentence with the cure, and nothing changed."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from beffroi.base.clock import SystemClock
from beffroi.base.db import open_engine
from beffroi.base.secrets import SecretBrokenError, read_signing_key
from beffroi.cli.init import prepare_folder
from beffroi.cli.ledger_term import hold, prune, term
from beffroi.cli.opening import opened_registry
from beffroi.cli.registerkey import KeyApartError, open_register
from beffroi.domain.ids import AuthorityId
from beffroi.ledger.closed import LedgerClosedError
from beffroi.ledger.ledger import Ledger
from beffroi.registry.migrate import upgrade

PASSPHRASE = "une phrase de passe pour les essais"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    prepare_folder(
        folder,
        host="127.0.0.1",
        authorities=[AuthorityId("maire/X")],
        passphrase="une phrase de passe",
        cheap_keyrings=True,
    )
    engine = open_engine(f"sqlite:///{folder / 'centre' / 'beffroi.sqlite'}")
    upgrade(engine)
    engine.dispose()
    open_register(folder / "centre", SystemClock()).close()
    return folder


def apart(data: Path) -> Path:
    """The key as a signer of its own has it."""
    elsewhere = data.parent / "register.key"
    shutil.move(data / "centre" / "secrets" / "register.key", elsewhere)
    return elsewhere


def test_each_command_says_where_the_key_is_and_what_to_do(data: Path) -> None:
    apart(data)
    before = sorted((one, one.stat().st_mtime_ns) for one in (data / "centre" / "ledger").rglob("*"))

    def camera() -> None:
        with opened_registry(data, write=True):
            pytest.fail("a registry without its register")

    calls: Sequence[Callable[[], None]] = (lambda: term(data), lambda: hold(data, "x"), lambda: prune(data), camera)
    for call in calls:
        with pytest.raises(KeyApartError) as told:
            call()
        found = told.value.text
        assert all(word in found.fr for word in ("signataire", "chmod 600", "shred")), found.fr
        for text in (found.fr, found.en):
            assert str(data / "centre" / "secrets" / "register.key") in text
    assert before == sorted((one, one.stat().st_mtime_ns) for one in (data / "centre" / "ledger").rglob("*"))


def test_put_back_it_works_and_a_key_that_others_read_does_not(data: Path) -> None:
    key = apart(data)
    back = data / "centre" / "secrets" / "register.key"
    shutil.copy2(key, back)
    open_register(data / "centre", SystemClock()).close()
    back.chmod(0o644)
    with pytest.raises(SecretBrokenError, match="chmod 600"):
        open_register(data / "centre", SystemClock())


def test_a_running_centre_with_its_key_apart_is_running(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`beffroi camera` beside it leaves the change to it, instead of asking for a key that is not needed."""
    running = Ledger.open(data / "centre" / "ledger", SystemClock(), read_signing_key(apart(data)))
    try:
        with pytest.raises(LedgerClosedError):
            open_register(data / "centre", SystemClock())
        with opened_registry(data, write=True) as (registry, _):
            assert registry.facts().cameras == {}
        assert "running centre registers this change" in capsys.readouterr().out
    finally:
        running.close()
