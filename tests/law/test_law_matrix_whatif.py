"""What if: the difference is told, and the facts stay as they are."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.support import worlds
from tests.support.twins import chance_of
from tests.support.worlds import NOW, X, Y

from beffroi.domain.acts import Act
from beffroi.domain.documents import DocumentKind, DocumentStatus
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, DocumentId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.difference import Gap, compare, suppose
from beffroi.law.tonight.matrix import draw
from beffroi.law.tonight.moments import Span
from beffroi.law.tonight.whatif import Accredit, Add, Amend, Change, Designate, End, Stop, apply, effective

AGENT, POLICE = PersonId("agentE"), PersonId("pmX")
AGREEMENT = DocumentId("agreement/E-X")
ORDER = DocumentId("prefect_order/X")


@pytest.fixture(scope="module")
def engine() -> LawEngine:
    return LawEngine.load()


def told(gaps: list[Gap], act: Act = Act.LIVE) -> dict[tuple[str, str], tuple[int, int]]:
    return {(one.person, one.commune): (len(one.gained), len(one.lost)) for one in gaps if one.act is act}


def test_an_agreement_that_ends_takes_its_commune_alone(engine: LawEngine) -> None:
    facts = worlds.world()
    before = facts.digest()
    gaps = suppose(engine, facts, [End(AGREEMENT, date(2026, 3, 1))], NOW)
    assert told(gaps) == {("agentE", "X"): (0, 2)}
    assert {one.first for one in gaps} == {NOW}
    assert facts.digest() == before


def test_an_end_in_the_future_is_dated(engine: LawEngine) -> None:
    for last in (date(2026, 3, 2), date(2026, 9, 30)):
        gaps = suppose(engine, worlds.world(), [End(AGREEMENT, last)], NOW)
        midnight = datetime.combine(last, datetime.min.time(), UTC) + timedelta(hours=23 if last.month == 3 else 22)
        assert told(gaps) == {("agentE", "X"): (0, 2)}
        assert {one.first for one in gaps} == {midnight}


@pytest.mark.parametrize("withdrawn", [False, True])
def test_a_stopped_document(engine: LawEngine, withdrawn: bool) -> None:
    at = NOW + timedelta(hours=2)
    gaps = suppose(engine, worlds.world(), [Stop(ORDER, at, withdrawn=withdrawn)], NOW)
    assert {("agentE", "X"), ("pmX", "X"), ("mayorX", "X")} <= told(gaps).keys()
    assert all(one.first == at and one.commune == X for one in gaps)


def test_an_agent_accredited_elsewhere_gains(engine: LawEngine) -> None:
    without = worlds.world().without_document(DocumentId("accreditation/agentE"))
    assert told(suppose(engine, without, [Accredit(AGENT, ("99",))], NOW)) == {
        ("agentE", "X"): (2, 0),
        ("agentE", "Y"): (1, 0),
    }
    assert suppose(engine, without, [Accredit(AGENT, ("95",))], NOW) == []


def test_a_designation_opens_its_acts_in_its_commune(engine: LawEngine) -> None:
    without = worlds.world().without_document(DocumentId("designation/agentE-X"))
    gaps = suppose(engine, without, [Designate(AGENT, X, (Act.REPLAY,))], NOW)
    assert {(one.person, one.commune, one.act) for one in gaps} == {(AGENT, X, Act.REPLAY)}


def test_an_order_amended(engine: LawEngine) -> None:
    gaps = suppose(engine, worlds.world(), [Amend(ORDER, (("acts", ["live"]),))], NOW)
    assert {one.act for one in gaps} == {Act.REPLAY, Act.PTZ}
    assert all(one.lost and not one.gained for one in gaps)


def test_a_document_added_counts(engine: LawEngine) -> None:
    facts = worlds.world()
    paper = facts.versions(AGREEMENT)[0]
    proposed = replace(paper, status=DocumentStatus.PROPOSED, confirmed_by=None)
    gaps = suppose(engine, facts.without_document(AGREEMENT), [Add(proposed)], NOW)
    assert told(gaps) == {("agentE", "X"): (2, 0)}


def test_a_restriction_never_gives(engine: LawEngine) -> None:
    """Ending or stopping any document gains nobody anything."""
    facts = worlds.world()
    for document in chance_of("3").sample(facts.documents, 12):
        for change in (End(document.id, date(2026, 3, 1)), Stop(document.id, NOW)):
            assert not any(one.gained for one in suppose(engine, facts, [change], NOW)), document.id


def test_only_what_a_change_can_touch_is_drawn_again(engine: LawEngine) -> None:
    """The shortcut by persons and communes misses nothing: the same difference as between two whole matrices."""
    facts, span = worlds.world(), Span(NOW, NOW + timedelta(days=1))
    some: list[Change] = [End(document.id, date(2026, 3, 1)) for document in chance_of("4").sample(facts.documents, 12)]
    some += [Designate(AGENT, Y, (Act.EXTRACT,)), Accredit(PersonId("asvpX"), ("99",))]
    for change in some:
        whole = compare(draw(engine, facts, span), draw(engine, apply(facts, [change], NOW), span))
        assert sorted(suppose(engine, facts, [change], NOW), key=str) == sorted(whole, key=str), change


def test_an_ending_never_brings_an_older_version_back() -> None:
    facts = worlds.world()
    first = replace(facts.versions(AGREEMENT)[0], valid_until=date(2025, 1, 1))
    facts = facts.with_documents(first, replace(first, version=2, valid_from=date(2026, 6, 1), valid_until=None))
    ended = apply(facts, [End(AGREEMENT, date(2026, 7, 1))], NOW)
    assert [one.valid_until for one in ended.versions(AGREEMENT)] == [date(2025, 1, 1), date(2026, 7, 1)]


@pytest.mark.parametrize(
    "change",
    [
        End(DocumentId("agreement/none"), date(2026, 3, 1)),
        Stop(DocumentId("agreement/none"), NOW),
        Amend(DocumentId("agreement/none"), ()),
        Accredit(PersonId("nobody"), ("95",)),
        Designate(PersonId("nobody"), X, (Act.LIVE,)),
        Designate(AGENT, BodyId("nowhere"), (Act.LIVE,)),
    ],
)
def test_what_is_not_there_is_said(change: Change) -> None:
    facts: Facts = worlds.world()
    with pytest.raises(BadInputError):
        apply(facts, [change], NOW)


def test_a_change_is_felt_when_it_begins() -> None:
    facts = worlds.world()
    assert effective(facts, End(AGREEMENT, date(2020, 1, 1)), NOW) == NOW
    assert effective(facts, Accredit(AGENT, ("95",)), NOW) == NOW
    assert facts.versions(DocumentId(f"{DocumentKind.ACCREDITATION.value}/what-if-agentE")) == ()
