"""The recorder as the recording bench runs it: its papers, its processes, what it left on disk."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from beffroi.base.clock import SystemClock
from beffroi.capture.paths import RecorderPaths
from beffroi.cli.benchproc import family
from beffroi.domain.acts import Origin, Purpose
from beffroi.domain.ids import AuthorityId, BodyId, CameraId, DocumentId
from beffroi.vault.publichours import PublicHours, encode_bundle
from beffroi.vault.reader import ChunkReader
from beffroi.vault.sheet import RecordingSheet, SheetSigner, SheetStream

_AUTHORITY: Final = AuthorityId("maire/99001")
_HOUR_US: Final = 3_600_000_000


class Recorder:
    """Our own program, on as many simulated cameras."""

    def __init__(self, folder: Path, port: int, streams: int) -> None:
        self._paths = RecorderPaths(folder)
        self._paths.prepare()
        self._streams = streams
        _papers(self._paths, port, streams)
        command = [sys.executable, "-c", "from beffroi.cli.main import main; main()", "recorder", "--data", str(folder)]
        with (folder / "recorder.log").open("wb") as log:
            self._process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603  our own

    def pids(self) -> list[int]:
        """The supervisor and its workers."""
        return family(self._process.pid)

    def finish(self) -> None:
        """The cameras have closed: stop in order."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    def close(self) -> None:
        """End what is left."""
        if self._process.poll() is None:
            for pid in self.pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def frames(self) -> list[int]:
        """Pictures on disk, for each stream."""
        return [sum(_frames(path) for path in self._files(f"cam-{number}")) for number in range(self._streams)]

    def runs(self) -> int:
        """Runs on disk: one a stream, unless a session was lost."""
        return len({_run(path) for path in self._files("cam-*")})

    def _files(self, camera: str) -> list[Path]:
        return sorted((self._paths.root / "streams").glob(f"{camera}/main/**/*.mp4"))


def _frames(path: Path) -> int:
    with ChunkReader.open(path) as reader:
        return sum(gop.frames for gop in reader.gops)


def _run(path: Path) -> str:
    with ChunkReader.open(path) as reader:
        return reader.header.run


def _papers(paths: RecorderPaths, port: int, streams: int) -> None:
    """Trust, hour keys whose private halves are thrown away, and one sheet per camera."""
    signer = Ed25519PrivateKey.generate()
    paths.sheet_trust.write_bytes(signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
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
            # The rate declared is not the one sent: a day of them need not fit on this disk, they last some seconds.
            streams=(SheetStream("main", f"rtsp://127.0.0.1:{port}/cam-{number}/main", kbit_s=1),),
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
