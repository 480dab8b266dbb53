"""How a promise is told: one line each, with its figure beside its target."""

from dataclasses import dataclass
from typing import Final

from beffroi.domain.errors import BeffroiError
from beffroi.domain.text import Text

TOLERANCE: Final = 3.0
"""A timing fails only beyond three times its target: machines are shared and noisy. A count has no tolerance."""


class PromiseBrokenError(BeffroiError):
    """The house does not do what it promises."""

    def __init__(self, fr: str, en: str) -> None:
        super().__init__(Text(fr=fr, en=en))


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. ``target`` is what is promised; ``timing`` figures have the tolerance."""

    name: str
    value: float
    unit: str
    target: float | None = None
    timing: bool = True

    @property
    def kept(self) -> bool:
        """Whether the figure is within its target, with the tolerance of timings."""
        return self.target is None or self.value <= self.target * (TOLERANCE if self.timing else 1.0)

    def __str__(self) -> str:
        value = f"{self.value:g}" if float(self.value).is_integer() else f"{self.value:.3g}"
        goal = "" if self.target is None else f" (≤ {self.target:g})"
        return f"{self.name} {value} {self.unit}".rstrip() + goal


@dataclass(frozen=True, slots=True)
class Kept:
    """A promise that held: its line and its figures."""

    line: str
    figures: tuple[Figure, ...] = ()

    def __str__(self) -> str:
        tail = " · ".join(str(figure) for figure in self.figures)
        return f"{self.line} : {tail}" if tail else self.line


def kept(line: str, *figures: Figure) -> Kept:
    """Say that a promise held.

    Raises:
        PromiseBrokenError: when a figure is past its target.
    """
    for figure in figures:
        if not figure.kept:
            raise PromiseBrokenError(
                f"{line} : {figure.name} {figure.value:g} {figure.unit}, promis ≤ {figure.target}",
                f"{line}: {figure.name} {figure.value:g} {figure.unit}, promised ≤ {figure.target}",
            )
    return Kept(line, figures)


def demand(condition: object, fr: str, en: str) -> None:
    """Raise `PromiseBrokenError` unless the condition holds."""
    if not condition:
        raise PromiseBrokenError(fr, en)


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
