"""A camera's address: where to connect, who to be, and the URL to put into requests, which holds no password."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from beffroi.capture.rtsp.errors import unreadable

_PORTS: Final = {"rtsp": 554, "rtsps": 322}
_MAX_URL: Final = 2048
_SCHEME = re.compile(r"rtsps?://", re.IGNORECASE)
_HOST_ONLY = re.compile(r"(?P<host>[A-Za-z0-9.\-]+)(?P<port>:\d{1,5})?(/|\Z)", re.ASCII)
_NUMBERS = re.compile(r"(\d{1,3}\.){3}\d{1,3}\Z", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """A parsed ``rtsp://`` or ``rtsps://`` address. Nothing of it is in its repr."""

    host: str
    port: int
    secure: bool
    url: str
    user: str | None = field(default=None)
    password: str = field(default="")

    def __repr__(self) -> str:
        return "Address(…)"

    @property
    def root(self) -> str:
        """Scheme, host and port as written, without a path."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @staticmethod
    def parse(url: str) -> "Address":
        """Read a camera's address.

        Raises:
            SourceError: not an RTSP address. Its text holds nothing of it.
        """
        parts = _split(url)
        if parts is None or not parts.hostname:
            raise unreadable("address")
        scheme = parts.scheme.lower()
        return Address(
            host=parts.hostname,
            port=parts.port or _PORTS[scheme],
            secure=scheme == "rtsps",
            url=_bare(parts),
            user=None if parts.username is None else unquote(parts.username),
            password=unquote(parts.password or ""),
        )

    def same_host(self, url: str) -> str | None:
        """``url`` without its user and password if it names this host and port, else None."""
        parts = _split(url)
        if parts is None or not parts.hostname:
            return None
        scheme = parts.scheme.lower()
        port = parts.port or _PORTS[scheme]
        if (parts.hostname, port, scheme == "rtsps") != (self.host, self.port, self.secure):
            return None
        return _bare(parts)


def base_url(written: str, request_url: str) -> str:
    """The base that a camera declares (Content-Base, Content-Location), made an address; its own words if it has none.

    Some cameras leave the scheme out, some give a path only; what makes no sense is as if it were not there.
    """
    written = written.strip()
    if _SCHEME.match(written):
        parts = _split(written)
        return _bare(parts) if parts is not None else request_url
    own = urlsplit(request_url)
    if written.startswith("/") and not written.startswith("//"):
        written = f"{own.scheme}://{own.netloc}{written}"
    elif (found := _HOST_ONLY.match(written)) and (
        found["port"] or found["host"] == own.hostname or _NUMBERS.match(found["host"])
    ):
        written = f"{own.scheme}://{written}"
    else:
        return request_url
    return written if _split(written) is not None else request_url


def control_url(base: str, control: str) -> str:
    """The address of a track: ``control`` is absolute, ``*``, or what cameras mean by relative: put behind the base.

    RFC 2326 §C.1.1 asks for the relative references of URLs, which drop the last part of the path and the query: no
    camera follows it, every client appends.

    Raises:
        SourceError: an address that cannot stand in a request.
    """
    if control in {"", "*"}:
        return base
    if _SCHEME.match(control):
        parts = _split(control)
        if parts is None:
            raise unreadable("control address")
        return _bare(parts)
    joined = base + control if base.endswith("/") else f"{base}/{control.lstrip('/')}"
    if _split(joined) is None:
        raise unreadable("control address")
    return joined


def _split(url: str) -> SplitResult | None:
    """The parts of an address that can stand in a request line, else None."""
    if len(url) > _MAX_URL or any(not 32 < ord(character) < 127 for character in url):
        return None
    try:
        parts = urlsplit(url)
        good = parts.scheme.lower() in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if good else None


def _bare(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme.lower()}://{host}{parts.path}{query}"
