"""Case keys: one X25519 pair for each case of an authority, made when a hold first needs it, destroyed when it ends.

A hold seals the content keys of the files concerned to the case's public half; opening them needs the private half,
which dies with the hold. Same care as for hour keys (`beffroi.vault.keyslots`): one slot of 128 bytes, written in place
only, wrapped under the ring key, a tombstone once destroyed, so that an ended case is never made again.
"""

import hashlib
import os
import struct
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from beffroi.base.files import fsync_dir, fsync_fd, write_durable
from beffroi.domain.ids import AuthorityId
from beffroi.vault.caseid import case_id, is_case_id
from beffroi.vault.keyerrors import CaseDamagedError, CaseEndedError, CaseMissingError
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.keyslots import KeyState
from beffroi.vault.remanence import remanence
from beffroi.vault.sealing import unseal
from beffroi.vault.signed import canonical

_SLOT: Final = struct.Struct(">B3x32s12s48sQQ12xI")


@dataclass(frozen=True, slots=True)
class CaseKeyDestroyed:
    """Proof record of a destroyed case key, to be logged: the images of the hold open for nobody any more."""

    outcome: ClassVar[str] = "case_key_destroyed"

    authority: AuthorityId
    case: str
    key_sha256: str
    was: str
    until_us: int
    destroyed_us: int
    read_back: bool
    remanence: tuple[str, ...] = ()

    def as_fields(self) -> dict[str, Any]:
        """JSON fields for a register entry."""
        return {**asdict(self), "remanence": list(self.remanence)}


@dataclass(frozen=True, slots=True)
class CaseSlot:
    """One case's key: its public half, its private half wrapped (zeros once destroyed), and its end in microseconds."""

    case: str
    state: KeyState
    public: bytes
    nonce: bytes
    wrapped: bytes
    until_us: int
    destroyed_us: int

    def tombstone(self, destroyed_us: int) -> "CaseSlot":
        """The same slot without its private half."""
        return replace(self, state=KeyState.DESTROYED, nonce=bytes(12), wrapped=bytes(48), destroyed_us=destroyed_us)

    def pack(self) -> bytes:
        """The 128 bytes of the slot."""
        head = _SLOT.pack(
            self.state, self.public, self.nonce, self.wrapped, self.until_us, self.destroyed_us, 0
        )[:-4]  # fmt: skip
        return head + zlib.crc32(head).to_bytes(4, "big")


