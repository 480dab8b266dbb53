"""The one copy of the private hour and case keys: the same slots elsewhere, destroyed there with the ring's own.

A back-up that opens by itself today opens by itself for ever. So the private halves are in no archive: they lie in this
one place, written in place only, and each hour is destroyed here as it is in the ring, or by its own term when the ring
is gone. A slot of the copy is wrapped under the ring key, which is not here (docs/design/backup.md).
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from beffroi.base.files import fsync_dir, write_durable
from beffroi.domain.clock import instant
from beffroi.domain.errors import BrokenError, RefusedError
from beffroi.domain.ids import AuthorityId, authority_slug
from beffroi.domain.text import Text
from beffroi.vault import ringfile
from beffroi.vault.casekey import read_slot, write_in_place
from beffroi.vault.keyslots import KeyState, Slot, SlotFiles
from beffroi.vault.signed import canonical
from beffroi.vault.term import hour_term_end_us, legal_zone

PLACE_FILE: Final = "hour-keys-copy.json"
_RING_FILE: Final = "copy.json"
_MAX_BYTES: Final = 4096
_AWAY_MAX_US: Final = 7 * 86_400_000_000
_CASES: Final = "cases"
"""Case keys, one file each (`beffroi.vault.casekey`), in the ring's folder and here."""


class CopyMissingError(BrokenError):
    """The copy of the hour keys cannot be reached, or something else lies where it should be."""

    def __init__(self, place: Path) -> None:
        super().__init__(
            Text(
                fr=f"La copie des clés horaires n'est pas dans « {place} » : branchez ou montez son disque, ou "
                "corrigez le chemin.",
                en=f"The copy of the hour keys is not in “{place}”: plug in or mount its disk, or correct the path.",
            )
        )


