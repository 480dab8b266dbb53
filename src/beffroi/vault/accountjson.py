"""The account as JSON values and as a table in words."""

from collections.abc import Iterator
from typing import Any, Final

from beffroi.vault.account import Account
from beffroi.vault.accountline import Line
from beffroi.vault.accounttext import Discrepancy
from beffroi.vault.accountwhole import times

_TERMS: Final = ("mandated", "recorded", "gaps", "pending", "beyond", "held", "destroyed", "lost", "twice")
_HEADS: Final = ("ordonné", "enregistré", "manquant", "à venir", "hors fiche", "présent", "détruit", "perdu", "double")


def account_json(found: Account) -> dict[str, Any]:
    """All of it; times in integer microseconds."""
    return {
        "adds_up": found.adds_up,
        "now_us": found.now_us,
        "days": [line_json(line) for line in found.lines],
        "whole": [fault_json(one) for one in found.whole],
    }


def line_json(line: Line) -> dict[str, Any]:
    """One stream on one day."""
    return {
        "camera": line.camera,
        "stream": line.stream,
        "day": line.day.isoformat(),
        "adds_up": line.adds_up,
        **{f"{name}_us": getattr(line.sums, name) for name in _TERMS},
        "frozen_us": line.frozen_us,
        "wrong": [fault_json(one) for one in line.wrong],
    }


def fault_json(one: Discrepancy) -> dict[str, Any]:
    """One discrepancy."""
    return {
        "kind": one.kind.value,
        "name": one.name,
        "text": one.text.as_dict(),
        "camera": one.camera,
        "stream": one.stream,
        "day": one.day,
    }


def table(found: Account) -> Iterator[str]:
    """For a terminal: a line a stream and day, then what is wrong, then the verdict."""
    yield f"{'jour':<11}{'caméra / flux':<28}" + "".join(f"{head:>15}" for head in _HEADS)
    for line in found.lines:
        cells = "".join(f"{times(getattr(line.sums, name)).fr:>15}" for name in _TERMS)
        mark = "" if line.adds_up else "  !"
        if line.frozen_us:
            mark += f"  gelé / frozen {times(line.frozen_us).fr}"
        yield f"{line.day.isoformat():<11}{line.camera + ' / ' + line.stream:<28}{cells}{mark}"
    for one in found.wrong():
        place = f"{one.day} {one.camera}/{one.stream} : " if one.day else ""
        yield f"- {place}{one.text.fr}"
        yield f"  {one.text.en}"
    if found.adds_up:
        yield "Le compte est bon. / It adds up."
    else:
        count = sum(1 for _ in found.wrong())
        yield f"Le compte n'est pas bon : {count} anomalie(s). / It does not add up: {count} discrepancy(ies)."
