"""The register's key in a process of its own: it signs only a checkpoint that goes on from the last one it signed.

Whoever takes over the serving process can have new entries signed, as before; a history cut, set back or rewritten they
cannot. The memory is on disk before a signature is given, as a witness's is. One request a frame on a Unix socket: four
bytes of length, a letter, a body; the answer's letter is ``+`` or ``-``.
"""

import base64
import fcntl
import os
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.files import FsyncFailedError, write_durable
from beffroi.ledger import merkle
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note, sign, strict_base64
from beffroi.ledger.note import parse_text as parse_checkpoint_text

_log = structlog.get_logger(__name__)

MAX_FRAME: Final = 32_768
MAX_PROOF: Final = 63
MEMORY: Final = "last-signed"
_CREDENTIALS: Final = struct.Struct("3i")


class Desk:
    """What the signer does, without the socket. Calls are made one at a time."""

    def __init__(self, folder: Path, key: Ed25519PrivateKey, origin: str) -> None:
        """Take the folder of the memory; it is locked.

        Raises:
            BlockingIOError: another signer works there.
            NoteError: its memory is not one that this key signed.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._path = folder / MEMORY
        self._key = key
        self._mutex = threading.Lock()
        self.verifier = Verifier(origin, key.public_key())
        self._note = self._path.read_bytes() if self._path.exists() else None
        self._head = None if self._note is None else open_note(self._note, self.verifier)

    def answer(self, frame: bytes) -> bytes:
        """Answer one request.

        Raises:
            OSError, FsyncFailedError: the memory could not be written: nothing was signed, and the process must end.
        """
        operation, body = frame[:1], frame[1:]
        with self._mutex:
            try:
                if operation == b"V" and not body:
                    return b"+" + self.verifier.encode().encode()
                if operation == b"L" and not body:
                    return b"+" + (self._note or b"")
                if operation == b"B":
                    return self._begin(body)
                if operation == b"S":
                    return self._sign(body)
            except (NoteError, ValueError) as error:
                return b"-malformed " + str(error).encode()
        return b"-malformed request"

    def _begin(self, note: bytes) -> bytes:
        """The memory of a signer that has none begins where the register is: at a note that this key signed."""
        if self._head is not None:
            return b"-old %d" % self._head.size
        head = open_note(note, self.verifier)
        write_durable(self._path, note)
        self._head, self._note = head, note
        return b"+" + note

    def _sign(self, body: bytes) -> bytes:
        old, proof, new = _parse(body)
        if new.origin != self.verifier.name:
            return b"-malformed another register"
        seen = self._head or Checkpoint(new.origin, 0, merkle.EMPTY_ROOT)
        if old != seen.size:
            return b"-old %d" % seen.size
        if not merkle.goes_on(seen.size, seen.root, new.size, new.root, proof):
            _log.critical(
                "a history that does not go on from the last one was refused", size=new.size, signed=seen.size
            )
            return b"-refused"
        note = sign(new, self._key)
        write_durable(self._path, note)
        self._head, self._note = new, note
        return b"+" + note


def request_text(old: int, proof: list[bytes], head: Checkpoint) -> bytes:
    """The body of a request to sign."""
    lines = [f"old {old}", *(base64.b64encode(step).decode() for step in proof), "", head.text()]
    return "\n".join(lines).encode()


def _parse(body: bytes) -> tuple[int, list[bytes], Checkpoint]:
    first, blank, text = body.decode("ascii").partition("\n\n")
    head, *lines = first.split("\n")
    word, _, size = head.partition(" ")
    if not blank or word != "old" or not size.isdecimal() or str(int(size)) != size or len(lines) > MAX_PROOF:
        raise NoteError("not a request to sign")
    proof = [strict_base64(line) for line in lines]
    if any(len(step) != 32 for step in proof):
        raise NoteError("a hash has 32 bytes")
    return int(size), proof, parse_checkpoint_text(text)


class SignerServer:
    """Answers on a Unix socket, to the users and groups allowed alone."""

    def __init__(self, desk: Desk, path: Path, *, users: frozenset[int], mode: int = 0o600) -> None:
        self._desk = desk
        self._users = users
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._socket.bind(str(path))
        finally:
            os.umask(before)
        path.chmod(mode)
        self._socket.listen(8)

    def serve(self) -> None:
        """Answer until `stop`."""
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def stop(self) -> None:
        """End `serve`."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _talk(self, peer: socket.socket) -> None:
        with peer, suppress(ConnectionError):
            told = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            _, user, _ = _CREDENTIALS.unpack(told)
            if user not in self._users:
                _log.error("a user without the right asked for a signature", uid=user)
                return
            while (frame := receive(peer)) is not None:
                try:
                    answer = self._desk.answer(frame)
                except (OSError, FsyncFailedError):
                    _log.critical("the memory could not be written: the signer ends")
                    os._exit(1)
                send(peer, answer)


def send(peer: socket.socket, frame: bytes) -> None:
    """Send one frame."""
    peer.sendall(len(frame).to_bytes(4, "big") + frame)


def receive(peer: socket.socket) -> bytes | None:
    """One frame; None at the end of the connection, or when it is longer than any of ours.

    Raises:
        OSError: the connection broke.
    """
    size = _exactly(peer, 4)
    if size is None or int.from_bytes(size, "big") > MAX_FRAME:
        return None
    return _exactly(peer, int.from_bytes(size, "big"))


def _exactly(peer: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        if not more:
            return None
        data += more
    return data
