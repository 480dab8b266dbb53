"""What the recorder answers on its control socket. Footage, and even the calendar, need a lease; health does not."""

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from beffroi.capture.handle import StreamId
from beffroi.capture.leases import LeaseChecker
from beffroi.capture.params import bad, whole
from beffroi.domain.acts import Act
from beffroi.domain.clock import Clock
from beffroi.domain.errors import NotFoundError
from beffroi.domain.gaps import Gap, GapCause
from beffroi.domain.ids import CameraId, StreamName
from beffroi.domain.lease import Lease, LeaseRefusedError
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.vault.catalogue import Catalogue, ChunkRow, ChunkState
from beffroi.vault.chunkformat import DamagedChunkError
from beffroi.vault.growing import growing_range
from beffroi.vault.journal import Journal
from beffroi.vault.reader import ChunkReader

MAX_READ_BYTES: Final = 8 * 1024 * 1024
_FOOTAGE_ACTS: Final = (Act.REPLAY, Act.EXTRACT)

Method = Callable[[dict[str, Any]], Any]
"""The result (a JSON value, or bytes) of a request's parameters. Runs in a thread: it may block."""


class Recorder(Protocol):
    """What the methods need of the supervisor."""

    def health(self) -> dict[StreamId, dict[str, Any]]:
        """Every known stream."""
        ...

    def reload(self) -> None:
        """Read the sheets again, now."""
        ...


