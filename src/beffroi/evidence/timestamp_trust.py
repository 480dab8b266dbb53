"""Whose time stamp it is: its signature and chain against the certificate of an authority, had by another way."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import (
    Certificate,
    DuplicateExtension,
    InvalidVersion,
    ObjectIdentifier,
    UnsupportedGeneralNameType,
    load_der_x509_certificate,
    load_pem_x509_certificates,
)
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.evidence.timestamp_der import CONTEXT, INTEGER, SEQUENCE, SET, Der, DerError, read, write

_ODD: Final = (InvalidVersion, DuplicateExtension, UnsupportedGeneralNameType, UnsupportedAlgorithm)
"""What a certificate that anybody may put beside the signer's makes the library raise; none is a `ValueError`."""


def why_untrusted(raw: bytes, imprint: bytes, authorities: Sequence[Certificate], *, policy: str | None = None) -> str:
    """Why a time stamp is not one that these authorities gave, at its own time, over this SHA-256; "" when it is.

    ``policy``: the object identifier (dotted) that it must be given under; None takes any.
    """
    wanted = ObjectIdentifier(policy) if policy else None
    builder = VerifierBuilder(roots=list(authorities), policy_id=wanted)
    try:
        builder.build().verify(decode_timestamp_response(canonical_answer(raw)), imprint)
    except (VerificationError, ValueError, *_ODD) as error:
        # OpenSSL's own words are inside of a dump of its error stack
        reason = re.search(r'reason: "([^"]+)"', str(error))
        return (reason[1] if reason else str(error))[:100] or type(error).__name__
    return ""


def canonical_answer(raw: bytes) -> bytes:
    """An authority's answer without what nobody signed and verifiers would have to let pass: words beside the status,
    revocation lists, attributes outside of the signature, the root (whoever verifies has it from elsewhere); its
    certificates in the order that DER asks (OpenSSL's ``-chain`` writes another, which rfc3161-client refuses).

    Raises:
        DerError: it is no answer with a token.
    """
    answer = read(raw, "TimeStampResp").parts("TimeStampResp")
    status = answer.take(SEQUENCE, "PKIStatusInfo").parts("PKIStatusInfo").take(INTEGER, "PKIStatus")
    if status.body not in {b"\x00", b"\x01"}:
        raise DerError("PKIStatus")
    token = answer.take(SEQUENCE, "TimeStampToken").parts("TimeStampToken")
    answer.done()
    kind = token.any("ContentType")
    signed = read(token.take(CONTEXT, "SignedData").body, "SignedData").parts("SignedData")
    token.done()
    head = [signed.take(tag, "SignedData").raw for tag in (INTEGER, SET, SEQUENCE)]
    certificates = signed.take(CONTEXT, "CertificateSet").parts("CertificateSet").rest()
    certificates = tuple(one for one in certificates if not _is_root(one)) or certificates
    signed.maybe(CONTEXT + 1)
    signers = []
    for signer in signed.take(SET, "SignerInfos").parts("SignerInfos").rest():
        items = signer.parts("SignerInfo").rest()
        signers.append(write(SEQUENCE, *(one.raw for one in items if one.tag != CONTEXT + 1)))
    signed.done()
    data = write(
        SEQUENCE,
        *head,
        write(CONTEXT, *sorted({one.raw for one in certificates})),
        write(SET, *sorted(signers)),
    )
    granted = write(SEQUENCE, write(INTEGER, b"\0"))
    return write(SEQUENCE, granted, write(SEQUENCE, kind.raw, write(CONTEXT, data)))


def _is_root(certificate: Der) -> bool:
    tbs = certificate.parts("Certificate").take(SEQUENCE, "TBSCertificate").parts("TBSCertificate")
    tbs.maybe(CONTEXT)
    tbs.take(INTEGER, "SerialNumber")
    tbs.take(SEQUENCE, "TBSCertificate")
    issuer = tbs.take(SEQUENCE, "Issuer")
    tbs.take(SEQUENCE, "Validity")
    return tbs.take(SEQUENCE, "Subject").raw == issuer.raw


def read_authorities(path: Path) -> list[Certificate]:
    """The certificates of a file: PEM, one or several, or one in DER.

    Raises:
        BadInputError: it cannot be read, or holds none.
    """
    try:
        raw = path.read_bytes()
        return load_pem_x509_certificates(raw) if b"-----BEGIN" in raw else [load_der_x509_certificate(raw)]
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise BadInputError(
            Text(
                fr=f"Le certificat de l'autorité d'horodatage ne se lit pas ({path} : {why}) : donnez le fichier PEM "
                "qu'elle publie.",
                en=f"The certificate of the time-stamp authority cannot be read ({path}: {why}): give the PEM file "
                "that it publishes.",
            )
        ) from error
