"""`beffroi law replay`: recorded decisions asked again, with the facts and the rules of their day."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from beffroi.registry.recorded import Replayed

from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text

SHOWN = 20
"""Differences printed one by one; the others are counted."""


def replay(
    data: Annotated[Path, typer.Option("--data", help="The data folder (holds `centre`).")],
    last: Annotated[int | None, typer.Option(min=1, help="Only the last N decisions.")] = None,
) -> None:
    """Ask the register's decisions again. Exit code: 0 all the same, 1 one differs."""
    from beffroi.registry.recorded import Outcome

    counts: Counter[str] = Counter()
    found: list[Replayed] = []
    for one in _replayed(data, last):
        counts[one.outcome] += 1
        if one.outcome is not Outcome.SAME:
            found.append(one)
    for one in found[:SHOWN]:
        why = one.why or Text(fr="?", en="?")
        print(f"n° {one.index} : {why.fr}\n    {why.en}")
    print(
        f"{counts[Outcome.SAME]} identique(s), {counts[Outcome.DIFFERS]} différente(s), "
        f"{counts[Outcome.IMPOSSIBLE]} impossible(s) à rejouer / same, different, impossible to replay"
    )
    if counts[Outcome.DIFFERS]:
        raise typer.Exit(1)


def _replayed(data: Path, last: int | None) -> "list[Replayed]":
    from beffroi.base.clock import SystemClock
    from beffroi.base.db import open_engine
    from beffroi.domain.ids import PersonId
    from beffroi.law.archive import engine_of
    from beffroi.ledger.note import parse_verifier
    from beffroi.ledger.payloads import Payloads
    from beffroi.ledger.reading import records
    from beffroi.registry.recorded import Replayer
    from beffroi.registry.store import Registry

    folder = data / "centre"
    if not (folder / "beffroi.sqlite").exists():
        raise BrokenError(
            Text(
                fr="Ce dossier n'est pas celui d'un centre : vérifiez --data.",
                en="This is not the folder of a centre: check --data.",
            )
        )
    verifier = parse_verifier((folder / "ledger.vkey").read_text())
    payloads = Payloads(folder / "payloads.sqlite", read_only=True)
    engine = open_engine(f"sqlite:///{folder / 'beffroi.sqlite'}")
    try:
        registry = Registry(engine, SystemClock(), register=None)
        names = {payloads.pseudonym(person): person for person in registry.facts().persons}
        replayer = Replayer(
            registry.facts_at,
            lambda name: engine_of(folder / "rules", name),
            lambda actor: PersonId(names[actor]) if actor in names else None,
            lambda record: payloads.read(record.commitment),
        )
        kept = [one for one in records(folder / "ledger", verifier) if one.decision is not None]
        wanted = kept if last is None else kept[-last:]
        return [again for one in wanted if (again := replayer.replay(one)) is not None]
    finally:
        payloads.close()
        engine.dispose()