class Methods:
    """Each method answers one RPC; ``call`` finds it by name. ``more``: those that live in modules of their own."""

    def __init__(
        self,
        *,
        root: Path,
        catalogue: Catalogue,
        journal: Callable[[], Journal],
        leases: LeaseChecker,
        recorder: Recorder,
        clock: Clock,
        more: Mapping[str, Method] | None = None,
    ) -> None:
        self._root = root
        self._catalogue = catalogue
        self._journal = journal
        self._leases = leases
        self._recorder = recorder
        self._clock = clock
        self._methods: dict[str, Method] = {
            "ping": lambda _: {"pong": self._clock.wall_us()},
            "streams": self._streams,
            "calendar": self._calendar,
            "chunks": self._chunks,
            "read": self._read,
            "journal": self._entries,
            "journal_ack": self._ack,
            "reload": self._reload,
            **(more or {}),
        }

    def call(self, method: str, params: dict[str, Any]) -> Any:
        """The result of a method: a JSON value, or bytes for ``read``.

        Raises:
            BeffroiError: refused, unknown, malformed.
        """
        found = self._methods.get(method)
        if found is None:
            raise bad("method")
        return found(params)

    def _streams(self, _: dict[str, Any]) -> Any:
        return {"streams": [value for _, value in sorted(self._recorder.health().items())]}

    def _calendar(self, params: dict[str, Any]) -> Any:
        camera, stream, asked = _stream(params)
        self._footage_lease(params, camera, asked)
        found = self._catalogue.calendar(camera, stream, asked, growing=self._growing(camera, stream, asked))
        gaps = list(found.gaps)
        open_gap = self._recorder.health().get((camera, stream), {}).get("open_gap")
        if open_gap:
            start, end = max(asked.from_us, open_gap[0]), min(asked.to_us, self._clock.wall_us())
            if start < end:
                gaps.append(Gap(WallRange(start, end), GapCause(open_gap[1])))
        return {
            "recorded": [[item.from_us, item.to_us] for item in found.recorded],
            "gaps": [[gap.range.from_us, gap.range.to_us, gap.cause.value] for gap in gaps],
            "destroyed": [[item.range.from_us, item.range.to_us, item.term_days] for item in found.destroyed],
            "lost": [[item.from_us, item.to_us] for item in found.lost],
        }

    def _growing(self, camera: CameraId, stream: StreamName, asked: WallRange) -> list[WallRange]:
        """What the files still being written hold by now."""
        held = []
        for row in self._catalogue.chunks(camera, stream, asked):
            if row.state is ChunkState.OPEN:
                with suppress(FileNotFoundError):
                    held.append(growing_range(self._root, row))
        return held

    def _chunks(self, params: dict[str, Any]) -> Any:
        camera, stream, asked = _stream(params)
        lease = self._footage_lease(params, camera, asked)
        rows = self._catalogue.chunks(camera, stream, asked)
        described = [self._describe(row, asked) for row in rows if row.authority == lease.authority]
        return {"chunks": [item for item in described if item is not None]}

    def _describe(self, row: ChunkRow, asked: WallRange) -> dict[str, Any] | None:
        """Header and index of one file, no more of the index than was asked for; None when the file has just gone.

        Raises:
            DamagedChunkError: it is torn, and not because it is being destroyed.
        """
        try:
            with ChunkReader.open(self._root / row.path) as reader:
                gops = reader.gops_in(asked)
                header = reader.header
                root = reader.footer.root.hex() if reader.footer else None
                head_length, init_length = reader.head_length, reader.init_length
        except (FileNotFoundError, DamagedChunkError) as error:
            if isinstance(error, DamagedChunkError) and self._kept(row):
                raise
            return None
        if not gops:
            return None
        return {
            "id": row.id,
            "camera": header.camera,
            "stream": header.stream,
            "run": header.run,
            "authority": header.authority,
            "term_days": header.term_days,
            "hour": header.hour,
            "kid": header.kid.hex(),
            "sealed_key": base64.b64encode(header.sealed_key).decode(),
            "wall_start_us": header.wall_start_us,
            "start_90k": header.start_90k,
            "config_digest": header.config_digest,
            "codec_string": header.codec_string,
            "width": header.width,
            "height": header.height,
            "recorder": header.recorder,
            "version": header.version,
            "head_length": head_length,
            "init_length": init_length,
            "root": root,
            "gops": [
                {
                    "offset": gop.offset,
                    "length": gop.length,
                    "wall_us": gop.wall_us,
                    "dts_90k": gop.dts_90k,
                    "duration_90k": gop.duration_90k,
                    "frames": gop.frames,
                    "key": gop.key,
                    "sha256": gop.sha256.hex(),
                }
                for gop in gops
            ],
        }

    def _read(self, params: dict[str, Any]) -> bytes:
        """Stored bytes (ciphertext) of one file: its head, or fragments that the lease's footage overlaps."""
        chunk_id, offset, length = (whole(params, name) for name in ("id", "offset", "length"))
        row = self._catalogue.chunk(chunk_id)
        if row is None:
            raise _not_found()
        lease = self._leases.check(params.get("lease"), camera=row.camera, acts=_FOOTAGE_ACTS, authority=row.authority)
        if not 0 < length <= MAX_READ_BYTES:
            raise bad("length")
        try:
            with ChunkReader.open(self._root / row.path) as reader:
                if offset + length > reader.head_length:
                    gops = reader.gops_in(lease.footage)
                    first = gops[0].offset if gops else 0
                    last = gops[-1].offset + gops[-1].length if gops else 0
                    if not (first <= offset and offset + length <= last):
                        raise LeaseRefusedError("outside its range")
                return reader.read(offset, length)
        except (FileNotFoundError, DamagedChunkError) as error:
            if isinstance(error, DamagedChunkError) and self._kept(row):
                raise
            raise _not_found() from error

    def _kept(self, row: ChunkRow) -> bool:
        """Whether a file that cannot be read is still one of the recordings: a destruction overwrites the head first,
        so that a file listed just before looks torn."""
        now = self._catalogue.chunk(row.id)
        return now is not None and now.state in (ChunkState.OPEN, ChunkState.CLOSED)

    def _entries(self, params: dict[str, Any]) -> Any:
        entries = self._journal().read_after(whole(params, "after"), whole(params, "limit"))
        return {
            "entries": [
                {
                    "seq": entry.seq,
                    "wall_us": entry.wall_us,
                    "kind": entry.kind.value,
                    "fields": entry.fields,
                    "chain": entry.chain.hex(),
                }
                for entry in entries
            ]
        }

    def _ack(self, params: dict[str, Any]) -> Any:
        self._journal().ack(whole(params, "seq"))
        return {}

    def _reload(self, _: dict[str, Any]) -> Any:
        self._recorder.reload()
        return {}

    def _footage_lease(self, params: dict[str, Any], camera: CameraId, asked: WallRange) -> Lease:
        return self._leases.check(params.get("lease"), camera=camera, acts=_FOOTAGE_ACTS, footage=asked)


def _stream(params: dict[str, Any]) -> tuple[CameraId, StreamName, WallRange]:
    camera, stream = params.get("camera"), params.get("stream")
    if not isinstance(camera, str) or stream not in {"main", "sub"}:
        raise bad("camera")
    from_us, to_us = whole(params, "from_us"), whole(params, "to_us")
    if to_us < from_us:
        raise bad("to_us")
    return CameraId(camera), "main" if stream == "main" else "sub", WallRange(from_us, to_us)


def _not_found() -> NotFoundError:
    return NotFoundError(
        Text(
            fr="Ce fichier n'existe pas ou n'existe plus : demandez de nouveau la liste.",
            en="This file does not exist, or no longer: ask for the list again.",
        )
    )
