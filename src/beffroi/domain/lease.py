"""The lease: a short signed statement that one person, on one connection, may see one camera.

It is signed by the gate alone (`beffroi.gate`) and checked by whoever releases bytes or keys. It lives at most
`MAX_LIFE_US`; the gate issues a new one while the law still allows.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.acts import Act, Keeping
from beffroi.domain.errors import RefusedError
from beffroi.domain.ids import AuthorityId, CameraId, ConnectionId, PersonId, ViewId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text

MAX_LIFE_US: Final = 3_000_000
"""A lease lives at most three seconds (docs/design/house.md, invariant 1)."""

CLOCK_SLACK_US: Final = 250_000
"""A lease issued this much in the future is still accepted: gate and releaser may be two processes."""


class LeaseRefusedError(RefusedError):
    """The lease is not valid here and now."""

    def __init__(self, why: str) -> None:
        super().__init__(
            Text(
                fr=f"Le droit de vue n'est pas valable ({why}) : rouvrez la vue.",
                en=f"The right to this view is not valid ({why}): open the view again.",
            )
        )
        self.why = why


@dataclass(frozen=True, slots=True)
class Lease:
    """The right, for at most three seconds, of one person on one connection to one camera's images.

    ``authority`` is the one under which the camera is recorded: sheets, files and hour keys bear it, whoever looks.
    ``from_us`` and ``to_us`` bound the footage (replay); both are 0 for live. ``ledger_index`` is the index of the
    durable register entry that opened the view.
    """

    view: ViewId
    person: PersonId
    connection: ConnectionId
    camera: CameraId
    authority: AuthorityId
    act: Act | Keeping
    from_us: int
    to_us: int
    ledger_index: int
    issued_us: int
    expires_us: int

    def claims(self) -> bytes:
        """Canonical bytes that the gate signs."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()

    @property
    def footage(self) -> WallRange:
        """The range of footage that may be seen, or held (empty for live)."""
        return WallRange(self.from_us, self.to_us)

    def in_force(self, now_us: int) -> bool:
        """Whether the lease covers this instant."""
        return self.issued_us - CLOCK_SLACK_US <= now_us < self.expires_us


def encode(lease: Lease, signature: bytes) -> str:
    """The token: base64url(claims) '.' base64url(signature), without padding."""
    return f"{_b64(lease.claims())}.{_b64(signature)}"


def check(
    token: str,
    key: Ed25519PublicKey,
    *,
    now_us: int,
    connection: ConnectionId | None = None,
    camera: CameraId | None = None,
    act: Act | None = None,
    footage: WallRange | None = None,
) -> Lease:
    """Verify a token and return its lease.

    Args:
        token: what the gate handed out.
        key: the gate's public key.
        now_us: wall time of the process that releases the bytes, in microseconds.
        connection, camera, act: what the lease must name, where given.
        footage: range about to be released; must lie inside the lease's.

    Raises:
        LeaseRefusedError: malformed, non-canonical, forged, expired, or for something else.
    """
    if len(token) > 4096:
        raise LeaseRefusedError("malformed")
    try:
        head, tail = token.split(".")
        claims, signature = _unb64(head), _unb64(tail)
        key.verify(signature, claims)
        fields = json.loads(claims)
        fields["act"] = _act(fields["act"])
        lease = Lease(**fields)
    except (ValueError, TypeError, KeyError, binascii.Error, InvalidSignature) as error:
        raise LeaseRefusedError("malformed") from error
    if lease.claims() != claims or encode(lease, signature) != token:
        raise LeaseRefusedError("not canonical")
    if lease.expires_us - lease.issued_us > MAX_LIFE_US or not lease.in_force(now_us):
        raise LeaseRefusedError("expired")
    if connection is not None and lease.connection != connection:
        raise LeaseRefusedError("other connection")
    if camera is not None and lease.camera != camera:
        raise LeaseRefusedError("other camera")
    if act is not None and lease.act is not act:
        raise LeaseRefusedError("other act")
    if footage is not None and not lease.footage.contains(footage):
        raise LeaseRefusedError("outside its range")
    return lease


def _act(value: str) -> Act | Keeping:
    return Keeping(value) if value == Keeping.HOLD.value else Act(value)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
