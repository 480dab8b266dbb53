"""A real recorder process on simulated cameras, with its sheets, hour keys and trust, for tests.

with simulated_cameras([CameraSpec("rue-1", user="u", password="p")]) as sim, recorder(tmp_path, sim) as rec:
    rec.wait_recording("rue-1")
    rec.ask("streams")                       # any RPC; leases come from rec.world.lease(...)
    rec.stop(); rec.frames("rue-1")          # decrypted pictures on disk, in order
"""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from tests.support.cameras import SimulatedCameras
from tests.support.frames import clear_frames
from tests.support.keys import KeyWorld, key_world
from tests.support.ports import wait_for

from beffroi.base.clock import SystemClock
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.acts import Act, Origin, Purpose
from beffroi.domain.ids import AuthorityId, BodyId, CameraId, DocumentId, StreamName
from beffroi.domain.ranges import WallRange
from beffroi.media.frame import Frame
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunkformat import ChunkHeader, GopEntry
from beffroi.vault.credentials import Credentials, RecorderIdentity, seal_credentials
from beffroi.vault.journal import Journal, JournalEntry
from beffroi.vault.reader import ChunkReader
from beffroi.vault.sealing import chunk_info
from beffroi.vault.sheet import RecordingSheet, SheetSigner, SheetStream

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Counted:
    """Frames of a stream that one life of its worker had received."""

    life: int | None
    frames: int


