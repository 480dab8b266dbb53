"""Reading an RFC 3161 time stamp: over what, when, and whether its signature is that of the certificate inside it.

Who that certificate belongs to is another question (`timestamp_trust`): it needs the authority's own certificate, had
by another way. The viewer's verifier asks the first one by the same steps (console/evidence/verify/timestamp.ts).
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from beffroi.evidence.timestamp_der import (
    BITS,
    BOOLEAN,
    CONTEXT,
    GENERALIZED_TIME,
    INTEGER,
    NULL,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    UTC_TIME,
    Der,
    DerError,
    Parts,
    read,
)

MAX_TOKEN: Final = 65_536
"""Longer than any authority's answer with its chain (3 to 9 kB)."""

SIGNED_DATA, TST_INFO = "2a864886f70d010702", "2a864886f70d0109100104"
CONTENT_TYPE, MESSAGE_DIGEST = "2a864886f70d010903", "2a864886f70d010904"
ESS_1, ESS_2 = "2a864886f70d010910020c", "2a864886f70d010910022f"
EXT_KEY_USAGE, TIME_STAMPING = "551d25", "2b06010505070308"
_SHA_256: Final = "608648016503040201"
_DIGESTS: Final[dict[str, hashes.HashAlgorithm]] = {
    _SHA_256: hashes.SHA256(),
    "608648016503040202": hashes.SHA384(),
    "608648016503040203": hashes.SHA512(),
}
_RSA: Final = "2a864886f70d010101"
_EC: Final = "2a8648ce3d0201"
_SIGNERS: Final = {
    "2a864886f70d01010b": "sha256",
    "2a864886f70d01010c": "sha384",
    "2a864886f70d01010d": "sha512",
    "2a8648ce3d040302": "sha256",
    "2a8648ce3d040303": "sha384",
    "2a8648ce3d040304": "sha512",
}
_CURVES: Final = {"2a8648ce3d030107": 32, "2b81040022": 48, "2b81040023": 66}
_RSA_BYTES: Final = range(256, 1025)
_TIME: Final = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{0,8}[1-9])?Z")


class StampRefusedError(ValueError):
    """It is read, and does not hold; the text names what, in the standard's words."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a time stamp says. ``imprint`` is the SHA-256 of what it covers; ``time`` is UTC, ``YYYY-MM-DD HH:MM:SS``
    with its decimals; ``policy`` an object identifier (hexadecimal of its content); ``nonce`` as it stands, empty
    without one."""

    imprint: bytes
    time: str
    policy: str
    nonce: bytes


def read_stamp(raw: bytes) -> Stamp:
    """Read an answer of an authority (``.tsr``) and verify it with the certificate that it carries.

    Raises:
        DerError: it cannot be read, or uses what no verifier here knows.
        StampRefusedError: it contradicts itself: digest, signature, certificate.
    """
    if len(raw) > MAX_TOKEN:
        raise DerError("TimeStampResp")
    top = read(raw, "TimeStampResp")
    if top.tag != SEQUENCE:
        raise DerError("TimeStampResp")
    answer = top.parts("TimeStampResp")
    if answer.take(SEQUENCE, "PKIStatusInfo").raw != b"\x30\x03\x02\x01\x00":
        raise DerError("PKIStatusInfo")  # granted, and nothing that nobody signed
    token = answer.take(SEQUENCE, "TimeStampToken").parts("TimeStampToken")
    answer.done()
    if token.any("ContentType").oid("ContentType") != SIGNED_DATA:
        raise DerError("ContentType")
    signed = _only(token.take(CONTEXT, "SignedData"), SEQUENCE, "SignedData").parts("SignedData")
    token.done()
    return _signed_data(signed)


def _signed_data(signed: Parts) -> Stamp:
    if signed.take(INTEGER, "CMSVersion").body != b"\x03":
        raise DerError("CMSVersion")
    digests = signed.take(SET, "DigestAlgorithms")
    content = signed.take(SEQUENCE, "EncapsulatedContentInfo").parts("EncapsulatedContentInfo")
    if content.any("eContentType").oid("eContentType") != TST_INFO:
        raise DerError("eContentType")
    info = _only(content.take(CONTEXT, "eContent"), OCTETS, "eContent").body
    content.done()
    certificates = signed.take(CONTEXT, "CertificateSet").parts("CertificateSet").rest()
    signer = _only(signed.take(SET, "SignerInfos"), SEQUENCE, "SignerInfo").parts("SignerInfo")
    signed.done()
    stamp = _tst_info(info)
    _signer(signer, digests, certificates, info, stamp)
    return stamp


