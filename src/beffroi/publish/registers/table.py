"""What every register gives: a table whose rows name the entries that they were drawn from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from beffroi.domain.ids import BodyId
from beffroi.domain.text import Text
from beffroi.ledger.entry import Record
from beffroi.publish.registers.period import Period
from beffroi.publish.registers.privacy import Count

Cell = str | Text


class Register(StrEnum):
    """The closed list of registers."""

    ACCESSES = "accesses"
    REFUSALS = "refusals"
    EXTRACTS = "extracts"
    DESTRUCTIONS = "destructions"
    FORMER = "former"

    @property
    def heading(self) -> Text:
        """What it is called."""
        return _TITLES[self][0]

    @property
    def about(self) -> Text:
        """What it answers to."""
        return _TITLES[self][1]


_TITLES: Final = {
    Register.ACCESSES: (
        Text(fr="Registre des accès aux images", en="Register of accesses to images"),
        Text(fr="Vues ouvertes, leur motif et ce qui a été montré (CSI R.253-5).", en="Views opened (CSI R.253-5)."),
    ),
    Register.REFUSALS: (
        Text(fr="Registre des refus", en="Register of refusals"),
        Text(fr="Vues refusées, et l'article qui les refuse.", en="Views refused, and the article that refuses."),
    ),
    Register.EXTRACTS: (
        Text(fr="Registre des extractions", en="Register of extracts"),
        Text(fr="Images remises, à quel titre et dans quelles minutes (CSI R.253-5).", en="Images handed over."),
    ),
    Register.DESTRUCTIONS: (
        Text(fr="Registre des destructions", en="Register of destructions"),
        Text(
            fr="Enregistrements détruits et preuves de destruction (CSI L.252-5, R.253-5).",
            en="Recordings destroyed, and proofs of destruction (CSI L.252-5, R.253-5).",
        ),
    ),
    Register.FORMER: (
        Text(
            fr="Registre des enregistrements, tel que des arrêtés le demandent encore",
            en="Register of recordings, as some orders still ask",
        ),
        Text(
            fr="Enregistrements réalisés, date de leur destruction, transmission au parquet (ancien article R.252-11).",
            en="Recordings made, date of destruction, transmission to the prosecutor (former article R.252-11).",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Entries behind a row: their numbers in the register, oldest first, and the reference of the first and last.

    A reference is the beginning of the entry's commitment: unlike a number it tells nothing of how much happens
    elsewhere, and whoever may read the register finds the entry by it.
    """

    numbers: tuple[int, ...]
    references: tuple[str, ...]

    @classmethod
    def of(cls, records: Sequence[Record]) -> "Source":
        """The source of a row drawn from these entries."""
        ordered = sorted(records, key=lambda one: one.index)
        ends = ordered if len(ordered) < 2 else [ordered[0], ordered[-1]]
        return cls(tuple(one.index for one in ordered), tuple(reference(one) for one in ends))


@dataclass(frozen=True, slots=True)
class Row:
    """Cells in the order of the columns."""

    source: Source
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One register of one commune over one period. ``whole``: its reader has entry numbers and exact counts.
    ``bound``: what narrows it, in words that every copy of it bears."""

    register: Register
    commune: BodyId
    commune_name: str
    period: Period
    columns: tuple[Text, ...]
    rows: tuple[Row, ...]
    counts: tuple[Count, ...]
    whole: bool
    bound: Text | None = None


def reference(record: Record) -> str:
    """A short name of an entry that tells nothing."""
    return record.commitment.hex()[:16]


def numbers(found: Iterable[int]) -> str:
    """Entry numbers, runs folded: “3, 7–9”."""
    runs: list[list[int]] = []
    for one in found:
        if runs and one == runs[-1][1] + 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def text_of(cell: Cell, language: str) -> str:
    """A cell in one language."""
    if isinstance(cell, str):
        return cell
    return cell.fr if language == "fr" else cell.en
