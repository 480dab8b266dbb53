"""A reason (motif): what a person says before an image. It comes from a closed list and maps to one purpose."""

from dataclasses import dataclass

from beffroi.domain.acts import Purpose
from beffroi.domain.text import Text


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the closed list."""

    id: str
    purpose: Purpose
    text: Text