@dataclass
class RunningRecorder:
    """A recorder's data folder and process."""

    data: Path
    world: KeyWorld
    cores: int = 1
    log_level: str = "INFO"
    more: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    crashed_us: int = 0
    _serials: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def paths(self) -> RecorderPaths:
        return RecorderPaths(self.data)

    @property
    def log(self) -> str:
        """All it has written to standard error."""
        path = self.data / "recorder.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def write_sheet(
        self,
        camera: str,
        urls: dict[StreamName, str],
        *,
        user: str = "",
        password: str = "",
        authority: AuthorityId | None = None,
        valid_from_us: int | None = None,
        valid_until_us: int | None = None,
        **changes: Any,
    ) -> RecordingSheet:
        """Sign and put down a sheet for one camera. ``urls`` are without credentials; ``changes`` replace fields."""
        now_us = SystemClock().wall_us()
        sealed = ""
        if password:
            public = RecorderIdentity.open_or_create(self.paths.root).public
            sealed = seal_credentials(public, Credentials(user, password), camera=camera)
        until_us = now_us + DAY_US if valid_until_us is None else valid_until_us
        from_us = now_us - DAY_US if valid_from_us is None else valid_from_us
        sheet = RecordingSheet(
            camera=CameraId(camera),
            authority=authority or self.world.authority,
            commune=BodyId("99001"),
            term_days=self.world.term_days,
            min_days=0,
            priority=0,
            # A declared rate: a day of many cameras at the assumed one does not fit on a small machine's disk.
            streams=tuple(SheetStream(name, url, kbit_s=200) for name, url in urls.items()),
            credentials=sealed,
            origin=Origin.PUBLIC_WAY,
            order=DocumentId(f"prefect_order/{camera}"),
            purposes=(Purpose.F5,),
            legal_tz="Europe/Paris",
            issued_us=min(now_us, from_us),
            valid_from_us=from_us,
            valid_until_us=until_us,
            serial=next(self._serials),
        )
        sheet = replace(sheet, **changes)
        self.paths.sheets.mkdir(parents=True, exist_ok=True)
        target = self.paths.sheets / f"{camera}.json"
        temporary = target.with_suffix(".new")
        temporary.write_bytes(SheetSigner(self.world.sheet_key).sign(sheet))
        temporary.replace(target)
        return sheet

    def start(self) -> None:
        """Start the process and wait until it answers."""
        with (self.data / "recorder.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-c", "from beffroi.cli.main import main; main()"),
                    *("recorder", "--data", str(self.data)),
                    *("--cores", str(self.cores), "--log-level", self.log_level),
                    *self.more,
                ],
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
            )
        wait_for(self._answers, timeout_s=60, what=lambda: f"the recorder to answer; its log:\n{self.log}")

    def stop(self, timeout_s: float = 30) -> int:
        """SIGTERM; its exit code."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def kill(self) -> None:
        """SIGKILL the supervisor and its workers in one instant, as a power cut would (the page cache excepted),
        whether it answers or not. None of them runs any more afterwards."""
        process, self.process = self.process, None
        if process is None:
            return
        # Held first: it would start others in their place; and they would close their files, seeing it end.
        process.send_signal(signal.SIGSTOP)
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in map(int, workers):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()
        for pid in map(int, workers):
            wait_for(partial(_is_gone, pid), what="a worker to end")

    def crash_worker(self, camera: str, stream: str = "main", *, number: int = signal.SIGKILL) -> int:
        """End the worker of a stream by a signal (``crashed_us``: when, wall time), and wait until it is no longer told
        as its worker. Its process id."""
        victim: int = self.streams()[camera, stream]["pid"]
        os.kill(victim, number)
        self.crashed_us = SystemClock().wall_us()
        wait_for(lambda: victim not in self.worker_pids(), what=lambda: f"worker {victim} to end; log:\n{self.log}")
        return victim

    def worker_pids(self) -> list[int]:
        """Process ids of the workers."""
        return sorted({item["pid"] for item in self.streams().values() if item.get("pid")})

    def ask(self, method: str, **params: Any) -> Any:
        """One request on the control socket; its result.

        Raises:
            RuntimeError: with the error's JSON.
        """
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(30)
            link.connect(str(self.paths.control))
            with link.makefile("rwb") as lines:
                lines.write(json.dumps({"id": 1, "method": method, "params": params}).encode() + b"\n")
                lines.flush()
                answer = json.loads(lines.readline())
        if "error" in answer:
            raise RuntimeError(json.dumps(answer["error"], ensure_ascii=False))
        return answer["result"]

    def streams(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Health per (camera, stream)."""
        return {(item["camera"], item["stream"]): item for item in self.ask("streams")["streams"]}

    def wait_recording(self, camera: str, stream: str = "main", *, timeout_s: float = 60, frames: int = 1) -> None:
        """Until this stream is recording and has ``frames`` more received than now."""
        self.wait_all(camera, stream=stream, timeout_s=timeout_s, frames=frames)

    def wait_all(self, *cameras: str, stream: str = "main", timeout_s: float = 60, frames: int = 1) -> None:
        """`wait_recording` for several cameras at once. A worker's next life counts from zero: so do we, then."""
        since: dict[str, Counted] = {}

        def recording() -> bool:
            streams = self.streams()
            more = [_received(streams.get((camera, stream)), since, camera) for camera in cameras]
            return all(count is not None and count >= frames for count in more)

        what = f"{' '.join(cameras)} ({stream}) to be recorded"
        wait_for(recording, timeout_s=timeout_s, what=lambda: f"{what}; log:\n{self.log[-3000:]}")

    def wait_state(self, camera: str, state: str, stream: str = "main", *, timeout_s: float = 60) -> dict[str, Any]:
        """Until this stream is in a state; its health."""

        def found() -> dict[str, Any] | None:
            health = self.streams().get((camera, stream), {})
            return health if health.get("state") == state else None

        what = f"{camera}/{stream} to be {state}"
        return wait_for(found, timeout_s=timeout_s, what=lambda: f"{what}; log:\n{self.log[-3000:]}")

    def calendar(self, camera: str, stream: str = "main", *, back_s: float = 3600) -> dict[str, Any]:
        """Calendar of the last hour, under a replay lease."""
        now_us = SystemClock().wall_us()
        from_us = now_us - round(back_s * 1e6)
        lease = self.world.lease(camera, Act.REPLAY, from_us=from_us, to_us=now_us)
        asked = {"camera": camera, "stream": stream, "from_us": from_us, "to_us": now_us}
        answer: dict[str, Any] = self.ask("calendar", lease=lease, **asked)
        return answer

    def journal(self) -> list[JournalEntry]:
        """All acts, read from the file."""
        journal = Journal.open(self.paths.journal)
        try:
            return journal.read_after(0, 10_000)
        finally:
            journal.close()

    def chunks(self, camera: str, stream: StreamName = "main") -> list[Path]:
        """Files of a stream in time order."""
        return sorted((self.paths.root / "streams" / camera / stream).glob("*.mp4"))

    def content_key(self, path: Path) -> bytes:
        """The content key of a file, by the private hour key: what no recorder can do."""
        header = header_of(path)
        return self.world.ring.unseal(header.term_days, header.hour, header.sealed_key, info=chunk_info(header))

    def frames(self, camera: str, stream: StreamName = "main") -> list[tuple[GopEntry, Frame]]:
        """Every picture on disk, decrypted, in time order, with the index entry it lies under."""
        found = []
        for path in self.chunks(camera, stream):
            key = self.content_key(path)
            with ChunkReader.open(path) as reader:
                for gop in reader.gops:
                    found += [(gop, frame) for frame in clear_frames(reader, gop, key)]
        return found

    def catalogue(self) -> Catalogue:
        """The catalogue, opened here."""
        return Catalogue.open(self.paths.catalogue)

    def whole_calendar(self, camera: str, stream: StreamName = "main") -> Any:
        """Calendar of the last hour, read from the catalogue file."""
        catalogue = self.catalogue()
        now_us = SystemClock().wall_us()
        try:
            return catalogue.calendar(CameraId(camera), stream, WallRange(now_us - 3_600_000_000, now_us + 60_000_000))
        finally:
            catalogue.close()

    def _answers(self) -> bool:
        if self.process and self.process.poll() is not None:
            raise RuntimeError(f"the recorder ended with {self.process.returncode}:\n{self.log}")
        try:
            return bool(self.ask("ping"))
        except (OSError, ValueError):
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):  # it was killed: the test has its own words for it
                self.stop()


