"""Content keys of held images: sealed again to a case key, opened by it, under a lease that this process checks itself.

Re-sealing gives its caller no more than `KeyReleaser.release` under the same lease would, and less: the content key
never leaves the process that holds the ring.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.acts import Act, Keeping
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.lease import LeaseRefusedError, check
from beffroi.domain.text import Text
from beffroi.vault.caseid import HOLD_MAX_US, case_id
from beffroi.vault.casekey import CaseKeyDestroyed, CaseKeys
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.keyerrors import CaseMissingError
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.keyslots import KeyState
from beffroi.vault.release import NoKeyringError, TermPassedError, check_lease
from beffroi.vault.sealing import SealedChunk, chunk_info, seal_content_key
from beffroi.vault.signed import canonical, unb64
from beffroi.vault.term import hour_term_end_us

_log = structlog.get_logger(__name__)
_KEEPING: Final[frozenset[Act | Keeping]] = frozenset({Act.EXTRACT, Keeping.HOLD})
"""What seals again and ends: an extract, or a lease to hold, which opens nothing."""


class HoldTooLongError(BadInputError):
    """A hold asked for longer than one request may."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr=f"Un gel va de maintenant à {HOLD_MAX_US // 86_400_000_000} jours au plus : demandez moins, et "
                "renouvelez-le avant sa fin si l'enquête dure.",
                en=f"A hold reaches from now to {HOLD_MAX_US // 86_400_000_000} days ahead at most: ask for less, and "
                "renew it before its end if the inquiry lasts.",
            )
        )


class HoldEndedError(RefusedError):
    """Held images past the end of their hold: refused even if the key still stood."""

    def __init__(self, case: str) -> None:
        super().__init__(
            Text(
                fr=f"Le gel du dossier {case} est arrivé à sa fin : ces images ne s'ouvrent plus.",
                en=f"The hold of case {case} has reached its end: these images no longer open.",
            )
        )


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A content key as a hold keeps it: sealed to ``case``. ``beyond_us``: how long past its own term, at most, the
    image may live (0: it dies with it); bound to the seal. ``sealed_key`` is empty when nothing is sealed yet."""

    case: str
    beyond_us: int
    sealed_key: bytes = b""


def case_info(chunk: SealedChunk, case: str, beyond_us: int) -> bytes:
    """The HPKE ``info`` of a key sealed to a case: the chunk's own, and what the hold may do with it."""
    return canonical({"beyond_us": beyond_us, "case": case, "chunk": chunk_info(chunk).decode()})


class CaseReleaser(Protocol):
    """Seals again, opens, and ends. `LocalCases` holds the rings; `RemoteCases` asks the commune's own process."""

    def reseal(
        self, chunk: SealedChunk, held: HeldKey, lease_token: str, *, until_us: int, beyond_us: int, now_us: int
    ) -> bytes:
        """The content key of a chunk, sealed to the case of ``held``: opened by its hour key before its term, or, when
        ``held`` has a sealed key already (a renewal), by the case key before the hold's end.

        Args:
            chunk: the header, as read from its file.
            held: the case, and what it holds of this chunk already.
            lease_token: what the gate handed out, act extract or hold.
            until_us: the case is kept until then at least.
            beyond_us: how long past its own term the image may live.
            now_us: wall time (a remote keyring uses its own clock instead).

        Raises:
            LeaseRefusedError, TermPassedError, HoldEndedError, HoldTooLongError, NoKeyringError, HourMissingError,
            HourDestroyedError, HourDamagedError, CaseEndedError, CaseDamagedError, SealBrokenError.
        """
        ...

    def release_held(self, chunk: SealedChunk, held: HeldKey, lease_token: str, *, now_us: int) -> bytes:
        """The 16-byte content key of a held chunk, until the end of its hold.

        Raises:
            LeaseRefusedError, HoldEndedError, NoKeyringError, CaseMissingError, CaseEndedError, CaseDamagedError,
            SealBrokenError.
        """
        ...

    def end_case(self, authority: str, case: str, lease_token: str, *, now_us: int) -> CaseKeyDestroyed:
        """Destroy a case's key now. The lease is of act extract or hold, for any camera of the authority.

        Raises:
            LeaseRefusedError, NoKeyringError, CaseMissingError, CaseDamagedError, FsyncFailedError.
        """
        ...


