"""What the register says of its own prunings (C2SP tlog-tiles, “Pruning”): whole bundles of entries below a minimum
index are gone at their term; every hash stays, so that each root, proof and older checkpoint can still be checked.

A pruning is an entry, written before anything is removed. It proves itself: the first entry that it keeps was already
older than the term, and what was removed was written before that one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from beffroi.domain.clock import to_wall_us
from beffroi.domain.errors import NotFoundError
from beffroi.domain.text import Text
from beffroi.ledger import leaf, tiles
from beffroi.ledger.entry import EntryKind, LeafError, Record
from beffroi.ledger.tilefiles import read_tile
from beffroi.ledger.tiles import ENTRIES, WIDTH, TileId

MIN_MONTHS: Final = 6
DEFAULT_MONTHS: Final = 12
MAX_MONTHS: Final = 36
"""CSI R.253-5: three years. Above `DEFAULT_MONTHS` a justification is stored."""

_KEYS: Final = frozenset({"from", "to", "entries", "root", "before_us", "months", "sources"})
_MARK: Final = f'"type":"{EntryKind.REGISTER_PRUNED.value}"'.encode()


class PrunedEntryError(NotFoundError):
    """The entry reached its term and is gone; its hash stays."""

    def __init__(self, index: int) -> None:
        super().__init__(
            Text(
                fr=f"L'écriture n° {index} a atteint son terme et a été effacée ; seule son empreinte reste.",
                en=f"Entry {index} reached its term and was pruned; only its hash remains.",
            )
        )


@dataclass(frozen=True, slots=True)
class Pruning:
    """Entry ``index``, written at ``at_us`` (wall, µs): entries below ``to`` are removed, of which ``[first, to)`` by
    this pruning. ``root`` is the head of the first ``to`` entries; all were written before ``before_us``, which is the
    term of ``months`` before the pruning. ``sources``: the last number taken in and pruned, by recorder."""

    index: int
    at_us: int
    first: int
    to: int
    root: bytes
    before_us: int
    months: int
    sources: Mapping[str, int]


def pruning_detail(first: int, to: int, before_us: int, months: int) -> dict[str, Any]:
    """What its entry says, root and sources apart."""
    return {"from": first, "to": to, "entries": to - first, "before_us": before_us, "months": months}


def months_before(at_us: int, months: int) -> int:
    """The instant ``months`` calendar months before (UTC; a day that the month lacks is its last one), wall µs."""
    at = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    for day in range(at.day, 0, -1):
        try:
            return to_wall_us(at.replace(year=year, month=month + 1, day=day))
        except ValueError:
            continue
    raise ValueError("a month has a day")


def pruning_of(record: Record) -> Pruning:
    """Read the entry of a pruning.

    Raises:
        LeafError: it is not one, or says what no pruning can (a span that is not whole bundles, a term outside the law,
            entries younger than the term).
    """
    said = record.detail
    if record.kind is not EntryKind.REGISTER_PRUNED or set(said) != _KEYS:
        raise LeafError("not a pruning")
    first, to, before_us, months = (said[key] for key in ("from", "to", "before_us", "months"))
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in (first, to, before_us, months))
    if not whole or first % WIDTH or to % WIDTH or not 0 <= first < to <= record.index or said["entries"] != to - first:
        raise LeafError("its span is not one of whole bundles before it")
    if not MIN_MONTHS <= months <= MAX_MONTHS or before_us > months_before(record.time_us, months):
        raise LeafError("its term is not one of the law, or was not reached")
    root, sources = said["root"], said["sources"]
    if not isinstance(root, str) or len(root) != 64 or not isinstance(sources, dict):
        raise LeafError("its root or its sources are malformed")
    try:
        digest = bytes.fromhex(root)
    except ValueError as error:
        raise LeafError("its root is malformed") from error
    return Pruning(record.index, record.time_us, first, to, digest, before_us, months, sources)


def newest_pruning(directory: Path, size: int) -> Pruning | None:
    """The newest pruning that a register's entries tell, newest bundle first: slow, for when a bundle is not there.
    Nothing is verified. Stops at the first bundle that cannot be read.
    """
    for bundle in range(-(-size // WIDTH) - 1, -1, -1):
        width = min(WIDTH, size - bundle * WIDTH)
        try:
            data = read_tile(directory, TileId(ENTRIES, bundle, width))
            if _MARK not in data:
                continue
            entries = tiles.decode_bundle(data, width)
        except (OSError, tiles.BundleError):
            return None
        for offset in reversed(range(width)):
            if _MARK in entries[offset]:
                try:
                    return pruning_of(leaf.parse(entries[offset], bundle * WIDTH + offset))
                except LeafError:
                    continue  # an entry that quotes the mark, or a forged one: `verify` names it
    return None
