"""Camera addresses: the public part, validated, and the secret whole, which shows itself only when asked."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Literal, NoReturn
from urllib.parse import parse_qsl, quote, urlsplit

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?", re.I)
_SECRET_QUERY: Final = re.compile(r"(?i)^(user|usr|username|login|pass|pwd|passwd|password|token|auth|secret|key)$")
MAX_URL: Final = 2048


class UrlRefusedError(BadInputError):
    """The address of a camera is refused. The address itself is not repeated: it may hold a secret."""

    def __init__(self, why_fr: str, why_en: str) -> None:
        super().__init__(
            Text(
                fr=f"Cette adresse de caméra est refusée : {why_fr}. "
                "Écrivez rtsp://hôte:port/chemin, sans mot de passe.",
                en=f"This camera address is refused: {why_en}. Write rtsp://host:port/path, without a password.",
            )
        )
        self.why = why_en


@dataclass(frozen=True, slots=True)
class CameraUrl:
    """The public part of a camera's address: no secret in it, safe to show and to log."""

    scheme: Literal["rtsp", "rtsps"]
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, text: str) -> "CameraUrl":
        """Read and check an address; the path and its query are kept as they are.

        Raises:
            UrlRefusedError: another scheme, a user or password, control characters, no host, a bad port.
        """
        if not 0 < len(text) <= MAX_URL:
            raise UrlRefusedError("elle est vide ou trop longue", "it is empty or too long")
        if any(not "!" <= char <= "~" for char in text) or "\\" in text:
            raise UrlRefusedError(
                "elle contient une espace, un saut de ligne ou un caractère spécial",
                "it holds a space, a line break or a special character",
            )
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise UrlRefusedError("son hôte ou son port est mal écrit", "its host or port is malformed") from error
        if parts.scheme not in ("rtsp", "rtsps") or not text.lower().startswith(f"{parts.scheme}://"):
            raise UrlRefusedError("elle n'est pas en rtsp:// ou rtsps://", "it is not rtsp:// or rtsps://")
        if "@" in parts.netloc or any(_SECRET_QUERY.match(name) for name, _ in parse_qsl(parts.query, True)):
            raise UrlRefusedError(
                "elle contient un identifiant ou un mot de passe (saisissez-les à part)",
                "it holds a user or a password (enter them apart)",
            )
        if "#" in text or not _good_host(host) or not _good_netloc(parts.netloc, host, port):
            raise UrlRefusedError("son hôte ou son port est mal écrit", "its host or port is malformed")
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        scheme: Literal["rtsp", "rtsps"] = "rtsps" if parts.scheme == "rtsps" else "rtsp"
        return cls(scheme, host.lower(), port or (554 if scheme == "rtsp" else 322), path)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def _good_host(host: str) -> bool:
    if ":" not in host:
        return bool(_HOST.fullmatch(host))
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return "%" not in host


def _good_netloc(netloc: str, host: str, port: int | None) -> bool:
    bare = f"[{host}]" if ":" in host else host
    if port is None:
        return netloc.lower() == bare.lower()
    return port > 0 and netloc.lower() == f"{bare}:{port}".lower()


class SecretUrl:
    """A camera's address with its password. Prints, formats and logs without it; `reveal` alone gives it."""

    __slots__ = ("_public", "_secrets", "_whole")

    def __init__(self, url: CameraUrl, user: str = "", password: str = "") -> None:
        self._public = str(url)
        written = {quote(password, safe=""), password} - {""}
        self._secrets = tuple(sorted(written, key=len, reverse=True))
        userinfo = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user or password else ""
        self._whole = self._public.replace("://", f"://{userinfo}", 1)

    def reveal(self) -> str:
        """The whole address, for the RTSP client only; never logged, never stored."""
        return self._whole

    def scrub(self, message: str) -> str:
        """A library's message about this address, without the secret."""
        message = message.replace(self._whole, self._public)
        for secret in self._secrets:
            message = message.replace(secret, "***")
        return message

    def __str__(self) -> str:
        return self._public

    def __repr__(self) -> str:
        return f"SecretUrl({self._public!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SecretUrl does not leave its process")
