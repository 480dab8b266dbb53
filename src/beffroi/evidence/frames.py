"""The proof that clear pictures are those recorded then, without a second copy of them.

For each fragment the package keeps what encryption and storage added to it: the `moof` as stored, the private boxes
that followed, its line of the file's index and the path of that line to the Merkle root that the register holds. Who
verifies encrypts the clear pictures again with the file's content key, gets the stored bytes, hashes them, and climbs.
The head of the clear file, its order and its times follow from the same facts and are computed anew.
"""

import base64
import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, Protocol

from beffroi.domain.errors import BeffroiError
from beffroi.domain.ranges import WallRange
from beffroi.evidence.fields import FieldError, Fields
from beffroi.evidence.findings import Finding, Kind
from beffroi.ledger import canonical, merkle
from beffroi.media.boxes import walk
from beffroi.media.cenc import apply
from beffroi.media.clear import clear_fragment, parse_alone
from beffroi.media.codec import CodecConfig, config_from_init
from beffroi.media.errors import MalformedMediaError
from beffroi.vault.chunkformat import ENTRY_BYTES, ChunkHeader, GopEntry, unpack_entries
from beffroi.vault.rangefile import RangeFile, Selection, Source, lay_out, select
from beffroi.vault.reader import read_head

MAX_PROOF: Final = 256 << 20
_HASH: Final = 32
_LARGEST: Final = 2**53 - 1  # what canonical JSON and the second verifier can hold


@dataclass(frozen=True, slots=True)
class ChunkProof:
    """A recorded file: its head as stored, its key, its Merkle root. ``leaves`` counts the leaves of its tree."""

    head: bytes
    key: bytes
    root: bytes
    leaves: int
    head_path: tuple[bytes, ...]

    @property
    def header(self) -> ChunkHeader:
        """What the file says of itself.

        Raises:
            DamagedChunkError: the head is not one.
        """
        return read_head(self.head, "head")[2]


@dataclass(frozen=True, slots=True)
class FragmentProof:
    """One fragment: which file, its index line and that line's place and path in the tree, what surrounded it."""

    chunk: int
    entry: GopEntry
    leaf: int
    path: tuple[bytes, ...]
    moof: bytes
    tail: bytes


@dataclass(frozen=True, slots=True)
class FileProof:
    """What proves one clear file. ``asked`` is the range for which it was laid out."""

    asked: WallRange
    chunks: tuple[ChunkProof, ...]
    fragments: tuple[FragmentProof, ...]

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical.dump(
            {
                "format": 1,
                "asked": [self.asked.from_us, self.asked.to_us],
                "chunks": [_chunk_json(chunk) for chunk in self.chunks],
                "fragments": [_fragment_json(fragment) for fragment in self.fragments],
            }
        )


class FrameSource(Protocol):
    """One recorded file, or a frozen piece of one, with its content key."""

    @property
    def chunk(self) -> ChunkProof: ...

    @property
    def entries(self) -> Sequence[GopEntry]:
        """The lines of the file's index that are at hand, as its tree holds them."""
        ...

    def leaf(self, number: int) -> tuple[int, tuple[bytes, ...]]:
        """Place of the n-th of these lines in the tree, and its path."""
        ...

    def stored(self, number: int) -> bytes:
        """The stored bytes of the n-th fragment."""
        ...


@dataclass(frozen=True, slots=True)
class ClearFile:
    """A clear file about to be written: its layout and its proof; `blocks` gives its bytes."""

    layout: RangeFile
    proof: FileProof
    header: ChunkHeader
    sources: Sequence[FrameSource]
    numbers: Sequence[int]

    def blocks(self) -> Iterator[bytes]:
        """The bytes of the file, fragment by fragment.

        Raises:
            DamagedFootageError: a stored fragment is not what its index says.
        """
        yield self.layout.head
        for placed, number in zip(self.layout.fragments, self.numbers, strict=True):
            source = self.sources[placed.source]
            yield self.layout.open_fragment(placed, source.stored(number), source.chunk.key)


