"""A keyring in the commune's own process: it holds the private halves and checks every lease itself, by its own clock.

A Unix socket, one JSON line per question and per answer. `KeyringServer` is what `beffroi keyring serve` runs;
`RemoteKeyring` is the centre's side and satisfies `beffroi.vault.release.KeyReleaser`. Public halves come the same way:
the commune makes the keys, the centre signs the bundle, the private halves never move.
"""

import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.files import FsyncFailedError
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BadInputError, BeffroiError, BrokenError
from beffroi.domain.ids import AuthorityId
from beffroi.domain.lease import LeaseRefusedError
from beffroi.domain.text import Text
from beffroi.vault.keyerrors import HourDamagedError, HourDestroyedError, HourMissingError, RingLockedError
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.publichours import encode_bundle, open_bundle
from beffroi.vault.release import KeyReleaser, NoKeyringError, TermPassedError
from beffroi.vault.sealing import CONTENT_KEY_BYTES, SEALED_KEY_BYTES, SealBrokenError, SealedChunk
from beffroi.vault.signed import b64, canonical, unb64
from beffroi.vault.term import MAX_TERM_DAYS

MAX_LINE: Final = 16 * 1024
MAX_ANSWER: Final = 1 << 20
PREPARE_TIMEOUT_S: Final = 60.0
PUBLICS_MAX_HOURS: Final = 24 * 62
IDLE_S: Final = 30.0
_log = structlog.get_logger(__name__)


class KeyringUnreachableError(BrokenError):
    """The commune's keyring process does not answer, or not sensibly: no key, no image."""

    def __init__(self, socket_path: Path) -> None:
        super().__init__(
            Text(
                fr=f"Le trousseau de la commune ({socket_path.name}) ne répond pas : la relecture est impossible tant "
                "que `beffroi keyring serve` n'est pas relancé à la mairie.",
                en=f"The commune's keyring ({socket_path.name}) does not answer: replay is impossible until "
                "`beffroi keyring serve` runs again at the town hall.",
            )
        )


class BadQuestionError(BadInputError):
    """What was sent to the keyring is not a question."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="La demande faite au trousseau est mal formée : elle est refusée.",
                en="The question to the keyring is malformed: it is refused.",
            )
        )


@dataclass(frozen=True, slots=True)
class ChunkClaim:
    """The fields of a chunk's header that a keyring needs, as they travel."""

    camera: str
    stream: str
    run: str
    authority: str
    term_days: int
    hour: int
    kid: bytes
    sealed_key: bytes
    wall_start_us: int


_REFUSALS: Final[dict[str, tuple[type[BeffroiError], Callable[[SealedChunk, str], BeffroiError]]]] = {
    "lease": (LeaseRefusedError, lambda _, why: LeaseRefusedError(why)),
    "term_passed": (TermPassedError, lambda chunk, _: TermPassedError(chunk.hour, chunk.term_days)),
    "no_keyring": (NoKeyringError, lambda chunk, _: NoKeyringError(chunk.authority)),
    "hour_missing": (HourMissingError, lambda chunk, _: HourMissingError(chunk.authority, chunk.hour)),
    "hour_destroyed": (HourDestroyedError, lambda chunk, _: HourDestroyedError(chunk.authority, chunk.hour)),
    "hour_damaged": (HourDamagedError, lambda chunk, _: HourDamagedError(chunk.authority, chunk.hour)),
    "ring_locked": (RingLockedError, lambda chunk, _: RingLockedError(chunk.authority)),
    "seal_broken": (SealBrokenError, lambda _, __: SealBrokenError()),
    "malformed": (BadQuestionError, lambda _, __: BadQuestionError()),
}


def claim_fields(header: SealedChunk) -> dict[str, Any]:
    """A `ChunkClaim` as it travels."""
    claim = {field.name: getattr(header, field.name) for field in fields(ChunkClaim)}
    return claim | {"kid": b64(header.kid), "sealed_key": b64(header.sealed_key)}


