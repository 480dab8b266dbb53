"""One document, made from its blank: confirmed, in force from 2024 to the end of 2027 unless said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, JsonValue, Scope
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.worlds.blank import blank

CONFIRMER: Final = PersonId("confirmer")
FIRST_DAY: Final = date(2024, 1, 1)
LAST_DAY: Final = date(2027, 12, 31)
SIGNED_ON: Final = date(2023, 12, 20)

Names = Iterable[str]


@dataclass(frozen=True, slots=True)
class Reach:
    """What a document is about, in plain names; `reach` writes it more briefly."""

    bodies: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()

    def scope(self) -> Scope:
        """The same, in the types of the domain."""
        return Scope(
            frozenset(map(BodyId, self.bodies)),
            frozenset(map(CameraId, self.cameras)),
            frozenset(self.systems),
            frozenset(map(PersonId, self.persons)),
        )


def reach(*bodies: str, cameras: Names = (), systems: Names = (), persons: Names = ()) -> Reach:
    """A document about these bodies, and cameras, systems, persons where given."""
    return Reach(bodies, tuple(cameras), tuple(systems), tuple(persons))


def paper(
    kind: DocumentKind,
    name: str,
    about: Reach,
    fields: Mapping[str, JsonValue] | None = None,
    **more: Any,
) -> Document:
    """A valid document ``kind/name``; ``fields`` replace those of the blank, ``more`` the other attributes."""
    made = Document(
        id=DocumentId(f"{kind.value}/{name}"),
        kind=kind,
        number=f"2024-{name}",
        signed_on=SIGNED_ON,
        signatory="l'autorité compétente",
        valid_from=FIRST_DAY,
        valid_until=LAST_DAY,
        scope=about.scope(),
        fields={**blank(kind), **(fields or {})},
        status=DocumentStatus.CONFIRMED,
        confirmed_by=CONFIRMER,
    )
    return replace(made, **more) if more else made
