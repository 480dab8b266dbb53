"""What the benches promise: a bar for a figure, and the sentence of whoever is past it.

A bar is held as it is written, without tolerance: a bench is run on a machine at rest, and the sentence tells its load.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from beffroi.domain.errors import BeffroiError
from beffroi.domain.text import Text

DENSE: Final = 64
"""Main streams from which the ratios to the peer are promised: what the recorder costs at rest is shared by all."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What is promised of the figure ``key``: at most ``bound``, or at least."""

    key: str
    what: Text
    bound: float
    at_least: bool = False

    def kept(self, value: float) -> bool:
        """Whether a figure is not past it. What is no number is past every bar."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Past:
    """A figure past its bar."""

    title: str
    bar: Bar
    value: float

    def lines(self) -> tuple[str, str]:
        """In French and in English."""
        figure, bound = f"{self.value:g}", f"{'≥' if self.bar.at_least else '≤'} {self.bar.bound:g}"
        return (
            f"{self.title} : {self.bar.what.fr} : {figure}, promis {bound}",
            f"{self.title}: {self.bar.what.en}: {figure}, promised {bound}",
        )


class BarPastError(BeffroiError):
    """Figures are past what is promised."""

    def __init__(self, past: Sequence[Past]) -> None:
        self.past = tuple(past)
        load = os.getloadavg()[0]
        french, english = (
            "".join(f"\n- {line}" for line in lines) for lines in zip(*map(Past.lines, past), strict=True)
        )
        super().__init__(
            Text(
                fr="ce qui est promis n'est pas tenu :" + french + f"\nCharge de la machine : {load:.1f}. Si elle fait "
                "autre chose, mesurez de nouveau quand elle sera au repos ; sinon, comparez avec les chiffres de "
                "docs/design.",
                en="what is promised is not kept:" + english + f"\nLoad of the machine: {load:.1f}. If it does other "
                "work, measure again when it is at rest; if not, compare with the figures in docs/design.",
            )
        )


MISSING: Final = Bar("frames_missing", Text(fr="images manquantes", en="pictures missing"), 0)
DENSITY: Final = (
    Bar("cpu_ratio", Text(fr="processeur, rapport à ffmpeg", en="processor, ratio to ffmpeg"), 0.7),
    Bar("pss_ratio", Text(fr="mémoire (PSS), rapport à ffmpeg", en="memory (PSS), ratio to ffmpeg"), 0.35),
)
CATALOGUE: Final = (
    Bar("day_view_p99_ms", Text(fr="vue d'une journée, p99, ms", en="view of a day, p99, ms"), 50),
    Bar(
        "insert_times_nominal",
        Text(fr="fichiers ajoutés, fois le débit nominal", en="files coming, times the nominal rate"),
        10,
        at_least=True,
    ),
    Bar(
        "delete_times_nominal",
        Text(fr="fichiers détruits, fois le débit nominal", en="files going, times the nominal rate"),
        10,
        at_least=True,
    ),
)
LEDGER: Final = (
    Bar("prove, ms, p99", Text(fr="preuve d'une écriture, p99, ms", en="proof of an entry, p99, ms"), 50),
    Bar("proofs that do not hold", Text(fr="preuves fausses", en="proofs that do not hold"), 0),
    Bar("a day, s", Text(fr="vérification d'une journée, s", en="verification of a day, s"), 10),
    Bar("a day, entries", Text(fr="écritures lues de cette journée", en="entries read of that day"), 1, at_least=True),
    Bar("a day, findings", Text(fr="anomalies de cette journée", en="findings of that day"), 0),
)


def record_bars(figures: Mapping[str, Any]) -> tuple[Bar, ...]:
    """No picture missing, always; the ratios to the peer for `DENSE` main streams and more, when it was measured."""
    dense = figures.get("kind") == "main" and figures["streams"] >= DENSE and "ffmpeg" in figures
    return (MISSING, *DENSITY) if dense else (MISSING,)


def hold(title: str, figures: Mapping[str, Any], bars: Sequence[Bar]) -> None:
    """Hold figures to their bars.

    Raises:
        BarPastError: figures are past them, all named.
        KeyError: a figure was not measured.
    """
    past = [Past(title, bar, figures[bar.key]) for bar in bars if not bar.kept(figures[bar.key])]
    if past:
        raise BarPastError(past)
