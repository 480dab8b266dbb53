"""Asking a time-stamp authority (RFC 3161 over HTTP). It is told a hash and nothing else; what it answers is verified
before it is kept. Nobody waits for it: an authority that does not answer leaves a delivery without, and that is told.
"""

import http.client
import re
import socket
import ssl
import threading
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.x509 import Certificate
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from beffroi.domain.errors import BadInputError, BrokenError
from beffroi.domain.text import Text
from beffroi.evidence.timestamp import MAX_TOKEN, Stamp, StampRefusedError, read_stamp
from beffroi.evidence.timestamp_der import DerError
from beffroi.evidence.timestamp_trust import canonical_answer, read_authorities, why_untrusted

SETTINGS: Final = "timestamp.toml"
_POLICY: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,9})){1,20}")
TIMEOUT_S: Final = 10.0
"""To be reached, then to answer in full, however slowly the answer drips."""


@dataclass(frozen=True, slots=True)
class TimestampSettings:
    """Which authority a centre asks. ``policy``: the object identifier that its tokens must carry (dotted), None for
    any; ``tls_ca``: the certificates that its address is verified with, None for those of the system."""

    address: str
    authorities: Sequence[Certificate]
    policy: str | None = None
    tls_ca: Path | None = None


class SettingsRefusedError(BadInputError):
    """The file that names the authority cannot be used."""

    def __init__(self, path: Path, why_fr: str, why_en: str) -> None:
        super().__init__(
            Text(
                fr=f"Le fichier {path} est refusé : {why_fr}. Corrigez-le (docs/guide/evidence.md).",
                en=f"The file {path} is refused: {why_en}. Correct it (docs/guide/evidence.md).",
            )
        )


class NoTimestampError(BrokenError):
    """The authority gave no time stamp that holds."""

    def __init__(self, why: str) -> None:
        super().__init__(
            Text(
                fr=f"L'autorité d'horodatage n'a pas donné de jeton valable ({why}).",
                en=f"The time-stamp authority gave no valid token ({why}).",
            )
        )
        self.why = why


def read_settings(folder: Path) -> TimestampSettings | None:
    """The authority that a folder's ``timestamp.toml`` names; None when there is no such file: none is ever asked by
    default. Keys: ``address``, ``ca`` (its certificate, beside), and perhaps ``policy``, ``tls_ca``.

    Raises:
        BadInputError: the file, or a certificate that it names, cannot be used.
    """
    path = folder / SETTINGS
    try:
        found = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsRefusedError(path, "il ne se lit pas", "it cannot be read") from error
    unknown = set(found) - {"address", "ca", "policy", "tls_ca"}
    if unknown or not all(isinstance(one, str) for one in found.values()):
        key = min(unknown, default="")
        raise SettingsRefusedError(path, f"clé inconnue ou mal formée {key}", f"unknown or malformed key {key}")
    if not {"address", "ca"} <= set(found):
        raise SettingsRefusedError(path, "« address » ou « ca » manque", "“address” or “ca” is missing")
    if not is_address(found["address"]):
        raise SettingsRefusedError(path, "l'adresse n'est pas http(s)://…", "the address is not http(s)://…")
    if _POLICY.fullmatch(found.get("policy", "1.2")) is None:
        raise SettingsRefusedError(path, "« policy » n'est pas un identifiant (1.2.3…)", "“policy” is not 1.2.3…")
    return settings_of(found["address"], folder / found["ca"], found.get("policy"), _beside(folder, found))


def settings_of(address: str, ca: Path, policy: str | None = None, tls_ca: Path | None = None) -> TimestampSettings:
    """Settings out of their parts.

    Raises:
        BadInputError: a certificate cannot be read.
    """
    return TimestampSettings(address, read_authorities(ca), policy, tls_ca)


def is_address(address: str) -> bool:
    """Whether it can be asked."""
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def ask_stamp(settings: TimestampSettings, data: bytes) -> tuple[bytes, Stamp]:
    """A time stamp over ``data``, verified: the bytes to keep (``.tsr``) and what they say. Takes twice `TIMEOUT_S` at
    most.

    Raises:
        NoTimestampError: unreachable, slow, refusing, or its token does not hold.
    """
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = _post(settings, request.as_bytes())
    imprint = request.message_imprint.message
    try:
        raw = canonical_answer(answer)
        stamp = read_stamp(raw)
    except (DerError, StampRefusedError) as error:
        raise NoTimestampError(str(error)) from error
    if stamp.imprint != imprint:
        raise NoTimestampError("messageImprint")
    if request.nonce is None or int.from_bytes(stamp.nonce, "big") != request.nonce:
        raise NoTimestampError("nonce")
    if why := why_untrusted(raw, imprint, settings.authorities, policy=settings.policy):
        raise NoTimestampError(why)
    return raw, stamp


def _post(settings: TimestampSettings, body: bytes) -> bytes:
    parts = urlsplit(settings.address)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection = _connection(settings, parts.scheme, parts.hostname or "", parts.port)
        connection.connect()
        cut = threading.Timer(TIMEOUT_S, _cut, [connection.sock])
        cut.start()
        try:
            connection.request("POST", target, body, {"Content-Type": "application/timestamp-query"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise NoTimestampError(f"HTTP {answer.status}")
            read = answer.read(MAX_TOKEN + 1)
        finally:
            cut.cancel()
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoTimestampError(type(error).__name__) from error
    if len(read) > MAX_TOKEN:
        raise NoTimestampError("too long")
    return read


def _cut(line: socket.socket) -> None:
    """An answer that drips is cut: each of its bytes would start the socket's own time-out again."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _connection(settings: TimestampSettings, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "http":  # the token is signed, and a hash tells nothing
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    trust = ssl.create_default_context(cafile=str(settings.tls_ca) if settings.tls_ca else None)
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=trust)


def _beside(folder: Path, found: dict[str, Any]) -> Path | None:
    return folder / found["tls_ca"] if "tls_ca" in found else None
