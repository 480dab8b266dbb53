"""Each piece of the Cedar text matters: a row or a limit with one piece changed gives a wrong answer somewhere.

The cases are the questions that open a row, each with one thing otherwise (`worldgen_near`); the right answers are
those of the independent reading, row by row. Rows are tried without the limits, which would hide a hole in a row; each
limit is tried with the clauses that it doubles taken out of the rows.

A ground opens exactly when all its clauses hold (checked here on every case): what a mutant of one clause answers
follows from the other clauses and from that one, and many mutants are asked about in one evaluation.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Final
from zlib import crc32

import cedarpy
import pytest
from tests.law.oracle import papers_and_settings
from tests.law.oracle_papers import Question, midnight
from tests.law.oracle_rows import CODE, ROWS, Row, in_force, position
from tests.law.test_law_oracle import LONG, NOW, ask
from tests.law.worldgen import small_world
from tests.law.worldgen_mutations import ALIKE_INSIDE, Mutants, alone, clause_mutants, hours_alike, inner_mutants
from tests.law.worldgen_near import narrowed, near
from tests.law.worldgen_questions import LIKELY
from tests.law.worldgen_shape import SMALL

from beffroi.domain.acts import IMAGE_ACTS, Act, Purpose
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import BodyKind, Facts, PersonStatus
from beffroi.law.engine import LawEngine
from beffroi.law.packs.fr import COUNTRY
from beffroi.law.policies import Ground, policy_set

ENGINE: Final = LawEngine.load()
SOURCE: Final = ENGINE.policies.source
REGISTER: Final = "register"
LIMITS: Final = {name: SOURCE[name] for name in ENGINE.policies.limits}
_SLOT: Final = re.compile(r'"attr": "papers"\}\}, "attr": "(\w+)"')


@dataclass(frozen=True, eq=False)
class Case:
    """A question put to policies, whether the row opens it, and by ground that speaks of the act, what it lacks."""

    request: dict[str, Any]
    entities: cedarpy.Entities
    right: bool
    lacks: dict[str, frozenset[str]]

    @property
    def open(self) -> bool:
        """Whether a ground opens it."""
        return not all(self.lacks.values())


def group_of(ground: Ground) -> str:
    """The grounds that together are one row; those of registers and settings make one group."""
    return ground.row.row if set(ground.acts) & {one.value for one in IMAGE_ACTS} else REGISTER


GROUPS: dict[str, list[Ground]] = {}
for one in ENGINE.policies.grounds:
    GROUPS.setdefault(group_of(one), []).append(one)
PAIRS = sorted({(one, two) for ones, twos in LIKELY for one in ones.split() for two in twos.split()})
CLAUSES: dict[str, dict[str, Any]] = {
    name: clause
    for one in ENGINE.policies.grounds
    for name, clause in zip(one.conditions, SOURCE[one.id]["conditions"], strict=True)
}
"""Each condition as it is written (in one way: the engine refuses a pack where it is not)."""
READING = {row.number: row for row in ROWS}


def opens(row: Row | None, q: Question) -> bool:
    """What the reading says of one row, whoever else is let in by another."""
    if row is None:
        return q.request.strong_auth and papers_and_settings(q).allowed
    if q.act not in row.acts or not in_force(row, q) or row.opens(q) is None:
        return False
    said = position(q, row)
    return "open" in said if row.unsettled else not (row.interpretation and "closed" in said)


def question(facts: Facts, request: ActRequest) -> Question:
    return Question(facts, request, facts.persons[request.person], facts.cameras[request.camera])


@cache
def world_at(shape: int, at: datetime) -> Facts:
    return small_world(SMALL[shape], at)


def starts(group: str) -> Iterator[tuple[Facts, ActRequest, str]]:
    """Questions that the row opens, one for each act, quality and origin; how far to look around: all around the first
    of each ground, for what an act may feel around the first of each act, not at all around the others."""
    acts = sorted({act for ground in GROUPS[group] for act in ground.acts}, key=lambda one: (one != "live", one))
    row, looked = READING.get(group), set[tuple[str, ...]]()
    for act in acts:
        found: set[tuple[str, ...]] = set()
        for facts in (world_at(0, NOW), world_at(1, NOW)):
            for name, camera in PAIRS:
                request = ask(name, camera, Act(act), Purpose.F5)
                person, origin = facts.persons[request.person], facts.cameras[request.camera].origin.value
                ground = next((one for one in GROUPS[group] if act in one.acts and person.status in one.row.who), None)
                recruited = facts.bodies[person.employer].kind if person.status == "municipal_police" else ""
                kind = (person.status.value, recruited, origin)
                if ground is None or kind in found or not opens(row, question(facts, request)):
                    continue
                wide, narrow = (ground.id, recruited), (ground.id, recruited, act)
                yield (
                    facts,
                    request,
                    "all around" if wide not in looked else "itself" if narrow in looked else "the act",
                )
                looked |= {wide, narrow}
                found.add(kind)


class Watched(Facts):
    """Facts that note which kinds of papers the engine looks for."""

    kinds: ClassVar[set[str]] = set()

    def about(self, kind: DocumentKind, name: str, at: datetime) -> tuple[Document, ...]:
        self.kinds.add(kind)
        return super().about(kind, name, at)

    def about_both(self, kind: DocumentKind, one: str, other: str, at: datetime) -> tuple[Document, ...]:
        self.kinds.add(kind)
        return super().about_both(kind, one, other, at)


class Noted(Question):
    """A question that notes which kinds of papers the reading looks for."""

    def held(self, kind: str) -> list[Document]:
        Watched.kinds.add(kind)
        return super().held(kind)


def kinds_read(group: str, facts: Facts, request: ActRequest) -> frozenset[str]:
    """The kinds of papers on which a question about a row can depend: those that either of the two looks for."""
    Watched.kinds.clear()
    watched = Watched(facts.revision, facts.persons, facts.bodies, facts.cameras, facts.documents)
    person, camera = facts.persons[request.person], facts.cameras[request.camera]
    opens(READING.get(group), Noted(watched, request, person, camera))
    COUNTRY.situate(watched, request, person, camera, slots_of(group))
    return frozenset(Watched.kinds)


@cache
def slots_of(group: str) -> frozenset[str]:
    """The slots that the grounds of a group and the limits read."""
    return frozenset(_SLOT.findall(json.dumps([[SOURCE[one.id] for one in GROUPS[group]], LIMITS])))


NEW_PURPOSES: Final = date(2019, 7, 27)


def dated(group: str, request: ActRequest) -> Iterator[tuple[Facts, ActRequest]]:
    """The same question on the eve and the day of each law, and after the last of them."""
    row = READING.get(group)
    days = [midnight(row.since)] if row else []
    days += [datetime(year, 6, 1, tzinfo=UTC) for year in (2015, 2022, 2024, 2030)] + [datetime(2023, 8, 1, tzinfo=UTC)]
    for day in days:
        for at in (day, day - timedelta(microseconds=1)):
            for shape in (0, 1):
                facts = world_at(shape, at)
                moved = replace(request, at=at, footage=ask("pmX", "cv", request.act, None).footage and _before(at))
                yield facts, moved
                if row and row.since < NEW_PURPOSES:
                    yield facts, replace(moved, purpose=Purpose.F11)
                for kind in ("cnil_commitment", "impact_assessment", "processing_record"):
                    yield replace(facts, documents=tuple(one for one in facts.documents if one.kind != kind)), moved


def _before(at: datetime) -> Any:
    made = ask("pmX", "cv", Act.REPLAY, None).footage
    shift = int((at - NOW).total_seconds()) * 1_000_000
    return made and replace(made, from_us=made.from_us + shift, to_us=made.to_us + shift)


def can_be(facts: Facts, request: ActRequest) -> bool:
    """Whether there may be such a person: nobody presides over a département that is something else, nobody is
    an officer of another commune than the one that employs them, nor lent to their own employer."""
    person = facts.persons[request.person]
    employer = facts.bodies.get(person.employer)
    if any(
        person.id in one.scope.persons and person.employer in one.scope.bodies
        for one in facts.documents
        if one.kind == "secondment"
    ):
        return False
    if person.status is PersonStatus.DEPARTEMENT_PRESIDENT:
        return employer is not None and employer.kind is BodyKind.DEPARTEMENT
    if person.status is not PersonStatus.MUNICIPAL_POLICE:
        return True
    of_commune = employer is not None and employer.kind is BodyKind.COMMUNE
    return person.commune == (person.employer if of_commune else None)


@cache
def cases(group: str) -> tuple[Case, ...]:
    """Questions that lack at most one condition of a ground of the group, or that the reading opens; each once."""
    grounds, row, slots, found = GROUPS[group], READING.get(group), slots_of(group), list[Case]()
    whole = {one.id: SOURCE[one.id] for one in grounds}
    policies = policy_set({**{name: alone(CLAUSES[name]) for one in grounds for name in one.conditions}, **whole})
    seen: set[tuple[str, str, bool]] = set()
    for changed, request in around(group):
        if not can_be(changed, request):
            continue
        q = question(changed, request)
        situation = COUNTRY.situate(changed, request, q.person, q.camera, slots)
        situation = replace(situation, papers={slot: situation.papers[slot] for slot in slots})
        asked, entities = ENGINE.question(changed, situation)
        right = opens(row, q)
        key = (asked["context"], entities, right)
        if key in seen:
            continue
        seen.add(key)
        parsed = cedarpy.Entities.from_json_str(entities)
        held = set(cedarpy.is_authorized(asked, policies, parsed).diagnostics.reasons)
        lacks = {one.id: frozenset(one.conditions) - held for one in grounds if request.act.value in one.acts}
        assert {name for name, lacking in lacks.items() if not lacking} == held & set(whole)
        if right or any(len(lacking) <= 1 for lacking in lacks.values()):
            found.append(Case(asked, parsed, right, lacks))
    return tuple(found)


def around(group: str) -> Iterator[tuple[Facts, ActRequest]]:
    """Every question near one that the group opens."""
    for facts, start, far in starts(group):
        kinds = kinds_read(group, facts, start)
        here = narrowed(facts, start, kinds)
        if far == "itself":
            yield here, start
            continue
        yield from near(here, start, whole=far == "all around")
        for moved, request in dated(group, start) if far == "all around" else ():
            yield narrowed(moved, request, kinds), request


def equivalent() -> Iterator[tuple[str, str]]:
    """Mutants of whole clauses that answer everything alike, and why."""
    for ground in ENGINE.policies.grounds:
        asked, row = ASKED[ground.id], READING.get(group_of(ground))
        if {"purpose-given", "purpose-valid"} <= asked:
            yield f"{ground.id}: purpose-given dropped", "the purposes of the law hold no empty one"
            if row is not None and row.since >= NEW_PURPOSES:
                yield f"{ground.id}: purpose-valid dropped", "every purpose was law before the row"
        if "extract" not in ground.acts:
            yield f"{ground.id}: extract-title dropped", "the row opens no extract"
            yield f"{ground.id}: extract-second dropped", "the row opens no extract"
        if "relay" not in ground.acts:
            yield f"{ground.id}: relay-recipient dropped", "the row opens no relay"
            yield f"{ground.id}: relay-basis dropped", "the row opens no relay"
        if not {"replay", "extract"} & ground.acts:
            yield f"{ground.id}: footage-term dropped", "the row opens live alone"
        if row is not None and row.since == CODE and "purpose-valid" in asked:
            yield f"{ground.id}: {ground.conditions[2]} dropped", "no purpose is law before the code"
        if {"form-syndicat", "host-statutes"} <= asked:
            yield f"{ground.id}: form-syndicat dropped", "the statutes must be of the host's form, and D or E"
        if {"territory-own", "employer-commune"} <= asked:
            for one in ("territory-own", "employer-commune"):
                yield f"{ground.id}: {one} dropped", "the commune of an officer is the one that employs them"
    for row_id in ("row-33", "row-43b"):
        yield f"{row_id}: other-system dropped", "no act on roles binds a body to itself"
    yield "row-19: seconded dropped", "the host of those lent is never their employer, and no host pools nothing"
    yield "row-19: status-epci-agent-or-agreed-agent dropped", "nobody else is lent: others have no host but their own"


def same_every_day(condition: str, policy: dict[str, Any]) -> bool:
    """Whether a clause on the law that was changed inside says the same on every day: each stretch of the timeline."""
    both = policy_set({"as it is": alone(CLAUSES[condition]), "changed": policy})
    for at in ENGINE.timeline.edges():
        law = {"law": [rule.id for rule in ENGINE.pack.row_rules if rule.in_force(at)]}
        reasons = cedarpy.is_authorized(
            {"principal": 'P::"p"', "action": 'A::"a"', "resource": 'R::"r"', "context": law}, both, []
        ).diagnostics.reasons
        if len(reasons) == 1:
            return False
    return True


def alike() -> frozenset[str]:
    """Every mutant that no question can feel."""
    law = {
        f"{name} {how}"
        for name, clause in CLAUSES.items()
        if name.startswith("law-")
        for how, policy in inner_mutants(clause)
        if same_every_day(name, policy)
    }
    slots = ("order", "agreement", "host_agreement", "departement_agreement")
    hours = {f"{slot.replace('_', '-')}-hours {how}" for slot in slots for how in hours_alike(slot)}
    return frozenset({*dict(equivalent()), *law, *hours, *ALIKE_INSIDE})


def taken() -> list[str]:
    """An ordinary run takes a third of the rows, another by the seed of the run; a long one takes them all. Without a
    seed given: always the same third, as every process of the run has to collect the same tests."""
    turn = crc32(os.environ.get("BEFFROI_SEED", "").encode()) % 3
    return [group for number, group in enumerate(sorted(GROUPS)) if LONG or number % 3 == turn]


@pytest.mark.parametrize("group", taken())
def test_rows_say_what_the_reading_says(group: str) -> None:
    """Without limits, on every case; and cases fall on both sides."""
    assert {one.right for one in cases(group)} == {True, False}
    assert [one.request for one in cases(group) if one.open != one.right] == []


ASKED: dict[str, frozenset[str]] = {one.id: frozenset(one.conditions) for one in ENGINE.policies.grounds}


def whole_clauses(group: str) -> Iterator[str]:
    """The clauses of a row that may be dropped or turned round and no case feels it."""
    for ground in GROUPS[group]:
        for condition in ground.conditions:
            gone = turned = True
            for case in cases(group):
                here = case.lacks.get(ground.id)
                if (
                    here is None
                    or here - {condition}
                    or any(not case.lacks[one] for one in case.lacks if one != ground.id)
                ):
                    continue  # the clause is not what decides
                gone &= case.right
                turned &= case.right is bool(here)
            yield from (
                f"{ground.id}: {condition} {how}" for how, alive in (("dropped", gone), ("negated", turned)) if alive
            )


def inside_clauses(group: str, conditions: dict[str, set[str]]) -> dict[str, set[str]]:
    """Of these changes inside conditions, those that no case of a row feels."""
    mutants = Mutants(
        {
            (name, how): policy
            for name, hows in conditions.items()
            for how, policy in inner_mutants(CLAUSES[name])
            if how in hows
        }
    )
    for case in sorted(cases(group), key=lambda one: one.right):
        several = list(case.lacks.items())
        if case.right:
            felt = frozenset().union(*(ASKED[name] for name, lacking in several if not lacking))
        else:
            felt = frozenset().union(*(lacking for _, lacking in several if len(lacking) == 1))
        felt = mutants.of(felt)
        killed = set()
        for key, condition, _, holds in mutants.held(felt, case.request, case.entities) if felt else ():
            opened = any(
                not lacking - {condition} and (holds or condition not in ASKED[name]) for name, lacking in several
            )
            if opened != case.right:
                killed.add(key)
        if killed:
            mutants.kill(killed)
    left: dict[str, set[str]] = {}
    for name, how in mutants.alive.values():
        left.setdefault(name, set()).add(how)
    return left


HOME: dict[str, list[str]] = {}
"""For each condition, the groups that ask it: its inner mutants are killed in the first, or else in another."""
for name, grounds in GROUPS.items():
    for ground in grounds:
        for condition in ground.conditions:
            if name not in HOME.setdefault(condition, []):
                HOME[condition].append(name)


@pytest.mark.parametrize("group", taken())
def test_mutants_of_rows_are_killed(group: str) -> None:
    """Each clause of each row dropped or negated; each clause changed inside, in the first row that asks it."""
    same = alike()
    mine = {
        name: {how for how, _ in inner_mutants(CLAUSES[name]) if f"{name} {how}" not in same}
        for name in HOME
        if HOME[name][0] == group
    }
    left = inside_clauses(group, mine)
    for other in {other for name in left for other in HOME[name][1:]}:
        asked = {name: hows for name, hows in left.items() if other in HOME[name]}
        if asked:
            left = {name: hows for name, hows in left.items() if name not in asked} | inside_clauses(other, asked)
    survivors = [*whole_clauses(group), *(f"{name} {how}" for name, hows in left.items() for how in sorted(hows))]
    assert [one for one in survivors if one not in alike()] == []


BELTS: dict[str, tuple[str, ...]] = {
    "limit-two-factor": ("two-factor",),
    "limit-order": ("order", "order-length", "order-event"),
    "limit-purpose": ("purpose-in-order",),
    "limit-order-viewer": ("order-viewer", "order-recipient"),
    "limit-order-act": ("order-act",),
    "limit-mask": ("mask",),
    "limit-term": ("footage-term",),
    "limit-extract": ("extract-title",),
    "limit-relay": ("relay-recipient",),
    "limit-never-viewers": ("status",),
    "limit-private": ("origin",),
    "limit-accreditation": ("accreditation",),
    "limit-common-parts": ("status", "alert", "origin"),
    "limit-merchant": ("status", "origin"),
}
"""The clauses of rows that each limit doubles (by name, or by the beginning of the name)."""


def test_every_limit_has_its_belt() -> None:
    assert set(BELTS) == set(LIMITS)


def doubled(limit: str, condition: str) -> bool:
    """Whether a limit doubles a condition."""
    return any(
        condition == one or (one in {"status", "origin"} and condition.startswith(f"{one}-")) for one in BELTS[limit]
    )


@pytest.mark.soak  # needs the cases of every row
def test_mutants_of_limits_are_killed() -> None:
    """Where the rows have lost the clauses that it doubles, each limit stops what it must, and its mutants do not."""
    written = {name: dict(clause_mutants(LIMITS[name]["conditions"][0])) for name in LIMITS}
    mutants = Mutants({(name, how): policy for name, several in written.items() for how, policy in several.items()})
    true = policy_set({name: alone(*policy["conditions"]) for name, policy in LIMITS.items()})
    stops: Counter[str] = Counter()
    for group in sorted(GROUPS):
        for case in sorted(cases(group), key=lambda one: one.right):
            at_stake = frozenset(name for name in LIMITS if speaks_of(name, case) and let_in(name, case))
            if not at_stake:
                continue
            stopping = set(cedarpy.is_authorized(case.request, true, case.entities).diagnostics.reasons) & at_stake
            assert not (case.right and stopping), (group, case.request)
            stops.update(stopping)
            felt = mutants.of(frozenset(stopping if not case.right else at_stake))
            held = mutants.held(felt, case.request, case.entities) if felt else ()
            killed = {key for key, _, _, stopped in held if stopped is case.right}
            if killed:
                mutants.kill(killed)
    assert {name for name in LIMITS if not stops[name]} == set(), "these stop nothing that the rows would let in"
    survivors = [f"{name} {how}" for name, how in mutants.alive.values()]
    assert [one for one in survivors if one not in alike()] == []


def speaks_of(limit: str, case: Case) -> bool:
    """Whether a limit is about the act."""
    action = LIMITS[limit]["action"]
    acts = [one["id"] for one in action.get("entities", [action["entity"]] if "entity" in action else [])]
    return not acts or case.request["action"]["id"] in acts


def let_in(limit: str, case: Case) -> bool:
    """Whether a ground would open this case without the clauses that the limit doubles."""
    return any(all(doubled(limit, one) for one in lacking) for lacking in case.lacks.values())