class CopyClockError(RefusedError):
    """The machine's time is far past the last time this copy was written: a wrong clock would destroy all of it."""

    def __init__(self, now_us: int) -> None:
        at = f"{instant(now_us):%Y-%m-%d %H:%M} UTC"
        super().__init__(
            Text(
                fr=f"L'horloge de cette machine dit {at}, plus de 7 jours après la dernière écriture de cette copie : "
                "les clés passées de terme en seraient détruites. Vérifiez l'heure, puis ajoutez --clock-is-right.",
                en=f"This machine's clock says {at}, more than 7 days after this copy was last written: keys past "
                "their term would be destroyed in it. Check the time, then add --clock-is-right.",
            )
        )


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What one pass did and found, in hours. ``held``: private halves in the copy afterwards; ``refused``: hours that
    the copy had destroyed and the ring still holds, or whose key is another (never overwritten, to be looked at)."""

    copied: int = 0
    destroyed: int = 0
    held: int = 0
    refused: int = 0


class RingCopy:
    """A place that holds the copy of one or several rings. Needs no passphrase. Safe for several processes."""

    def __init__(self, place: Path, name: str) -> None:
        self.place = place
        self.name = name

    @classmethod
    def create(cls, place: Path) -> "RingCopy":
        """Begin a copy in an empty or missing folder.

        Raises:
            CopyMissingError: something else lies there.
        """
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(place.iterdir()):
            raise CopyMissingError(place)
        copy = cls(place, os.urandom(16).hex())
        write_durable(place / PLACE_FILE, canonical({"name": copy.name, "version": 1}))
        fsync_dir(place.parent)
        return copy

    @classmethod
    def open(cls, place: Path, name: str | None = None) -> "RingCopy":
        """The copy that lies there; ``name`` says which one is expected (the wrong disk may be mounted).

        Raises:
            CopyMissingError: none, unreadable, or another one.
        """
        try:
            fields = json.loads(_small(place / PLACE_FILE))
            found = fields["name"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CopyMissingError(place) from error
        if fields.get("version") != 1 or not isinstance(found, str) or name not in {None, found}:
            raise CopyMissingError(place)
        return cls(place, found)

    def sync(self, ring: Path) -> CopyReport:
        """Make the copy of one ring like it: new hours are copied, destroyed hours destroyed.

        Nothing is ever brought back in the copy, and what the ring has lost or damaged stays: it is what a copy is for.

        Raises:
            RingDamagedError: no ring there. CopyMissingError: the place is gone. OSError, FsyncFailedError: its disk.
        """
        head = ringfile.read(ring)
        with self._locked():
            folder = self._folder(head.authority, head.legal_tz)
            report = CopyReport()
            for term in _terms(ring):
                mine = SlotFiles(folder / f"{term}d")
                if not mine.directory.is_dir():
                    mine.directory.mkdir(mode=0o700)
                    fsync_dir(folder)
                source = SlotFiles(ring / f"{term}d")
                for day in source.days():
                    report = _sync_day(report, source.read_day(day), mine, day)
            report = _sync_cases(report, ring / _CASES, folder / _CASES)
            return CopyReport(report.copied, report.destroyed, self._held(folder), report.refused)

    def destroy_due(self, now_us: int) -> int:
        """Destroy every hour past its own term: works without ring and passphrase. Returns how many."""
        return self._destroy(now_us, every=False)

    def destroy_all(self, now_us: int) -> int:
        """Destroy every hour: the copy is given up."""
        return self._destroy(now_us, every=True)

    def check_clock(self, now_us: int) -> None:
        """Whether ``now_us`` may be believed before it destroys anything here.

        Raises:
            CopyClockError: more than 7 days past the last write in this place.
        """
        written = [path.stat().st_mtime_ns for path in self.place.rglob("*") if path.is_file()]
        if now_us > max(written, default=0) // 1000 + _AWAY_MAX_US:
            raise CopyClockError(now_us)

    def authorities(self) -> dict[str, AuthorityId]:
        """Whose keys are here, by folder name."""
        return {folder.name: authority for folder, authority, _ in self._rings()}

    def held(self) -> int:
        """How many private halves are here."""
        return sum(self._held(folder) for folder, _, _ in self._rings())

    def pour(self, ring: Path) -> int:
        """Put this copy's slots into a restored ring that has none; returns how many private halves. Call `destroy_due`
        before.

        Raises:
            RingDamagedError: no ring there. CopyMissingError: nothing of that authority is here.
        """
        head = ringfile.read(ring)
        folder = self.place / authority_slug(head.authority)
        if not (folder / _RING_FILE).is_file():
            raise CopyMissingError(folder)
        poured = 0
        with self._locked():
            for term in _terms(folder):
                source, target = SlotFiles(folder / f"{term}d"), SlotFiles(ring / f"{term}d")
                target.directory.mkdir(mode=0o700)
                for day in source.days():
                    slots = [slot for slot in source.read_day(day) if slot.state in _WHOLE]
                    if slots:
                        target.write(slots)
                    poured += sum(slot.state is KeyState.HELD for slot in slots)
                fsync_dir(target.directory)
            _pour_cases(folder / _CASES, ring / _CASES)
        fsync_dir(ring)
        return poured

    def _destroy(self, now_us: int, *, every: bool) -> int:
        destroyed = 0
        with self._locked():
            for folder, _, legal_tz in self._rings():
                for term in _terms(folder):
                    files = SlotFiles(folder / f"{term}d")
                    for day in files.days():
                        dead = [
                            slot.tombstone(now_us)
                            for slot in files.read_day(day)
                            if slot.state in _OPENABLE
                            and (every or hour_term_end_us(slot.hour, term, legal_tz) <= now_us)
                        ]
                        if dead:
                            files.write(dead)
                            destroyed += len(dead)
                destroyed += _destroy_cases(folder / _CASES, now_us, every=every)
        return destroyed

    def _rings(self) -> Iterator[tuple[Path, AuthorityId, str]]:
        for path in sorted(self.place.glob(f"*/{_RING_FILE}")):
            try:
                fields = json.loads(_small(path))
                authority, legal_tz = AuthorityId(str(fields["authority"])), str(fields["legal_tz"])
            except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                raise CopyMissingError(path.parent) from error
            legal_zone(legal_tz)
            yield path.parent, authority, legal_tz

    def _held(self, folder: Path) -> int:
        files = [SlotFiles(folder / f"{term}d") for term in _terms(folder)]
        return sum(slot.state is KeyState.HELD for one in files for day in one.days() for slot in one.read_day(day))

    def _folder(self, authority: AuthorityId, legal_tz: str) -> Path:
        folder = self.place / authority_slug(authority)
        if not (folder / _RING_FILE).is_file():
            folder.mkdir(exist_ok=True, mode=0o700)
            write_durable(folder / _RING_FILE, canonical({"authority": authority, "legal_tz": legal_tz}))
            fsync_dir(self.place)
        return folder

    @contextmanager
    def _locked(self) -> Iterator[None]:
        RingCopy.open(self.place, self.name)  # the disk may have been taken away, or another mounted, meanwhile
        fd = os.open(self.place / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


_WHOLE: Final = (KeyState.HELD, KeyState.DESTROYED)
_OPENABLE: Final = (KeyState.HELD, KeyState.DAMAGED)


def _sync_day(so_far: CopyReport, theirs: list[Slot], mine: SlotFiles, day: int) -> CopyReport:
    fresh: list[Slot] = []
    dead: list[Slot] = []
    refused = 0
    for ring, copy in zip(theirs, mine.read_day(day), strict=True):
        if ring.state is KeyState.DESTROYED and copy.state is not KeyState.DESTROYED:
            dead.append(ring)
        elif ring.state is KeyState.HELD and copy.state in {KeyState.EMPTY, KeyState.DAMAGED}:
            fresh.append(ring)
        elif ring.state is KeyState.HELD and (copy.state is KeyState.DESTROYED or copy.public != ring.public):
            refused += 1
    if fresh or dead:
        mine.write([*fresh, *dead])
    return CopyReport(so_far.copied + len(fresh), so_far.destroyed + len(dead), 0, so_far.refused + refused)


def _sync_cases(so_far: CopyReport, ring: Path, mine: Path) -> CopyReport:
    copied = destroyed = refused = 0
    for path in sorted(ring.glob("*.key")):
        theirs, copy = read_slot(path), read_slot(mine / path.name)
        if theirs.state is KeyState.DESTROYED and copy.state is not KeyState.DESTROYED:
            destroyed += 1
        elif theirs.state is KeyState.HELD and (
            copy.state in {KeyState.EMPTY, KeyState.DAMAGED}
            or (copy.public == theirs.public and copy.state is KeyState.HELD and copy.until_us < theirs.until_us)
        ):
            copied += copy.state is not KeyState.HELD
        else:
            refused += theirs.state is KeyState.HELD and (copy.state, copy.public) != (theirs.state, theirs.public)
            continue
        if copy.state is KeyState.EMPTY:
            mine.mkdir(exist_ok=True, mode=0o700)
            write_durable(mine / path.name, theirs.pack())
            fsync_dir(mine.parent)
        else:
            write_in_place(mine / path.name, theirs)
    return CopyReport(so_far.copied + copied, so_far.destroyed + destroyed, 0, so_far.refused + refused)


def _destroy_cases(folder: Path, now_us: int, *, every: bool) -> int:
    slots = ((path, read_slot(path)) for path in sorted(folder.glob("*.key")))
    dead = [one for one in slots if one[1].state in _OPENABLE and (every or one[1].until_us <= now_us)]
    for path, slot in dead:
        write_in_place(path, slot.tombstone(now_us))
    return len(dead)


def _pour_cases(source: Path, target: Path) -> None:
    whole = [(path, slot) for path in sorted(source.glob("*.key")) if (slot := read_slot(path)).state in _WHOLE]
    if whole:
        target.mkdir(mode=0o700)
    for path, slot in whole:
        write_durable(target / path.name, slot.pack())


def _terms(directory: Path) -> list[int]:
    names = (path.name for path in directory.glob("*d") if path.is_dir() and not path.is_symlink())
    return sorted(int(name[:-1]) for name in names if name[:-1].isdigit())


def _small(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_BYTES)
