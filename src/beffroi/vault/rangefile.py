"""Any range of one stream as one clear MP4 that exists nowhere: every byte has its place before any picture is read.

The file is a head (`ftyp moov sidx`) and the stored fragments, decrypted in place: a clear fragment is as long as the
stored one (`beffroi.media.clear`), so the index entries of the chunks alone give the layout. The same footage gives the
same bytes, hence a strong entity tag. Knows no disk, no key store, no network: whoever has a fragment and its key asks
`RangeFile.open_fragment`.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import Final

from beffroi.domain.ranges import WallRange
from beffroi.media.clear import clear_fragment, parse_alone
from beffroi.media.codec import CodecConfig
from beffroi.media.initseg import Reference, file_head
from beffroi.vault.chunkformat import ChunkHeader, GopEntry, decoded_from
from beffroi.vault.rangeerrors import DamagedFootageError, NoFootageError, SettingsChangedError

LAYOUT_VERSION: Final = b"beffroi range file 1"
_MAX_REFERENCES: Final = 65_535
_MAX_REFERENCE_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Source:
    """One chunk: its header and the part of its index that may be needed, in order."""

    header: ChunkHeader
    gops: Sequence[GopEntry]


@dataclass(frozen=True, slots=True)
class Placed:
    """One fragment of the file: where it is stored, and where it comes to lie. ``source`` is the number of its chunk
    among the sources; ``at`` counts bytes; ``base_90k`` is its decode time there."""

    source: int
    gop: GopEntry
    at: int
    base_90k: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive bytes of the file, of its head (``placed`` None) or of one fragment, counted inside of that."""

    placed: Placed | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RangeFile:
    """The layout of one file. ``footage`` is what it holds; ``lead_in_us`` how much of it is first, and there only
    to be decoded (an edit list hides it); ``etag`` a strong entity tag, with its quotes."""

    head: bytes
    fragments: tuple[Placed, ...]
    size: int
    etag: str
    footage: WallRange
    lead_in_us: int

    @property
    def frames(self) -> int:
        """Number of pictures."""
        return sum(placed.gop.frames for placed in self.fragments)

    def slices(self, start: int, end: int) -> Iterator[Slice]:
        """What makes up the bytes ``start`` to ``end`` (excluded), in order; nothing outside of them is touched."""
        head = len(self.head)
        if start < min(head, end):
            yield Slice(None, start, min(head, end))
        starts = [placed.at for placed in self.fragments]
        for placed in self.fragments[max(0, bisect_right(starts, start) - 1) :]:
            if placed.at >= end:
                return
            first, last = max(start, placed.at) - placed.at, min(end - placed.at, placed.gop.length)
            if first < last:
                yield Slice(placed, first, last)

    @staticmethod
    def open_fragment(placed: Placed, stored: bytes, key: bytes) -> bytes:
        """The clear bytes of one fragment, as many as stored.

        Raises:
            DamagedFootageError: the stored bytes are not those of the index.
            MalformedMediaError: they are not a fragment.
        """
        gop = placed.gop
        wrong = gop.sha256 and hashlib.sha256(stored).digest() != gop.sha256
        if wrong or len(stored) != gop.length:
            raise DamagedFootageError(gop.wall_us)
        return clear_fragment(stored, key, sequence=placed.sequence, base_dts_90k=placed.base_90k)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a range needs of its sources: (number of the source, entry), in the order of the file."""

    sources: tuple[Source, ...]
    steps: tuple[tuple[int, GopEntry], ...]
    asked: WallRange

    @property
    def first(self) -> tuple[int, GopEntry]:
        """Where the file begins."""
        return self.steps[0]

    @property
    def anchor(self) -> int:
        """Which step holds the instant asked for (the first one, when the file begins later): its wall time is its own,
        so the instant is found in it exactly, whatever the recorder's clock did before."""
        early = [number for number, (_, gop) in enumerate(self.steps) if gop.wall_us <= self.asked.from_us]
        return early[-1] if early else 0


def select(sources: Sequence[Source], asked: WallRange) -> Selection:
    """The fragments that overlap a range, from the key frame at or before its start; else from the first key frame of
    their first file. Where that file has none for them, they are given as they are: a camera of periodic intra refresh
    sends none for hours, and a decoder that begins anywhere shows its pictures once the refresh has gone round.

    Args:
        sources: chunks of one stream; those that do not overlap are left out.
        asked: wall time.

    Raises:
        NoFootageError: there is none.
        SettingsChangedError: they cannot be decoded with one set of parameters.
    """
    ordered = tuple(sorted(sources, key=lambda item: item.header.wall_start_us))
    steps: list[tuple[int, GopEntry]] = []
    for number, source in enumerate(ordered):
        inside = [at for at, gop in enumerate(source.gops) if WallRange(gop.wall_us, gop.end_us).overlaps(asked)]
        if not inside:
            continue
        first = inside[0] if steps else decoded_from(source.gops, inside[0])
        chosen = source.gops[first : inside[-1] + 1]
        if not steps and any(gop.key for gop in chosen):
            chosen = [*dropwhile(lambda gop: not gop.key, chosen)]
        steps += [(number, gop) for gop in chosen]
    if not steps:
        raise NoFootageError
    _same_settings(ordered, steps, asked)
    return Selection(ordered, tuple(steps), asked)


