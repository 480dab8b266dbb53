"""Laws of the engine itself: what is kept changes nothing, a part decides as the whole, a stranger learns nothing.

That losing a paper, narrowing an order or passing an end never opens is in `test_law_metamorphic.py`; that corrupt
attributes deny, in `test_law_failclosed.py`.
"""

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.support.worlds import NOW, E, X, ask, cameras, paper, persons, suspended, world

from beffroi.domain.acts import IMAGE_ACTS, Act, Purpose, Verdict
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.documents import DocumentKind
from beffroi.domain.facts import Facts, PersonStatus
from beffroi.domain.ids import CameraId, DocumentId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.law.engine import LawEngine
from beffroi.law.packs.fr import COUNTRY, France
from beffroi.law.packs.fr.links import authority_of
from beffroi.law.policies import Policies
from beffroi.law.worlds.catalog import world as catalogued

ENGINE = LawEngine.load()
WORLDS = ("pooled-epci", "origin-e", "origin-h", "origin-m", "origin-n", "origin-t")
ORDER = DocumentId("prefect_order/X")


@lru_cache(maxsize=8)
def facts_of(name: str) -> Facts:
    return catalogued(name).facts


def questions(name: str, count: int, seed: int) -> Iterator[ActRequest]:
    """Random questions about a world of the case files, by day and by night, over ten years."""
    facts, chance = facts_of(name), Random(seed)  # noqa: S311  not a secret
    people, places = sorted(facts.persons), sorted(facts.cameras)
    for _ in range(count):
        at = NOW + timedelta(minutes=chance.choice((0, 0, 0, 1, 14 * 60, chance.randrange(-5_000_000, 1_000_000))))
        act, start = chance.choice(sorted(Act)), to_wall_us(at - timedelta(days=chance.choice((1, 1, 29, 40))))
        yield ActRequest(
            PersonId(chance.choice(people)),
            act,
            CameraId(chance.choice(places)),
            chance.choice((Purpose.F1, Purpose.F5, None)),
            at,
            WallRange(start, start + 60_000_000) if act in {Act.REPLAY, Act.EXTRACT} else None,
            strong_auth=chance.random() < 0.95,
            recipient="gendarmerie" if act is Act.RELAY else None,
            second=PersonId(chance.choice(people)) if act is Act.EXTRACT else None,
        )


def asked_of(facts: Facts, request: ActRequest) -> tuple[dict[str, Any], str]:
    person, camera = facts.persons[request.person], facts.cameras[request.camera]
    return ENGINE.question(facts, COUNTRY.situate(facts, request, person, camera))


@pytest.mark.parametrize("name", WORLDS)
def test_a_ground_permits_when_all_its_conditions_hold(name: str) -> None:
    """The twin set speaks for the grounds: each permits exactly when all its conditions are met. And the part of a
    status decides as the whole does."""
    facts, opened = facts_of(name), 0
    for request in questions(name, 120, 1):
        status = facts.persons[request.person].status.value
        question, entities = asked_of(facts, request)
        answer = ENGINE.policies.decide(question, entities)
        met = ENGINE.policies.conditions_met(question, entities)
        complete = {
            one.id
            for one in ENGINE.policies.grounds
            if request.act.value in one.acts and met.issuperset(one.conditions)
        }
        assert not answer.errors
        assert answer.allowed == bool(complete)
        assert set(answer.reasons) >= complete
        part = ENGINE.policies.decide(question, entities, status)
        assert (part.allowed, not part.allowed or part.reasons) == (answer.allowed, not part.allowed or answer.reasons)
        needed = ENGINE.policies.part(status).slots
        person, camera = facts.persons[request.person], facts.cameras[request.camera]
        fewer = ENGINE.question(facts, COUNTRY.situate(facts, request, person, camera, needed))
        assert ENGINE.policies.decide(*fewer, status).allowed == answer.allowed
        opened += answer.allowed
    assert opened


def test_whoever_looks_the_recordings_are_those_of_the_camera_s_place() -> None:
    """Sheets, files and hour keys bear the mayor's name; a département's agent sees them under another authority's row,
    and the lease must name the former."""
    others = 0
    for name in (*WORLDS, "origin-d"):
        facts = facts_of(name)
        for request in questions(name, 120, 7):
            decision = ENGINE.decide(facts, request)
            if decision.allowed:
                assert decision.recorded_under == authority_of(facts.cameras[request.camera])
                others += decision.authority != decision.recorded_under
    assert others, "no world has an act under another authority"