class LocalCases:
    """Rings opened in this process. With a ``watch``, the later of the two clocks decides what has ended.

    ``tell`` is given each proof of a case ended here before it is returned.
    """

    def __init__(
        self,
        rings: Iterable[HourKeyring],
        gate_key: Ed25519PublicKey,
        *,
        watch: ClockWatch | None = None,
        tell: Callable[[CaseKeyDestroyed], object] | None = None,
    ) -> None:
        self._rings = {str(ring.authority): ring for ring in rings}
        self._gate_key = gate_key
        self._watch = watch
        self._tell = tell

    def reseal(
        self, chunk: SealedChunk, held: HeldKey, lease_token: str, *, until_us: int, beyond_us: int, now_us: int
    ) -> bytes:
        """See `CaseReleaser.reseal`."""
        lease = check_lease(chunk, lease_token, self._gate_key, now_us=now_us, acts=_KEEPING)
        ring = self._ring(chunk.authority)
        case_id(held.case)
        if not now_us < until_us <= now_us + HOLD_MAX_US or not 0 <= beyond_us <= HOLD_MAX_US:
            raise HoldTooLongError
        if held.sealed_key:
            key = self._open(ring, chunk, held, now_us)
        else:
            if self._latest_us(now_us) >= hour_term_end_us(chunk.hour, chunk.term_days, ring.legal_tz):
                raise TermPassedError(chunk.hour, chunk.term_days)
            key = ring.unseal(chunk.term_days, chunk.hour, chunk.sealed_key, info=chunk_info(chunk))
        public = CaseKeys(ring).public_for(held.case, until_us)
        sealed = seal_content_key(public, key, info=case_info(chunk, held.case, beyond_us))
        _log.info("content key sealed to a case", case=held.case, camera=chunk.camera, index=lease.ledger_index)
        return sealed

    def release_held(self, chunk: SealedChunk, held: HeldKey, lease_token: str, *, now_us: int) -> bytes:
        """See `CaseReleaser.release_held`."""
        lease = check_lease(chunk, lease_token, self._gate_key, now_us=now_us)
        key = self._open(self._ring(chunk.authority), chunk, held, now_us)
        _log.info("held content key released", case=held.case, camera=chunk.camera, index=lease.ledger_index)
        return key

    def end_case(self, authority: str, case: str, lease_token: str, *, now_us: int) -> CaseKeyDestroyed:
        """See `CaseReleaser.end_case`."""
        lease = check(lease_token, self._gate_key, now_us=now_us)
        if lease.act not in _KEEPING:
            raise LeaseRefusedError("other act")
        if lease.authority != authority:
            raise LeaseRefusedError("other authority")
        proof = CaseKeys(self._ring(authority)).destroy(case, now_us)
        if self._tell:
            self._tell(proof)
        return proof

    def _open(self, ring: HourKeyring, chunk: SealedChunk, held: HeldKey, now_us: int) -> bytes:
        cases = CaseKeys(ring)
        slot = cases.slot(held.case)
        if slot.state is KeyState.EMPTY:
            raise CaseMissingError(held.case)
        own_end_us = hour_term_end_us(chunk.hour, chunk.term_days, ring.legal_tz) + held.beyond_us
        if slot.state is KeyState.HELD and self._latest_us(now_us) >= min(slot.until_us, own_end_us):
            raise HoldEndedError(held.case)
        return cases.unseal(held.case, held.sealed_key, info=case_info(chunk, held.case, held.beyond_us))

    def _latest_us(self, now_us: int) -> int:
        return max(now_us, self._watch.latest_us()) if self._watch else now_us

    def _ring(self, authority: str) -> HourKeyring:
        ring = self._rings.get(authority)
        if ring is None:
            raise NoKeyringError(authority)
        return ring


def held_key(fields: object) -> HeldKey:
    """A `HeldKey` as it travels (``sealed_key`` in base64).

    Raises:
        ValueError: malformed.
        BadInputError: a case that cannot be one.
    """
    if not isinstance(fields, dict) or set(fields) != {"case", "beyond_us", "sealed_key"}:
        raise ValueError("a held key")
    beyond_us = fields["beyond_us"]
    if type(beyond_us) is not int or not 0 <= beyond_us <= HOLD_MAX_US:
        raise ValueError("beyond_us")
    return HeldKey(case_id(fields["case"]), beyond_us, unb64(fields["sealed_key"]))
