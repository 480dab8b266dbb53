"""The peer of the recording bench: ``ffmpeg -c copy`` to segmented, fragmented MP4, one process per stream."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.media.boxes import find, walk
from beffroi.media.errors import MalformedMediaError

_END_S: Final = 60.0


def version() -> str:
    """The version of the ``ffmpeg`` that PATH gives.

    Raises:
        BadInputError: there is none.
    """
    first = subprocess.run([_program(), "-version"], capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    return first[2]


class Peer:
    """One ``ffmpeg`` for each stream."""

    def __init__(self, folder: Path, port: int, streams: int) -> None:
        self._folder = folder
        self._streams = streams
        self._processes = [self._start(port, number) for number in range(streams)]

    def pids(self) -> list[int]:
        """Their process ids."""
        return [process.pid for process in self._processes]

    def finish(self) -> None:
        """The cameras have closed: wait until every file is written."""
        for process in self._processes:
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.terminate()
                process.wait(_END_S)

    def close(self) -> None:
        """End what is left."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()

    def frames(self) -> list[int]:
        """Pictures on disk, for each stream."""
        return [sum(map(count_frames, self._folder.glob(f"cam-{number}-*.mp4"))) for number in range(self._streams)]

    def runs(self) -> int:
        """More than one file a stream is more than it was asked for."""
        return len(list(self._folder.glob("*.mp4")))

    def _start(self, port: int, number: int) -> "subprocess.Popen[bytes]":
        command = [
            *(_program(), "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp"),
            *("-i", f"rtsp://127.0.0.1:{port}/cam-{number}/main", "-c", "copy", "-an"),
            *("-f", "segment", "-segment_time", "600", "-segment_format", "mp4"),
            *("-segment_format_options", "movflags=+frag_keyframe+empty_moov+default_base_moof"),
            str(self._folder / f"cam-{number}-%03d.mp4"),
        ]
        with (self._folder / "peer.log").open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603  fixed words


def count_frames(path: Path) -> int:
    """Samples of every whole fragment of a fragmented MP4."""
    data, frames = path.read_bytes(), 0
    try:
        for item in walk(data):
            trun = find(data, (b"traf", b"trun"), item.body, item.end) if item.kind == b"moof" else None
            if trun:
                frames += int.from_bytes(data[trun.body + 4 : trun.body + 8], "big")
    except MalformedMediaError:
        return frames  # cut at its end: what stands before is whole
    return frames


def _program() -> str:
    found = shutil.which("ffmpeg")
    if found is None:
        raise BadInputError(
            Text(
                fr="ffmpeg est introuvable : installez le paquet Debian « ffmpeg », ou demandez --no-peer.",
                en="ffmpeg is not found: install Debian's “ffmpeg” package, or ask for --no-peer.",
            )
        )
    return found
