"""The engine against the independent reading: a small world exhaustively, then thousands of random ones.

BEFFROI_SEED=…       the worlds (printed; another at each run)
BEFFROI_QUESTIONS=…  how many questions (5 000; a million in `make soak`)
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import SystemRandom

import pytest
from tests.law.oracle import Expected, oracle
from tests.law.worldgen import light, small_world
from tests.law.worldgen_questions import relevant, worlds
from tests.law.worldgen_shape import SMALL
from tests.law.worldgen_shrink import described, shrunk

from beffroi.domain.acts import IMAGE_ACTS, Act, Purpose
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.documents import Document, DocumentStatus
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.law.engine import LawEngine

ENGINE = LawEngine.load()
SEED = os.environ.get("BEFFROI_SEED") or str(SystemRandom().randrange(10**9))
QUESTIONS = int(os.environ.get("BEFFROI_QUESTIONS", "5000"))
LONG = QUESTIONS > 50_000
SHARES, PER_WORLD = 4, 4
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def differs(facts: Facts, request: ActRequest) -> bool:
    """Whether engine and reading disagree on the verdict, or on the authority of what is allowed."""
    return not agrees(oracle(facts, request), ENGINE.decide(facts, request))


def agrees(expected: Expected, decision: Decision) -> bool:
    """Whether a decision says what the reading expects."""
    if decision.ground == "error" or decision.verdict.value != expected.verdict:
        return False
    return expected.authority is None or decision.authority == expected.authority


def check(facts: Facts, request: ActRequest, seed: str = "") -> str:
    """The verdict on which both agree.

    Raises:
        AssertionError: they do not; it tells the smallest facts that still show it.
    """
    expected = oracle(facts, request)
    if agrees(expected, ENGINE.decide(facts, request)):
        return expected.verdict
    facts, request = shrunk(facts, request, differs)
    expected, decision = oracle(facts, request), ENGINE.decide(facts, request)
    answer = f"engine: {decision.verdict} {decision.ground} {decision.authority} — {decision.sentence.fr}"
    raise AssertionError(f"{seed}\nexpected: {expected}\n{answer}\n{described(facts, request)}")


@pytest.mark.parametrize("share", range(SHARES))
def test_random_worlds(share: int) -> None:
    seen = Counter[str]()
    for number in range(share, QUESTIONS // PER_WORLD, SHARES):
        seed = f"{SEED}-{number}"
        facts, requests = worlds(seed, PER_WORLD)
        seen.update(check(facts, request, f"seed {seed}") for request in requests)
    total = seen.total()
    print(f"seed {SEED}: {total} questions, {dict(seen)}")  # noqa: T201  the rates are part of the report
    assert 0.15 < seen["allow"] / total < 0.45
    assert seen["unsettled"] > 0


def ask(person: str, camera: str, act: Act, purpose: Purpose | None) -> ActRequest:
    """A question of the small world, where everything that an act needs is given."""
    footage = None
    if act in {Act.REPLAY, Act.EXTRACT}:
        start = to_wall_us(NOW - timedelta(days=2))
        footage = WallRange(start, start + 60_000_000)
    return ActRequest(
        PersonId(person),
        act,
        CameraId(camera),
        purpose,
        NOW,
        footage,
        recipient="gendarmerie" if act is Act.RELAY else None,
        second=PersonId("mayorX" if person != "mayorX" else "pmX") if act is Act.EXTRACT else None,
        post="csu-1",
    )


def everything(facts: Facts, acts: Iterator[Act], *purposes: Purpose | None) -> Iterator[ActRequest]:
    """Every person, every camera."""
    for act in acts:
        for person in facts.persons:
            for camera in facts.cameras:
                for purpose in purposes:
                    yield ask(person, camera, act, purpose)


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("shape", [0, 1], ids=("shape-E", "shape-D"))
def test_everybody_everywhere_in_a_world_in_order(shape: int, act: Act) -> None:
    facts = small_world(SMALL[shape], NOW)
    purposes = (Purpose.F5, Purpose.F4, None) if act in IMAGE_ACTS else (None,)
    seen = Counter(check(facts, request) for request in everything(facts, iter([act]), *purposes))
    assert seen["deny"] > 0
    assert seen["allow"] > 0


def spoiled(facts: Facts, document: Document) -> Iterator[tuple[str, Facts]]:
    """One document missing, ended, suspended, proposed."""
    yield "missing", facts.without_document(document.id)
    yield "ended", facts.with_documents(replace(document, valid_until=date(2026, 3, 2)))
    yield "suspended", facts.with_documents(replace(document, status=DocumentStatus.SUSPENDED, status_at=NOW))
    proposal = replace(document, status=DocumentStatus.PROPOSED, confirmed_by=None)
    yield "proposed", facts.with_documents(proposal)


def opened(facts: Facts) -> list[tuple[ActRequest, str]]:
    """What a world in order allows or leaves unsettled."""
    acts = iter([*Act] if LONG else [Act.LIVE, Act.EXTRACT, Act.READ_REGISTER])
    asked = ((one, oracle(facts, one).verdict) for one in everything(facts, acts, Purpose.F5))
    return [(one, verdict) for one, verdict in asked if verdict != "deny"]


@pytest.mark.parametrize("shape", [0, 1], ids=("shape-E", "shape-D"))
def test_each_document_spoiled_in_turn(shape: int) -> None:
    """Every document in the four ways, each question of those it concerns in one of them (in all, in a long run)."""
    facts = small_world(SMALL[shape], NOW)
    asked = opened(facts)
    felt = Counter[str]()
    for turn, document in enumerate(facts.documents):
        concerned = [one for one in asked if document in relevant(facts, one[0])]
        for way, (name, worse) in enumerate(spoiled(facts, document)):
            light(worse)
            for place, (request, before) in enumerate(concerned):
                if LONG or (turn + place) % 4 == way:
                    felt[name] += check(worse, request, f"{document.id} {name}") != before
    print(f"felt: {dict(felt)}")  # noqa: T201  how much the small world says
    assert all(felt[name] > 200 for name in ("missing", "ended", "suspended", "proposed"))
