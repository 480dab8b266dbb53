"""A hold: minutes of a camera kept for a case, apart from the rolling store, which it never lengthens.

One folder a hold under ``frozen/``: ``hold.json``, and one piece a file (`beffroi.vault.frozen`). The files are the
truth; there is no index to lose.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from beffroi.base.files import fsync_dir, unlink_durable, write_durable
from beffroi.domain.errors import BadInputError, BrokenError, NotFoundError, RefusedError
from beffroi.domain.ids import CameraId, camera_id
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.vault.caseid import HOLD_MAX_US, case_id
from beffroi.vault.frozen import FOLDER
from beffroi.vault.signed import canonical

_NAME: Final = "hold.json"


class HoldEnd(StrEnum):
    """Why a hold ended."""

    REACHED = "until_reached"
    ASKED = "asked"


class NoHoldError(NotFoundError):
    """There is no such hold here."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Ce gel n'existe pas ou est terminé : demandez de nouveau la liste.",
                en="This hold does not exist or has ended: ask for the list again.",
            )
        )


class HoldEndingError(RefusedError):
    """The hold's end was logged: its images are being destroyed."""

    def __init__(self, case: str) -> None:
        super().__init__(
            Text(
                fr=f"Le gel du dossier {case} est terminé, ses images sont en cours de destruction : ouvrez un autre "
                "dossier si les images de la caméra sont encore dans leur délai.",
                en=f"The hold of case {case} has ended and its images are being destroyed: open another case if the "
                "camera's images are still within their term.",
            )
        )


class HoldDamagedError(BrokenError):
    """A hold's file cannot be read: nothing of it is destroyed until someone looks, or who placed it ends it."""

    def __init__(self, name: str) -> None:
        self.hold = name
        super().__init__(
            Text(
                fr=f"Le gel {name} est illisible sur le disque : ses images sont gardées telles quelles. Restaurez "
                "son fichier hold.json, ou remettez le même gel.",
                en=f"The hold {name} cannot be read on disk: its images are kept as they are. Restore its "
                "hold.json, or place the same hold again.",
            )
        )


@dataclass(frozen=True, slots=True)
class Hold:
    """What is held, for what, until when. All instants are wall time in microseconds, UTC.

    An image of a hold dies at ``until_us``, and at most ``beyond_us`` past its own term (0: with it). ``requested_by``
    is the gate's person id, ``ledger_index`` the register entry that says who and why. ``ending`` is empty, or why the
    hold has ended: from then on nothing of it opens and it is being destroyed.
    """

    case: str
    authority: str
    camera: CameraId
    from_us: int
    to_us: int
    until_us: int
    beyond_us: int
    asked_us: int
    requested_by: str
    ledger_index: int
    ending: str = ""

    @property
    def id(self) -> str:
        """Its name."""
        return hold_name(self.case, self.authority, self.camera, self.range)

    @property
    def range(self) -> WallRange:
        """The minutes asked for."""
        return WallRange(self.from_us, self.to_us)

    def end_us(self, term_end_us: int) -> int:
        """When an image whose own term ends at ``term_end_us`` must be gone."""
        return min(self.until_us, term_end_us + self.beyond_us)

    def as_fields(self) -> dict[str, Any]:
        """Flat JSON fields."""
        return {"hold": self.id, **asdict(self)}


def hold_name(case: str, authority: str, camera: str, minutes: WallRange) -> str:
    """The name of a hold: the same case, authority, camera and minutes are the same hold, whoever names it."""
    named = canonical([case, authority, camera, minutes.from_us, minutes.to_us])
    return hashlib.sha256(named).hexdigest()[:24]