@pytest.mark.parametrize("name", WORLDS)
def test_what_is_kept_changes_nothing(name: str) -> None:
    """The same answer from an engine that has answered thousands of questions and from one that never answered any."""
    facts = facts_of(name)
    for request in questions(name, 60, 2):
        fresh = LawEngine(ENGINE.pack, France(), ENGINE.policies).decide(facts, request)
        near = replace(request, at=request.at + timedelta(seconds=1))
        ENGINE.decide(facts, near)
        assert ENGINE.decide(facts, request) == fresh
        assert ENGINE.decide(facts, request) == fresh


@pytest.mark.parametrize("document", ["prefect_order/X", "agreement/E-X", "accreditation/agentE", "mask/cx"])
def test_an_answer_kept_ends_with_the_paper(document: str) -> None:
    """To the microsecond, with an engine that has just answered the other way."""
    facts, end = world(), NOW + timedelta(hours=1)
    first = facts.versions(DocumentId(document))[0]
    facts = facts.with_documents(replace(first, valid_until=end))
    for _ in range(2):
        assert ENGINE.decide(facts, ask("agentE", "cx", at=end - timedelta(microseconds=1))).allowed
        assert not ENGINE.decide(facts, ask("agentE", "cx", at=end)).allowed


def test_an_answer_kept_ends_with_the_term_of_the_images() -> None:
    facts = world()
    order = facts.versions(ORDER)[0]
    facts = facts.with_documents(replace(order, fields={**order.fields, "retention_days": 15}))
    start = NOW - timedelta(days=15, hours=-1)
    footage = WallRange(to_wall_us(start), to_wall_us(start) + 1)
    for at, allowed in ((NOW, True), (NOW + timedelta(hours=1), False), (NOW, True)):
        request = replace(ask("agentE", "cx", Act.REPLAY, at=at), footage=footage)
        assert ENGINE.decide(facts, request).allowed is allowed


def test_hours_of_an_order_and_of_the_night() -> None:
    facts = world()
    order = facts.versions(ORDER)[0]
    facts = facts.with_documents(replace(order, fields={**order.fields, "hours": "22:00-04:00"}))
    for hour, allowed in ((20, False), (21, True), (23, True), (2, True), (3, False), (20, False)):  # UTC; Paris is +1
        assert ENGINE.decide(facts, ask("agentE", "cx", at=NOW.replace(hour=hour))).allowed is allowed, hour
    clauseless = world().without_document(DocumentId("coordination/X"))
    for hour, allowed in ((21, True), (22, False), (4, False), (5, True)):
        decision = ENGINE.decide(clauseless, ask("pmX", "cx", at=NOW.replace(hour=hour)))
        assert decision.allowed is allowed, hour
        assert allowed or (decision.cure is not None and decision.cure.kind == "coordination")


def test_a_shared_screen_shows_what_all_may_see() -> None:
    facts = world()
    among = replace(ask("agentE", "cx"), present=frozenset({PersonId("pmX"), PersonId("mayorX"), PersonId("agentE")}))
    assert ENGINE.decide(facts, among).allowed
    for other in ("asvpX", "mayorY", "nobody", "technician"):
        decision = ENGINE.decide(facts, replace(among, present=among.present | {PersonId(other)}))
        assert (decision.verdict, decision.ground) == (Verdict.DENY, "screen")
        assert decision.request.present == among.present | {PersonId(other)}


def test_no_order_opens_what_the_law_closes() -> None:
    """An order that names every quality, act and purpose still lets in only those whom the law lets in."""
    facts = world()
    order = facts.versions(ORDER)[0]
    everything: dict[str, Any] = {
        **order.fields,
        "viewers": sorted({one.status.value for one in facts.persons.values()}),
        "acts": [one.value for one in Act],
        "agent_acts": [one.value for one in Act],
        "purposes": [one.value for one in Purpose],
        "recipients": ["national_police", "gendarmerie", "customs", "fire_service"],
        "recipient_terms": "permanent",
    }
    wide = facts.with_documents(replace(order, fields=everything))
    opened = set()
    for person in persons():
        for act in IMAGE_ACTS:
            if ENGINE.decide(wide, ask(person.id, "cx", act)).allowed:
                opened.add(person.id)
                assert act in {Act.LIVE, Act.REPLAY, Act.PTZ}
    assert opened == {"agentE", "pmX", "mayorX"}


