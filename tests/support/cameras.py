"""Simulated cameras for tests: a real RTSP server in a process of its own, and faults on command.

    with simulated_cameras([CameraSpec("rue-1", user="beffroi", password="secret")]) as sim:
        sim.url("rue-1", "main")         # rtsp://beffroi:secret@127.0.0.1:PORT/rue-1/main
        sim.fault("rue-1", "stall")      # see simulate.faults.Fault
        sim.stop(); sim.start()          # the same port again: the camera lost its power

Without clips a camera serves `simulate.clips.tiny`: 320×180 (main) and 240×136 (sub), 25 fps, GOP of 0.4 s.
"""

import json
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from simulate.clips import tiny
from simulate.config import Camera, Config, Join
from simulate.control import ask
from simulate.nal import Codec


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """What a test asks for. ``clip`` is the main stream; ``sub_clip`` defaults to a small one of ``sub_codec``."""

    name: str
    codec: Codec = "h264"
    clip: Path | None = None
    sub_clip: Path | None = None
    sub_codec: Codec | None = None
    user: str = ""
    password: str = ""
    audio: bool = False
    offset_s: float = 0.0
    join: Join = "live"
    alternate: Path | None = None

    def camera(self) -> Camera:
        """The simulator's own description of it, clips made."""
        return Camera(
            name=self.name,
            main=self.clip or tiny(self.codec, gop=10),
            sub=self.sub_clip or tiny(self.sub_codec or self.codec, 240, 136, gop=10),
            user=self.user,
            password=self.password,
            audio=self.audio,
            offset_s=self.offset_s,
            join=self.join,
            alternate=self.alternate,
        )


class SimulatedCameras:
    """A simulator process and the ways to command it."""

    def __init__(self, cameras: Sequence[Camera], folder: Path) -> None:
        self.cameras = {camera.name: camera for camera in cameras}
        self._path = folder / "cameras.json"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.control_port = 0

    def start(self) -> None:
        """Start, or start again on the same port, and wait until it listens.

        Raises:
            RuntimeError: it did not start within 60 s, or ended at once.
        """
        Config(cameras=tuple(self.cameras.values()), port=self.port, control_port=self.control_port).write(self._path)
        process = subprocess.Popen(
            [sys.executable, "-m", "simulate", "--config", str(self._path), "--until-input-ends"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._process = process
        if process.stdout is None or not select.select([process.stdout], [], [], 60.0)[0]:
            self.stop()
            raise RuntimeError("the simulated cameras did not start in 60 s")
        line = process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError("the simulated cameras ended at once: see standard error")
        ready = json.loads(line)
        self.port, self.control_port = ready["port"], ready["control_port"]

    def stop(self) -> None:
        """End the process, as a power cut would. Nothing happens when it is already ended."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()

    @property
    def pid(self) -> int:
        """Process id of the simulator, to measure or stop it."""
        if not self._process:
            raise RuntimeError("the simulated cameras are stopped")
        return self._process.pid

    def url(self, camera: str, stream: str = "main", *, credentials: bool = True) -> str:
        """RTSP address of a stream, with user and password when the camera has them."""
        known = self.cameras[camera]
        login = (
            f"{quote(known.user, safe='')}:{quote(known.password, safe='')}@" if known.password and credentials else ""
        )
        return f"rtsp://{login}127.0.0.1:{self.port}/{camera}/{stream}"

    def fault(self, camera: str, fault: str) -> None:
        """Put a camera at fault: ``none``, ``stall``, ``drop:0.1``… (see `simulate.faults.Fault`).

        Raises:
            BadInputError: unknown camera or fault.
        """
        ask(self.control_port, {"camera": camera, "fault": fault})

    def status(self) -> dict[str, Any]:
        """Per camera: fault, viewers per stream, frames sent per stream."""
        status: dict[str, Any] = ask(self.control_port, {"status": True})["status"]
        return status


@contextmanager
def simulated_cameras(specs: Sequence[CameraSpec | Camera]) -> Iterator[SimulatedCameras]:
    """Serve these cameras for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="cameras-") as folder:
        cameras = [spec.camera() if isinstance(spec, CameraSpec) else spec for spec in specs]
        running = SimulatedCameras(cameras, Path(folder))
        running.start()
        try:
            yield running
        finally:
            running.stop()
