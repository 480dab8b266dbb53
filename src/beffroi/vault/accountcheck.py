"""File by file, row by row, act by act: what one source has and another lacks, named."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from beffroi.domain.text import Text
from beffroi.vault.accountsource import Act, Acts, FileFact, header_gaps
from beffroi.vault.accounttext import Discrepancy, Fault, act, discrepancy
from beffroi.vault.calendar import JOIN_TOLERANCE_US
from beffroi.vault.catalogueschema import ChunkRow, ChunkState
from beffroi.vault.chunkformat import ChunkHeader, Footer, GopEntry
from beffroi.vault.spans import Span, clip, holes, minus, union

FRESH_US: Final = 60_000_000
"""An act follows its row, and a row its file, within this."""

BALANCE: Final = Text(fr="balance d'ouverture", en="opening balance")

_HEADER_FIELDS: Final = (
    "camera", "stream", "run", "recorder", "codec_string", "config_digest", "width", "height", "wall_start_us",
    "start_90k", "authority", "term_days", "hour", "kid",
)  # fmt: skip


@dataclass
class Seen:
    """What the sources say of one stream around the day ``[start_us, end_us)``. ``tails``: confirmed bytes and
    index of open rows, by path."""

    start_us: int
    end_us: int
    now_us: int
    acts: Acts
    files: dict[str, FileFact]
    rows: dict[str, ChunkRow]
    gap_rows: set[tuple[int, int, str]]
    destroyed_rows: list[tuple[Span, str]]
    tails: dict[str, tuple[int, list[GopEntry]]] = field(default_factory=dict)
    running: bool = True

    def fresh(self, at_us: int) -> bool:
        """Whether a recorder at work may not have told yet of what ended then."""
        return self.running and self.now_us - at_us < FRESH_US


def check_day(seen: Seen) -> Iterator[Discrepancy]:
    """Everything that begins on this day and is wrong."""
    yield from _acts(seen)
    yield from _files(seen)
    yield from _rows(seen)
    yield from _carried_lost(seen)
    yield from _gaps(seen)
    yield from _destroyed(seen)


def _today(seen: Seen, span: Span) -> bool:
    return seen.start_us <= span[0] < seen.end_us


def _acts(seen: Seen) -> Iterator[Discrepancy]:
    acts = seen.acts
    for path, closed in acts.closed.items():
        if not _today(seen, closed.span):
            continue
        proof, file = acts.destroyed.get(path), seen.files.get(path)
        if proof is not None:
            yield from _proof(seen, path, closed, proof)
        elif path in acts.lost:
            continue
        elif file is None:
            yield discrepancy(Fault.FILE_MISSING, path, act(closed.seq))
        elif not file.why:
            told = (closed.span, closed.fields.get("root"), closed.fields.get("size"))
            if told != (file.span, file.footer.root.hex() if file.footer else None, file.size):
                yield discrepancy(Fault.FILE_DIFFERS, path, act(closed.seq))
    recorded = union(acts.carried.get("chunk_closed", []))
    for path, proof in acts.destroyed.items():
        if _today(seen, proof.span) and path not in acts.closed and minus([proof.span], recorded):
            yield discrepancy(Fault.ENTRY_ALONE, act(proof.seq), path)


def _proof(seen: Seen, path: str, closed: Act, proof: Act) -> Iterator[Discrepancy]:
    row = seen.rows.get(path)
    if proof.span != closed.span or proof.fields.get("root") != closed.fields.get("root"):
        yield discrepancy(Fault.ENTRY_ALONE, act(proof.seq), path)
    if row is not None and row.state in (ChunkState.GARBAGE, ChunkState.LOST):
        return
    if path in seen.files:
        yield discrepancy(Fault.FILE_STILL_THERE, path, act(proof.seq))
    if row is not None:
        yield discrepancy(Fault.ROW_DIFFERS, path, act(proof.seq))


def _files(seen: Seen) -> Iterator[Discrepancy]:
    for path, file in seen.files.items():
        row = seen.rows.get(path)
        if file.why:
            yield discrepancy(Fault.FILE_DAMAGED, path, file.why)
            continue
        told = path in seen.acts.closed or path in seen.acts.destroyed or path in seen.acts.lost
        fresh = seen.fresh(file.span[1])
        if not told and not fresh and (row is None or row.state is ChunkState.CLOSED):
            yield discrepancy(Fault.FILE_UNTOLD, path)
        if row is None:
            if (told or not fresh) and path not in seen.acts.destroyed:
                yield discrepancy(Fault.ROW_MISSING, path, Text(fr="fichier présent", en="file present"))
            continue
        wrong = [] if file.header is None or row.state is ChunkState.GARBAGE else _head_differs(row, file.header)
        if row.state is ChunkState.CLOSED:
            wrong += _foot_differs(row, file, file.footer)
        elif row.state is ChunkState.OPEN:
            wrong += _tail_differs(row, seen.tails.get(path))
        elif row.state is ChunkState.LOST and not _told_lost(seen, row):
            wrong.append("state")
        if wrong:
            yield discrepancy(Fault.ROW_DIFFERS, path, ", ".join(wrong))


def _head_differs(row: ChunkRow, header: ChunkHeader) -> list[str]:
    wrong = [name for name in _HEADER_FIELDS if getattr(row, name) != getattr(header, name)]
    return wrong + (["sealed_key"] if row.sealed_key not in (None, header.sealed_key) else [])


def _tail_differs(row: ChunkRow, tail: tuple[int, list[GopEntry]] | None) -> list[str]:
    if tail is None:
        return ["tail"]
    durable, entries = tail
    if row.root is not None or row.reason is not None:
        return ["state"]
    said = (row.gops, row.frames, row.size, row.wall_end_us)
    if not entries:
        return ["tail"] if row.gops else []
    is_so = (len(entries), sum(entry.frames for entry in entries), durable, entries[-1].end_us)
    return ["tail"] if said != is_so else []


def _foot_differs(row: ChunkRow, file: FileFact, footer: Footer | None) -> list[str]:
    if footer is None:
        return ["footer"]
    frames = sum(entry.frames for entry in footer.entries)
    said = (row.wall_end_us, row.size, row.gops, row.frames, row.root, row.reason)
    is_so = (file.span[1], file.size, len(footer.entries), frames, footer.root, footer.reason)
    names = ("wall_end_us", "size", "gops", "frames", "root", "reason")
    return [name for name, one, other in zip(names, said, is_so, strict=True) if one != other]


def _rows(seen: Seen) -> Iterator[Discrepancy]:
    acts = seen.acts
    for path, row in seen.rows.items():
        if not _today(seen, (row.wall_start_us, row.wall_end_us)) or path in seen.files:
            continue
        told = path in acts.closed or path in acts.destroyed
        if row.state in (ChunkState.OPEN, ChunkState.CLOSED):
            if not told:
                yield discrepancy(Fault.FILE_MISSING, path, Text(fr="ligne du catalogue", en="row of the catalogue"))
        elif not _told_lost(seen, row) and not (told and row.state is ChunkState.GARBAGE):
            yield discrepancy(Fault.ROW_ALONE, path, row.state.value)
    for path, lost in acts.lost.items():
        known = seen.rows.get(path)
        if not _today(seen, lost.span) or path in acts.destroyed:
            continue
        if known is None or known.state is not ChunkState.LOST:
            yield discrepancy(Fault.ROW_MISSING, path, act(lost.seq))
        elif known.size < 0 or (known.wall_start_us, known.wall_end_us) != lost.span:
            yield discrepancy(Fault.ROW_DIFFERS, path, act(lost.seq))


def _carried_lost(seen: Seen) -> Iterator[Discrepancy]:
    """Of a loss that only the opening balance tells, the row is still there."""
    rows = [(row.wall_start_us, row.wall_end_us) for row in seen.rows.values() if row.state is ChunkState.LOST]
    for span in minus(clip(seen.acts.carried.get("chunk_lost", []), seen.start_us, seen.end_us), rows):
        yield discrepancy(Fault.ROW_MISSING, f"chunk {span[0]}–{span[1]}", BALANCE)


def _told_lost(seen: Seen, row: ChunkRow) -> bool:
    carried = seen.acts.carried.get("chunk_lost", [])
    return row.path in seen.acts.lost or (bool(carried) and not minus([(row.wall_start_us, row.wall_end_us)], carried))


def _gaps(seen: Seen) -> Iterator[Discrepancy]:
    told = {(*item.span, str(item.fields.get("cause"))): act(item.seq) for item in seen.acts.gaps}
    told = dict.fromkeys(seen.acts.carried_gaps, BALANCE) | told
    for gap, where in told.items():
        if _today(seen, gap[:2]) and gap not in seen.gap_rows:
            yield discrepancy(Fault.ROW_MISSING, gap_row(gap), where)
    for gap in sorted(seen.gap_rows):
        if _today(seen, gap[:2]) and gap not in told and not seen.fresh(gap[1]):
            yield discrepancy(Fault.ROW_ALONE, gap_row(gap), gap[2])
    for path, item in header_gaps(seen.files):
        gap = (item.range.from_us, item.range.to_us, item.cause.value)
        if _today(seen, gap[:2]) and gap not in seen.gap_rows and gap not in told:
            yield discrepancy(Fault.ROW_MISSING, gap_row(gap), path)


def _destroyed(seen: Seen) -> Iterator[Discrepancy]:
    """By term: two files of one time and two terms are two facts."""
    acts = seen.acts
    proofs = [(proof, str(proof.fields.get("term_days"))) for proof in acts.destroyed.values()]
    terms = {term for _, term in [*proofs, *acts.carried_terms, *seen.destroyed_rows]}
    for term in sorted(terms):
        rows = [span for span, days in seen.destroyed_rows if days == term]
        for proof, days in proofs:
            path = proof.fields["path"]
            finished = path not in seen.rows and path not in acts.lost
            if days == term and finished and _today(seen, proof.span) and minus([proof.span], rows):
                yield discrepancy(Fault.ROW_MISSING, destroyed_row(proof.span), act(proof.seq))
        carried = [span for span, days in acts.carried_terms if days == term]
        proven = [*(proof.span for proof, days in proofs if days == term), *carried]
        proven = union(proven, holes(proven, JOIN_TOLERANCE_US))
        for span in minus(clip(rows, seen.start_us, seen.end_us), proven):
            yield discrepancy(Fault.ROW_ALONE, destroyed_row(span), term)
        for span in minus(clip(carried, seen.start_us, seen.end_us), rows):
            yield discrepancy(Fault.ROW_MISSING, destroyed_row(span), BALANCE)


def gap_row(gap: tuple[int, int, str]) -> str:
    """How a row of the table of gaps is named."""
    return f"gap {gap[0]}–{gap[1]} {gap[2]}"


def destroyed_row(span: Span) -> str:
    """How a row of the table of destroyed ranges is named."""
    return f"destroyed {span[0]}–{span[1]}"
