"""The register's side of its signer's socket: tried again at each commit, never waited for long."""

import socket
import threading
from pathlib import Path
from typing import Final

from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note, parse_verifier
from beffroi.ledger.signer import receive, request_text, send
from beffroi.ledger.signing import Proof, SignerGoneError, SignerRefusedError

TIMEOUT_S: Final = 5.0


class RemoteSigner:
    """A `beffroi.ledger.signing.Signer` behind a socket. The key is never here."""

    def __init__(self, path: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        """Connect and learn the public key.

        Raises:
            SignerGoneError: nobody answers there.
        """
        self._path = path
        self._timeout_s = timeout_s
        self._peer: socket.socket | None = None
        self._mutex = threading.Lock()
        self._seen = 0
        try:
            self.verifier: Verifier = parse_verifier(self._ask(b"V")[1:].decode())
        except (NoteError, UnicodeDecodeError) as error:
            raise SignerGoneError("its key cannot be read") from error

    def last(self) -> bytes | None:
        """The note that it remembers."""
        note = self._ask(b"L")[1:]
        if note:
            self._seen = self._open(note).size
        return note or None

    def begin(self, note: bytes) -> None:
        """Give a signer without a memory the checkpoint to go on from."""
        if self._ask(b"B" + note)[:1] == b"+":
            self._seen = self._open(note).size

    def sign(self, head: Checkpoint, proof: Proof) -> bytes:
        """The signed note of a head that goes on."""
        for _ in range(2):
            if self._seen > head.size:
                break
            answer = self._ask(b"S" + request_text(self._seen, proof(self._seen), head))
            if answer[:1] == b"+":
                if self._open(answer[1:]) != head:
                    raise SignerGoneError("it signed something else")
                self._seen = head.size
                return answer[1:]
            known = answer.removeprefix(b"-old ")
            if known == answer or not known.isdigit():
                break
            self._seen = int(known)
        raise SignerRefusedError(str(self._seen))

    def close(self) -> None:
        """Let the connection go."""
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def _open(self, note: bytes) -> Checkpoint:
        try:
            return open_note(note, self.verifier)
        except NoteError as error:
            raise SignerGoneError(str(error)) from error

    def _ask(self, frame: bytes) -> bytes:
        with self._mutex:
            known = self._peer is not None
            try:
                return self._exchange(frame)
            except TimeoutError as error:
                raise SignerGoneError("it does not answer") from error
            except OSError as error:
                if not known:
                    raise SignerGoneError(error.strerror or str(error)) from error
            try:
                return self._exchange(frame)  # it was started again since the last request; asked twice, it signs once
            except OSError as error:
                raise SignerGoneError(error.strerror or str(error)) from error

    def _exchange(self, frame: bytes) -> bytes:
        try:
            if self._peer is None:
                self._peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self._peer.settimeout(self._timeout_s)
                self._peer.connect(str(self._path))
            send(self._peer, frame)
            answer = receive(self._peer)
        except OSError:
            self.close()
            raise
        if not answer:
            self.close()
            raise ConnectionResetError("it hung up")
        return answer
