"""Chunk files written for tests by the real writer, from real clips."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.clips import clip, gops

from beffroi.domain.ids import CameraId, StreamName
from beffroi.media.codec import CodecConfig
from beffroi.media.frame import Frame
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import ChunkHeader, ChunkWriter, CloseReason
from beffroi.vault.chunkformat import FORMAT_VERSION

START_US = 1_770_000_000_000_000  # 2026-02-02T02:40:00Z
CAMERA = CameraId("place-mairie")


@dataclass(frozen=True)
class Written:
    """A chunk on disk with what is needed to open it again."""

    path: Path
    header: ChunkHeader
    key: bytes
    config: CodecConfig
    frames: tuple[Frame, ...]
    chunk_id: int


def header_for(
    config: CodecConfig,
    *,
    wall_start_us: int = START_US,
    camera: CameraId = CAMERA,
    stream: StreamName = "main",
    run: str = "5e" * 16,
    start_90k: int = 0,
    version: int = FORMAT_VERSION,
) -> ChunkHeader:
    """A plausible header with a fresh key id."""
    return ChunkHeader(
        camera=camera,
        stream=stream,
        run=run,
        authority="maire/99001",
        term_days=15,
        hour=wall_start_us // 3_600_000_000,
        kid=os.urandom(16),
        sealed_key=os.urandom(80),
        wall_start_us=wall_start_us,
        start_90k=start_90k,
        config_digest=config.digest(),
        codec_string=config.codec_string,
        width=config.width,
        height=config.height,
        recorder="enregistreur-1",
        version=version,
    )


def begin(
    root: Path, catalogue: Catalogue, config: CodecConfig, *, key: bytes | None = None, **header: Any
) -> tuple[ChunkWriter, bytes]:
    """An open chunk and its key."""
    key = key or os.urandom(16)
    made = header_for(config, **header)
    return ChunkWriter.create(root, made, config, key, catalogue), key


def feed(writer: ChunkWriter, groups: Sequence[Sequence[Frame]]) -> None:
    """Write GOPs with wall times that follow the media clock exactly."""
    for number, group in enumerate(groups):
        following = groups[number + 1][0].dts_90k if number + 1 < len(groups) else None
        elapsed_us = (group[0].dts_90k - writer.header.start_90k) * 100 // 9
        writer.write_gop(group, writer.header.wall_start_us + elapsed_us, next_dts_90k=following)


def write_chunk(
    root: Path,
    catalogue: Catalogue,
    source: tuple[CodecConfig, tuple[Frame, ...]] | None = None,
    *,
    reason: CloseReason = CloseReason.ROTATED,
    **header: Any,
) -> Written:
    """A closed chunk: 3 GOPs of one second by default."""
    config, frames = source or clip(count=75)
    writer, key = begin(root, catalogue, config, **header)
    feed(writer, gops(frames))
    writer.close(reason)
    return Written(writer.path, writer.header, key, config, frames, writer.chunk_id)
