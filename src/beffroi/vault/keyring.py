"""An authority's keyring: one X25519 pair per term and unix hour, made ahead, destroyed one by one at their term."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from beffroi.base.clock import SystemClock
from beffroi.base.files import fsync_dir, write_durable
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import AuthorityId
from beffroi.domain.text import Text
from beffroi.vault import ringfile
from beffroi.vault.keyerrors import (
    HourDamagedError,
    HourDestroyedError,
    HourMissingError,
    NotDueError,
    RingLockedError,
)
from beffroi.vault.keyslots import SLOTS_A_DAY, KeyState, Slot, SlotFiles
from beffroi.vault.publichours import encode_bundle
from beffroi.vault.remanence import remanence
from beffroi.vault.ringfile import RING_KEY_BYTES, KdfCost, RingFile
from beffroi.vault.sealing import unseal
from beffroi.vault.signed import canonical
from beffroi.vault.term import check_term_days, hour_term_end_us, legal_zone

PREPARE_MAX_HOURS: Final = 24 * 400


@dataclass(frozen=True, slots=True)
class KeyDestroyed:
    """Proof record of one destruction, to be logged.

    ``key_sha256`` names the public half; ``was`` is what the slot held; ``read_back`` says that after fsync the
    slot was read again and held no private half; ``remanence`` what this disk lets nobody prove
    (`beffroi.vault.remanence`).
    """

    outcome: ClassVar[str] = "hour_key_destroyed"

    authority: AuthorityId
    term_days: int
    hour: int
    key_sha256: str
    was: str
    term_end_us: int
    destroyed_us: int
    read_back: bool
    remanence: tuple[str, ...] = ()

    def as_fields(self) -> dict[str, Any]:
        """JSON fields for a register entry."""
        return {**asdict(self), "remanence": list(self.remanence)}


class HourKeyring:
    """The keyring of one authority, in one directory. Safe for several threads and processes.

    Destroying and listing need no passphrase; making, exporting and opening do.
    """

    def __init__(self, directory: Path, head: RingFile, ring_key: bytes | None, clock: Clock) -> None:
        self._directory = directory
        self._head = head
        self._ring_key = ring_key
        self._clock = clock

    @classmethod
    def create(
        cls,
        directory: Path,
        authority: AuthorityId,
        passphrase: str,
        *,
        legal_tz: str = "Europe/Paris",
        clock: Clock | None = None,
        cost: KdfCost | None = None,
    ) -> "HourKeyring":
        """Make a new, empty keyring.

        Raises:
            BadInputError: a ring is already there, a short passphrase, an unknown time zone.
        """
        legal_zone(legal_tz)
        if (directory / "ring.json").exists():
            raise BadInputError(
                Text(
                    fr=f"Un trousseau existe déjà dans « {directory.name} » : il n'a pas été touché.",
                    en=f"A keyring already exists in “{directory.name}”: it was left alone.",
                )
            )
        ring_key = os.urandom(RING_KEY_BYTES)
        head = ringfile.wrap(ring_key, passphrase, authority=authority, legal_tz=legal_tz, cost=cost or KdfCost())
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durable(directory / "ring.json", head.encode())
        fsync_dir(directory.parent)
        return cls(directory, head, ring_key, clock or SystemClock())

    @classmethod
    def open(cls, directory: Path, passphrase: str | None, *, clock: Clock | None = None) -> "HourKeyring":
        """Open a ring; ``passphrase=None`` opens it locked (destroy and list only).

        Raises:
            RingDamagedError: no readable ring there.
            WrongPassphraseError: not its passphrase.
        """
        head = ringfile.read(directory)
        ring_key = None if passphrase is None else head.unwrap(passphrase)
        return cls(directory, head, ring_key, clock or SystemClock())

    @property
    def authority(self) -> AuthorityId:
        """Whose keys these are."""
        return self._head.authority

    @property
    def directory(self) -> Path:
        """Where the ring lies."""
        return self._directory

    @property
    def legal_tz(self) -> str:
        """IANA name of the authority's legal time."""
        return self._head.legal_tz

    def change_passphrase(self, passphrase: str) -> None:
        """Wrap the ring key under another passphrase. An old copy of ring.json still opens with the old one.

        Raises:
            RingLockedError: the ring was opened without its passphrase.
        """
        head = ringfile.wrap(
            self._key(), passphrase, authority=self.authority, legal_tz=self.legal_tz, cost=self._head.cost
        )
        with self.locked():
            write_durable(self._directory / "ring.json", head.encode())
        self._head = head

    def prepare(self, term_days: int, from_hour: int, count: int) -> int:
        """Make the keys of ``count`` hours; returns how many were new.

        Idempotent. A destroyed or damaged hour, and one whose term has passed, is never made (again).

        Raises:
            RingLockedError, TermRefusedError, FsyncFailedError.
        """
        ring_key = self.wrapper()
        check_term_days(term_days)
        if not 0 <= count <= PREPARE_MAX_HOURS or not 0 <= from_hour <= 0xFFFFFFFF - count:
            raise ValueError("hours out of bounds")
        now_us, made = self._clock.wall_us(), 0
        files = self._files(term_days)
        with self.locked():
            if not files.directory.is_dir():
                files.directory.mkdir(mode=0o700)
                fsync_dir(self._directory)
            for day in range(from_hour // SLOTS_A_DAY, -(-(from_hour + count) // SLOTS_A_DAY)):
                fresh = [
                    self._make(ring_key, term_days, slot.hour)
                    for slot in files.read_day(day)
                    if slot.state is KeyState.EMPTY
                    and from_hour <= slot.hour < from_hour + count
                    and hour_term_end_us(slot.hour, term_days, self.legal_tz) > now_us
                ]
                if fresh:
                    files.write(fresh)
                    made += len(fresh)
        return made

    def terms(self) -> list[int]:
        """Terms, in days, for which keys were made."""
        names = (path.name for path in self._directory.glob("*d") if path.is_dir())
        return sorted(int(name[:-1]) for name in names if name[:-1].isdigit())

    def state(self, term_days: int, hour: int) -> KeyState:
        """What is held for an hour."""
        return self._files(term_days).read(hour).state

    def has(self, term_days: int, hour: int) -> bool:
        """Whether the private half of an hour is there."""
        return self.state(term_days, hour) is KeyState.HELD

    def held_hours(self, term_days: int) -> list[int]:
        """All hours whose private half is there, in order."""
        return [slot.hour for slot in self._all(term_days) if slot.state is KeyState.HELD]

    def destroyed_hours(self, term_days: int) -> list[int]:
        """All hours that are tombstones, in order."""
        return [slot.hour for slot in self._all(term_days) if slot.state is KeyState.DESTROYED]

    def due_hours(self, now_us: int) -> list[tuple[int, int]]:
        """(term_days, hour) of every key past its term that is not destroyed yet."""
        return [
            (term_days, slot.hour)
            for term_days in self.terms()
            for slot in self._all(term_days)
            if slot.state in (KeyState.HELD, KeyState.DAMAGED)
            and hour_term_end_us(slot.hour, term_days, self.legal_tz) <= now_us
        ]

    def unseal(self, term_days: int, hour: int, sealed: bytes, *, info: bytes) -> bytes:
        """Open a content key sealed to an hour. The lease is checked by `beffroi.vault.release`, which calls this.

        Raises:
            HourMissingError, HourDestroyedError, HourDamagedError, RingLockedError, SealBrokenError.
        """
        return unseal(self._private(term_days, self._files(term_days).read(hour)), sealed, info=info)

    def public_keys(self, term_days: int, from_hour: int, count: int) -> list[bytes | None]:
        """The public halves of ``count`` hours, None where there is no key. Each is recomputed from its private half,
        so that a public key slipped into the slot file never gets out.

        Raises:
            RingLockedError, HourDamagedError.
        """
        self._key()
        keys: list[bytes | None] = []
        files = self._files(term_days)
        for day in range(from_hour // SLOTS_A_DAY, -(-(from_hour + count) // SLOTS_A_DAY)):
            for slot in files.read_day(day):
                if from_hour <= slot.hour < from_hour + count:
                    held = slot.state is KeyState.HELD
                    keys.append(self._private(term_days, slot).public_key().public_bytes_raw() if held else None)
        return keys

    def public_bundle(self, term_days: int, from_hour: int, count: int, signer: Ed25519PrivateKey) -> bytes:
        """The signed bundle of `public_keys` that a recorder takes.

        Raises:
            RingLockedError, HourDamagedError.
        """
        return encode_bundle(
            authority=self.authority,
            term_days=term_days,
            legal_tz=self.legal_tz,
            first_hour=from_hour,
            keys=self.public_keys(term_days, from_hour, count),
            issued_us=self._clock.wall_us(),
            signer=signer,
        )

    def destroy(self, term_days: int, hour: int, *, before_term: bool = False) -> KeyDestroyed:
        """Destroy one private half, durably and for ever; doing it again returns the first instant.

        Raises:
            NotDueError: before the term, unless ``before_term`` says that this is meant.
            FsyncFailedError: the disk did not confirm; the process must end.
            HourDamagedError: the read back does not show a tombstone.
        """
        end_us = hour_term_end_us(hour, check_term_days(term_days), self.legal_tz)
        now_us = self._clock.wall_us()
        if now_us < end_us and not before_term:
            raise NotDueError(hour)
        files = self._files(term_days)
        with self.locked():
            slot = files.read(hour)
            if slot.state is not KeyState.DESTROYED:
                files.directory.mkdir(exist_ok=True, mode=0o700)
                files.write([slot.tombstone(now_us)])
            after = files.read(hour)
        if after.state is not KeyState.DESTROYED or any(after.wrapped):
            raise HourDamagedError(self.authority, hour)
        return KeyDestroyed(
            authority=self.authority,
            term_days=term_days,
            hour=hour,
            key_sha256=hashlib.sha256(after.public).hexdigest(),
            was=slot.state.name.lower(),
            term_end_us=end_us,
            destroyed_us=after.destroyed_us,
            read_back=True,
            remanence=tuple(item.value for item in remanence(self._directory)),
        )

    def _make(self, ring_key: AESGCM, term_days: int, hour: int) -> Slot:
        private, nonce = X25519PrivateKey.generate(), os.urandom(12)
        public = private.public_key().public_bytes_raw()
        bound = self._bound(term_days, hour, public)
        return Slot.held(hour, public, nonce, ring_key.encrypt(nonce, private.private_bytes_raw(), bound))

    def _private(self, term_days: int, slot: Slot) -> X25519PrivateKey:
        if slot.state is KeyState.EMPTY:
            raise HourMissingError(self.authority, slot.hour)
        if slot.state is KeyState.DESTROYED:
            raise HourDestroyedError(self.authority, slot.hour)
        if slot.state is KeyState.DAMAGED:
            raise HourDamagedError(self.authority, slot.hour)
        ring_key = self.wrapper()
        try:
            raw = ring_key.decrypt(slot.nonce, slot.wrapped, self._bound(term_days, slot.hour, slot.public))
        except InvalidTag as error:
            raise HourDamagedError(self.authority, slot.hour) from error
        return X25519PrivateKey.from_private_bytes(raw)

    def _bound(self, term_days: int, hour: int, public: bytes) -> bytes:
        return canonical({"authority": self.authority, "hour": hour, "public": public.hex(), "term_days": term_days})

    def _all(self, term_days: int) -> Iterator[Slot]:
        files = self._files(term_days)
        for day in files.days():
            yield from files.read_day(day)

    def _files(self, term_days: int) -> SlotFiles:
        return SlotFiles(self._directory / f"{int(term_days)}d")

    def wrapper(self) -> AESGCM:
        """What wraps private halves of this ring (`beffroi.vault.casekey`).

        Raises:
            RingLockedError: the ring was opened without its passphrase.
        """
        return AESGCM(self._key())

    def _key(self) -> bytes:
        if self._ring_key is None:
            raise RingLockedError(self.authority)
        return self._ring_key

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer of this ring at a time, over all processes."""
        fd = os.open(self._directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)
