"""Who may have images from this recorder: the lease check, with the gate's public key and the sheet's authority."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain import lease as leases
from beffroi.domain.acts import Act, Keeping
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import CameraId
from beffroi.domain.lease import Lease, LeaseRefusedError
from beffroi.domain.ranges import WallRange
from beffroi.vault.signed import load_public_keys


class LeaseChecker:
    """Checks leases against ``trust/gate.pub``, read again when the file changes (a new gate key). Without the file
    everything is refused: recording goes on, viewing fails closed."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._stamp: tuple[int, int] | None = None
        self._keys: tuple[Ed25519PublicKey, ...] = ()

    def check(
        self,
        token: object,
        *,
        camera: str,
        acts: tuple[Act | Keeping, ...],
        footage: WallRange | None = None,
        authority: str | None = None,
    ) -> Lease:
        """The lease of a token, when it lets one of these acts be done on this camera now.

        Raises:
            LeaseRefusedError: it does not.
        """
        self._reload()
        refused = LeaseRefusedError("no gate key")
        for key in self._keys:
            try:
                found = leases.check(
                    token if isinstance(token, str) else "",
                    key,
                    now_us=self._clock.wall_us(),
                    camera=CameraId(camera),
                    footage=footage,
                )
            except LeaseRefusedError as error:
                refused = error
                continue
            if found.act not in acts:
                raise LeaseRefusedError("other act")
            if authority is not None and found.authority != authority:
                raise LeaseRefusedError("other authority")
            return found
        raise refused

    def _reload(self) -> None:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._keys = load_public_keys(self._path)
                self._stamp = stamp
        except (OSError, BadInputError):
            self._keys, self._stamp = (), None
