"""Where each authority's keys are: in this process, or in the commune's own. Replay asks here, whichever it is."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import AuthorityId
from beffroi.vault.casekey import CaseKeyDestroyed
from beffroi.vault.casekey_remote import RemoteCases
from beffroi.vault.caserelease import CaseReleaser, HeldKey, LocalCases
from beffroi.vault.keyerrors import CaseMissingError, HourMissingError
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


class CaseRings:
    """The case keys of every authority of this centre, in this process or in the commune's own; a
    `beffroi.vault.caserelease.CaseReleaser`. An authority that keeps its ring at home answers alone for new holds."""

    def __init__(self, several: Mapping[AuthorityId, Iterable[CaseReleaser]]) -> None:
        self._several = {str(authority): tuple(releasers) for authority, releasers in several.items()}

    def reseal(
        self, chunk: SealedChunk, held: HeldKey, lease_token: str, *, until_us: int, beyond_us: int, now_us: int
    ) -> bytes:
        """See `CaseReleaser.reseal`."""
        missing: BeffroiError | None = None
        for one in self._of(chunk.authority):
            try:
                return one.reseal(chunk, held, lease_token, until_us=until_us, beyond_us=beyond_us, now_us=now_us)
            except (HourMissingError, CaseMissingError, SealBrokenError) as error:
                missing = error
        raise missing or NoKeyringError(chunk.authority)

    def release_held(self, chunk: SealedChunk, held: HeldKey, lease_token: str, *, now_us: int) -> bytes:
        """See `CaseReleaser.release_held`."""
        missing: BeffroiError | None = None
        for one in self._of(chunk.authority):
            try:
                return one.release_held(chunk, held, lease_token, now_us=now_us)
            except (CaseMissingError, SealBrokenError) as error:
                missing = error
        raise missing or NoKeyringError(chunk.authority)

    def end_case(self, authority: str, case: str, lease_token: str, *, now_us: int) -> CaseKeyDestroyed:
        """See `CaseReleaser.end_case`: in every ring that has the case."""
        proof, missing = None, None
        for one in self._of(authority):
            try:
                proof = one.end_case(authority, case, lease_token, now_us=now_us)
            except CaseMissingError as error:
                missing = error
        if proof is None:
            raise missing or NoKeyringError(authority)
        return proof

    def _of(self, authority: str) -> tuple[CaseReleaser, ...]:
        return self._several.get(authority, ())


def case_rings(
    keepers: Mapping[AuthorityId, RingKeeper],
    remotes: Mapping[AuthorityId, Path],
    gate_key: Ed25519PublicKey,
) -> CaseRings:
    """Case keys beside the hour keys: the commune's own process first, where it has one."""
    several: dict[AuthorityId, list[CaseReleaser]] = {
        authority: [RemoteCases(path)] for authority, path in remotes.items()
    }
    for authority, keeper in keepers.items():
        several.setdefault(authority, []).append(LocalCases([keeper.keyring], gate_key, watch=keeper.watch))
    return CaseRings(several)
