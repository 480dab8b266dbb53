"""`beffroi ledger term|hold|prune`: how long the register keeps what it holds. The centre does it by itself; these are
for a centre that is stopped, and to see what would be done."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

if TYPE_CHECKING:
    from beffroi.ledger.keeping import Keeping

Data = Annotated[Path, typer.Argument(help="The data folder (holds `centre`); the centre is stopped.")]
Who = Annotated[str, typer.Option("--who", help="Whose decision, by role; entered in the register.")]


def term(
    data: Data,
    months: Annotated[int | None, typer.Option("--months", help="6 to 36; above 12 with --justification.")] = None,
    justification: Annotated[str, typer.Option("--justification", help="Why longer than 12 months.")] = "",
    who: Who = "",
) -> None:
    """Say how long the register is kept, or set it: an entry with its justification."""
    with _open(data) as (keeping, now_us):
        if months is not None:
            keeping.set_term(months, who=who, justification=justification)
        found, held = keeping.term(), keeping.holds(now_us)
        _say(
            Text(
                fr=f"Le registre se garde {found.months} mois. {found.justification}".strip(),
                en=f"The register is kept {found.months} months. {found.justification}".strip(),
            )
        )
        for name, until_us in held.items():
            _say(Text(fr=f"Gel « {name} » jusqu'au {_day(until_us)}.", en=f"Hold “{name}” until {_day(until_us)}."))


def hold(
    data: Data,
    name: Annotated[str, typer.Argument(help="Name of the hold: a case, never a person.")],
    until: Annotated[str | None, typer.Option("--until", help="Last day (YYYY-MM-DD), within a year.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End this hold now.")] = False,
    who: Who = "",
) -> None:
    """Suspend every erasure in the register until a day, or end that."""
    with _open(data) as (keeping, now_us):
        if end:
            keeping.end_hold(name, who=who, now_us=now_us)
        else:
            keeping.hold(name, until_us=_end_of(until or ""), reason=reason, who=who, now_us=now_us)
    _say(Text(fr="Inscrit au registre.", en="Entered in the register."))


def prune(
    data: Data, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is due.")] = False
) -> None:
    """Erase what reached its term: names, then entries by whole bundles of 256. Their hashes stay."""
    from beffroi.ledger.pruning import months_before

    with _open(data) as (keeping, now_us):
        before_us = months_before(now_us, keeping.term().months)
        if dry_run:
            to = keeping.due(before_us)
            _say(
                Text(
                    fr=f"Au terme : les noms d'avant le {_day(before_us)}, et les écritures au-dessous de la n° {to}.",
                    en=f"Due: names from before {_day(before_us)}, and entries below number {to}.",
                )
            )
            return
        kept = keeping.look(now_us)
        if kept.held:
            names = ", ".join(kept.held)
            _say(Text(fr=f"Rien n'est effacé : gel en cours ({names}).", en=f"Nothing erased: on hold ({names})."))
        elif kept.pruning is None:
            _say(
                Text(
                    fr=f"Noms d'avant le {_day(before_us)} effacés ; aucun paquet entier d'écritures n'est au terme.",
                    en=f"Names from before {_day(before_us)} erased; no whole bundle of entries is due.",
                )
            )
        else:
            count, index = kept.pruning.to - kept.pruning.first, kept.pruning.index
            _say(
                Text(
                    fr=f"{count} écritures effacées ; l'écriture n° {index} le dit.",
                    en=f"{count} entries pruned; entry {index} says so.",
                )
            )


@contextmanager
def _open(data: Path) -> "Iterator[tuple[Keeping, int]]":
    from beffroi.base.clock import SystemClock
    from beffroi.cli.registerkey import open_register
    from beffroi.ledger.keeping import Keeping

    folder, clock = data / "centre", SystemClock()
    if not (folder / "ledger").is_dir():
        raise BadInputError(
            Text(
                fr=f"{data} ne contient pas de registre (centre/ledger) : donnez le dossier du centre.",
                en=f"{data} holds no register (centre/ledger): give the centre's data folder.",
            )
        )
    ledger = open_register(folder, clock)
    try:
        yield Keeping(ledger), clock.wall_us()
    finally:
        ledger.close()


def _end_of(day: str) -> int:
    from beffroi.domain.clock import to_wall_us

    try:
        at = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC, hour=23, minute=59)
    except ValueError as error:
        raise BadInputError(
            Text(fr="Donnez le dernier jour : --until AAAA-MM-JJ.", en="Give the last day: --until YYYY-MM-DD.")
        ) from error
    return to_wall_us(at)


def _day(wall_us: int) -> str:
    return datetime.fromtimestamp(wall_us / 1_000_000, UTC).date().isoformat()


def _say(text: Text) -> None:
    print(text.fr)
    print(f"  {text.en}")
