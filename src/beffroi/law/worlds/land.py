"""What the papers need of a territory: its cameras and bodies by name, and where to put a document."""

from collections.abc import Mapping
from typing import Any, Self

from beffroi.domain.documents import Document, DocumentKind, JsonValue
from beffroi.domain.facts import Body, Camera, Person
from beffroi.law.worlds.paper import Reach, paper


class Land:
    """Base of `Territory`: holds what was added."""

    code: str
    _bodies: dict[str, Body]
    _persons: dict[str, Person]
    _cameras: dict[str, Camera]
    _documents: dict[str, Document]

    def add(
        self,
        kind: DocumentKind | str,
        name: str,
        about: Reach,
        fields: Mapping[str, JsonValue] | None = None,
        **more: Any,
    ) -> Self:
        """Add one valid document ``kind/name``.

        Raises:
            ValueError: there is already one of that name.
        """
        made = paper(DocumentKind(kind), name, about, fields, **more)
        if made.id in self._documents:
            raise ValueError(f"{made.id} is there already")
        self._documents[made.id] = made
        return self

    def _code_of(self, body: str) -> str:
        found = self._bodies.get(body)
        return found.departement if found and found.departement else self.code
