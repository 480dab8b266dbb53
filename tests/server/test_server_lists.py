"""Lists of cameras are kept only while nothing can change what they say."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.support import town as towns
from tests.support.centre_db import sqlite_centre

from beffroi.domain.acts import Act
from beffroi.domain.clock import now
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.visible import VisibleCamera, visible
from beffroi.registry.store import Registry
from beffroi.server import lists as lists_module
from beffroi.server.lists import KEPT_S, CameraLists

AGENT = PersonId("agentE")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with sqlite_centre(tmp_path) as one:
        yield one


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[PersonId]:
    asked: list[PersonId] = []
    real = visible

    def counting(*arguments: Any, **options: Any) -> list[VisibleCamera]:
        asked.append(arguments[2])
        return real(*arguments, **options)

    monkeypatch.setattr(lists_module, "visible", counting)
    return asked


def live(found: list[VisibleCamera]) -> set[str]:
    return {str(one.camera.id) for one in found if one.decisions[Act.LIVE].allowed}


def test_a_list_is_drawn_again_when_facts_change_a_paper_ends_or_it_is_old(
    engine: Engine, drawn: list[PersonId]
) -> None:
    towns.build(engine)
    clock = towns.manual_clock()
    registry, _ = towns.reopened(engine, clock)
    lists = CameraLists(LawEngine.load(), registry, clock)
    assert live(lists.of(AGENT, strong=True)) == {"cd", "cx", "cy"}
    assert lists.of(AGENT, strong=True) is lists.of(AGENT, strong=True)
    assert len(drawn) == 1
    assert lists.of(PersonId("mayorX"), strong=True) is not lists.of(AGENT, strong=True)
    assert live(lists.of(AGENT, strong=False)) == set()
    clock.advance(KEPT_S + 1)
    lists.of(AGENT, strong=True)
    assert len(drawn) == 4
    ended = _lapsing(registry, now_plus_s=10.0)
    assert "cy" in live(lists.of(AGENT, strong=True)), "a fact changed: drawn again"
    clock.advance(11)
    assert "cy" not in live(lists.of(AGENT, strong=True)), f"{ended} ended meanwhile"
    registry.suspend(DocumentId("prefect_order/X"), by=towns.MAYOR_X, reason="essai")
    assert live(lists.of(AGENT, strong=True)) == set()


def _lapsing(registry: Registry, *, now_plus_s: float) -> str:
    """The next version of Y's order ends in a few seconds."""
    order = towns.paper_of(registry.facts(), "prefect_order/Y")
    end = now(registry._clock) + timedelta(seconds=now_plus_s)
    registry.propose(replace(order, valid_until=end), by=towns.AGENT)
    registry.confirm(order.id, by=towns.MAYOR_Y)
    return order.id


def test_many_at_once_draw_once(engine: Engine, drawn: list[PersonId]) -> None:
    towns.build(engine)
    clock = towns.manual_clock()
    registry, _ = towns.reopened(engine, clock)
    lists = CameraLists(LawEngine.load(), registry, clock)
    threads = [threading.Thread(target=lists.of, args=(AGENT,), kwargs={"strong": True}) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert drawn == [AGENT]
