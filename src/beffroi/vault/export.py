"""Out of chunks, one file: samples bit for bit, never decoded, never re-encoded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from beffroi.domain.errors import BadInputError
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.media.codec import CodecConfig, config_from_init
from beffroi.media.fmp4 import fragment, init_segment
from beffroi.media.frame import Frame
from beffroi.media.parse import Fragment, sample_bytes
from beffroi.media.repair import iterate
from beffroi.vault.chunkformat import GopEntry
from beffroi.vault.reader import ChunkReader


class ExportError(BadInputError):
    """The range cannot be made into one file."""


@dataclass(frozen=True, slots=True)
class Source:
    """A chunk and its content key (16 bytes)."""

    path: Path
    key: bytes


@dataclass
class _Timeline:
    """Where media times of different runs come to lie in the one file, in 90 kHz ticks from its first picture."""

    start_us: int | None = None
    run: str = ""
    shift_90k: int = 0
    end_90k: int = 0

    def place(self, run: str, gop: GopEntry) -> int:
        if self.start_us is None:
            self.start_us = gop.wall_us
        if run != self.run:
            # A new run starts at its own wall time, never before the previous one ended.
            at_90k = max(self.end_90k, (gop.wall_us - self.start_us) * 9 // 100)
            self.run, self.shift_90k = run, at_90k - gop.dts_90k
        placed = gop.dts_90k + self.shift_90k
        self.end_90k = placed + gop.duration_90k
        return placed


def export_clear(sources: Sequence[Source], asked: WallRange) -> Iterator[bytes]:
    """One clear MP4: the GOPs of all sources that overlap the range, in time order, holes kept as holes.

    It starts at the key frame at or before the range's start, so a little more than asked may be in it.

    Raises:
        ExportError: no picture in the range, or the camera changed its video settings within it.
        DamagedChunkError: a file is not a chunk. MalformedMediaError: a fragment is not whole.
    """
    ordered = sorted(sources, key=lambda item: int(item.path.name.split("-")[0]))
    timeline, sequence = _Timeline(), 0
    config: CodecConfig | None = None
    for source in ordered:
        with ChunkReader.open(source.path) as reader:
            chosen = reader.gops_in(asked)
            if not chosen:
                continue
            own = config_from_init(reader.init())
            if config is None:
                config = own
                yield init_segment(config, protection=None)
            elif own != config:
                raise ExportError(
                    Text(
                        fr="La caméra a changé de réglages vidéo dans cet intervalle : exportez-le en deux parties.",
                        en="The camera changed its video settings within this range: export it in two parts.",
                    )
                )
            for gop in chosen:
                sequence += 1
                yield from _clear_fragment(reader, gop, source.key, sequence, timeline)
    if config is None:
        raise ExportError(
            Text(fr="Aucune image n'est conservée dans cet intervalle.", en="No picture is held in this range.")
        )


def export_encrypted(path: Path, asked: WallRange) -> Iterator[bytes]:
    """One chunk's GOPs of a range as they are stored: each fragment still matches its hash in the chunk's index.

    Raises:
        ExportError: no picture in the range.
        DamagedChunkError: the file is not a chunk.
    """
    with ChunkReader.open(path) as reader:
        chosen = reader.gops_in(asked)
        if not chosen:
            raise ExportError(
                Text(fr="Aucune image n'est conservée dans cet intervalle.", en="No picture is held in this range.")
            )
        yield reader.init()
        for gop in chosen:
            yield reader.read(gop.offset, gop.length)


def clear_frames(reader: ChunkReader, gop: GopEntry, key: bytes) -> list[Frame]:
    """The frames of one index entry, opened.

    Raises:
        MalformedMediaError: the fragment is not whole.
    """
    raw = reader.read(gop.offset, gop.length)
    found: Fragment = next(item for item, _ in iterate(raw) if item is not None)
    return [
        Frame(
            sample_bytes(raw, found, sample, key), sample.key, sample.dts_90k, sample.pts_90k, sample.duration_90k,
            arrival_us=gop.wall_us + (sample.dts_90k - gop.dts_90k) * 100 // 9,
        )
        for sample in found.samples
    ]  # fmt: skip


def _clear_fragment(
    reader: ChunkReader, gop: GopEntry, key: bytes, sequence: int, timeline: _Timeline
) -> Iterator[bytes]:
    yield from fragment(
        clear_frames(reader, gop, key),
        sequence=sequence,
        protection=None,
        first_sample=0,
        base_dts_90k=timeline.place(reader.header.run, gop),
        wall_us=gop.wall_us,
    )