def _signer(signer: Parts, digests: Der, certificates: tuple[Der, ...], info: bytes, stamp: Stamp) -> None:
    if signer.take(INTEGER, "SignerInfo").body != b"\x01":
        raise DerError("SignerInfo")
    issuer, serial = _pair(signer.take(SEQUENCE, "SignerIdentifier"), "SignerIdentifier")
    algorithm = signer.take(SEQUENCE, "DigestAlgorithm")
    if digests.body != algorithm.raw:
        raise DerError("DigestAlgorithms")
    digest = _DIGESTS.get(_algorithm(algorithm, "DigestAlgorithm"))
    if digest is None:
        raise DerError("DigestAlgorithm")
    attributes = signer.take(CONTEXT, "SignedAttributes")
    method = _algorithm(signer.take(SEQUENCE, "SignatureAlgorithm"), "SignatureAlgorithm")
    signature = signer.take(OCTETS, "SignatureValue").body
    signer.done()
    found = _attributes(attributes)
    own = [one for one in map(_Certificate, certificates) if (one.issuer, one.serial) == (issuer.raw, serial.raw)]
    if len(own) != 1:
        raise DerError("CertificateSet")
    if found[CONTENT_TYPE].oid("ContentType") != TST_INFO:
        raise StampRefusedError("ContentType")
    if found[MESSAGE_DIGEST].body != hashlib.new(digest.name, info).digest():
        raise StampRefusedError("MessageDigest")
    _names(found, own[0])
    own[0].check_purpose()
    if not own[0].begins <= stamp.time <= own[0].ends:
        raise StampRefusedError("Validity")
    if method != _RSA and _SIGNERS.get(method) != digest.name:
        raise DerError("SignatureAlgorithm")
    # what is signed is the set of attributes under its own tag (RFC 5652 §5.4)
    own[0].verify(bytes([SET]) + attributes.raw[1:], signature, digest, elliptic=method.startswith("2a8648ce"))


def _attributes(given: Der) -> dict[str, Der]:
    """By type, the one value of each attribute."""
    found: dict[str, Der] = {}
    for item in given.parts("SignedAttributes").rest():
        if item.tag != SEQUENCE:
            raise DerError("Attribute")
        attribute = item.parts("Attribute")
        kind = attribute.any("Attribute").oid("Attribute")
        values = attribute.take(SET, "Attribute")
        attribute.done()
        if kind in found:
            raise DerError("Attribute")
        found[kind] = read(values.body, "Attribute")
    if CONTENT_TYPE not in found or MESSAGE_DIGEST not in found or not {ESS_1, ESS_2} & set(found):
        raise DerError("SignedAttributes")
    return found


def _names(attributes: dict[str, Der], certificate: "_Certificate") -> None:
    """The signature names the certificate that it was made under (RFC 2634, 5035): the first of its list."""
    for kind in (ESS_1, ESS_2):
        if kind not in attributes:
            continue
        lists = _sequence(attributes[kind], "SigningCertificate").take(SEQUENCE, "SigningCertificate")
        first = lists.parts("SigningCertificate").take(SEQUENCE, "ESSCertID").parts("ESSCertID")
        name = "sha1" if kind == ESS_1 else "sha256"
        chosen = first.maybe(SEQUENCE) if kind == ESS_2 else None
        if chosen is not None:
            named = _DIGESTS.get(_algorithm(chosen, "ESSCertID"))
            if named is None:
                raise DerError("ESSCertID")
            name = named.name
        # SHA-1 stands in the older attribute by its standard; the signature over it does not rest on it
        if first.take(OCTETS, "ESSCertID").body != hashlib.new(name, certificate.raw, usedforsecurity=False).digest():
            raise StampRefusedError("ESSCertID")


def _tst_info(raw: bytes) -> Stamp:
    top = _sequence(read(raw, "TSTInfo"), "TSTInfo")
    if top.take(INTEGER, "TSTInfo").body != b"\x01":
        raise DerError("TSTInfo")
    policy = top.take(OID, "TSAPolicyId").oid("TSAPolicyId")
    algorithm, imprint = _pair(top.take(SEQUENCE, "MessageImprint"), "MessageImprint")
    if _algorithm(algorithm, "MessageImprint") != _SHA_256 or imprint.tag != OCTETS:
        raise DerError("MessageImprint")
    top.take(INTEGER, "TSTInfo")
    time = _time(top.take(GENERALIZED_TIME, "genTime"), "genTime")
    top.maybe(SEQUENCE)  # accuracy
    top.maybe(BOOLEAN)  # ordering
    nonce = top.maybe(INTEGER)
    top.maybe(CONTEXT)  # tsa
    top.maybe(CONTEXT + 1)  # extensions
    top.done()
    return Stamp(imprint.body, time, policy, nonce.body if nonce else b"")


