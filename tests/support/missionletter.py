"""An inspector's mission letter, in force for a while in a town."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from tests.support.centre import CLERK, Town

from beffroi.domain.documents import Document, DocumentKind, JsonValue, Scope
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId


@contextmanager
def letter(town: Town, name: str, *, bodies: str = "", cameras: str = "", **fields: JsonValue) -> Iterator[None]:
    """A letter in force for a while."""
    made = Document(
        DocumentId(f"mission_letter/{name}"),
        DocumentKind.MISSION_LETTER,
        number=name,
        signed_on=date(2026, 2, 20),
        signatory="présidente de la commission départementale",
        valid_from=date(2026, 3, 1),
        valid_until=date(2026, 3, 31),
        scope=Scope(
            bodies=frozenset(map(BodyId, bodies.split())),
            cameras=frozenset(map(CameraId, cameras.split())),
            persons=frozenset({PersonId("inspector")}),
        ),
        fields={"reference": f"CDV-{name}", "images": True, **fields},
    )
    registry = town.centre.registry
    registry.propose(made, by=CLERK)
    registry.confirm(made.id, by=PersonId("dpo"))
    try:
        yield
    finally:
        registry.withdraw(made.id, by=PersonId("dpo"), reason="essai")
