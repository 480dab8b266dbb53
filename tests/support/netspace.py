"""Another host, on this machine: a network name space joined by a pair of virtual interfaces."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_COMMAND: Final = [sys.executable, "-c", "from beffroi.cli.main import main; main()"]


@dataclass(frozen=True)
class Netspace:
    """``far`` is the address of the other host, ``near`` ours; ``name`` is "" for this host itself."""

    name: str
    near: str
    far: str

    @classmethod
    @contextmanager
    def here(cls) -> "Iterator[Netspace]":
        """This host, with the same methods."""
        yield cls("", "127.0.0.1", "127.0.0.1")

    def beffroi(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """A `beffroi` command of that host."""
        inside = ["ip", "netns", "exec", self.name] if self.name else []
        return subprocess.Popen([*inside, *_COMMAND, *arguments], stderr=subprocess.DEVNULL)

    def answers(self, port: int) -> bool:
        """Whether something accepts connections there."""
        try:
            socket.create_connection((self.far, port), timeout=1).close()
        except OSError:
            return False
        return True


@contextmanager
def netspace() -> Iterator[Netspace]:
    """A host of its own until the block ends. Needs root."""
    tag = secrets.token_hex(3)
    second = int.from_bytes(os.urandom(1)) % 250
    third = int.from_bytes(os.urandom(1)) % 250
    space = Netspace(f"bf{tag}", f"10.{200 + second % 50}.{third}.1", f"10.{200 + second % 50}.{third}.2")
    near, far = f"bfn{tag}", f"bff{tag}"
    try:
        _ip("netns", "add", space.name)
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", space.name)
        _ip("addr", "add", f"{space.near}/30", "dev", near)
        _ip("link", "set", near, "up")
        inside = ("netns", "exec", space.name, "ip")
        _ip(*inside, "addr", "add", f"{space.far}/30", "dev", far)
        _ip(*inside, "link", "set", far, "up")
        _ip(*inside, "link", "set", "lo", "up")
        yield space
    finally:
        subprocess.run(["ip", "netns", "del", space.name], check=False, capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
