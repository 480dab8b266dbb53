"""Laws that need no expected answer: having less never opens, an order only narrows, names and ends change nothing.

Random worlds, as in `test_law_oracle`: BEFFROI_SEED repeats them.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random, SystemRandom
from zoneinfo import ZoneInfo

from tests.law.worldgen import light, small_world
from tests.law.worldgen_less import closes_something, losses, narrowed
from tests.law.worldgen_questions import relevant, worlds
from tests.law.worldgen_rename import renamed, renamed_authority
from tests.law.worldgen_shape import SMALL
from tests.law.worldgen_shrink import described
from tests.support.worlds import ask, paper

from beffroi.domain.acts import Purpose
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import DocumentKind
from beffroi.domain.facts import Facts
from beffroi.domain.ids import PersonId
from beffroi.law.engine import LawEngine

ENGINE = LawEngine.load()
SEED = os.environ.get("BEFFROI_SEED") or str(SystemRandom().randrange(10**9))
WORLDS = int(os.environ.get("BEFFROI_QUESTIONS", "5000")) // 50
PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
ALL_IN_FORCE = datetime(2024, 1, 1, tzinfo=UTC)
"""From here on no rule begins: time alone opens nothing any more."""


def allowed(facts: Facts, request: ActRequest) -> bool:
    return ENGINE.decide(facts, request).allowed


def drawn(name: str, count: int = WORLDS) -> Iterator[tuple[str, Random, Facts, list[ActRequest]]]:
    """Worlds, each with a few questions."""
    for number in range(count):
        seed = f"{SEED}-{name}-{number}"
        facts, requests = worlds(seed, 5)
        yield seed, Random(seed), facts, requests  # noqa: S311  repeatable, no secret


def never_opens(seed: str, what: str, before: Facts, after: Facts, requests: list[ActRequest]) -> None:
    """Of these questions none that was refused is allowed.

    Raises:
        AssertionError: one is.
    """
    light(after)
    for request in requests:
        if not allowed(before, request):
            assert not allowed(after, request), f"{seed}: {what}\n{described(before, request)}"


def test_losing_a_document_never_opens() -> None:
    """Removed, expired, ended now, suspended, withdrawn, only proposed: nothing that was refused is allowed."""
    for seed, draw, facts, requests in drawn("less"):
        near = [one for request in requests for one in relevant(facts, request)]
        plain = [one for one in near if not any(map(closes_something, facts.versions(one.id)))]
        for document in draw.sample(plain, 2):
            how, less = draw.choice(list(losses(draw, facts, document, requests[0].at)))
            never_opens(seed, f"{document.id} {how}", facts, less, requests)


def test_an_order_only_narrows() -> None:
    """A word less in a list, fewer days, hours, posts, an event over: nothing that was refused is allowed."""
    for seed, draw, facts, requests in drawn("order"):
        orders = [one for one in relevant(facts, requests[0]) if one.kind is DocumentKind.PREFECT_ORDER]
        for order in orders[:1]:
            for what, less in draw.sample(list(narrowed(draw, order, requests[0].at)), 2):
                never_opens(seed, what, facts, facts.with_documents(less), requests)


def test_renaming_communes_changes_nothing() -> None:
    """The verdict, the ground, what may be told; the authority bears the new name."""
    names = {"X": "99001", "Y": "99002", "Z": "99003"}
    for seed, _, facts, requests in drawn("names"):
        other = light(renamed(facts, names))
        for request in requests:
            before, after = ENGINE.decide(facts, request), ENGINE.decide(other, request)
            told = [(one.verdict, one.ground, one.disclosable) for one in (before, after)]
            assert told[0] == told[1], seed
            assert after.authority == renamed_authority(before.authority, names), seed


def test_time_past_an_end_never_opens() -> None:
    """Days later at the same hour, nothing having begun or been confirmed between: nothing refused is allowed."""
    moved = 0
    for seed, draw, facts, requests in drawn("later", 2 * WORLDS):
        kept = tuple(one for one in facts.documents if not closes_something(one))
        world = light(replace(facts, documents=kept))
        for request in requests:
            local = request.at.astimezone(PARIS)
            later = (local + timedelta(days=draw.choice([1, 2, 31, 365, 700]))).astimezone(UTC)
            began = [one.begins for one in kept] + [one.status_at for one in kept if one.status_at]
            if request.at < ALL_IN_FORCE or any(request.at < one <= later for one in began):
                continue
            moved += 1
            if not allowed(world, request):
                assert not allowed(world, replace(request, at=later)), f"{seed}: {later}\n{described(world, request)}"
    assert moved > WORLDS


def test_asking_with_less_never_opens() -> None:
    """One factor instead of two, one more person before the screen, no images named."""
    for seed, draw, facts, requests in drawn("asked"):
        for request in requests:
            if allowed(facts, request):
                continue
            other = PersonId(draw.choice(sorted(facts.persons)))
            worse = (
                replace(request, strong_auth=False),
                replace(request, present=request.present | {other}),
                replace(request, footage=None),
            )
            for one in worse:
                assert not allowed(facts, one), f"{seed}: {one}"


def test_the_exceptions_are_real() -> None:
    """Each kind of document left out above does close something, and its loss does open it."""
    facts = small_world(SMALL[0], NOW)
    closed = paper(DocumentKind.PREFECTURE_POSITION, "3", bodies=("X",), fields={"point": "row-03", "answer": "closed"})
    epci = paper(DocumentKind.POLICE_POOLING, "E-X", bodies=("E", "X"), fields={"title": "L512-2"})
    unfed = replace(facts, documents=tuple(one for one in facts.documents if one.kind != "state_agreement"))
    consents = [one.id for one in facts.documents if one.fields.get("object") == "commune_consent"]
    cases = (
        (facts.with_documents(closed), [closed.id], ask("mayorX", "cd", purpose=Purpose.F5, at=NOW)),
        (facts.with_documents(epci), [epci.id], ask("pmY", "cv", purpose=Purpose.F5, at=NOW)),
        (unfed, consents, ask("gendarme", "cv", purpose=Purpose.F5, at=NOW)),
    )
    for before, names, request in cases:
        after = replace(before, documents=tuple(one for one in before.documents if one.id not in names))
        assert not allowed(before, request), request
        assert allowed(after, request), request
        assert all(closes_something(before.versions(one)[0]) for one in names)
