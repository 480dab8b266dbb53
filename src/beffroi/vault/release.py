"""Releasing a content key: only under a lease that this process checks itself.

Two implementations, one contract: `LocalKeyrings` holds the rings; `beffroi.vault.keyring_remote.RemoteKeyring` asks
the commune's own process, which holds its ring and checks the lease again with its own clock.
"""

from collections.abc import Iterable
from typing import Final, Protocol

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.acts import Act, Keeping
from beffroi.domain.errors import NotFoundError, RefusedError
from beffroi.domain.ids import CameraId
from beffroi.domain.lease import Lease, LeaseRefusedError, check
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.sealing import SealedChunk, chunk_info, hour_of
from beffroi.vault.term import hour_term_end_us

CHUNK_SPAN_US: Final = 910_000_000
"""The longest a chunk reaches past its start: ten minutes, five more without a key frame, one late group."""

_ACTS: Final[frozenset[Act | Keeping]] = frozenset({Act.REPLAY, Act.EXTRACT})
_log = structlog.get_logger(__name__)


class NoKeyringError(NotFoundError):
    """This process holds no keyring of that authority."""

    def __init__(self, authority: str) -> None:
        super().__init__(
            Text(
                fr=f"Aucun trousseau ouvert pour {authority} : faites ouvrir celui de la commune.",
                en=f"No keyring is open for {authority}: have the commune's opened.",
            )
        )


class TermPassedError(RefusedError):
    """The images are past their term: refused even if the key still stood."""

    def __init__(self, hour: int, term_days: int) -> None:
        super().__init__(
            Text(
                fr=f"Ces images (heure {hour}) ont dépassé leur durée de conservation de {term_days} jours "
                "(CSI, art. L.252-5) : elles ne s'ouvrent plus.",
                en=f"These images (hour {hour}) are past their term of {term_days} days (CSI, art. L.252-5): "
                "they no longer open.",
            )
        )


class KeyReleaser(Protocol):
    """Gives the content key of one chunk to the bearer of a lease."""

    def release(self, header: SealedChunk, lease_token: str, *, now_us: int) -> bytes:
        """The 16-byte content key.

        Args:
            header: the chunk's header, as read from its file.
            lease_token: what the gate handed out, act replay or extract.
            now_us: wall time, in microseconds (a remote keyring uses its own clock instead).

        Raises:
            LeaseRefusedError: forged, expired, other act, camera, authority, or footage outside the lease.
            TermPassedError: past the term.
            NoKeyringError, HourMissingError, HourDestroyedError, HourDamagedError, SealBrokenError.
        """
        ...


def check_lease(
    header: SealedChunk,
    lease_token: str,
    key: Ed25519PublicKey,
    *,
    now_us: int,
    acts: frozenset[Act | Keeping] = _ACTS,
) -> Lease:
    """Whether this lease covers this chunk for one of these acts, and the lease.

    The header's hour is bound to the sealed key; its start within that hour is the header's own word
    (docs/design/keys.md).

    Raises:
        LeaseRefusedError: see `KeyReleaser.release`.
    """
    lease = check(lease_token, key, now_us=now_us, camera=CameraId(header.camera))
    if lease.act not in acts:
        raise LeaseRefusedError("other act")
    if lease.authority != header.authority:
        raise LeaseRefusedError("other authority")
    if hour_of(header.wall_start_us) != header.hour:
        raise LeaseRefusedError("the chunk does not start in the hour of its key")
    if not lease.footage.overlaps(WallRange(header.wall_start_us, header.wall_start_us + CHUNK_SPAN_US)):
        raise LeaseRefusedError("outside its range")
    return lease


class LocalKeyrings:
    """Rings opened in this process. With a ``watch``, what is past its term by either clock is refused."""

    def __init__(
        self, rings: Iterable[HourKeyring], gate_key: Ed25519PublicKey, *, watch: ClockWatch | None = None
    ) -> None:
        self._rings = {str(ring.authority): ring for ring in rings}
        self._gate_key = gate_key
        self._watch = watch

    def release(self, header: SealedChunk, lease_token: str, *, now_us: int) -> bytes:
        """See `KeyReleaser.release`."""
        lease = check_lease(header, lease_token, self._gate_key, now_us=now_us)
        ring = self._rings.get(header.authority)
        if ring is None:
            raise NoKeyringError(header.authority)
        latest_us = max(now_us, self._watch.latest_us()) if self._watch else now_us
        if latest_us >= hour_term_end_us(header.hour, header.term_days, ring.legal_tz):
            raise TermPassedError(header.hour, header.term_days)
        key = ring.unseal(header.term_days, header.hour, header.sealed_key, info=chunk_info(header))
        _log.info(
            "content key released",
            camera=header.camera,
            stream=header.stream,
            hour=header.hour,
            view=lease.view,
            ledger_index=lease.ledger_index,
        )
        return key
