"""`beffroi vault account`: the sums of a recorder, as a table for a person or as JSON."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

Data = Annotated[Path, typer.Option("--data", help="The data folder (holds `recorder`).")]
DEFAULT_DATA: Final = Path("/var/lib/beffroi")


def account(
    data: Data = DEFAULT_DATA,
    camera: Annotated[str | None, typer.Option("--camera", help="One camera; all by default.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First legal day, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last legal day, YYYY-MM-DD; today by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Microseconds, for a machine.")] = False,
) -> None:
    """Is all that was ordered recorded or explained, and all that was recorded kept, destroyed or lost? Exit code: 0 it
    adds up, 1 it does not, with a sentence for each discrepancy."""
    import json

    from beffroi.vault.account import Account, missing_sources
    from beffroi.vault.account import account as account_of
    from beffroi.vault.accountjson import account_json, table

    root = data / "recorder"
    if not root.is_dir():
        raise _refused(f"Pas d'enregistreur dans {data} : vérifiez --data.", f"No recorder in {data}: check --data.")
    gone = missing_sources(root)
    found = Account(whole=gone)
    if not gone:
        with _house(root) as house:
            cameras = None if camera is None else {camera}
            found = account_of(house, cameras=cameras, first=_day(first), last=_day(last))
    if as_json:
        print(json.dumps(account_json(found), ensure_ascii=False))
    else:
        for line in table(found):
            print(line)
    if not found.adds_up:
        raise typer.Exit(1)


@contextmanager
def _house(root: Path) -> Iterator[Any]:
    from beffroi.base.clock import SystemClock
    from beffroi.vault.accountline import House
    from beffroi.vault.journal import Journal
    from beffroi.vault.signed import load_public_keys

    trusted = load_public_keys(root / "trust" / "sheet.pub")
    journal, mandates = Journal.open(root / "journal.sqlite"), Journal.open(root / "mandates.sqlite")
    try:
        yield House(root, journal, mandates, trusted, SystemClock().wall_us, running=is_running(root))
    finally:
        journal.close()
        mandates.close()


def is_running(root: Path) -> bool:
    """Whether a recorder holds the folder's lock."""
    try:
        fd = os.open(root / "recorder.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise _refused(
            f"« {text} » n'est pas un jour : écrivez 2026-03-02.", f"“{text}” is not a day: write 2026-03-02."
        ) from error


def _refused(fr: str, en: str) -> BadInputError:
    return BadInputError(Text(fr=fr, en=en))