class _Certificate:
    """What a time stamp needs of a certificate (RFC 5280)."""

    def __init__(self, given: Der) -> None:
        self.raw = given.raw
        whole = _sequence(given, "Certificate")
        tbs = whole.take(SEQUENCE, "TBSCertificate").parts("TBSCertificate")
        tbs.take(CONTEXT, "Version")
        self.serial = tbs.take(INTEGER, "SerialNumber").raw
        tbs.take(SEQUENCE, "TBSCertificate")
        self.issuer = tbs.take(SEQUENCE, "Issuer").raw
        begins, ends = _pair(tbs.take(SEQUENCE, "Validity"), "Validity")
        self.begins, self.ends = _time(begins, "Validity"), _time(ends, "Validity")
        tbs.take(SEQUENCE, "Subject")
        self.key = tbs.take(SEQUENCE, "SubjectPublicKeyInfo")
        self._rest = tbs.rest()

    def check_purpose(self) -> None:
        """It is for time stamps, and for nothing else (RFC 3161 §2.3)."""
        extensions = [one for one in self._rest if one.tag == CONTEXT + 3]
        if len(extensions) != 1:
            raise StampRefusedError("ExtKeyUsage")
        for item in _only(extensions[0], SEQUENCE, "Extensions").parts("Extensions").rest():
            extension = _sequence(item, "Extensions")
            if extension.any("Extensions").oid("Extensions") != EXT_KEY_USAGE:
                continue
            critical = extension.maybe(BOOLEAN)
            value = extension.take(OCTETS, "ExtKeyUsage")
            purposes = _sequence(read(value.body, "ExtKeyUsage"), "ExtKeyUsage").rest()
            stands = critical is not None and critical.body == b"\xff"
            if not stands or [one.oid("ExtKeyUsage") for one in purposes] != [TIME_STAMPING]:
                raise StampRefusedError("ExtKeyUsage")
            return
        raise StampRefusedError("ExtKeyUsage")

    def verify(self, message: bytes, signature: bytes, digest: hashes.HashAlgorithm, *, elliptic: bool) -> None:
        """Whether this key signed the message."""
        _check_key(self.key, elliptic=elliptic)
        try:
            key = load_der_public_key(self.key.raw)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise DerError("SubjectPublicKeyInfo") from error
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, message, padding.PKCS1v15(), digest)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                for part in _pair(read(signature, "SignatureValue"), "SignatureValue"):
                    _positive(part, "SignatureValue")
                key.verify(signature, message, ec.ECDSA(digest))
            else:
                raise DerError("SubjectPublicKeyInfo")
        except InvalidSignature as error:
            raise StampRefusedError("SignatureValue") from error


def _check_key(given: Der, *, elliptic: bool) -> None:
    """A key that both verifiers know: RSA of 2048 to 8192 bits with the usual exponent, or a NIST curve."""
    what = "SubjectPublicKeyInfo"
    parts = _sequence(given, what)
    algorithm, bits = parts.take(SEQUENCE, what).parts(what), parts.take(BITS, what)
    parts.done()
    kind = algorithm.any(what).oid(what)
    if bits.body[:1] != b"\0" or kind != (_EC if elliptic else _RSA):
        raise DerError(what)
    if elliptic:
        size = _CURVES.get(algorithm.any(what).oid(what))
        if size is None or bits.body[1:2] != b"\x04" or len(bits.body) != 2 + 2 * size:
            raise DerError(what)
    else:
        if algorithm.take(NULL, what).body:
            raise DerError(what)
        modulus, exponent = _pair(read(bits.body[1:], what), what)
        if len(_positive(modulus, what)) not in _RSA_BYTES or _positive(exponent, what) != b"\x01\x00\x01":
            raise DerError(what)
    algorithm.done()


def _positive(given: Der, what: str) -> bytes:
    """A whole number above zero in its shortest form, without its sign."""
    body = given.body
    if given.tag != INTEGER or not body or body[0] >= 0x80 or (body[0] == 0 and (len(body) < 2 or body[1] < 0x80)):
        raise DerError(what)
    return body.lstrip(b"\0")


def _algorithm(given: Der, what: str) -> str:
    parts = _sequence(given, what)
    found = parts.any(what).oid(what)
    nothing = parts.maybe(NULL)
    parts.done()
    if nothing is not None and nothing.body:
        raise DerError(what)
    return found


def _time(given: Der, what: str) -> str:
    """As text, which is in the order of time."""
    body = given.body
    if given.tag == UTC_TIME:
        if len(body) != 13:
            raise DerError(what)
        body = (b"19" if body[:2] >= b"50" else b"20") + body
    elif given.tag != GENERALIZED_TIME:
        raise DerError(what)
    match = _TIME.fullmatch(body)
    if match is None or match[1] < b"1950":
        raise DerError(what)
    try:
        at = datetime.strptime(body[:14].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise DerError(what) from error
    return f"{at:%Y-%m-%d %H:%M:%S}{(match[7] or b'').decode()}"


def _sequence(given: Der, what: str) -> Parts:
    if given.tag != SEQUENCE:
        raise DerError(what)
    return given.parts(what)


def _only(given: Der, tag: int, what: str) -> Der:
    found = read(given.body, what)
    if found.tag != tag:
        raise DerError(what)
    return found


def _pair(given: Der, what: str) -> tuple[Der, Der]:
    parts = _sequence(given, what)
    found = parts.any(what), parts.any(what)
    parts.done()
    return found
