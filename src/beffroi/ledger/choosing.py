"""Entries chosen by kind, period and place, as the registers of a commune ask for them."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from beffroi.domain.clock import instant
from beffroi.domain.errors import BadInputError
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.ledger import leaf
from beffroi.ledger.entry import EntryKind, Record
from beffroi.ledger.index import Index
from beffroi.ledger.store import TileStore
from beffroi.ledger.tiles import WIDTH

LEAST_US: Final = 1_000_000
"""The shortest span that `every` asks for: no honest register has more entries of one second than one answer holds."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Entries of ``kinds`` that happened in ``span``, ``limit`` at most. ``cameras`` None: wherever; otherwise about
    one of these cameras, or about no camera and under one of ``authorities`` (``placeless``: under any, or none)."""

    span: WallRange
    kinds: frozenset[EntryKind]
    cameras: frozenset[str] | None = None
    authorities: frozenset[str] = frozenset()
    limit: int = 20_000
    placeless: bool = False


class TooDenseError(BadInputError):
    """More entries of one second than one answer holds."""

    def __init__(self, choice: Choice) -> None:
        at = instant(choice.span.from_us).isoformat(timespec="seconds")
        super().__init__(
            Text(
                fr=f"Le registre a {choice.limit} inscriptions ou plus pour la seule seconde {at} : rien n'en est "
                "tiré, plutôt que d'en taire une partie. Vérifiez-le (« beffroi ledger verify »), ainsi que l'horloge "
                "de l'enregistreur.",
                en=f"The register has {choice.limit} entries or more of the single second {at}: nothing is drawn from "
                "it rather than leave some out. Verify it (`beffroi ledger verify`), and the recorder's clock.",
            )
        )


def chosen(
    index: Index, store: TileStore, choice: Choice, wanted: Callable[[Record], bool] | None = None
) -> list[Record]:
    """The first ``limit`` of the entries, oldest first; with ``wanted``, of those for which it is true: the others
    count for nothing, so that neither what is left out nor that something is tells of them.

    Raises:
        LedgerDamagedError: a bundle is missing or malformed.
    """
    kept: list[Record] = []
    after = (choice.span.from_us, -1)
    while len(kept) < choice.limit:
        page = _page(index, store, choice, after)
        kept += page if wanted is None else filter(wanted, page)
        if len(page) < choice.limit:
            break
        after = (page[-1].happened_us, page[-1].index)
    return kept[: choice.limit]


def every(ask: Callable[[Choice], list[Record]], choice: Choice) -> Iterator[list[Record]]:
    """All entries of a choice, oldest first, never more than its limit at once: what is not answered whole is asked for
    in halves. ``ask`` answers as `chosen` does.

    Raises:
        TooDenseError: a second has more of them than one answer holds.
        LedgerDamagedError: as ``ask``.
    """
    left = [choice]
    while left:
        choice = left.pop()
        found, span = ask(choice), choice.span
        if len(found) < choice.limit:
            yield found
        elif span.to_us - span.from_us <= LEAST_US:
            raise TooDenseError(choice)
        else:
            middle = (span.from_us + span.to_us) // 2
            left += (replace(choice, span=WallRange(*half)) for half in ((middle, span.to_us), (span.from_us, middle)))


def _page(index: Index, store: TileStore, choice: Choice, after: tuple[int, int]) -> list[Record]:
    marks = ",".join("?" * len(choice.kinds))
    condition = f"happened_us >= ? AND happened_us < ? AND (happened_us, idx) > (?, ?) AND kind IN ({marks})"
    arguments: list[object] = [after[0], choice.span.to_us, *after, *sorted(one.value for one in choice.kinds)]
    if choice.cameras is not None:
        condition += (
            " AND (camera IN (SELECT value FROM json_each(?))"
            " OR (camera IS NULL AND (? OR authority IN (SELECT value FROM json_each(?)))))"
        )
        arguments += [json.dumps(sorted(choice.cameras)), choice.placeless, json.dumps(sorted(choice.authorities))]
    found = index.select(f"{condition} ORDER BY happened_us, idx LIMIT ?", (*arguments, choice.limit))
    made = {record.index: record for record in _read(store, sorted(found))}
    return [made[one] for one in found]


def _read(store: TileStore, indices: Iterable[int]) -> Iterable[Record]:
    number, bundle = -1, list[bytes]()
    for one in indices:
        if one // WIDTH != number:  # each bundle is read once: a month of a commune touches hundreds
            number = one // WIDTH
            bundle = store.bundle(number)
        yield leaf.parse(bundle[one % WIDTH], one)
