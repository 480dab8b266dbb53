"""Bringing documents in from a file: each line is told what is wrong with it, and all enter or none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final

from beffroi.domain.documents import Document, DocumentStatus
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.law.documents import validate
from beffroi.registry import papers_csv, papers_yaml
from beffroi.registry.changes import Change
from beffroi.registry.entitlement import body_awaited
from beffroi.registry.papers_check import against_facts
from beffroi.registry.papers_raw import document_of
from beffroi.registry.store import Registry

MAX_BYTES: Final = 4_000_000
MAX_LINES: Final = 5_000

_READERS: Final = {".csv": papers_csv.rows, ".yaml": papers_yaml.rows, ".yml": papers_yaml.rows}


@dataclass(frozen=True, slots=True)
class Line:
    """One document of a file.

    ``number`` is the line where it begins. ``document`` is there as soon as it can be read, even when ``errors`` say
    that it is incomplete; ``known``: the registry has it already, to the letter, and nothing is to be entered.
    """

    number: int
    document: Document | None
    errors: tuple[Text, ...] = ()
    known: bool = False


class ImportRefusedError(BadInputError):
    """Some lines are wrong: nothing was entered."""

    def __init__(self, lines: Sequence[Line]) -> None:
        wrong = [line for line in lines if line.errors]
        told = wrong[:20]
        super().__init__(
            Text(
                fr=f"{len(wrong)} ligne(s) à corriger ; aucune pièce n'a été saisie. "
                + " ".join(f"Ligne {one.number} : {one.errors[0].fr}" for one in told),
                en=f"{len(wrong)} line(s) to correct; no document was entered. "
                + " ".join(f"Line {one.number}: {one.errors[0].en}" for one in told),
            )
        )
        self.lines = tuple(lines)


def read_documents(data: bytes, name: str, facts: Facts | None) -> list[Line]:
    """Read a CSV or YAML file of documents.

    Args:
        data: the file.
        name: its name; the suffix tells the format.
        facts: what the documents may name, and which are there already; None: the papers alone are checked.

    Raises:
        BadInputError: the file as a whole cannot be read (too large, malformed, a column unknown).
    """
    reader = _READERS.get(PurePath(name).suffix.lower())
    if reader is None:
        raise BadInputError(Text(fr="Donnez un fichier .csv, .yaml ou .yml.", en="Give a .csv, .yaml or .yml file."))
    if len(data) > MAX_BYTES:
        raise BadInputError(
            Text(
                fr=f"Ce fichier dépasse {MAX_BYTES // 1_000_000} Mo : coupez-le en plusieurs.",
                en=f"This file is larger than {MAX_BYTES // 1_000_000} MB: cut it into several.",
            )
        )
    lines: list[Line] = []
    for number, columns, fields in reader(papers_csv.decoded(data)):
        if len(lines) == MAX_LINES:
            raise BadInputError(
                Text(
                    fr=f"Plus de {MAX_LINES} pièces : coupez le fichier en plusieurs.",
                    en=f"More than {MAX_LINES} documents: cut the file into several.",
                )
            )
        document, errors = document_of(columns, fields)
        if document is not None:
            errors = [*errors, *validate(document), *(_against(document, facts) if facts is not None else ())]
        known = document is not None and facts is not None and _known(document, facts)
        lines.append(Line(number, document, tuple(errors), known))
    return _told_of_doubles(lines)


def import_all(registry: Registry, lines: Sequence[Line], *, by: PersonId) -> list[Change]:
    """Enter the documents of all lines, in one step; those that the registry has already are left alone.

    Raises:
        ImportRefusedError: a line is wrong: nothing was entered.
    """
    if any(line.errors or line.document is None for line in lines):
        raise ImportRefusedError(lines)
    return registry.propose_all(
        [line.document for line in lines if line.document is not None and not line.known], by=by
    )


def _against(document: Document, facts: Facts) -> list[Text]:
    """What the document names and nobody knows; or that nobody could confirm it."""
    scope = document.scope
    strangers = [
        *(one for one in scope.bodies if one not in facts.bodies),
        *(one for one in scope.cameras if one not in facts.cameras),
        *(one for one in scope.persons if one not in facts.persons),
    ]
    if strangers:
        which = ", ".join(sorted(one[:40] for one in strangers)[:10])
        return [
            Text(
                fr=f"La pièce nomme ce qui n'est pas enregistré : {which}.",
                en=f"The document names what is not recorded: {which}.",
            )
        ]
    wrong = against_facts(document, facts)
    try:
        body_awaited(document, facts)
    except BadInputError as error:
        wrong.append(error.text)
    return wrong


def _known(document: Document, facts: Facts) -> bool:
    several = facts.versions(document.id)
    if not several or several[-1].status in {DocumentStatus.WITHDRAWN, DocumentStatus.SUSPENDED}:
        return False
    bare = replace(
        several[-1], version=1, status=DocumentStatus.PROPOSED, status_at=None, awaiting=None, confirmed_by=None
    )
    return bare == document


def _told_of_doubles(lines: list[Line]) -> list[Line]:
    seen = Counter(line.document.id for line in lines if line.document is not None)
    return [
        replace(line, errors=(*line.errors, _DOUBLE))
        if line.document is not None and seen[line.document.id] > 1
        else line
        for line in lines
    ]


_DOUBLE: Final = Text(
    fr="Cet identifiant est deux fois dans le fichier : gardez-en une ligne.",
    en="This id is twice in the file: keep one line of it.",
)
