"""A world: facts with a name, and what a case takes from it when it says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from beffroi.domain.facts import Facts
from beffroi.domain.text import Text

AT: Final = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
ANYWHERE: Final = ""


@dataclass(frozen=True)
class World:
    """A named territory. ``seconds`` gives, by commune (`ANYWHERE`: any other), the persons on call for an extract,
    in order."""

    name: str
    title: Text
    facts: Facts
    at: datetime = AT
    recipient: str = "gendarmerie"
    seconds: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def second_for(self, asker: str, commune: str) -> str | None:
        """The person on call for an extract of this commune's images: never the asker."""
        several = self.seconds.get(commune, self.seconds.get(ANYWHERE, ()))
        return next((one for one in several if one != asker), None)