def _received(health: dict[str, Any] | None, since: dict[str, Counted], camera: str) -> int | None:
    """Frames received since the stream was first seen recording in this life of its worker; None before that."""
    life, count = (health or {}).get("pid"), (health or {}).get("frames", 0)
    before = since.get(camera)
    if before is not None and (before.life != life or count < before.frames):
        del since[camera]
        before = None
    if before is None and health is not None and health["state"] == "recording":
        before = since[camera] = Counted(life, count)
    return None if before is None else count - before.frames


def header_of(path: Path) -> ChunkHeader:
    """What a file says of itself."""
    with ChunkReader.open(path) as reader:
        return reader.header


def _is_gone(pid: int) -> bool:
    """Ended: a zombie that its new parent has not waited for holds no file any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # the second: it ended between open and read
        return True


def prepare_recorder(
    data: Path,
    sim: SimulatedCameras,
    *,
    streams: Sequence[StreamName] = ("main",),
    world: KeyWorld | None = None,
    passwords: dict[str, str] | None = None,
    **settings: Any,
) -> RunningRecorder:
    """Keys, trust and one sheet per camera; the process is not started. ``passwords`` replaces cameras' own."""
    rec = RunningRecorder(data, world or key_world(data, SystemClock()), **settings)
    for name, camera in sim.cameras.items():
        rec.write_sheet(
            name,
            {stream: sim.url(name, stream, credentials=False) for stream in streams},
            user=camera.user,
            password=(passwords or {}).get(name, camera.password),
        )
    return rec


@contextmanager
def recorder(data: Path, sim: SimulatedCameras, **settings: Any) -> Iterator[RunningRecorder]:
    """`prepare_recorder`, started; stopped at the end of the block."""
    with prepare_recorder(data, sim, **settings) as rec:
        rec.start()
        yield rec
