"""The register as it lies on disk, read without the centre; and a disk that is made slow under a running centre."""

import contextlib
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from beffroi.cli.promises.report import PromiseBrokenError
from beffroi.ledger import leaf, tiles
from beffroi.ledger.entry import EntryKind, Record
from beffroi.ledger.note import Verifier, open_note, parse_verifier
from beffroi.ledger.tilefiles import read_tile
from beffroi.ledger.tiles import ENTRIES, WIDTH, TileId

_ATTACH_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class RegisterOnDisk:
    """What the signed checkpoint of a folder covers: nothing else counts as written."""

    directory: Path

    @property
    def verifier(self) -> Verifier:
        """The public key that lies beside."""
        return parse_verifier((self.directory.parent / "ledger.vkey").read_text().strip())

    def checkpoint(self) -> bytes:
        """The signed head, as bytes."""
        return (self.directory / "checkpoint").read_bytes()

    def size(self) -> int:
        """How many entries it covers."""
        return open_note(self.checkpoint(), self.verifier).size

    def records(self, since: int = 0) -> list[Record]:
        """The entries from ``since`` on. The register may be written meanwhile."""
        return list(self._read(since, self.size()))

    def views(self, kind: EntryKind, since: int = 0) -> set[str]:
        """The views that have an entry of this kind."""
        return {record.view for record in self.records(since) if record.kind is kind and record.view}

    def _read(self, since: int, size: int) -> Iterator[Record]:
        for bundle in range(since // WIDTH, -(-size // WIDTH)):
            width = min(WIDTH, size - bundle * WIDTH)
            data = read_tile(self.directory, TileId(ENTRIES, bundle, width))
            for place, one in enumerate(tiles.decode_bundle(data, width)):
                if bundle * WIDTH + place >= since:
                    yield leaf.parse(one, bundle * WIDTH + place)


@dataclass(frozen=True, slots=True)
class Sync:
    """One completed fsync: of which file, and when it came back (unix seconds)."""

    path: str
    done_s: float


@dataclass
class HeldDisk:
    """A running process whose fsyncs are held. Its log says when each one really came back."""

    log: Path

    def syncs(self) -> list[Sync]:
        """The fsyncs that came back, in that order."""
        begun: dict[str, str] = {}
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            entered = _ENTERED.match(line)
            if entered:
                begun[entered["pid"]] = entered["path"]
            came_back = _CAME_BACK.match(line)
            if came_back and came_back["pid"] in begun:
                at_s = float(came_back["at"]) + (float(came_back["took"]) if entered else 0.0)
                found.append(Sync(begun.pop(came_back["pid"]), at_s))
        return found


_ENTERED: Final = re.compile(r"(?P<pid>\d+) +[\d.]+ f(?:data)?sync\(\d+<(?P<path>[^>]*)>")
_CAME_BACK: Final = re.compile(r"(?P<pid>\d+) +(?P<at>[\d.]+) .* = 0 .*<(?P<took>[\d.]+)>$")


@contextmanager
def held_disk(pid: int, log: Path, delay_s: float, *, only: Path | None = None) -> Iterator[HeldDisk]:
    """Hold every fsync of a process for ``delay_s`` (only those of one file or folder when given), by `strace`.

    Raises:
        PromiseBrokenError: `strace` is not there or may not attach.
    """
    where = ["-P", str(only)] if only else []
    try:
        holder = subprocess.Popen(  # noqa: S603  fixed program, our own process id
            [
                *("strace", "-f", "-y", "-ttt", "-T", "-o", str(log), *where, "-p", str(pid)),
                *("-e", "trace=fsync,fdatasync"),
                *("-e", f"inject=fsync,fdatasync:delay_enter={round(delay_s * 1e6)}"),
            ],
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise PromiseBrokenError("strace n'est pas installé", "strace is not installed") from error
    try:
        _wait_attached(holder, pid)
        yield HeldDisk(log)
    finally:
        if holder.poll() is None:
            holder.send_signal(signal.SIGTERM)
            holder.wait()
        if holder.stderr:
            holder.stderr.close()


def _wait_attached(holder: "subprocess.Popen[bytes]", pid: int) -> None:
    deadline = time.monotonic() + _ATTACH_S
    while time.monotonic() < deadline and holder.poll() is None:
        status = Path(f"/proc/{pid}/status").read_text()
        if f"TracerPid:\t{holder.pid}\n" in status and _all_traced(pid, holder.pid):
            return
        time.sleep(0.02)
    raise PromiseBrokenError(
        "strace n'a pas pu s'attacher au centre : soyez root, ou mettez kernel.yama.ptrace_scope à 0 pour l'essai",
        "strace could not attach to the centre: run as root, or set kernel.yama.ptrace_scope to 0 for the trial",
    )


def _all_traced(pid: int, tracer: int) -> bool:
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
        return all(f"TracerPid:\t{tracer}\n" in (task / "status").read_text() for task in tasks)
    return False
