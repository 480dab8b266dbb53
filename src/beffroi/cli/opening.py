"""Opening the registry of a data folder for a command: beside a running centre, or alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from beffroi.base.clock import SystemClock
from beffroi.base.db import open_engine
from beffroi.cli.registerkey import open_register
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.ledger.ledger import Ledger, LedgerClosedError
from beffroi.registry.changes import LedgerRegister
from beffroi.registry.migrate import upgrade
from beffroi.registry.papers_check import validator
from beffroi.registry.store import Registry


@contextmanager
def opened_registry(data: Path, *, write: bool = True) -> Iterator[tuple[Registry, Engine]]:
    """The registry and its database; both are closed at the end.

    Args:
        data: the data folder.
        write: whether changes may be made; they go to the register, or to the running centre that holds it.

    Raises:
        BrokenError: the folder is not prepared.
    """
    folder = data / "centre"
    if not (folder / "beffroi.sqlite").exists():
        raise BrokenError(
            Text(
                fr="Ce dossier n'est pas préparé : lancez d'abord « beffroi init ».",
                en="This folder is not prepared: run `beffroi init` first.",
            )
        )
    engine = open_engine(f"sqlite:///{folder / 'beffroi.sqlite'}")
    ledger = _ledger(folder) if write else None
    try:
        upgrade(engine)
        register = LedgerRegister(ledger) if ledger is not None else None
        registry = Registry(engine, SystemClock(), register=register, validate=validator())
        yield registry, engine
    finally:
        if ledger is not None:
            ledger.close()
        engine.dispose()


def _ledger(folder: Path) -> Ledger | None:
    """The register, unless a running centre holds it: that centre then takes the changes in within half a minute."""
    try:
        return open_register(folder, SystemClock())
    except LedgerClosedError:
        print("Le centre tourne : il inscrit ce changement au registre. / The running centre registers this change.")
        return None
