"""A ready world of keys: an open keyring with hour keys, its public bundle, both signing keys, and leases."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from beffroi.domain.acts import Act, Keeping
from beffroi.domain.clock import Clock
from beffroi.domain.ids import AuthorityId, CameraId, ConnectionId, PersonId, ViewId, authority_slug
from beffroi.domain.lease import MAX_LIFE_US, Lease, encode
from beffroi.vault.hourkeys import HourKeyring, KdfCost, LocalKeyrings, PublicHours, hour_of

AUTHORITY = AuthorityId("maire/99001")
PASSPHRASE = "phrase de passe des essais"
CHEAP = KdfCost(memory_kib=64, passes=1, lanes=1)
"""Argon2id at a cost fit for tests only."""


def pem(key: Ed25519PublicKey) -> bytes:
    """A public key as it lies in a recorder's trust folder."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass
class KeyWorld:
    """Everything that capture, watch and the vault need around one authority."""

    clock: Clock
    data: Path
    authority: AuthorityId
    term_days: int
    ring: HourKeyring
    sheet_key: Ed25519PrivateKey
    gate_key: Ed25519PrivateKey
    hours: PublicHours

    @property
    def keyrings(self) -> LocalKeyrings:
        """A releaser that holds the ring in this process."""
        return LocalKeyrings([self.ring], self.gate_key.public_key())

    def lease(
        self,
        camera: str,
        act: Act | Keeping = Act.REPLAY,
        *,
        from_us: int = 0,
        to_us: int = 0,
        authority: str | None = None,
        issued_us: int | None = None,
        life_us: int = MAX_LIFE_US,
        connection: str = "connection-1",
    ) -> str:
        """A lease token signed by the gate's key, issued now unless told. Give ``from_us``/``to_us`` for footage."""
        issued = self.clock.wall_us() if issued_us is None else issued_us
        lease = Lease(
            view=ViewId("view-1"),
            person=PersonId("operator-1"),
            connection=ConnectionId(connection),
            camera=CameraId(camera),
            authority=AuthorityId(authority or self.authority),
            act=act,
            from_us=from_us,
            to_us=to_us,
            ledger_index=1,
            issued_us=issued,
            expires_us=issued + life_us,
        )
        return encode(lease, self.gate_key.sign(lease.claims()))


def key_world(
    data: Path,
    clock: Clock,
    *,
    authority: AuthorityId = AUTHORITY,
    term_days: int = 30,
    hours_before: int = 2,
    hours_after: int = 48,
    legal_tz: str = "Europe/Paris",
    also_terms: Sequence[int] = (),
) -> KeyWorld:
    """Build it under ``data`` as a real house has it: DIR/centre/keyrings, DIR/recorder/{trust,hours,sheets}."""
    sheet_key, gate_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    ring = HourKeyring.create(
        data / "centre" / "keyrings" / authority_slug(authority),
        authority,
        PASSPHRASE,
        legal_tz=legal_tz,
        clock=clock,
        cost=CHEAP,
    )
    recorder = data / "recorder"
    for folder in ("trust", "hours", "sheets"):
        (recorder / folder).mkdir(parents=True, exist_ok=True)
    (recorder / "trust" / "sheet.pub").write_bytes(pem(sheet_key.public_key()))
    (recorder / "trust" / "gate.pub").write_bytes(pem(gate_key.public_key()))
    hours = PublicHours.load(recorder / "hours", (sheet_key.public_key(),))
    first = hour_of(clock.wall_us()) - hours_before
    for term in (term_days, *also_terms):
        ring.prepare(term, first, hours_before + hours_after)
        hours.install(ring.public_bundle(term, first, hours_before + hours_after, sheet_key), now_us=clock.wall_us())
    return KeyWorld(clock, data, authority, term_days, ring, sheet_key, gate_key, hours)
