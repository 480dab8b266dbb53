"""Where the one copy of the hour keys lies: written down in the centre's folder, so that every later run, and the
running centre itself, destroys there too. A second place is refused while the first one holds keys."""

import json
from pathlib import Path
from typing import Final

from beffroi.backup.errors import BackupFailedError
from beffroi.base.files import unlink_durable, write_durable
from beffroi.vault.ringcopy import CopyMissingError, CopyReport, RingCopy
from beffroi.vault.signed import canonical

PLACE_RECORD: Final = "hour-copy.json"


def registered(centre: Path) -> tuple[Path, str] | None:
    """Where the centre's copy should be, and its name; None: there was never one.

    Raises:
        BackupFailedError: the record is unreadable.
    """
    try:
        fields = json.loads((centre / PLACE_RECORD).read_bytes())
        return Path(str(fields["path"])), str(fields["name"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupFailedError(
            f"« {PLACE_RECORD} » est illisible", f"“{PLACE_RECORD}” cannot be read: remove it and run again"
        ) from error


def reach(centre: Path, place: Path) -> RingCopy:
    """The centre's one copy, begun at ``place`` when there was none.

    Raises:
        CopyMissingError: it is not there (a disk not mounted), or something else is.
        BackupFailedError: the centre's copy is at another place.
    """
    place = place.absolute()
    known = registered(centre)
    if known is None:
        try:
            copy = RingCopy.open(place)
        except CopyMissingError:
            copy = RingCopy.create(place)
    elif known[0] == place:
        return RingCopy.open(place, known[1])
    else:
        copy = _moved(known, place)
    write_durable(centre / PLACE_RECORD, canonical({"name": copy.name, "path": str(place)}))
    return copy


def sync_all(centre: Path, copy: RingCopy) -> CopyReport:
    """Make the copy like all rings of a centre.

    Raises:
        CopyMissingError, RingDamagedError, OSError.
    """
    total = CopyReport()
    for head in sorted((centre / "keyrings").glob("*/ring.json")):
        one = copy.sync(head.parent)
        total = CopyReport(
            total.copied + one.copied,
            total.destroyed + one.destroyed,
            total.held + one.held,
            total.refused + one.refused,
        )
    return total


def retire(centre: Path, now_us: int, *, lost: bool) -> int:
    """Give the copy up: destroy all it holds, and forget the place. Returns how many hours were destroyed.

    Args:
        centre: the centre's folder.
        now_us: wall time.
        lost: the medium cannot be reached any more: only forget it.

    Raises:
        CopyMissingError: it cannot be reached, and ``lost`` was not said.
    """
    known = registered(centre)
    if known is None:
        return 0
    destroyed = 0 if lost else RingCopy.open(*known).destroy_all(now_us)
    unlink_durable(centre / PLACE_RECORD)
    return destroyed


def _moved(known: tuple[Path, str], place: Path) -> RingCopy:
    """The same medium under another path is taken; another medium is not."""
    try:
        return RingCopy.open(place, known[1])
    except CopyMissingError as error:
        raise BackupFailedError(
            f"la copie des clés horaires est dans « {known[0]} » et il n'y en a qu'une : indiquez-la par --hours, ou "
            "détruisez-la d'abord (« beffroi backup retire »)",
            f"the copy of the hour keys is in “{known[0]}” and there is only one: name it with --hours, or destroy it "
            "first (`beffroi backup retire`)",
        ) from error
