"""A small certificate authority of one's own, for one host: consoles trust it, and it can vouch for nothing else."""

import ipaddress
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from beffroi.base.files import write_durable
from beffroi.base.secrets import write_secret
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

CA_LIFE: Final = timedelta(days=3650)
SERVER_LIFE: Final = timedelta(days=825)
"""The longest life that current browsers accept from an authority that the machine's owner installed."""

_CLOCK_SLACK: Final = timedelta(hours=1)
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.I
)


def make_certificates(tls: Path, secrets: Path, host: str, at: datetime) -> None:
    """Write ``tls/ca.pem``, ``tls/server.pem``, ``tls/server.key`` and ``secrets/ca.key``.

    The authority is name-constrained (RFC 5280, 4.2.1.10) to this host: whoever stole its key could not pass for
    another site.

    Raises:
        BadInputError: the host is neither a name nor an address.
    """
    name, constraint = _names(host)
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Beffroi {host}"[:64])])
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key(), at, CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .add_extension(x509.NameConstraints([constraint], None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    server = (
        _builder(server_name, ca_name, server_key.public_key(), at, SERVER_LIFE)
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    write_secret(secrets / "ca.key", _pem(ca_key))
    write_secret(tls / "server.key", _pem(server_key))
    write_durable(tls / "ca.pem", ca.public_bytes(Encoding.PEM), mode=0o644)
    write_durable(tls / "server.pem", server.public_bytes(Encoding.PEM), mode=0o644)


def _names(host: str) -> tuple[x509.GeneralName, x509.GeneralName]:
    """The host as a subject name, and as the only subtree that its authority may vouch for."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _HOST.fullmatch(host):
            raise BadInputError(
                Text(
                    fr=f"« {host[:80]} » n'est ni un nom de machine ni une adresse : donnez ce que les postes tapent.",
                    en=f"“{host[:80]}” is neither a host name nor an address: give what the consoles will type.",
                )
            ) from None
        return x509.DNSName(host), x509.DNSName(host)
    return x509.IPAddress(address), x509.IPAddress(ipaddress.ip_network(address))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, at: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _CLOCK_SLACK)
        .not_valid_after(at + life)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
