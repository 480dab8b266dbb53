"""`beffroi vault rebuild`: the catalogue made again, while no recorder works in the folder."""

import os
from pathlib import Path
from typing import Final

from beffroi.cli.vault_account import DEFAULT_DATA, Data
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

_PARTS: Final = ("", "-wal", "-shm")
_LOCK_S: Final = 2.0
"""Others than a recorder hold the folder's lock for an instant, to see whether one works there."""


def rebuild(
    data: Data = DEFAULT_DATA,
) -> None:
    """Make the catalogue again from the files and the journal. The one that was there is kept as `catalogue.before`."""
    from beffroi.capture.folderlock import AlreadyRunningError, lock_folder

    root = data / "recorder"
    if not root.is_dir():
        raise _refused(f"Pas d'enregistreur dans {data} : vérifiez --data.", f"No recorder in {data}: check --data.")
    if not (root / "journal.sqlite").is_file():
        raise _refused(
            f"Pas de journal dans {root} : sans lui, ce qui a été détruit ou perdu ne peut être retrouvé. "
            "Restaurez-le.",
            f"No journal in {root}: without it what was destroyed or lost cannot be found again. Restore it.",
        )
    try:  # to the last rename: a recorder that starts meanwhile waits, then opens the new catalogue
        lock_fd = lock_folder(root / "recorder.lock", wait_s=_LOCK_S)
    except AlreadyRunningError as error:
        raise _refused("Arrêtez d'abord l'enregistreur.", "Stop the recorder first.") from error
    try:
        count = _make_again(root)
    finally:
        os.close(lock_fd)
    print(f"{count} fichier(s) repris / file(s) taken in")


def _make_again(root: Path) -> int:
    """Returns how many files were taken in. The caller holds the folder's lock."""
    from beffroi.base.files import fsync_dir
    from beffroi.vault.catalogue import Catalogue
    from beffroi.vault.journal import Journal
    from beffroi.vault.rebuild import rebuild as rebuild_into

    made, kept = root / "catalogue.new", root / "catalogue.before"
    for part in _PARTS:
        Path(f"{made}{part}").unlink(missing_ok=True)
    journal, catalogue = Journal.open(root / "journal.sqlite"), Catalogue.open(made)
    try:
        done = rebuild_into(root, catalogue, journal)
    finally:
        catalogue.close()
        journal.close()
    old = root / "catalogue.sqlite"
    for part in _PARTS:
        Path(f"{kept}{part}").unlink(missing_ok=True)
        if Path(f"{old}{part}").exists():
            Path(f"{old}{part}").rename(f"{kept}{part}")
    for part in _PARTS:
        if Path(f"{made}{part}").exists():
            Path(f"{made}{part}").rename(f"{old}{part}")
    fsync_dir(root)
    return len(done)


def _refused(fr: str, en: str) -> BadInputError:
    return BadInputError(Text(fr=fr, en=en))