def clear_file(sources: Sequence[FrameSource], asked: WallRange) -> ClearFile:
    """Lay out the clear file of one run and gather its proof.

    Args:
        sources: files or pieces of one run.
        asked: wall time.

    Raises:
        NoFootageError: no picture of theirs is in the range.
    """
    ordered = sorted(sources, key=lambda item: item.chunk.header.wall_start_us)
    selection = select([Source(item.chunk.header, item.entries) for item in ordered], asked)
    numbers = [ordered[source].entries.index(gop) for source, gop in selection.steps]
    anchor_source = selection.steps[selection.anchor][0]
    anchor = ordered[anchor_source].stored(numbers[selection.anchor])
    layout = lay_out(selection, _config(ordered[anchor_source].chunk), anchor)
    fragments = []
    for (source, gop), number in zip(selection.steps, numbers, strict=True):
        leaf, path = ordered[source].leaf(number)
        moof, tail = _around(ordered[source].stored(number))
        fragments.append(FragmentProof(source, gop, leaf, path, moof, tail))
    proof = FileProof(asked, tuple(item.chunk for item in ordered), tuple(fragments))
    return ClearFile(layout, proof, ordered[0].chunk.header, ordered, numbers)


def _around(stored: bytes) -> tuple[bytes, bytes]:
    moof, mdat, *_ = walk(stored)
    return stored[: moof.end], stored[mdat.end :]


def parse_proof(data: bytes) -> FileProof:
    """Read a proof.

    Raises:
        FieldError: not what it must be.
    """
    top = Fields.read(data, "proof", most=MAX_PROOF)
    if top.whole("format") != 1:
        raise FieldError("proof.format")
    ends = top.items("asked")
    if len(ends) != 2 or not all(type(end) is int for end in ends) or not 0 <= ends[0] < ends[1]:
        raise FieldError("proof.asked")
    chunks = tuple(_chunk(item) for item in top.objects("chunks"))
    fragments = tuple(_fragment(item, len(chunks)) for item in top.objects("fragments"))
    top.done()
    if not fragments:
        raise FieldError("proof.fragments")
    return FileProof(WallRange(*ends), chunks, fragments)


class ClearBytes(Protocol):
    """A clear file that can be read anywhere."""

    def __len__(self) -> int: ...

    def __getitem__(self, at: slice, /) -> bytes: ...


def check_file(name: str, clear: ClearBytes, proof: FileProof) -> list[Finding]:
    """Whether a clear file is exactly what the proof says was recorded. ``name`` is how findings call it."""
    try:
        found = [*_check_chunks(name, proof), *_check_paths(name, proof)]
        if found:
            return found
        return _check_bytes(name, clear, proof)
    except (BeffroiError, ValueError, LookupError, OverflowError, struct.error) as error:
        # whoever forges a proof can prove numbers of any size to himself: none may stop the verification
        return [Finding(Kind.PROOF_WRONG, name, type(error).__name__)]


def _check_chunks(name: str, proof: FileProof) -> Iterator[Finding]:
    for number, chunk in enumerate(proof.chunks):
        head_sha256 = hashlib.sha256(chunk.head).digest()
        leaf = merkle.leaf_hash(head_sha256)
        if not merkle.verify_inclusion(leaf, 0, chunk.leaves, chunk.head_path, chunk.root):
            yield Finding(Kind.PROOF_WRONG, name, f"head {number}")


def _check_paths(name: str, proof: FileProof) -> Iterator[Finding]:
    for number, fragment in enumerate(proof.fragments):
        chunk = proof.chunks[fragment.chunk]
        leaf = merkle.leaf_hash(fragment.entry.pack())
        if fragment.leaf == 0 or not merkle.verify_inclusion(
            leaf, fragment.leaf, chunk.leaves, fragment.path, chunk.root
        ):
            yield Finding(Kind.PROOF_WRONG, name, f"group {number}")


def _check_bytes(name: str, clear: ClearBytes, proof: FileProof) -> list[Finding]:
    lengths = [fragment.entry.length for fragment in proof.fragments]
    start = len(clear) - sum(lengths)
    if start <= 0:
        return [Finding(Kind.HEAD_ALTERED, name)]
    places = list(accumulate(lengths, initial=start))
    selection = _selection(proof)

    def piece(number: int) -> bytes:
        return clear[places[number] : places[number + 1]]

    findings: list[Finding] = []
    layout = None
    anchor = _stored(piece(selection.anchor), proof, selection.anchor)
    if anchor is not None:
        config = _config(proof.chunks[selection.steps[selection.anchor][0]])
        layout = lay_out(selection, config, anchor)
        if start != len(layout.head) or layout.head != clear[0:start]:
            return [Finding(Kind.HEAD_ALTERED, name)]
    for number in range(len(proof.fragments)):
        given = piece(number)
        stored = _stored(given, proof, number)
        if stored is None or (layout is not None and _cleared(stored, proof, layout, number) != given):
            findings.append(Finding(Kind.FRAMES_ALTERED, name, str(number)))
    return findings


