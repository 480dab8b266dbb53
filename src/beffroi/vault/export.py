"""Out of chunks on this disk, one file: samples bit for bit, never decoded, never re-encoded."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from beffroi.domain.ranges import WallRange
from beffroi.media.codec import config_from_init
from beffroi.vault import rangefile
from beffroi.vault.reader import ChunkReader


@dataclass(frozen=True, slots=True)
class Source:
    """A chunk and its content key (16 bytes)."""

    path: Path
    key: bytes


def export_clear(sources: Sequence[Source], asked: WallRange) -> Iterator[bytes]:
    """One clear MP4, the very bytes that the centre hands out for this range (`beffroi.vault.rangefile`).

    It starts at the key frame at or before the range's start, hidden by an edit list; holes are kept as holes.

    Raises:
        NoFootageError, SettingsChangedError: see `rangefile.select`.
        DamagedFootageError: what the disk holds is not what the index says. DamagedChunkError: a file is not a chunk.
    """
    with ExitStack() as opened:
        readers = [opened.enter_context(ChunkReader.open(source.path)) for source in sources]
        keys = {reader.header.kid: source.key for reader, source in zip(readers, sources, strict=True)}
        by_kid = {reader.header.kid: reader for reader in readers}
        selection = rangefile.select([rangefile.Source(one.header, one.gops) for one in readers], asked)
        kids = [source.header.kid for source in selection.sources]
        number, gop = selection.steps[selection.anchor]
        anchor = by_kid[kids[number]]
        layout = rangefile.lay_out(selection, config_from_init(anchor.init()), anchor.read(gop.offset, gop.length))
        yield layout.head
        for placed in layout.fragments:
            kid = kids[placed.source]
            stored = by_kid[kid].read(placed.gop.offset, placed.gop.length)
            yield layout.open_fragment(placed, stored, keys[kid])