def _same_settings(sources: Sequence[Source], steps: Sequence[tuple[int, GopEntry]], asked: WallRange) -> None:
    ranges: list[WallRange] = []
    digest = None
    for number, gop in steps:
        own = sources[number].header.config_digest
        from_us, to_us = max(gop.wall_us, asked.from_us), min(gop.end_us, asked.to_us)
        if own != digest:
            if ranges:
                # Two runs may overlap by some milliseconds: each range is cut so that it meets one of them alone.
                before = ranges.pop()
                ranges.append(WallRange(before.from_us, max(before.from_us, min(before.to_us, from_us))))
                from_us = max(from_us, before.to_us)
            ranges.append(WallRange(from_us, max(from_us, to_us)))
            digest = own
        else:
            ranges[-1] = WallRange(ranges[-1].from_us, max(ranges[-1].to_us, to_us))
    if len(ranges) > 1:
        raise SettingsChangedError(ranges)


def lay_out(selection: Selection, config: CodecConfig, anchor_stored: bytes) -> RangeFile:
    """The file of a selection.

    Args:
        selection: from `select`.
        config: of its first chunk (they are all alike).
        anchor_stored: the stored bytes of the fragment of `Selection.anchor`, from which the presentation time of the
            instant asked for is read.

    Raises:
        MalformedMediaError: ``anchor_stored`` is not a fragment.
    """
    bases = _decode_times(selection)
    end_90k = bases[-1] + selection.steps[-1][1].duration_90k
    first = selection.first[1]
    opening = parse_alone(anchor_stored).samples[0]
    anchor = selection.steps[selection.anchor][1]
    late_90k = bases[selection.anchor] + max(0, (selection.asked.from_us - anchor.wall_us) * 9 // 100)
    head = file_head(
        config,
        taken_us=first.wall_us,
        duration_90k=end_90k - late_90k,
        skip_90k=opening.pts_90k - opening.dts_90k + late_90k,
        # The index counts what is shown (§8.16.3), so the hidden beginning takes no time in it.
        references=_references([gop for _, gop in selection.steps], [max(at, late_90k) for at in (*bases, end_90k)]),
    )
    at = len(head)
    placed = []
    tag = hashlib.sha256(LAYOUT_VERSION + head)
    for sequence, ((number, gop), base_90k) in enumerate(zip(selection.steps, bases, strict=True), 1):
        placed.append(Placed(number, gop, at, base_90k, sequence))
        at += gop.length
        # A key id names one file for ever and what is written is never written again: no hash is needed to tell bytes
        # apart, and a file that is still growing has none yet.
        tag.update(selection.sources[number].header.kid + gop.offset.to_bytes(8, "big") + gop.length.to_bytes(8, "big"))
        tag.update(base_90k.to_bytes(8, "big"))
    last_us = max(gop.end_us for _, gop in selection.steps)
    return RangeFile(
        head=head,
        fragments=tuple(placed),
        size=at,
        etag=f'"{tag.hexdigest()[:32]}"',
        footage=WallRange(first.wall_us, max(first.wall_us, last_us)),
        lead_in_us=max(0, selection.asked.from_us - first.wall_us),
    )


def _decode_times(selection: Selection) -> list[int]:
    """Decode time of each fragment: media time inside a run, wall time from one run to the next, never back."""
    start_us = selection.first[1].wall_us
    run, shift_90k, end_90k = "", 0, 0
    bases = []
    for number, gop in selection.steps:
        own = selection.sources[number].header.run
        if own != run:
            run, shift_90k = own, max(end_90k, (gop.wall_us - start_us) * 9 // 100) - gop.dts_90k
        bases.append(max(end_90k, gop.dts_90k + shift_90k))
        end_90k = bases[-1] + gop.duration_90k
    return bases


def _references(gops: Sequence[GopEntry], times: Sequence[int]) -> list[Reference]:
    """One line for each group of pictures; fewer and longer ones when the table would not hold them."""
    found: list[Reference] = []
    for number, gop in enumerate(gops):
        line = Reference(gop.length, times[number + 1] - times[number], gop.key)
        joins = found and not gop.key and found[-1].size + line.size < _MAX_REFERENCE_BYTES
        if joins:
            line = _joined(found.pop(), line)
        found.append(line)
    while len(found) > _MAX_REFERENCES:
        found = [_joined(*found[at : at + 2]) if at + 1 < len(found) else found[at] for at in range(0, len(found), 2)]
    return found


def _joined(one: Reference, other: Reference) -> Reference:
    return Reference(one.size + other.size, one.duration_90k + other.duration_90k, one.key)
