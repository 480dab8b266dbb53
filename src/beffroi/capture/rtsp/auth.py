"""Proving who we are: Digest (RFC 7616, and 2069 for old cameras) or, where nothing better is offered, Basic.

Basic hands the password to whoever listens; once a camera offered Digest it is never sent to it again, even if a later
answer offers Basic alone (which is what somebody in between would do).
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

_HASHES: Final[dict[str, Callable[[bytes], "hashlib._Hash"]]] = {
    "SHA-256": hashlib.sha256,
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False),
}
_PREFERRED: Final = ("SHA-256", "SHA-256-SESS", "MD5", "MD5-SESS")
_MAX_CHALLENGE: Final = 4096
_SCHEME = re.compile(r"[\s,]*([A-Za-z][A-Za-z0-9-]*)(?:\s+|\Z|(?=,))(?!=)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PARAMETER = re.compile(r"[\s,]*([A-Za-z][A-Za-z0-9-]*)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]*))")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way of authenticating that a camera offers. Names in lower case."""

    scheme: str
    parameters: dict[str, str]

    @property
    def algorithm(self) -> str:
        """The digest's algorithm in upper case; MD5 unless told otherwise."""
        return self.parameters.get("algorithm", "MD5").upper()

    @property
    def usable(self) -> bool:
        """Whether a digest can be made for it: ``auth-int`` alone, or an unknown algorithm, cannot."""
        return "nonce" in self.parameters and self.algorithm in _PREFERRED and self.quality is not None

    @property
    def quality(self) -> str | None:
        """``auth``, empty for the old digest without quality of protection, None when neither is offered."""
        offered = self.parameters.get("qop")
        if offered is None or not offered.strip():
            return ""
        return "auth" if "auth" in {one.strip().lower() for one in offered.split(",")} else None


def read_challenges(headers: Iterable[str]) -> list[Challenge]:
    """What ``WWW-Authenticate`` headers offer; one header may hold several. What is not a challenge is left out."""
    found: list[Challenge] = []
    for header in headers:
        text, at = _CONTROL.sub(" ", header[:_MAX_CHALLENGE]), 0  # what is quoted back must not end a line
        while at < len(text):
            parameter = _PARAMETER.match(text, at)
            if parameter:
                if found:
                    quoted, plain = parameter[2], parameter[3]
                    value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
                    found[-1].parameters.setdefault(parameter[1].lower(), value)
                at = parameter.end()
            elif scheme := _SCHEME.match(text, at):
                found.append(Challenge(scheme[1].lower(), {}))
                at = scheme.end()
            else:
                break
    return found


class Credentials:
    """A user and the password, answering challenges. Neither is in its repr."""

    def __init__(self, user: str, password: str, cnonce: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._user = user
        self._password = password
        self._cnonce = cnonce
        self._digest: Challenge | None = None
        self._digest_seen = False
        self._basic = False
        self._count = 0

    def challenged(self, headers: Iterable[str]) -> bool:
        """Take the challenge of a 401; whether it is worth asking again.

        It is not when the answer refused what was just sent (and does not say that only the nonce is stale), or offers
        nothing that we do.
        """
        challenges = read_challenges(headers)
        digests = [one for one in challenges if one.scheme == "digest"]
        self._digest_seen = self._digest_seen or bool(digests)
        usable = sorted((one for one in digests if one.usable), key=lambda one: _PREFERRED.index(one.algorithm))
        if usable:
            best = usable[0]
            stale = best.parameters.get("stale", "").lower() == "true"
            again = self._digest is None or stale
            self._digest, self._count = best, 0
            return again
        if self._digest_seen or self._basic or not any(one.scheme == "basic" for one in challenges):
            return False
        self._basic = True
        return True

    def header(self, method: str, uri: str) -> str | None:
        """The ``Authorization`` value for one request, None while no challenge was met."""
        if self._digest is not None:
            return self._digest_header(self._digest, method, uri)
        if self._basic:
            pair = f"{self._user}:{self._password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        return None

    def _digest_header(self, challenge: Challenge, method: str, uri: str) -> str:
        algorithm = challenge.algorithm
        make = _HASHES[algorithm.removesuffix("-SESS")]

        def hashed(*parts: str) -> str:
            return make(":".join(parts).encode("utf-8", "surrogateescape")).hexdigest()

        realm, nonce = challenge.parameters.get("realm", ""), challenge.parameters["nonce"]
        secret = hashed(self._user, realm, self._password)
        cnonce = self._cnonce()
        if algorithm.endswith("-SESS"):
            secret = hashed(secret, nonce, cnonce)
        request = hashed(method, uri)
        fields = {"username": self._user, "realm": realm, "nonce": nonce, "uri": uri}
        written = ", ".join(f'{name}="{_quoted(value)}"' for name, value in fields.items())
        if challenge.quality:
            self._count += 1
            count = f"{self._count:08x}"
            answer = hashed(secret, nonce, count, cnonce, "auth", request)
            written += f', response="{answer}", qop=auth, nc={count}, cnonce="{cnonce}"'
        else:
            written += f', response="{hashed(secret, nonce, request)}"'
            if algorithm.endswith("-SESS"):
                written += f', cnonce="{cnonce}"'
        if "algorithm" in challenge.parameters:
            written += f", algorithm={challenge.parameters['algorithm']}"
        if "opaque" in challenge.parameters:
            written += f', opaque="{_quoted(challenge.parameters["opaque"])}"'
        return f"Digest {written}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