def checked(hold: Hold, now_us: int) -> Hold:
    """The hold, when it may be placed now.

    Raises:
        BadInputError: a malformed case or camera, no minutes, or an end that is past or too far.
    """
    case_id(hold.case)
    camera_id(hold.camera)
    ahead_us = hold.until_us - now_us
    good = 0 <= hold.from_us < hold.to_us and 0 < ahead_us <= HOLD_MAX_US and 0 <= hold.beyond_us <= HOLD_MAX_US
    if not good or not hold.authority or len(hold.authority) > 128 or len(hold.requested_by) > 128:
        raise BadInputError(
            Text(
                fr="Ce gel ne peut être posé : il faut des minutes, et une fin à venir, dans "
                f"{HOLD_MAX_US // 86_400_000_000} jours au plus.",
                en="This hold cannot be placed: it needs minutes, and an end to come, within "
                f"{HOLD_MAX_US // 86_400_000_000} days.",
            )
        )
    return hold


@dataclass
class HoldBook:
    """Every hold found on disk, and the folders that could not be read."""

    holds: list[Hold] = field(default_factory=list)
    problems: list[HoldDamagedError] = field(default_factory=list)


class HoldStore:
    """The folder ``frozen`` of a recorder. Callers serialise their writes (`beffroi.vault.freezer`)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / FOLDER

    def directory(self, hold_id: str) -> Path:
        """Where a hold's files lie."""
        return self.folder / hold_id

    def book(self) -> HoldBook:
        """All holds, by name."""
        book = HoldBook()
        for directory in self._directories():
            try:
                hold = self._read(directory)
            except HoldDamagedError as error:
                book.problems.append(error)
            else:
                if hold:
                    book.holds.append(hold)
        return book

    def get(self, hold_id: str) -> Hold | None:
        """One hold, None when there is none.

        Raises:
            HoldDamagedError: its file cannot be read.
        """
        if not hold_id or "/" in hold_id or hold_id.startswith("."):
            return None
        return self._read(self.directory(hold_id))

    def sound(self, hold_id: str) -> Hold | None:
        """As `get`; None also for one whose file cannot be read."""
        try:
            return self.get(hold_id)
        except HoldDamagedError:
            return None

    def write(self, hold: Hold) -> None:
        """Keep a hold, durably.

        Raises:
            OSError, FsyncFailedError: the disk refuses.
        """
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700)
            fsync_dir(self.root)
        directory = self.directory(hold.id)
        if not directory.is_dir():
            directory.mkdir(mode=0o700)
            fsync_dir(self.folder)
        write_durable(directory / _NAME, canonical(asdict(hold)))

    def end(self, hold: Hold, why: HoldEnd) -> Hold:
        """Log the end of a hold, durably: from here on it is being destroyed."""
        ended = replace(hold, ending=why.value)
        self.write(ended)
        return ended

    def remove(self, hold: Hold) -> None:
        """Forget a hold whose pieces are all gone."""
        directory = self.directory(hold.id)
        for left in directory.glob(".*"):  # what a power cut left of a write: it names the case, and keeps the folder
            left.unlink()
        unlink_durable(directory / _NAME)
        directory.rmdir()
        fsync_dir(self.folder)

    def _directories(self) -> Iterator[Path]:
        yield from sorted(path for path in self.folder.glob("*") if path.is_dir())

    def _read(self, directory: Path) -> Hold | None:
        try:
            raw = (directory / _NAME).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            # A temporary file alone: the crash came before the hold was there.
            if directory.is_dir() and any(not path.name.startswith(".") for path in directory.iterdir()):
                raise HoldDamagedError(directory.name) from None
            return None
        except OSError as error:
            raise HoldDamagedError(directory.name) from error
        try:
            fields = json.loads(raw)
            hold = Hold(**fields)
            good = all(type(getattr(hold, name)) is kind for name, kind in _KINDS.items())
        except (ValueError, TypeError, RecursionError) as error:
            raise HoldDamagedError(directory.name) from error
        if not good or hold.id != directory.name:
            raise HoldDamagedError(directory.name)
        return hold


_KINDS: Final[dict[str, type]] = {
    "case": str, "authority": str, "camera": str, "from_us": int, "to_us": int, "until_us": int, "beyond_us": int,
    "asked_us": int, "requested_by": str, "ledger_index": int, "ending": str,
}  # fmt: skip
