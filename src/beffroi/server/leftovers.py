"""What a crash left of copies on the centre's disk is destroyed, each as an entry of the register."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from beffroi.base.files import unlink_durable
from beffroi.domain.errors import BeffroiError
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.ledger.ledger import Ledger

_log = structlog.get_logger(__name__)

CRASH: Final = "crash"


def destroy_left(ledger: Ledger, folder: Path, kept: Callable[[Path], bool], outcome: str) -> bool:
    """Destroy what is in a folder and nobody keeps: the entry first. Blocking.

    Returns:
        Whether nothing is left over: what the register did not take, or the disk did not let go of, waits.
    """
    clean = True
    for left in sorted(folder.glob("*")):
        if kept(left):
            continue
        try:
            files = [one for one in left.rglob("*") if one.is_file()] if left.is_dir() else [left]
            told = {"file": left.name, "files": len(files), "bytes": sum(one.stat().st_size for one in files)}
            ledger.append(Entry(EntryKind.DESTRUCTION, outcome=outcome, detail={**told, "why": CRASH}))
            if kept(left):  # made anew meanwhile, over what was left
                continue
            if left.is_dir():
                shutil.rmtree(left)
            else:
                unlink_durable(left)
        except BeffroiError as error:
            clean = False
            _log.error("what a crash left waits for the register", file=left.name, reason=error.text.en)
        except OSError as error:
            clean = False
            _log.error("what a crash left waits for the disk", file=left.name, reason=str(error))
    return clean