def _stored(given: bytes, proof: FileProof, number: int) -> bytes | None:
    """The stored bytes behind a clear fragment, when they are those of the index."""
    fragment = proof.fragments[number]
    stored = stored_again(given, fragment, proof.chunks[fragment.chunk].key)
    right = stored is not None and hashlib.sha256(stored).digest() == fragment.entry.sha256
    return stored if right else None


def _cleared(stored: bytes, proof: FileProof, layout: RangeFile, number: int) -> bytes:
    placed, key = layout.fragments[number], proof.chunks[proof.fragments[number].chunk].key
    return clear_fragment(stored, key, sequence=placed.sequence, base_dts_90k=placed.base_90k)


def _config(chunk: ChunkProof) -> CodecConfig:
    init_length, _, _ = read_head(chunk.head, "head")
    return config_from_init(chunk.head[:init_length])


def _selection(proof: FileProof) -> Selection:
    """The same choice as when the file was laid out; anything else than that is not what was asked.

    Raises:
        ValueError: it is not.
    """
    headers = [chunk.header for chunk in proof.chunks]
    gops: list[list[GopEntry]] = [[] for _ in headers]
    for fragment in proof.fragments:
        gops[fragment.chunk].append(fragment.entry)
    selection = select([Source(header, lines) for header, lines in zip(headers, gops, strict=True)], proof.asked)
    if [gop for _, gop in selection.steps] != [fragment.entry for fragment in proof.fragments]:
        raise ValueError("order")
    return selection


def stored_again(clear: bytes, fragment: FragmentProof, key: bytes) -> bytes | None:
    """The stored bytes of a fragment made from its clear pictures; None when they do not fit."""
    moof, tail = fragment.moof, fragment.tail
    body = clear[len(moof) : len(clear) - len(tail)]
    if len(body) < 8 or body[4:8] != b"mdat" or int.from_bytes(body[:4], "big") != len(body):
        return None
    try:
        found = parse_alone(moof + body)
    except MalformedMediaError:
        return None
    out = bytearray(moof + body + tail)
    for sample in found.samples:
        end = sample.offset + sample.size
        if not sample.iv:
            return None
        out[sample.offset : end] = apply(bytes(out[sample.offset : end]), list(sample.subsamples), sample.iv, key)
    return bytes(out)


def _chunk_json(chunk: ChunkProof) -> dict[str, Any]:
    return {
        "head": base64.b64encode(chunk.head).decode(),
        "key": chunk.key.hex(),
        "root": chunk.root.hex(),
        "leaves": chunk.leaves,
        "head_path": [step.hex() for step in chunk.head_path],
    }


def _fragment_json(fragment: FragmentProof) -> dict[str, Any]:
    return {
        "chunk": fragment.chunk,
        "entry": fragment.entry.pack().hex(),
        "leaf": fragment.leaf,
        "path": [step.hex() for step in fragment.path],
        "moof": base64.b64encode(fragment.moof).decode(),
        "tail": base64.b64encode(fragment.tail).decode(),
    }


def _chunk(item: Fields) -> ChunkProof:
    found = ChunkProof(
        head=item.base64("head"),
        key=item.hex("key", 16),
        root=item.hex("root", _HASH),
        leaves=item.whole("leaves"),
        head_path=item.hexes("head_path", _HASH),
    )
    item.done()
    return found


def _fragment(item: Fields, chunks: int) -> FragmentProof:
    number = item.whole("chunk")
    packed = item.hex("entry", ENTRY_BYTES)
    (entry,) = unpack_entries(packed)
    found = FragmentProof(
        number, entry, item.whole("leaf"), item.hexes("path", _HASH), item.base64("moof"), item.base64("tail")
    )
    item.done()
    if entry.pack() != packed or max(entry.offset, abs(entry.wall_us), entry.dts_90k) > _LARGEST:
        raise FieldError("proof.fragments.entry")
    if number >= chunks:
        raise FieldError("proof.fragments.chunk")
    return found
