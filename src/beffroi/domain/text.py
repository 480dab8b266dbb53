"""A sentence for a person, in both languages at once: a message cannot be missing in one."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["fr", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in French and in English."""

    fr: str
    en: str

    def __post_init__(self) -> None:
        if not self.fr.strip() or not self.en.strip():
            raise ValueError("a Text needs both languages")

    def in_(self, language: Language) -> str:
        """The sentence in the language asked for."""
        return self.fr if language == "fr" else self.en

    def as_dict(self) -> dict[str, str]:
        """For JSON: ``{"fr": …, "en": …}``."""
        return {"fr": self.fr, "en": self.en}

    def __str__(self) -> str:
        return self.fr
