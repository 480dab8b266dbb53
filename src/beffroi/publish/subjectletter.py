"""The answer to a filmed person, as a letter to be signed: French, PDF/UA-1, fonts inside. Nothing in it names her."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import typst
import yaml

from beffroi.evidence.subjectrules import Outcome, Regime, Wish
from beffroi.law.sentences import contracted

CNIL: Final = "CNIL, 3 place de Fontenoy, TSA 80715, 75334 Paris Cedex 07, www.cnil.fr"
COMMISSION: Final = "la commission départementale de vidéoprotection, à la préfecture du département"


@dataclass(frozen=True, slots=True)
class Answered:
    """What the letter says. ``ground`` is a key of the closed lists; ``reason`` the controller's own words."""

    request: str
    sender: str
    on: str
    received_on: str
    wish: Wish
    outcome: Outcome
    ground: str
    reason: str
    regime: Regime
    until: str


def paragraphs(answer: Answered) -> list[str]:
    """The body of the letter."""
    words = _words()
    parts = [words["begin"]]
    if answer.outcome is Outcome.ROUTED:
        parts.append(words["routed"][answer.wish.value])
    elif answer.outcome is Outcome.REFUSED:
        parts += [words["refused"], words["grounds"][answer.ground]]
    elif answer.outcome is Outcome.NO_IMAGE:
        parts += [words["no_image"], words["missing"][answer.ground]]
    else:
        parts.append(words["granted"][answer.outcome.value])
    parts += [words["reason"]] if answer.reason.strip() else []
    restricted = answer.outcome in {Outcome.REFUSED, Outcome.ROUTED}
    parts += [words["restricted"][answer.regime.value]] if restricted else []
    parts.append(words["remedies"])
    told = {**{key: str(value) for key, value in asdict(answer).items()}, "cnil": CNIL, "commission": COMMISSION}
    return [contracted(part.format_map(told)) for part in parts]


def letter_pdf(answer: Answered, *, on: datetime) -> bytes:
    """The letter. The same answer always gives the same bytes."""
    sheet = {
        "request": answer.request,
        "sender": contracted(answer.sender),
        "on": answer.on,
        "paragraphs": paragraphs(answer),
    }
    made = typst.compile(
        (files(__package__) / "subjectletter.typ").read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(sheet, ensure_ascii=False)},
        pdf_standards=["ua-1"],
        timestamp=on.replace(microsecond=0),
    )
    if not isinstance(made, bytes):
        raise TypeError("one PDF file is expected")
    return made


@lru_cache(maxsize=1)
def _words() -> Mapping[str, Any]:
    text = (files(__package__) / "subjectletter.yaml").read_text(encoding="utf-8")
    words: Mapping[str, Any] = yaml.safe_load(text)
    return words
