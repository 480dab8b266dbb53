"""Making leases. The private key is held here and nowhere else."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from beffroi.domain.decision import ActRequest
from beffroi.domain.ids import AuthorityId, ConnectionId, ViewId
from beffroi.domain.lease import MAX_LIFE_US, Lease, encode


class LeaseSigner:
    """Signs leases that end three seconds after the answer they rest on, never later."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.verify_key: Ed25519PublicKey = key.public_key()

    def verify_key_pem(self) -> bytes:
        """The public key, PEM: for the processes that release bytes or keys."""
        return self.verify_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(
        self,
        *,
        view: ViewId,
        connection: ConnectionId,
        request: ActRequest,
        authority: AuthorityId,
        ledger_index: int,
        allowed_us: int,
    ) -> tuple[Lease, str]:
        """A lease and its token. ``allowed_us`` is the wall time at which the law was asked and allowed."""
        footage = request.footage
        lease = Lease(
            view=view,
            person=request.person,
            connection=connection,
            camera=request.camera,
            authority=authority,
            act=request.act,
            from_us=footage.from_us if footage else 0,
            to_us=footage.to_us if footage else 0,
            ledger_index=ledger_index,
            issued_us=allowed_us,
            expires_us=allowed_us + MAX_LIFE_US,
        )
        return lease, encode(lease, self._key.sign(lease.claims()))
