"""The recording bench: a simulator, a recorder, both as processes of their own, measured from /proc."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from beffroi.base.clock import SystemClock
from beffroi.capture.client import RecorderClient
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.acts import Origin, Purpose
from beffroi.domain.ids import AuthorityId, BodyId, CameraId, DocumentId
from beffroi.vault.publichours import PublicHours, encode_bundle
from beffroi.vault.reader import ChunkReader
from beffroi.vault.sheet import RecordingSheet, SheetSigner, SheetStream
from simulate.clips import Encoder
from simulate.config import Camera, Config

FPS: Final = 25
GOP: Final = 50
WIDTH: Final = 1280
HEIGHT: Final = 720
_AUTHORITY: Final = AuthorityId("maire/99001")
_HOUR_US: Final = 3_600_000_000
_TICKS: Final = 90_000 // FPS


async def measure(folder: Path, *, streams: int, seconds: float, kbit_s: int) -> dict[str, Any]:
    """Run the bench in a folder and return its figures."""
    paths = RecorderPaths(folder)
    paths.prepare()
    clip = make_clip(folder / "clip.mp4", kbit_s)
    simulator, port = _simulator(folder, clip, streams)
    recorder: subprocess.Popen[bytes] | None = None
    try:
        _papers(paths, port, streams)
        recorder = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-c", "from beffroi.cli.main import main; main()", "recorder", "--data", str(folder)],
            stderr=(folder / "recorder.log").open("wb"),
        )
        pids = await _all_recording(paths, streams, recorder.pid)
        first = {name: _usage(group) for name, group in (("r", pids), ("s", [simulator.pid]))}
        began_s = time.monotonic()
        await asyncio.sleep(seconds)
        lasted_s = time.monotonic() - began_s
        last = {name: _usage(group) for name, group in (("r", pids), ("s", [simulator.pid]))}
        pss_kib = sum(_pss_kib(pid) for pid in pids)
        recorder.send_signal(signal.SIGTERM)
        recorder.wait(60)
    finally:
        for process in (recorder, simulator):
            if process and process.poll() is None:
                process.kill()
                process.wait()
    kept = _kept(paths)
    cpu_ms = [(last[name][0] - first[name][0]) * 1000 / lasted_s for name in ("r", "s")]
    return {
        "streams": streams,
        "seconds": round(lasted_s, 1),
        "kbit_s_per_stream": round(kept["bytes"] * 8 / 1000 / max(kept["seconds"], 1e-9)),
        "frames_recorded": kept["frames"],
        "frames_missing": kept["missing"] + (streams - kept["streams"]),
        "gaps": kept["gaps"],
        "processes": len(pids),
        "recorder_cpu_ms_per_s_per_stream": round(cpu_ms[0] / streams, 2),
        "generator_cpu_ms_per_s_per_stream": round(cpu_ms[1] / streams, 2),
        "context_switches_per_s_per_stream": round((last["r"][1] - first["r"][1]) / lasted_s / streams, 1),
        "pss_mib_per_stream": round(pss_kib / 1024 / streams, 2),
        "cores": len(os.sched_getaffinity(0)),
    }


def make_clip(path: Path, kbit_s: int) -> Path:
    """Four seconds of moving noise, which fills the rate asked for."""
    rng = np.random.default_rng(7)
    noise = rng.integers(0, 256, (HEIGHT + 8 * FPS, WIDTH, 3), dtype=np.uint8)
    encoder = Encoder(path, "h264", WIDTH, HEIGHT, Fraction(FPS), gop=GOP, bframes=0, kbit_s=kbit_s)
    for number in range(4 * FPS):
        picture = np.full((HEIGHT, WIDTH, 3), 90, dtype=np.uint8)
        shift = random.Random(number).randrange(8 * FPS)  # noqa: S311  a picture, not a secret
        picture[: HEIGHT // 2, : WIDTH // 2] = noise[shift : shift + HEIGHT // 2, : WIDTH // 2]
        encoder.add(av.VideoFrame.from_ndarray(picture, format="rgb24"))
    encoder.close()
    return path


def _simulator(folder: Path, clip: Path, streams: int) -> tuple[subprocess.Popen[bytes], int]:
    cameras = tuple(Camera(name=f"cam-{n}", main=clip, sub=clip, offset_s=n * 0.37) for n in range(streams))
    Config(cameras=cameras).write(folder / "cameras.json")
    process = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-m", "simulate", "--config", str(folder / "cameras.json"), "--until-input-ends"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    if process.stdout is None:
        raise RuntimeError("the simulator has no output")
    return process, int(json.loads(process.stdout.readline())["port"])


def _papers(paths: RecorderPaths, port: int, streams: int) -> None:
    """Trust, hour keys whose private halves are thrown away, and one sheet per camera."""
    signer = Ed25519PrivateKey.generate()
    pem = signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    paths.sheet_trust.write_bytes(pem)
    now_us = SystemClock().wall_us()
    bundle = encode_bundle(
        authority=_AUTHORITY,
        term_days=1,
        legal_tz="Europe/Paris",
        first_hour=now_us // _HOUR_US - 1,
        keys=[X25519PrivateKey.generate().public_key().public_bytes_raw() for _ in range(6)],
        issued_us=now_us,
        signer=signer,
    )
    PublicHours.load(paths.hours, (signer.public_key(),)).install(bundle, now_us=now_us)
    for number in range(streams):
        sheet = RecordingSheet(
            camera=CameraId(f"cam-{number}"),
            authority=_AUTHORITY,
            commune=BodyId("99001"),
            term_days=1,
            min_days=0,
            priority=0,
            streams=(SheetStream("main", f"rtsp://127.0.0.1:{port}/cam-{number}/main"),),
            credentials="",
            origin=Origin.PUBLIC_WAY,
            order=DocumentId("prefect_order/bench"),
            purposes=(Purpose.F5,),
            legal_tz="Europe/Paris",
            issued_us=now_us,
            valid_from_us=now_us,
            valid_until_us=now_us + 24 * _HOUR_US,
            serial=1,
        )
        (paths.sheets / f"{sheet.camera}.json").write_bytes(SheetSigner(signer).sign(sheet))


async def _all_recording(paths: RecorderPaths, streams: int, supervisor: int) -> list[int]:
    """Wait until every stream is recorded; the recorder's process ids."""
    async with RecorderClient(paths.control) as client:
        for _ in range(600):
            try:
                found = await client.streams()
            except Exception:  # noqa: BLE001  the recorder is starting; the count of tries ends this
                found = []
            if sum(item["state"] == "recording" for item in found) == streams:
                await asyncio.sleep(3)  # past the burst of the start
                return [supervisor, *sorted({item["pid"] for item in found})]
            await asyncio.sleep(0.1)
    raise RuntimeError("not every stream is recorded after 60 s")


