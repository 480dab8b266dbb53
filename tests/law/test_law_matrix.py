"""The matrix says nothing that the engine does not say: every cell, at every instant, for every camera."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from tests.law.worldgen import world
from tests.law.worldgen_defects import damage
from tests.support import worlds
from tests.support.twins import chance_of, twinned

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.documents import DocumentKind
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.asking import Asking
from beffroi.law.tonight.classes import camera_classes
from beffroi.law.tonight.matrix import Matrix, Standing, State, draw, first_refusal, reasons
from beffroi.law.tonight.moments import Span

EVENING = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
NIGHT = Span(EVENING, datetime(2026, 3, 3, 7, 0, tzinfo=UTC))
ACTS = (Act.LIVE, Act.REPLAY, Act.PTZ)
SEEDS = range(8)
QUESTIONS = 60


@pytest.fixture(scope="module")
def engine() -> LawEngine:
    return LawEngine.load()


def hurt(chance: Random) -> Facts:
    """A world with twins whose papers go wrong before, during and after the night."""
    at = EVENING + timedelta(hours=chance.choice([0, 3, 9]), minutes=chance.randrange(60))
    facts = twinned(chance, world(chance, at))
    for _ in range(chance.randrange(12)):
        facts = damage(chance, facts, chance.choice(facts.documents), at)
    return facts


def verdict_in(standing: Standing, camera: CameraId) -> Verdict | None:
    """What the matrix says of one camera; None: nothing is told."""
    for verdict, several in (
        (Verdict.ALLOW, standing.open),
        (Verdict.UNSETTLED, standing.unsettled),
        (Verdict.DENY, standing.refused),
    ):
        if any(camera in one.cameras for one in several):
            return verdict
    return None


def told(matrix: Matrix, person: PersonId, camera: CameraId, act: Act, at: datetime) -> Verdict | None:
    course = matrix.course(person, matrix.facts.cameras[camera].commune, act)
    if course is None:
        return None
    return verdict_in([standing for standing in course if standing.at <= at][-1], camera)


def instants(chance: Random, facts: Facts) -> Iterator[datetime]:
    """Anywhere in the night, and on both sides of every date that a paper tells."""
    tick = timedelta(microseconds=1)
    edges = [edge for one in facts.documents for edge in (one.begins, one.ends, one.status_at) if edge is not None]
    while True:
        at = NIGHT.start + (NIGHT.end - NIGHT.start) * chance.random()
        if edges and chance.random() < 0.6:
            at = chance.choice(edges) + chance.choice([-tick, timedelta(), tick])
        if NIGHT.start <= at < NIGHT.end:
            yield at


LIKELY = ("agent", "pm", "mayor", "delegated", "lent", "gendarme", "police", "hospital")


def asked_about(chance: Random, facts: Facts) -> list[PersonId]:
    """Some who may be allowed something, one who may be anybody."""
    likely = sorted(one for one in facts.persons if one.startswith(LIKELY))
    return sorted({*chance.sample(likely, 3), chance.choice(sorted(facts.persons))})


def compared(engine: LawEngine, seed: int) -> Counter[str]:
    """Draw a night, then ask the engine itself here and there; what was met."""
    chance, tally = chance_of(f"matrix-{seed}"), Counter[str]()
    facts = hurt(chance)
    persons, acts = asked_about(chance, facts), (Act.LIVE, chance.choice([Act.REPLAY, Act.PTZ]))
    matrix = draw(engine, facts, NIGHT, persons=persons, acts=acts)
    asking, when = Asking(engine, facts), instants(chance, facts)
    cameras = sorted(facts.cameras)
    for _ in range(QUESTIONS):
        person, camera, act, at = chance.choice(persons), chance.choice(cameras), chance.choice(acts), next(when)
        decision = asking.decide(person, camera, act, at)
        expected = decision.verdict if decision.disclosable else None
        assert told(matrix, person, camera, act, at) is expected, (seed, person, camera, act, at.isoformat())
        tally[expected.value if expected else "no link"] += 1
    tally["changing"] += sum(len(course) > 1 for course in matrix.courses.values())
    return tally


def test_every_cell_is_the_engines_own_answer(engine: LawEngine) -> None:
    tally = sum((compared(engine, seed) for seed in SEEDS), Counter[str]())
    # Otherwise refusals would have been compared with refusals.
    assert tally["allow"] > 15
    assert tally["deny"] > 50
    assert tally["no link"] > 20
    assert tally["changing"] > 10


@pytest.mark.parametrize("seed", range(3))
def test_people_of_every_quality_side_by_side(engine: LawEngine, seed: int) -> None:
    """In one matrix, where those who look alike could be taken for one another."""
    chance = chance_of(f"side-{seed}")
    facts = hurt(chance)
    here = Span(EVENING, EVENING)
    persons = sorted(one for one in facts.persons if one.startswith(("pm", "agent", "mayor", "lent")))
    matrix = draw(engine, facts, here, persons=persons, communes=[BodyId("X")], acts=(Act.LIVE,))
    asking = Asking(engine, facts)
    cameras = sorted(one.id for one in facts.cameras.values() if one.commune in matrix.communes)
    for person in persons:
        for camera in chance.sample(cameras, 3):
            decision = asking.decide(person, camera, Act.LIVE, EVENING)
            expected = decision.verdict if decision.disclosable else None
            assert told(matrix, person, camera, Act.LIVE, EVENING) is expected, (seed, person, camera)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_every_cell_of_many_nights(engine: LawEngine) -> None:
    tally = sum((compared(engine, seed) for seed in range(100, 500)), Counter[str]())
    assert tally["unsettled"] > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cameras_of_a_class_get_the_same_answer(engine: LawEngine, seed: int) -> None:
    chance = chance_of(f"classes-{seed}")
    facts = hurt(chance)
    at = NIGHT.start
    asking = Asking(engine, facts)
    several = [one for one in camera_classes(facts, Span(at, at)) if len(one.cameras) > 1]
    assert several, "a world without a single pair of like cameras proves nothing"
    for _ in range(12):
        one, person, act = chance.choice(several), chance.choice(sorted(facts.persons)), chance.choice(ACTS)
        answers = [asking.decide(PersonId(person), camera, act, at) for camera in one.cameras]
        assert len({(a.verdict, a.authority, a.cure and a.cure.kind, a.disclosable) for a in answers}) == 1, one


def test_a_night_in_the_town(engine: LawEngine) -> None:
    """Open, closed at midnight with the agreement, closed at 23:00 without the night clause; no link, no cell."""
    facts = worlds.ended(worlds.world(), "agreement/E-Y", EVENING.date())
    clause = facts.versions(worlds.paper(DocumentKind.COORDINATION, "X").id)[0]
    facts = facts.with_documents(replace(clause, fields={**clause.fields, "night_clause": False}))
    matrix = draw(engine, facts, NIGHT, acts=(Act.LIVE,))
    agent, police = PersonId("agentE"), PersonId("pmX")
    here = matrix.course(agent, worlds.X)
    assert here is not None
    assert [one.state for one in here] == [State.OPEN]
    assert here[0].total == 2
    there = matrix.course(agent, worlds.Y)
    assert there is not None
    assert [(one.state, one.at) for one in there] == [
        (State.OPEN, EVENING),
        (State.REFUSED, datetime(2026, 3, 2, 23, 0, tzinfo=UTC)),
    ]
    why = first_refusal(engine, matrix, (agent, worlds.Y, Act.LIVE))
    assert why is not None
    assert why.decision.cure is not None
    assert why.decision.cure.kind == "agreement"
    assert why.decision.request.person == agent
    watch = matrix.course(police, worlds.X)  # cx alone: cd is on a departmental road
    assert watch is not None
    assert [(one.state, one.opened, one.at) for one in watch] == [
        (State.PARTIAL, 1, EVENING),
        (State.REFUSED, 0, datetime(2026, 3, 2, 22, 0, tzinfo=UTC)),
        (State.PARTIAL, 1, datetime(2026, 3, 3, 5, 0, tzinfo=UTC)),
    ]
    assert matrix.course(agent, worlds.Z) is None
    assert matrix.course(police, worlds.Y) is None
    assert [one.at for one in reasons(engine, matrix, (agent, worlds.Y, Act.LIVE))] == [EVENING, there[1].at]


def test_some_cameras_of_a_commune(engine: LawEngine) -> None:
    """A camera whose mask is gone is closed alone, and said so: one of two."""
    facts = worlds.world().without_document(worlds.mask("cd").id)
    matrix = draw(engine, facts, Span(EVENING, EVENING), persons=[PersonId("agentE")], communes=[worlds.X])
    course = matrix.course(PersonId("agentE"), worlds.X)
    assert course is not None
    assert (course[0].state, course[0].opened, course[0].total) == (State.PARTIAL, 1, 2)


def members(facts: Facts, *communes: BodyId) -> Facts:
    """The same facts where E has these members."""
    agglomeration = replace(facts.bodies[worlds.E], members=frozenset(communes))
    return replace(facts, bodies={**facts.bodies, worlds.E: agglomeration})


def test_two_communes_with_the_same_papers_of_which_one_is_no_member(engine: LawEngine) -> None:
    facts = members(worlds.world(), worlds.X)
    matrix = draw(engine, facts, Span(EVENING, EVENING), persons=[PersonId("agentE")], acts=(Act.LIVE,))
    assert matrix.course(PersonId("agentE"), worlds.X) is not None
    assert matrix.course(PersonId("agentE"), worlds.Y) is None


def test_the_statutes_name_one_commune_and_end_at_midnight(engine: LawEngine) -> None:
    """A paper about the pooling body alone: what it says of each commune, and when it ends, is felt there."""
    facts = worlds.ended(worlds.world(), "statutes/E", EVENING.date())
    (statutes,) = [one for one in facts.documents if one.kind is DocumentKind.STATUTES]
    facts = facts.with_documents(replace(statutes, fields={**statutes.fields, "members": ["X"]}))
    matrix = draw(engine, facts, NIGHT, persons=[PersonId("agentE")], acts=(Act.LIVE,))
    here, there = (matrix.course(PersonId("agentE"), commune) for commune in (worlds.X, worlds.Y))
    assert here is not None
    assert there is not None
    midnight = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    assert [(one.state, one.at) for one in here] == [(State.OPEN, EVENING), (State.REFUSED, midnight)]
    assert [one.state for one in there] == [State.REFUSED]


def test_two_officers_with_the_same_papers_of_whom_one_is_shared(engine: LawEngine) -> None:
    facts = members(worlds.world(), worlds.X, worlds.Y, worlds.Z)
    shared = worlds.paper(DocumentKind.POLICE_POOLING, "X-Y", bodies=("X", "Y"), fields={"title": "L512-1"})
    facts = facts.with_documents(shared, worlds.designation("pmY", "X"), worlds.designation("pmZ", "X"))
    police = [PersonId("pmZ"), PersonId("pmY")]
    matrix = draw(engine, facts, Span(EVENING, EVENING), persons=police, communes=[worlds.X], acts=(Act.LIVE,))
    theirs = matrix.course(PersonId("pmY"), worlds.X)
    assert theirs is not None
    assert theirs[0].opened == 1
    assert matrix.course(PersonId("pmZ"), worlds.X) is None


def with_twin(facts: Facts, **different: Any) -> Facts:
    """A second camera beside cx, named wherever cx is, with a mask of its own."""
    second = replace(facts.cameras[CameraId("cx")], id=CameraId("cx2"), **different)
    named = [one for one in facts.documents if "cx" in one.scope.cameras and one.kind is not DocumentKind.MASK]
    both = [replace(one, scope=replace(one.scope, cameras=one.scope.cameras | {second.id})) for one in named]
    facts = replace(facts, cameras={**facts.cameras, second.id: second})
    return facts.with_documents(*both, worlds.mask("cx2"))


def twins(engine: LawEngine, facts: Facts, at: datetime = EVENING) -> tuple[Verdict | None, Verdict | None]:
    agent = PersonId("agentE")
    matrix = draw(engine, facts, NIGHT, persons=[agent], communes=[worlds.X], acts=(Act.LIVE,))
    one, other = (told(matrix, agent, CameraId(camera), Act.LIVE, at) for camera in ("cx", "cx2"))
    return one, other


def test_two_cameras_that_differ_in_one_thing(engine: LawEngine) -> None:
    alike = with_twin(worlds.world())
    (order,) = [one for one in worlds.world().documents if one.id == "prefect_order/X"]
    later = EVENING + timedelta(hours=9)
    assert twins(engine, alike) == (Verdict.ALLOW, Verdict.ALLOW)
    assert twins(engine, alike.with_documents(replace(order, version=2))) == (Verdict.ALLOW, Verdict.DENY)
    assert twins(engine, with_twin(worlds.world(), placement_confirmed_by=None)) == (Verdict.ALLOW, None)
    masked_until_midnight = worlds.ended(alike, "mask/cx2", EVENING.date())
    assert twins(engine, masked_until_midnight) == (Verdict.ALLOW, Verdict.ALLOW)
    assert twins(engine, masked_until_midnight, later) == (Verdict.ALLOW, Verdict.DENY)


def test_two_agents_designated_for_different_acts(engine: LawEngine) -> None:
    facts = worlds.world()
    other = replace(facts.persons[PersonId("agentE")], id=PersonId("agentE2"))
    (paper,) = facts.versions(DocumentId("accreditation/agentE"))
    theirs = replace(
        paper, id=DocumentId("accreditation/agentE2"), scope=replace(paper.scope, persons=frozenset({other.id}))
    )
    facts = replace(facts, persons={**facts.persons, other.id: other})
    facts = facts.with_documents(theirs, worlds.designation("agentE2", "X", ["live"]))
    both = [PersonId("agentE"), PersonId("agentE2")]
    matrix = draw(engine, facts, Span(EVENING, EVENING), persons=both, communes=[worlds.X])
    states = {
        (person, act): matrix.courses[PersonId(person), worlds.X, act][0].state
        for person in ("agentE", "agentE2")
        for act in (Act.LIVE, Act.REPLAY)
    }
    assert states == {
        ("agentE", Act.LIVE): State.OPEN,
        ("agentE", Act.REPLAY): State.OPEN,
        ("agentE2", Act.LIVE): State.OPEN,
        ("agentE2", Act.REPLAY): State.REFUSED,
    }


def test_two_communes_of_which_one_agreed_on_hours(engine: LawEngine) -> None:
    facts = worlds.world()
    for commune, hours in (("X", "08:00-20:00"), ("Y", "00:00-24:00")):
        (agreement,) = facts.versions(DocumentId(f"agreement/E-{commune}"))
        facts = facts.with_documents(replace(agreement, fields={**agreement.fields, "hours": hours}))
    matrix = draw(engine, facts, NIGHT, persons=[PersonId("agentE")], acts=(Act.LIVE,))
    here, there = (matrix.course(PersonId("agentE"), commune) or () for commune in (worlds.X, worlds.Y))
    eight = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
    assert [(one.state, one.at) for one in here] == [(State.OPEN, EVENING), (State.REFUSED, eight)]
    assert [one.state for one in there] == [State.OPEN]


def test_unknown_persons_and_communes_have_no_row(engine: LawEngine) -> None:
    facts = worlds.world()
    matrix = draw(engine, facts, NIGHT, persons=[PersonId("nobody")], communes=[BodyId("nowhere"), worlds.D])
    assert (matrix.persons, matrix.communes, matrix.courses) == ((), (), {})
