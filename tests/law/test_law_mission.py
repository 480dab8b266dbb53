"""A mission letter with dates (CSI L.253-3): live images of those dates only, at each instant; stored ones by name."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support import worlds

from beffroi.domain.acts import Act
from beffroi.domain.clock import to_wall_us
from beffroi.domain.documents import DocumentKind, JsonValue
from beffroi.domain.facts import Facts
from beffroi.domain.ranges import WallRange
from beffroi.law.engine import LawEngine

FROM, TO = worlds.NOW - timedelta(hours=1), worlds.NOW + timedelta(hours=1)
TICK = timedelta(microseconds=1)


def dated(**ends: str) -> Facts:
    """The town, with an inspector's letter that is about images and runs on when its dates are over."""
    fields: dict[str, JsonValue] = {"reference": "CDV-1", "images": True, **ends}
    return worlds.world().with_documents(
        worlds.paper(DocumentKind.MISSION_LETTER, "1", persons=("inspector",), fields=fields)
    )


def test_live_images_open_and_close_at_the_letter_s_instants_whatever_was_asked_before() -> None:
    facts, engine = dated(**{"from": FROM.isoformat(), "to": TO.isoformat()}), LawEngine.load()
    request = worlds.ask("inspector", "cx", Act.LIVE)
    instants = [FROM - TICK, FROM, worlds.NOW, TO - TICK, TO, TO + TICK]
    expected = [False, True, True, True, False, False]
    for order in (range(6), reversed(range(6))):
        for place in order:
            told = engine.decide(facts, replace(request, at=instants[place])).allowed
            assert told is expected[place], instants[place]


@pytest.mark.parametrize("act", [Act.REPLAY, Act.EXTRACT])
@pytest.mark.parametrize("end", ["from", "to"])
def test_stored_images_that_nobody_named_are_within_no_dates(act: Act, end: str) -> None:
    engine = LawEngine.load()
    request = replace(worlds.ask("inspector", "cx", act), second=worlds.ask("mayorX", "cx").person)
    inside = replace(request, footage=WallRange(to_wall_us(worlds.NOW) - 60_000_000, to_wall_us(worlds.NOW)))
    facts = dated(**{end: (FROM if end == "from" else TO).isoformat()})
    assert engine.decide(facts, inside).allowed is engine.decide(dated(), inside).allowed
    assert engine.decide(facts, replace(request, footage=None)).allowed is False
    assert engine.decide(facts, inside).allowed is engine.decide(dated(), inside).allowed, "asked in the other order"
