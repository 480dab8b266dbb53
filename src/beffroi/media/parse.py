"""Reading fragments back: times, sizes, sub-samples, and whether the NAL chain adds up. Trusts nothing it reads."""

import struct
from dataclasses import dataclass
from typing import Final

from beffroi.media.boxes import Bytes, walk
from beffroi.media.cenc import IV_BYTES, MAX_SUBSAMPLES, apply
from beffroi.media.errors import MalformedMediaError
from beffroi.media.fragment import WALL_TIME_UUID
from beffroi.media.nal import NAL_HEADER_BYTES, Codec, split_lengths

_NOT_SYNC_FLAG: Final = 0x1_0000
_MAX_SAMPLES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame's place in its fragment. ``offset`` counts bytes from the `moof`; ``iv`` is empty when clear."""

    offset: int
    size: int
    duration_90k: int
    dts_90k: int
    pts_90k: int
    key: bool
    iv: bytes
    subsamples: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Fragment:
    """One `moof` + `mdat`: where it lies in the file and what it holds."""

    start: int
    end: int
    sequence: int
    wall_us: int | None
    samples: tuple[Sample, ...]

    @property
    def dts_90k(self) -> int:
        """Decode time of the first sample."""
        return self.samples[0].dts_90k

    @property
    def duration_90k(self) -> int:
        """Sum of the sample durations."""
        return sum(sample.duration_90k for sample in self.samples)


def read_fragment(data: Bytes, start: int, moof_end: int, mdat_end: int) -> Fragment:
    """Parse the `moof` at ``start`` whose `mdat` ends at ``mdat_end``.

    Raises:
        MalformedMediaError: anything that does not fit: a box, a count, a size, an offset.
    """
    try:
        return _read(data, start, moof_end, mdat_end)
    except struct.error as error:
        raise MalformedMediaError(f"fragment at {start} is cut") from error


def _read(data: Bytes, start: int, moof_end: int, mdat_end: int) -> Fragment:
    body = {item.kind: item for item in walk(data, start + 8, moof_end)}
    if b"mfhd" not in body or b"traf" not in body:
        raise MalformedMediaError(f"fragment at {start} lacks a header")
    sequence: int = struct.unpack(">4xI", bytes(data[body[b"mfhd"].body : body[b"mfhd"].body + 8]))[0]
    wall_us = None
    if b"uuid" in body:
        private = bytes(data[body[b"uuid"].body : body[b"uuid"].end])
        if private[:16] == WALL_TIME_UUID and len(private) == 24:
            wall_us = int.from_bytes(private[16:], "big", signed=True)
    inside = {
        item.kind: bytes(data[item.body : item.end]) for item in walk(data, body[b"traf"].body, body[b"traf"].end)
    }
    if b"tfdt" not in inside or b"trun" not in inside or len(inside[b"tfdt"]) != 12:
        raise MalformedMediaError(f"fragment at {start} lacks its times")
    dts_90k = int.from_bytes(inside[b"tfdt"][4:], "big")
    rows = _trun(inside[b"trun"])
    protection = _senc(inside[b"senc"], len(rows)) if b"senc" in inside else [(b"", ())] * len(rows)
    at: int = struct.unpack(">8xi", inside[b"trun"][:12])[0]
    if at != moof_end - start + 8:
        raise MalformedMediaError(f"fragment at {start} points elsewhere")
    samples = []
    for (duration, size, flags, composition), (iv, subsamples) in zip(rows, protection, strict=True):
        if subsamples and sum(map(sum, subsamples)) != size:
            raise MalformedMediaError(f"sub-samples of the fragment at {start} do not add up")
        key = not flags & _NOT_SYNC_FLAG
        samples.append(Sample(at, size, duration, dts_90k, dts_90k + composition, key, iv, subsamples))
        at += size
        dts_90k += duration
    if start + at != mdat_end:
        raise MalformedMediaError(f"fragment at {start} does not fill its data")
    return Fragment(start, mdat_end, sequence, wall_us, tuple(samples))


def _trun(trun: bytes) -> list[tuple[int, int, int, int]]:
    flags, count = int.from_bytes(trun[1:4], "big"), int.from_bytes(trun[4:8], "big")
    layout = {0x701: struct.Struct(">III"), 0xF01: struct.Struct(">IIIi")}.get(flags)
    if layout is None or not 0 < count <= _MAX_SAMPLES or len(trun) != 12 + count * layout.size:
        raise MalformedMediaError("sample table")
    return [(row[0], row[1], row[2], row[3] if len(row) == 4 else 0) for row in layout.iter_unpack(trun[12:])]


def _senc(senc: bytes, count: int) -> list[tuple[bytes, tuple[tuple[int, int], ...]]]:
    if int.from_bytes(senc[1:4], "big") != 2 or int.from_bytes(senc[4:8], "big") != count:
        raise MalformedMediaError("encryption table")
    out: list[tuple[bytes, tuple[tuple[int, int], ...]]] = []
    at = 8
    for _ in range(count):
        iv, pairs = senc[at : at + IV_BYTES], int.from_bytes(senc[at + 8 : at + 10], "big")
        end = at + 10 + 6 * pairs
        if len(iv) != IV_BYTES or not 0 < pairs <= MAX_SUBSAMPLES or end > len(senc):
            raise MalformedMediaError("encryption table")
        out.append((iv, tuple(struct.iter_unpack(">HI", senc[at + 10 : end]))))
        at = end
    if at != len(senc):
        raise MalformedMediaError("encryption table")
    return out


def check_chain(data: Bytes, fragment: Fragment, codec: Codec) -> None:
    """Check that the NAL lengths of every sample add up. They are clear in encrypted files too, so no key is needed.

    Raises:
        MalformedMediaError: a chain breaks: zeros or foreign bytes stand where a frame was promised.
    """
    header = NAL_HEADER_BYTES[codec]
    for sample in fragment.samples:
        start = fragment.start + sample.offset
        if not sample.iv:
            nals = split_lengths(bytes(data[start : start + sample.size]))
            if any(size <= 0 for _, size in nals):
                raise MalformedMediaError(f"empty NAL unit at {start}")
            continue
        for number, (clear, protected) in enumerate(sample.subsamples, 1):
            size = int.from_bytes(bytes(data[start : start + 4]), "big")
            whole = 4 + size == clear + protected
            last_of_many = number == MAX_SUBSAMPLES and 4 + size <= clear + protected
            if size == 0 or clear > 4 + header or not (whole or last_of_many):
                raise MalformedMediaError(f"NAL lengths at {start} do not add up")
            start += clear + protected


def sample_bytes(data: Bytes, fragment: Fragment, sample: Sample, key: bytes | None) -> bytes:
    """The bytes of one sample: opened with ``key`` when it is given and the sample is protected, else as stored."""
    start = fragment.start + sample.offset
    stored = bytes(data[start : start + sample.size])
    if key is None or not sample.iv:
        return stored
    return apply(stored, list(sample.subsamples), sample.iv, key)
