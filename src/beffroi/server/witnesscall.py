"""Submitting a checkpoint to one witness, over HTTPS (plain HTTP on this machine only)."""

import http.client
import ipaddress
import socket
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from beffroi.ledger.cosignature import cosigned_at_s
from beffroi.ledger.note import NoteError
from beffroi.ledger.quorum import NamedWitness
from beffroi.ledger.witness import SIZE_TYPE, request_of

TIMEOUT_S: Final = 5.0
_MAX_ANSWER: Final = 4096


class WitnessRefusedError(Exception):
    """The witness did not cosign. ``status`` is its HTTP answer, 0 when it could not be reached."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class OtherSizeError(Exception):
    """The witness remembers another size than was thought: ``size``."""

    def __init__(self, size: int) -> None:
        super().__init__(str(size))
        self.size = size


def submit(witness: NamedWitness, old: int, proof: list[bytes], note: bytes, ca: Path | None) -> bytes:
    """Submit a checkpoint that goes on from ``old``; the witness's signature line, verified.

    Raises:
        OtherSizeError: it remembers another size: make the proof from there.
        WitnessRefusedError: it did not cosign.
    """
    status, kind, body = _post(witness.address, request_of(old, proof, note), ca)
    if (
        status == 409
        and kind.split(";", maxsplit=1)[0].strip() == SIZE_TYPE
        and body.strip().isdigit()
        and len(body) < 20
    ):
        raise OtherSizeError(int(body))
    if status != 200:
        raise WitnessRefusedError(status, body.decode("ascii", "replace")[:80].strip())
    try:
        if cosigned_at_s(note + body, witness.key) is None:
            raise WitnessRefusedError(status, "no signature by its key")
    except NoteError as error:
        raise WitnessRefusedError(status, str(error)) from error
    return body


def is_here(address: str) -> bool | None:
    """Whether an address is this machine's own: a witness that the same hands can rewrite proves nothing. None when its
    name does not resolve, or cannot be a name."""
    try:
        host = urlsplit(address).hostname or ""
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, ValueError):
        return None
    return any(_is_own(str(one)) for one in found)


def _is_own(ip: str) -> bool:
    address = ipaddress.ip_address(ip.partition("%")[0])
    if address.is_loopback:
        return True
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((ip, 0))  # only an address of this machine can be bound
    except OSError:  # or this machine does not speak that family at all
        return False
    return True


def _post(address: str, body: bytes, ca: Path | None) -> tuple[int, str, bytes]:
    parts = urlsplit(address)
    try:
        connection = _connection(parts.scheme, parts.hostname or "", parts.port, ca)
        try:
            connection.request("POST", f"{parts.path.rstrip('/')}/add-checkpoint", body)
            answer = connection.getresponse()
            read = answer.read(_MAX_ANSWER + 1)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise WitnessRefusedError(0, type(error).__name__) from error
    if len(read) > _MAX_ANSWER:
        raise WitnessRefusedError(answer.status, "too long an answer")
    return answer.status, answer.getheader("Content-Type", ""), read


def _connection(scheme: str, host: str, port: int | None, ca: Path | None) -> http.client.HTTPConnection:
    if scheme == "https":
        trust = ssl.create_default_context(cafile=str(ca) if ca else None)
        trust.minimum_version = ssl.TLSVersion.TLSv1_2
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=trust)
    if not is_here(f"http://{host}"):
        raise ValueError("plain HTTP off this machine")
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
