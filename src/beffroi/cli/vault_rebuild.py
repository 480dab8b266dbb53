"""`beffroi vault rebuild`: the catalogue made again, while no recorder works in the folder."""

from pathlib import Path

from beffroi.cli.vault_account import DEFAULT_DATA, Data, is_running
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

_PARTS = ("", "-wal", "-shm")


def rebuild(
    data: Data = DEFAULT_DATA,
) -> None:
    """Make the catalogue again from the files and the journal. The one that was there is kept as `catalogue.before`."""
    from beffroi.base.files import fsync_dir
    from beffroi.vault.catalogue import Catalogue
    from beffroi.vault.journal import Journal
    from beffroi.vault.rebuild import rebuild as rebuild_into

    root = data / "recorder"
    journal_path, made, kept = root / "journal.sqlite", root / "catalogue.new", root / "catalogue.before"
    if not root.is_dir():
        raise _refused(f"Pas d'enregistreur dans {data} : vérifiez --data.", f"No recorder in {data}: check --data.")
    if not journal_path.is_file():
        raise _refused(
            f"Pas de journal dans {root} : sans lui, ce qui a été détruit ou perdu ne peut être retrouvé. "
            "Restaurez-le.",
            f"No journal in {root}: without it what was destroyed or lost cannot be found again. Restore it.",
        )
    if is_running(root):
        raise _refused("Arrêtez d'abord l'enregistreur.", "Stop the recorder first.")
    for part in _PARTS:
        Path(f"{made}{part}").unlink(missing_ok=True)
    journal, catalogue = Journal.open(journal_path), Catalogue.open(made)
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
    print(f"{len(done)} fichier(s) repris / file(s) taken in")


def _refused(fr: str, en: str) -> BadInputError:
    return BadInputError(Text(fr=fr, en=en))
