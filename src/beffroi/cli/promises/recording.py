"""The recorder as seen from its own door and its own disk; and its promise: it needs nothing above the disk."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from beffroi.capture.paths import RecorderPaths
from beffroi.cli.house import House
from beffroi.cli.promises.report import Figure, Kept, demand, kept
from beffroi.cli.promises.waiting import wait_until
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.journal import Journal, JournalEntry
from beffroi.vault.reader import ChunkReader

StreamId = tuple[str, str]

RESUMED_IN_S: Final = 5.0
HIDDEN: Final = ("sqlalchemy", "fastapi", "starlette", "uvicorn", "cedarpy", "alembic")
_BLOCKER: Final = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {hidden!r}:
            raise ImportError(name + " is hidden")

sys.meta_path.insert(0, Absent())
"""
_ANSWER_S: Final = 60.0
_MAIN: Final = "from beffroi.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class RecorderDoor:
    """What may be asked of a running recorder without a lease, and what lies in its folder."""

    data: Path

    @property
    def paths(self) -> RecorderPaths:
        """Its files."""
        return RecorderPaths(self.data)

    def ask(self, method: str, **params: Any) -> Any:
        """One request on its control socket."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(_ANSWER_S)
            link.connect(str(self.paths.control))
            with link.makefile("rwb") as lines:
                lines.write(json.dumps({"id": 1, "method": method, "params": params}).encode() + b"\n")
                lines.flush()
                answer = json.loads(lines.readline())
        demand("result" in answer, f"l'enregistreur refuse {method}", f"the recorder refuses {method}: {answer}")
        return answer["result"]

    def streams(self) -> dict[StreamId, dict[str, Any]]:
        """Health of each (camera, stream)."""
        return {(item["camera"], item["stream"]): item for item in self.ask("streams")["streams"]}

    def recording(self, *, frames: int = 1) -> set[StreamId]:
        """The streams being recorded that have received at least so many pictures."""
        return {
            name
            for name, item in self.streams().items()
            if item["state"] == "recording" and item["frames"] >= frames and item.get("pid")
        }

    def wait_recording(self, expected: set[StreamId]) -> None:
        """Wait until each of these is being recorded, as after a start of the recorder.

        Raises:
            PromiseBrokenError: one is not, in a minute.
        """
        wait_until(lambda: expected <= self.recording(), "l'enregistrement de tous", "all to be recorded")

    def all_recording(self, expected: set[StreamId]) -> bool:
        """Whether each of these is being recorded, or has no order any more."""
        streams = self.streams()
        return expected <= self.recording() | {name for name in streams if streams[name]["state"] == "stopped"}

    def workers(self) -> list[int]:
        """Process ids of its workers."""
        return sorted({item["pid"] for item in self.streams().values() if item.get("pid")})

    def journal(self) -> list[JournalEntry]:
        """All acts, read from its file."""
        with closing(Journal.open(self.paths.journal)) as journal:
            return journal.read_after(0, 1_000_000)

    def stored(self, since_us: int) -> dict[StreamId, int]:
        """Pictures on disk since a wall time, counted in each file's own index or boxes, for each stream."""
        found: dict[StreamId, int] = {}
        with closing(Catalogue.open(self.paths.catalogue)) as catalogue:
            rows = [row for row in catalogue.all_chunks() if (self.paths.root / row.path).exists()]
        for row in rows:
            with ChunkReader.open(self.paths.root / row.path) as reader:
                count = sum(gop.frames for gop in reader.gops if gop.wall_us >= since_us)
            if count:
                found[row.camera, row.stream] = found.get((row.camera, row.stream), 0) + count
        return found


def check_at_hash(data: Path) -> None:
    """`beffroi vault check --level hash`, as an operator runs it.

    Raises:
        PromiseBrokenError: it found something; says what.
    """
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", _MAIN, "vault", "check", "--data", str(data), "--level", "hash"],
        capture_output=True,
        text=True,
        check=False,
    )
    demand(done.returncode == 0, f"vault check : {done.stdout[-500:]}", f"vault check: {done.stdout[-500:]}")


def recording_needs_no_centre(house: House, *, frames: int = 50) -> Kept:
    """The centre is killed, its folder taken away, its libraries hidden: recording goes on, and after a reboot too.

    The folder that is away holds the database and every keyring. All is put back at the end.

    Raises:
        PromiseBrokenError: a stream that was recorded no longer is.
    """
    door = RecorderDoor(house.data)
    cameras = json.loads((house.data / "cameras.json").read_text())["cameras"]
    expected = {(camera["name"], stream) for camera in cameras for stream in ("main", "sub")}
    wait_until(lambda: door.all_recording(expected), "l'enregistrement de tous", "all to be recorded")
    before = door.recording()
    with tempfile.TemporaryDirectory(prefix="hidden-") as folder, _without_centre(house):
        environment = _hidden_libraries(Path(folder))
        killed_us = time.time_ns() // 1000
        wait_until(
            lambda: _have(door, before, killed_us, frames), "la suite sans centre", "more pictures without a centre"
        )
        _power_cut(house, door)
        booted_s, booted_us = time.monotonic(), time.time_ns() // 1000
        house.start_recorder(environment=environment)
        wait_until(lambda: before <= door.recording(), "la reprise", "the recording after the reboot", timeout_s=60)
        resumed_s = time.monotonic() - booted_s
        wait_until(lambda: _have(door, before, booted_us, frames), "des images sur disque", "pictures on disk")
        demand(not (house.data / "centre").exists(), "le centre est là", "the centre is there")
        after = door.stored(booted_us)
        check_at_hash(house.data)
    door.wait_recording(before)  # the house is left as it was found
    return kept(
        "Centre tué, base et trousseaux retirés, bibliothèques cachées : l'enregistrement continue et redémarre",
        Figure("flux", len(before), ""),
        Figure("images depuis le redémarrage", sum(after.values()), ""),
        Figure("reprise après redémarrage", round(resumed_s, 1), "s", 2 * RESUMED_IN_S),
    )


def _have(door: RecorderDoor, streams: set[StreamId], since_us: int, frames: int) -> bool:
    stored = door.stored(since_us)
    return all(stored.get(name, 0) >= frames for name in streams)


def _hidden_libraries(folder: Path) -> dict[str, str]:
    """The environment of a process that cannot import the centre's libraries; proven on one."""
    (folder / "sitecustomize.py").write_text(_BLOCKER.format(hidden=set(HIDDEN)))
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))}
    for name in HIDDEN:
        tried = subprocess.run(  # noqa: S603  our own interpreter
            [sys.executable, "-c", f"import {name}"],
            env={**os.environ, **environment},
            capture_output=True,
            check=False,
        )
        demand(b"is hidden" in tried.stderr, f"{name} n'est pas cachée", f"{name} is not hidden")
    return environment


def _power_cut(house: House, door: RecorderDoor) -> None:
    """Kill the recorder and its workers at once, so that none closes a file."""
    workers = door.workers()
    house.children.stop("recorder", kill=True)
    for pid in workers:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "la fin des processus", "the workers' end"
    )


@contextmanager
def _without_centre(house: House) -> Iterator[None]:
    """The centre killed and its folder elsewhere; at the end the folder is back, recorder and centre run as before."""
    away = house.data.with_name(f"{house.data.name}-centre-away")
    house.children.stop("centre", kill=True)
    (house.data / "centre").rename(away)
    try:
        yield
    finally:
        if (house.data / "centre").exists():
            shutil.rmtree(house.data / "centre")
        away.rename(house.data / "centre")
        if "recorder" in house.children.running:
            house.children.stop("recorder")
        house.start_recorder()
        house.start_centre()
