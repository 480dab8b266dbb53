"""Where each authority's keys are: in this process, or in the commune's own. Replay asks here, whichever it is."""

from collections.abc import Iterable, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.ids import AuthorityId
from beffroi.vault.keyerrors import HourMissingError
from beffroi.vault.keyring_remote import RemoteKeyring
from beffroi.vault.release import KeyReleaser, LocalKeyrings, NoKeyringError
from beffroi.vault.ringkeeper import RingKeeper
from beffroi.vault.sealing import SealBrokenError, SealedChunk


class Keyrings:
    """Every releaser of this centre, by authority. Each checks the lease itself."""

    def __init__(self, several: Mapping[AuthorityId, Iterable[KeyReleaser]]) -> None:
        self._several = {str(authority): tuple(releasers) for authority, releasers in several.items()}

    def release(self, header: SealedChunk, lease_token: str, *, now_us: int) -> bytes:
        """See `beffroi.vault.release.KeyReleaser`."""
        missing: HourMissingError | SealBrokenError | None = None
        for releaser in self._several.get(header.authority, ()):
            try:
                return releaser.release(header, lease_token, now_us=now_us)
            except (HourMissingError, SealBrokenError) as error:
                missing = error
        raise missing or NoKeyringError(header.authority)


def keyrings(
    keepers: Mapping[AuthorityId, RingKeeper],
    remotes: Mapping[AuthorityId, RemoteKeyring],
    gate_key: Ed25519PublicKey,
) -> Keyrings:
    """The releasers of local rings, each refusing by its own keeper's clock watch, and of the communes' processes. When
    an authority takes its keyring home, what was sealed before still opens here, also while its process is away."""
    several: dict[AuthorityId, list[KeyReleaser]] = {
        authority: [LocalKeyrings([keeper.keyring], gate_key, watch=keeper.watch)]
        for authority, keeper in keepers.items()
    }
    for authority, remote in remotes.items():
        several.setdefault(authority, []).append(remote)
    return Keyrings(several)
