"""Witnesses of town halls, each a real one on a port of this machine, and mute ones. A test says which of them it takes
for another machine's."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.ports import free_port, wait_for

from beffroi.domain.clock import Clock
from beffroi.ledger.cosignature import WitnessKey
from beffroi.ledger.note import Verifier
from beffroi.ledger.witness import Witness
from beffroi.server.witnessapp import witness_app


@dataclass
class Hall:
    """A witness. ``line`` is what the quorum file says of it."""

    name: str
    port: int
    witness: Witness
    server: uvicorn.Server | None = None
    thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def line(self) -> str:
        return f"witness {self.name} {self.witness.public.encode()} {self.address}"

    def start(self) -> None:
        config = uvicorn.Config(witness_app(self.witness), host="127.0.0.1", port=self.port, log_config=None)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        wait_for(lambda: self.server and self.server.started, timeout_s=60, what="the witness")

    def stop(self) -> None:
        if self.server and self.thread:
            self.server.should_exit = True
            self.thread.join(60)
            assert not self.thread.is_alive()
        self.server = self.thread = None


@contextmanager
def hall(folder: Path, name: str, log: Verifier, clock: Clock) -> Iterator[Hall]:
    """A witness that listens, until the block ends."""
    made = Hall(name, free_port(), Witness(folder / name, f"{name}.example", _key(name), [log], clock))
    made.start()
    try:
        yield made
    finally:
        made.stop()
        made.witness.close()


@dataclass
class Mute:
    """Somebody who accepts a connection and says nothing, until it is let go."""

    name: str
    listener: socket.socket
    held: list[socket.socket] = field(default_factory=list)

    @property
    def line(self) -> str:
        port = self.listener.getsockname()[1]
        return f"witness {self.name} {_vkey(self.name)} http://127.0.0.1:{port}"

    def calls(self) -> int:
        """How many have called since the last time that this was asked."""
        found = []
        self.listener.setblocking(False)
        while True:
            try:
                found.append(self.listener.accept()[0])
            except BlockingIOError:
                break
        self.held += found
        return len(found)

    def close(self) -> None:
        for one in (*self.held, self.listener):
            one.close()


@contextmanager
def mute(name: str) -> Iterator[Mute]:
    """One that never answers, until the block ends: then whoever still waits for it is told that it is gone."""
    made = Mute(name, socket.create_server(("127.0.0.1", 0)))
    try:
        yield made
    finally:
        made.calls()
        made.close()


def _key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b"."))


def _vkey(name: str) -> str:
    return WitnessKey(f"{name}.example", _key(name).public_key()).encode()
