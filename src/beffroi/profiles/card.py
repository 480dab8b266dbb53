"""Reads the card of a profile (``cards/NAME.yaml``)."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from beffroi.domain.text import Text
from beffroi.profiles.shape import Card, Figure


@lru_cache(maxsize=16)
def card_of(profile: str) -> Card:
    """The card of a profile that ships with the program."""
    source = files("beffroi.profiles") / "cards" / f"{profile}.yaml"
    raw: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
    return Card(
        title=_text(raw["title"]),
        summary=_text(raw["summary"]),
        counts={str(name): int(number) for name, number in raw["counts"].items()},
        figures=tuple(Figure(_text(row), bool(row.get("ours", False))) for row in raw["figures"]),
        network=tuple(_text(row) for row in raw["network"]),
        hours=_text(raw["hours"]),
        retention=_text(raw["retention"]),
        scale=_text(raw["scale"]),
    )


def _text(row: dict[str, Any]) -> Text:
    return Text(fr=str(row["fr"]), en=str(row["en"]))