def test_a_decision_replays_identically() -> None:
    facts = world()
    again = Facts.of(
        revision=facts.revision + 7,
        persons=reversed(list(facts.persons.values())),
        bodies=reversed(list(facts.bodies.values())),
        cameras=reversed(list(facts.cameras.values())),
        documents=reversed(facts.documents),
    )
    for person in persons():
        for act in Act:
            request = ask(person.id, "cx", act)
            first, second = ENGINE.decide(facts, request), ENGINE.decide(again, copy.deepcopy(request))
            assert first == second
            assert first.facts_hash == again.digest()
            assert first.rule_set_hash == ENGINE.pack.hash


def test_an_exception_inside_is_a_refusal_and_is_logged() -> None:
    class Broken:
        def linked(self, *_: Any) -> Any:
            raise RuntimeError("broken")

        situate = edges = stretch = footage_edge = linked

    engine = LawEngine(ENGINE.pack, Broken(), ENGINE.policies)
    with capture_logs() as heard:
        decision = engine.decide(world(), ask("agentE", "cx"))
    assert not decision.allowed
    assert decision.ground == "error"
    assert not decision.disclosable
    assert [(one["event"], one["log_level"]) for one in heard] == [("law_error", "error")]


def _shape(decision: Decision) -> tuple[Any, ...]:
    """All that a person could be shown: everything but the request and the digest of the facts."""
    return (
        decision.verdict,
        decision.authority,
        decision.ground,
        decision.rules,
        decision.articles,
        decision.documents,
        decision.conditions,
        decision.sentence,
        decision.cure,
        decision.disclosable,
    )


@pytest.mark.parametrize("name", WORLDS)
def test_a_camera_one_may_not_know_of_is_as_one_that_does_not_exist(name: str) -> None:
    """For everybody and every act, whatever document is missing or the place not confirmed."""
    whole, chance, hidden = facts_of(name), Random(3), 0  # noqa: S311  not a secret
    unplaced = {key: replace(one, placement_confirmed_by=None) for key, one in whole.cameras.items()}
    several = [whole, replace(whole, cameras=unplaced)]
    several += [whole.without_document(one.id) for one in chance.sample(whole.documents, 3)]
    for facts in several:
        for person in facts.persons:
            for act in Act:
                unknown = ENGINE.decide(facts, ask(person, "unknown", act))
                assert not unknown.disclosable
                assert unknown.articles
                for camera in facts.cameras:
                    decision = ENGINE.decide(facts, ask(person, camera, act))
                    if not decision.disclosable:
                        hidden += 1
                        assert _shape(decision) == _shape(unknown), (person, camera, act)
    assert hidden


def test_who_may_know_of_what() -> None:
    known = {
        (person.id, camera.id)
        for person in persons()
        for camera in cameras()
        if ENGINE.decide(world(), ask(person.id, camera.id)).disclosable
    }
    for person in ("pmX", "mayorX", "electedX", "asvpX", "dgsX"):
        assert {camera for who, camera in known if who == person} == {"cx", "cd"}
    for person in ("agentE", "presidentE"):
        assert {camera for who, camera in known if who == person} == {"cx", "cd", "cy"}
    for person in ("agentD", "presidentD"):  # the departmental domain of their département, and nothing else
        assert {camera for who, camera in known if who == person} == {"cd"}
    for person in ("private", "press", "gendarme"):
        assert not {camera for who, camera in known if who == person}


def test_suspension_at_an_instant() -> None:
    """The urgent suspension of an accreditation counts from its instant, not before, and has no grace."""
    at = NOW + timedelta(minutes=1)
    facts = suspended(world(), "accreditation/agentE", at)
    assert ENGINE.decide(facts, ask("agentE", "cx", at=at - timedelta(microseconds=1))).allowed
    assert not ENGINE.decide(facts, ask("agentE", "cx", at=at)).allowed


def test_adding_an_unrelated_world_changes_nothing() -> None:
    """What happens in Z is not felt by those who have no right on Z, save through the digest."""
    facts = world()
    other = replace(facts.cameras[CameraId("cz")], name="Ailleurs", placement_confirmed_by=PersonId("somebody"))
    changed = replace(
        facts, cameras={**facts.cameras, other.id: other, CameraId("cz2"): replace(other, id=CameraId("cz2"))}
    )
    changed = changed.without_document(DocumentId(ORDER.replace("X", "Z")))
    for person in ("agentE", "pmX", "mayorX", "asvpX", "presidentE"):
        for camera in ("cx", "cd", "cy", "cz"):
            for act in Act:
                request = ask(person, camera, act)
                assert _shape(ENGINE.decide(facts, request)) == _shape(ENGINE.decide(changed, request))