def refusal_of(answer: dict[str, Any], chunk: SealedChunk) -> BeffroiError | None:
    """The error that an answer names; None when it names none of ours."""
    refusal = _REFUSALS.get(str(answer.get("refused")))
    return refusal[1](chunk, str(answer.get("why", ""))[:200]) if refusal else None


class RemoteKeyring:
    """The centre's side. Safe for several threads: one short connection per key."""

    def __init__(self, socket_path: Path, *, timeout_s: float = 2.0) -> None:
        self._path = socket_path
        self._timeout_s = timeout_s

    def release(self, header: SealedChunk, lease_token: str, *, now_us: int) -> bytes:
        """See `KeyReleaser.release`; ``now_us`` is not sent: the other process believes its own clock only.

        Raises:
            KeyringUnreachableError: besides those of the contract.
        """
        answer = self.ask({"chunk": claim_fields(header), "lease": lease_token})
        if "key" in answer:
            try:
                key = unb64(answer["key"])
            except ValueError as error:
                raise KeyringUnreachableError(self._path) from error
            if len(key) == CONTENT_KEY_BYTES:
                return key
        raise refusal_of(answer, header) or KeyringUnreachableError(self._path)

    def public_bundle(
        self, term_days: int, from_hour: int, count: int, signer: Ed25519PrivateKey, *, now_us: int
    ) -> bytes:
        """Have ``count`` hours prepared at the commune, and sign the bundle of their public halves here.

        Raises:
            KeyringUnreachableError: no answer, or not the keys of these hours.
            BadQuestionError: hours or a term out of bounds.
        """
        asked = {"count": count, "from_hour": from_hour, "term_days": term_days}
        answer = self.ask({"publics": asked}, timeout_s=PREPARE_TIMEOUT_S)
        if answer.get("refused") == "malformed":
            raise BadQuestionError
        try:
            keys = [None if key is None else unb64(key) for key in answer["keys"]]
            raw = encode_bundle(
                authority=AuthorityId(answer["authority"]),
                term_days=term_days,
                legal_tz=answer["legal_tz"],
                first_hour=from_hour,
                keys=keys,
                issued_us=now_us,
                signer=signer,
            )
            open_bundle(raw, [signer.public_key()])
        except (ValueError, TypeError, KeyError, BadInputError) as error:
            raise KeyringUnreachableError(self._path) from error
        if len(keys) != count:
            raise KeyringUnreachableError(self._path)
        return raw

    def ask(self, question: dict[str, Any], *, timeout_s: float | None = None) -> dict[str, Any]:
        """One question, one answer.

        Raises:
            KeyringUnreachableError: no answer, or not one.
        """
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(timeout_s or self._timeout_s)
                link.connect(str(self._path))
                link.sendall(canonical(question) + b"\n")
                with link.makefile("rb") as stream:
                    answer = json.loads(stream.readline(MAX_ANSWER))
        except (OSError, ValueError, RecursionError) as error:
            raise KeyringUnreachableError(self._path) from error
        if not isinstance(answer, dict):
            raise KeyringUnreachableError(self._path)
        return answer


class _Handler(socketserver.StreamRequestHandler):
    timeout = IDLE_S
    server: "KeyringServer"

    def handle(self) -> None:
        while True:
            try:
                line = self.rfile.readline(MAX_LINE)
                if not line:
                    return
                self.wfile.write(canonical(self.server.answer(line)) + b"\n")
                if not line.endswith(b"\n"):
                    return
            except OSError:
                return


class KeyringServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers questions on a Unix socket (mode 0660: the centre may be another user of its group) with a releaser of
    its own and its own clock.

    ``ring``, when given, also makes and gives public halves. ``also`` answers other questions with what it is asked and
    the time (None: not its own), and ``codes`` names its refusals: `beffroi.vault.casekey_remote`.
    """

    daemon_threads = True

    def __init__(
        self,
        socket_path: Path,
        releaser: KeyReleaser,
        clock: Clock,
        *,
        ring: HourKeyring | None = None,
        also: Callable[[dict[str, Any], int], dict[str, Any] | None] | None = None,
        codes: Callable[[BeffroiError], str | None] | None = None,
    ) -> None:
        self._releaser = releaser
        self._also = also
        self._codes = codes
        self._ring = ring
        self._clock = clock
        _clear_stale(socket_path)
        mask = os.umask(0o117)
        try:
            super().__init__(str(socket_path), _Handler)
        finally:
            os.umask(mask)

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one line: a key, or the name of a refusal."""
        try:
            asked = _parsed(line)
            if self._ring and set(asked) == {"publics"}:
                return _publics(self._ring, asked["publics"])
            other = self._also(asked, self._clock.wall_us()) if self._also else None
            if other is not None:
                return other
            claim, token = _question(asked)
            return {"key": b64(self._releaser.release(claim, token, now_us=self._clock.wall_us()))}
        except FsyncFailedError:
            _log.critical("the disk did not confirm a key: the keyring stops", exc_info=True)
            os._exit(1)  # from a handler's thread, raising would only end this connection
        except BeffroiError as error:
            for code, (kind, _) in _REFUSALS.items():
                if isinstance(error, kind):
                    _log.warning("content key refused", refusal=code)
                    return {"refused": code, "why": getattr(error, "why", "")}
            code_of_ours = self._codes(error) if self._codes else None
            if code_of_ours:
                _log.warning("content key refused", refusal=code_of_ours)
                return {"refused": code_of_ours}
            _log.exception("keyring error")
            return {"refused": "broken"}

    def start(self) -> threading.Thread:
        """Serve in a thread until `shutdown`."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        return thread

    def handle_error(self, request: Any, client_address: Any) -> None:
        """One connection's fault is logged and does not end the others."""
        _log.exception("keyring connection failed")


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadQuestionError from error
    if not isinstance(asked, dict):
        raise BadQuestionError
    return asked


def _publics(ring: HourKeyring, asked: object) -> dict[str, Any]:
    if not isinstance(asked, dict) or set(asked) != {"count", "from_hour", "term_days"}:
        raise BadQuestionError
    count, from_hour, term_days = asked["count"], asked["from_hour"], asked["term_days"]
    if any(type(value) is not int for value in asked.values()) or not 1 <= term_days <= MAX_TERM_DAYS:
        raise BadQuestionError
    if not 1 <= count <= PUBLICS_MAX_HOURS or not 0 <= from_hour < (1 << 32) - count:
        raise BadQuestionError
    ring.prepare(term_days, from_hour, count)
    keys = ring.public_keys(term_days, from_hour, count)
    answer = {"authority": ring.authority, "legal_tz": ring.legal_tz}
    return {**answer, "keys": [None if key is None else b64(key) for key in keys]}


def _question(asked: dict[str, Any]) -> tuple[ChunkClaim, str]:
    if set(asked) != {"chunk", "lease"} or not isinstance(asked["lease"], str):
        raise BadQuestionError
    return chunk_claim(asked["chunk"]), asked["lease"]


def chunk_claim(chunk: object) -> ChunkClaim:
    """A `ChunkClaim` from what travelled.

    Raises:
        BadQuestionError: a field is missing, unknown, of the wrong kind or out of bounds.
    """
    if not isinstance(chunk, dict):
        raise BadQuestionError
    try:
        claim = ChunkClaim(**{**chunk, "kid": unb64(chunk["kid"]), "sealed_key": unb64(chunk["sealed_key"])})
    except (ValueError, TypeError, KeyError) as error:
        raise BadQuestionError from error
    good = all(type(value) is kind for value, kind in zip(asdict(claim).values(), _KINDS, strict=True))
    in_bounds = good and 0 <= claim.hour < 1 << 32 and 1 <= claim.term_days <= 31 and 0 <= claim.wall_start_us < 1 << 62
    if not in_bounds or len(claim.sealed_key) != SEALED_KEY_BYTES:
        raise BadQuestionError
    return claim


_KINDS: Final = (str, str, str, str, int, int, bytes, bytes, int)


def _clear_stale(path: Path) -> None:
    """Remove the socket of a process that is gone; one that answers is left alone and the bind fails."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
