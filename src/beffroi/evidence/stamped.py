"""What a time stamp beside a file proves of it."""

from collections.abc import Sequence

from cryptography.x509 import Certificate

from beffroi.evidence.findings import Finding, Kind
from beffroi.evidence.manifest import TIMESTAMP
from beffroi.evidence.timestamp import StampRefusedError, read_stamp
from beffroi.evidence.timestamp_der import DerError
from beffroi.evidence.timestamp_trust import why_untrusted
from beffroi.evidence.told import Told, ToldKind


def check_stamp(
    there: bool, raw: bytes | None, imprint: bytes, authorities: Sequence[Certificate]
) -> tuple[list[Finding], list[Told]]:
    """Whether the time stamp is over this SHA-256 and, when certificates are given, by one of these authorities.

    Args:
        there: whether there is a file of that name.
        raw: its content; None when it is longer than any time stamp.
        imprint: SHA-256 of what it must cover.
        authorities: their certificates, had by another way; none leaves the authority unverified, which is told.
    """
    if not there:
        missing = [Finding(Kind.TIMESTAMP_MISSING)] if authorities else []
        return missing, [Told(ToldKind.NO_TIMESTAMP)]
    try:
        return [], [_told(raw, imprint, authorities)]
    except DerError as error:
        return [Finding(Kind.TIMESTAMP_MALFORMED, TIMESTAMP, str(error))], []
    except StampRefusedError as error:
        return [Finding(Kind.TIMESTAMP_REFUSED, TIMESTAMP, str(error))], []
    except _FoundError as error:
        return [error.finding], []


class _FoundError(Exception):
    def __init__(self, kind: Kind, detail: str = "") -> None:
        super().__init__(detail)
        self.finding = Finding(kind, TIMESTAMP, detail)


def _told(raw: bytes | None, imprint: bytes, authorities: Sequence[Certificate]) -> Told:
    if raw is None:
        raise DerError("TimeStampResp")
    stamp = read_stamp(raw)
    if stamp.imprint != imprint:
        raise _FoundError(Kind.TIMESTAMP_WRONG)
    if not authorities:
        return Told(ToldKind.TIMESTAMP_CLAIMED, stamp.time)
    if why := why_untrusted(raw, imprint, authorities):
        raise _FoundError(Kind.TIMESTAMP_UNTRUSTED, why)
    return Told(ToldKind.TIMESTAMP_VERIFIED, stamp.time)
