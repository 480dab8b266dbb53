"""The pictures of a stored file, opened with its content key."""

from beffroi.media.frame import Frame
from beffroi.media.parse import sample_bytes
from beffroi.media.repair import iterate
from beffroi.vault.chunkformat import GopEntry
from beffroi.vault.reader import ChunkReader


def clear_frames(reader: ChunkReader, gop: GopEntry, key: bytes) -> list[Frame]:
    """The frames of one index entry, opened. ``arrival_us`` is the wall time at which each was shown.

    Raises:
        MalformedMediaError: the fragment is not whole.
    """
    raw = reader.read(gop.offset, gop.length)
    found = next(item for item, _ in iterate(raw) if item is not None)
    first_90k = found.samples[0].pts_90k
    return [
        Frame(
            sample_bytes(raw, found, sample, key), sample.key, sample.dts_90k, sample.pts_90k, sample.duration_90k,
            arrival_us=gop.wall_us + (sample.pts_90k - first_90k) * 100 // 9,
        )
        for sample in found.samples
    ]  # fmt: skip