def test_a_written_position_never_overrides_a_deny() -> None:
    """Positions on every point open no row that refuses, and one that closes narrows the interpretation alone."""
    facts, points = world(), [row.row for row in ENGINE.pack.rows]
    for point in (*points, "row-05", "row-12", "row-14", "row-20", "row-24", "row-30"):
        told = paper(DocumentKind.PREFECTURE_POSITION, point, bodies=(X, E), fields={"point": point, "answer": "open"})
        facts = facts.with_documents(told)
    for person in persons():
        for camera in cameras():
            request = ask(person.id, camera.id)
            if ENGINE.decide(world(), request).verdict is Verdict.DENY:
                assert not ENGINE.decide(facts, request).allowed
    closed = paper(
        DocumentKind.PREFECTURE_POSITION, "closed", bodies=(X,), fields={"point": "row-15", "answer": "closed"}
    )
    narrowed = world().with_documents(closed)
    assert not ENGINE.decide(narrowed, ask("agentE", "cd")).allowed
    assert ENGINE.decide(narrowed, ask("agentE", "cx")).allowed
    assert ENGINE.decide(narrowed, ask("mayorX", "cd")).allowed


def test_a_limit_is_never_stricter_than_the_rows() -> None:
    """The second belt stops nobody whom a row lets in: it is each row's conditions said again."""
    for row in ENGINE.policies.grounds:
        assert row.acts <= {one.value for one in Act}
    for name in WORLDS:
        facts = facts_of(name)
        for request in questions(name, 60, 4):
            question, entities = asked_of(facts, request)
            met = ENGINE.policies.conditions_met(question, entities)
            if any(request.act.value in one.acts and met.issuperset(one.conditions) for one in ENGINE.policies.grounds):
                assert ENGINE.policies.decide(question, entities).allowed


def test_every_status_has_its_sentence() -> None:
    """Nobody whom nothing links is refused without a row of the table, save those who may know of every camera."""
    for status in set(PersonStatus) - {PersonStatus.DPO, PersonStatus.INSPECTOR}:
        assert status.value in ENGINE.pack.refusals.strangers


def test_the_law_of_an_instant() -> None:
    dated = ENGINE.timeline
    before, after = (datetime.fromisoformat(f"2023-05-{day}T12:00:00+02:00") for day in (20, 21))
    assert (dated.at(before).regime.fr, dated.at(after).regime.fr) == ("CSI seul", "CSI + RGPD + LIL")
    wordings = {
        version.wording.fr
        for day in ("2019-07-27", "2020-02-11", "2020-02-12")
        for version in dated.at(datetime.fromisoformat(f"{day}T12:00:00+01:00")).purposes
        if version.purpose is Purpose.F11
    }
    assert len(wordings) == 2
    assert {one.purpose for one in dated.at(before).purposes} == set(Purpose)
    early = dated.at(datetime.fromisoformat("2014-06-19T12:00:00+02:00"))
    assert not {Purpose.FC, Purpose.F10, Purpose.F11} & {one.purpose for one in early.purposes}
    regime = dated.regime_of(Purpose.F3, after)
    assert regime is not None
    assert "RGPD" in regime.fr
    assert dated.regime_of(Purpose.F11, early.at) is None
    assert [one.day for one in dated.at(after).changes][:1] == [date(2023, 5, 21)]


def test_policies_that_do_not_fit_the_schema_are_refused_at_load() -> None:
    text = ENGINE.pack.policies
    for wrong in (
        text.replace("context.two_factor", "context.two_factors", 1),
        text.replace("principal.status)", "principal.statuses)", 1),
        text.replace('@conditions("status-technician ', '@conditions("', 1),
        text.replace('@conditions("status-technician ', '@conditions("unheard-of ', 1),
        text.replace('@rule("CSI-R253-2")', '@rule("CSI-unheard")', 1),
        text.replace('@id("row-15")', '@id("row-13")', 1),
        text.replace('@id("row-15")', '@id("row-99")', 1),
        text + "permit (",
    ):
        assert wrong != text
        with pytest.raises(ValueError, match=r".+"):
            Policies(ENGINE.pack, wrong)