class CaseKeys:
    """The case keys of one ring, in its folder ``cases``. Safe for several threads and processes."""

    def __init__(self, ring: HourKeyring) -> None:
        self._ring = ring
        self._folder = ring.directory / "cases"

    @property
    def authority(self) -> AuthorityId:
        """Whose keys these are."""
        return self._ring.authority

    @property
    def legal_tz(self) -> str:
        """Legal time of the authority."""
        return self._ring.legal_tz

    def public_for(self, case: str, until_us: int) -> bytes:
        """The public half of a case, made when it is new. ``until_us`` lengthens the case, never shortens it.

        Raises:
            CaseEndedError: the case has ended: a new hold needs a new case.
            CaseDamagedError: its slot is damaged. RingLockedError: no passphrase was given.
        """
        bound_key = self._ring.wrapper()
        with self._ring.locked():
            slot = self._read(case_id(case))
            if slot.state is KeyState.DESTROYED:
                raise CaseEndedError(case)
            if slot.state is KeyState.DAMAGED:
                raise CaseDamagedError(case)
            if slot.state is KeyState.EMPTY:
                private, nonce = X25519PrivateKey.generate(), os.urandom(12)
                public = private.public_key().public_bytes_raw()
                wrapped = bound_key.encrypt(nonce, private.private_bytes_raw(), self._bound(case, public))
                slot = CaseSlot(case, KeyState.HELD, public, nonce, wrapped, until_us, 0)
                self._create(slot)
            elif until_us > slot.until_us:
                slot = replace(slot, until_us=until_us)
                self._write(slot)
        return self._private(slot).public_key().public_bytes_raw()

    def slot(self, case: str) -> CaseSlot:
        """What is held for a case; EMPTY when it never was."""
        return self._read(case_id(case))

    def cases(self) -> list[CaseSlot]:
        """All cases, ended ones too."""
        return [self._read(path.stem) for path in sorted(self._folder.glob("*.key")) if is_case_id(path.stem)]

    def unseal(self, case: str, sealed: bytes, *, info: bytes) -> bytes:
        """Open a content key sealed to a case. The lease is checked by `beffroi.vault.caserelease`.

        Raises:
            CaseMissingError, CaseEndedError, CaseDamagedError, RingLockedError, SealBrokenError.
        """
        return unseal(self._private(self._read(case_id(case))), sealed, info=info)

    def destroy(self, case: str, now_us: int) -> CaseKeyDestroyed:
        """Destroy a case's private half, durably and for ever; doing it again returns the first instant.

        Raises:
            CaseMissingError: there is no such case. FsyncFailedError: the process must end.
            CaseDamagedError: the read back does not show a tombstone.
        """
        with self._ring.locked():
            slot = self._read(case_id(case))
            if slot.state is KeyState.EMPTY:
                raise CaseMissingError(case)
            if slot.state is not KeyState.DESTROYED:
                self._write(slot.tombstone(now_us))
            after = self._read(case)
        if after.state is not KeyState.DESTROYED or any(after.wrapped):
            raise CaseDamagedError(case)
        return CaseKeyDestroyed(
            authority=self.authority,
            case=case,
            key_sha256=hashlib.sha256(after.public).hexdigest(),
            was=slot.state.name.lower(),
            until_us=after.until_us,
            destroyed_us=after.destroyed_us,
            read_back=True,
            remanence=tuple(item.value for item in remanence(self._ring.directory)),
        )

    def _private(self, slot: CaseSlot) -> X25519PrivateKey:
        if slot.state is KeyState.EMPTY:
            raise CaseMissingError(slot.case)
        if slot.state is KeyState.DESTROYED:
            raise CaseEndedError(slot.case)
        if slot.state is KeyState.DAMAGED:
            raise CaseDamagedError(slot.case)
        try:
            raw = self._ring.wrapper().decrypt(slot.nonce, slot.wrapped, self._bound(slot.case, slot.public))
        except InvalidTag as error:
            raise CaseDamagedError(slot.case) from error
        return X25519PrivateKey.from_private_bytes(raw)

    def _bound(self, case: str, public: bytes) -> bytes:
        return canonical({"authority": self.authority, "case": case, "public": public.hex()})

    def _path(self, case: str) -> Path:
        return self._folder / f"{case}.key"

    def _read(self, case: str) -> CaseSlot:
        return read_slot(self._path(case))

    def _create(self, slot: CaseSlot) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700)
            fsync_dir(self._ring.directory)
        write_durable(self._path(slot.case), slot.pack())

    def _write(self, slot: CaseSlot) -> None:
        write_in_place(self._path(slot.case), slot)


def read_slot(path: Path) -> CaseSlot:
    """The slot in a file named after its case; EMPTY when there is none, DAMAGED when it is not whole."""
    damaged = CaseSlot(path.stem, KeyState.DAMAGED, bytes(32), bytes(12), bytes(48), 0, 0)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return replace(damaged, state=KeyState.EMPTY)
    if len(raw) != _SLOT.size:
        return damaged
    state, public, nonce, wrapped, until_us, destroyed_us, crc = _SLOT.unpack(raw)
    if crc != zlib.crc32(raw[:-4]) or state not in (KeyState.HELD, KeyState.DESTROYED):
        return damaged
    return CaseSlot(path.stem, KeyState(state), public, nonce, wrapped, until_us, destroyed_us)


def write_in_place(path: Path, slot: CaseSlot) -> None:
    """Overwrite a slot's file: a rename would leave the wrapped private half in a freed block.

    Raises:
        FsyncFailedError: the process must end.
    """
    fd = os.open(path, os.O_RDWR)
    try:
        raw = slot.pack()
        if os.pwrite(fd, raw, 0) != len(raw):
            raise OSError(f"short write in {path.name}")
        os.ftruncate(fd, len(raw))
        fsync_fd(fd, path)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)