def _usage(pids: list[int]) -> tuple[float, int]:
    """CPU seconds and context switches so far."""
    tick = os.sysconf("SC_CLK_TCK")
    cpu, switches = 0.0, 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        cpu += (int(fields[11]) + int(fields[12])) / tick
        for task in Path(f"/proc/{pid}/task").glob("*/status"):
            lines = [line for line in task.read_text().splitlines() if "ctxt_switches" in line]
            switches += sum(int(line.split()[1]) for line in lines)
    return cpu, switches


def _pss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _kept(paths: RecorderPaths) -> dict[str, Any]:
    """What lies on disk. Each picture of the simulator lasts exactly 3,600 ticks: a longer one hides missing ones."""
    total: dict[str, Any] = {"frames": 0, "missing": 0, "bytes": 0, "seconds": 0.0, "streams": 0, "gaps": 0}
    for folder in (paths.root / "streams").glob("*/*"):
        total["streams"] += 1
        before: tuple[str, int] | None = None
        for path in sorted(folder.glob("*.mp4")):
            with ChunkReader.open(path) as reader:
                run, gops = reader.header.run, reader.gops
            if before and before[0] != run:
                total["gaps"] += 1
            elif before:
                total["missing"] += (gops[0].dts_90k - before[1]) // _TICKS
            frames = sum(gop.frames for gop in gops)
            span = gops[-1].dts_90k + gops[-1].duration_90k - gops[0].dts_90k
            total["frames"] += frames
            total["missing"] += span // _TICKS - frames
            total["bytes"] += path.stat().st_size
            total["seconds"] += span / 90_000
            before = run, gops[-1].dts_90k + gops[-1].duration_90k
    return total
