"""Reading RTSP requests (RFC 2326 §6) from somebody who may be hostile."""

import asyncio
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

MAX_HEAD_BYTES: Final = 16 * 1024
_MAX_BODY_BYTES: Final = 64 * 1024
_PAIR = re.compile(r'(\w+)="?([^",]*)"?')


class BadRequestError(Exception):
    """What was received is not an RTSP request: answer 400 and close."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Header names are in lower case."""

    method: str
    url: str
    headers: dict[str, str]

    @property
    def path(self) -> tuple[str, ...]:
        """Parts of the path: camera, stream, track."""
        return tuple(part for part in urlsplit(self.url).path.split("/") if part)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request; None at the end of the connection. Interleaved reports from the client are skipped.

    Raises:
        BadRequestError: not RTSP, too large, or without a CSeq that is a number.
    """
    try:
        while (first := await reader.readexactly(1)) in (b"$", b"\r", b"\n"):
            if first == b"$":
                head = await reader.readexactly(3)
                await reader.readexactly(int.from_bytes(head[1:], "big"))
        text = (first + await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
        request = _parse(text)
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 6 or int(length) > _MAX_BODY_BYTES:
            raise BadRequestError("content-length")
        await reader.readexactly(int(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequestError("headers too large") from error
    return request


def _parse(text: str) -> Request:
    lines = text.split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or words[2] != "RTSP/1.0" or not words[0].isascii() or not words[0].replace("_", "").isalpha():
        raise BadRequestError("request line")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    sequence = headers.get("cseq", "")
    if not (sequence.isascii() and sequence.isdecimal() and len(sequence) <= 10):
        raise BadRequestError("CSeq")
    try:
        urlsplit(words[1])
    except ValueError as error:
        raise BadRequestError("URL") from error
    return Request(words[0], words[1], headers)


REALM: Final = "camera"


def challenge(nonce: str) -> str:
    """The `WWW-Authenticate` header of a 401 (RFC 2069 digest, the one that cameras speak)."""
    return f'Digest realm="{REALM}", nonce="{nonce}", algorithm="MD5"'


def digest_is_right(request: Request, *, user: str, password: str, nonce: str) -> bool:
    """True when the request's `Authorization` header proves the password, for this nonce, method and URL."""
    kind, _, rest = request.headers.get("authorization", "").partition(" ")
    given = dict(_PAIR.findall(rest))
    if kind.lower() != "digest" or given.get("username") != user or given.get("nonce") != nonce:
        return False
    if given.get("uri") != request.url:
        return False

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    expected = md5(f"{md5(f'{user}:{REALM}:{password}')}:{nonce}:{md5(f'{request.method}:{request.url}')}")
    return hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode())
