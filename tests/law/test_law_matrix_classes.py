"""What the matrix takes for unread is unread: other words in those fields move no answer in any world."""

from dataclasses import replace

import pytest
from tests.support.twins import chance_of

from beffroi.domain.acts import Act
from beffroi.domain.documents import Document, JsonValue
from beffroi.domain.facts import Facts
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.asking import Asking
from beffroi.law.tonight.classes import READ
from beffroi.law.worlds.catalog import WORLDS, world


def otherwise(value: JsonValue) -> JsonValue:
    """Another value of the same kind, filled in alike."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return "1999-01-01" if value.strip() else value
    if isinstance(value, int | float):
        return value and value + 1
    if isinstance(value, list):
        return value and [*value, "autre"]
    return value and {**value, "autre": True} if isinstance(value, dict) else value


def reworded(document: Document) -> Document:
    """The same paper with other words where the law is said to read none."""
    read = READ.get(document.kind)
    if read is None:
        return document
    fields = {key: value if key in read else otherwise(value) for key, value in document.fields.items()}
    return replace(document, number="autre", signatory="autre", fields=fields)


def answers(engine: LawEngine, facts: Facts, name: str) -> list[tuple[object, ...]]:
    asking, chance = Asking(engine, facts), chance_of(name)
    at = world(name).at
    found: list[tuple[object, ...]] = []
    for person in sorted(facts.persons):
        for camera in sorted(facts.cameras):
            act = chance.choice([Act.LIVE, Act.REPLAY, Act.PTZ, Act.EXTRACT])
            one = asking.decide(person, camera, act, at)
            found.append((person, camera, act, one.verdict, one.authority, one.cure and one.cure.kind, one.disclosable))
    return found


@pytest.mark.parametrize("name", [one for one in WORLDS if one.startswith(("pooled", "smo", "police", "origin"))])
def test_other_words_in_unread_fields_move_no_answer(name: str) -> None:
    engine, facts = LawEngine.load(), world(name).facts
    altered = facts.with_documents(*(reworded(one) for one in facts.documents))
    assert altered.digest() != facts.digest()
    assert answers(engine, altered, name) == answers(engine, facts, name)
