"""An investigator before the screen (CSI R.253-3 III): the law is asked about her too, under her requisition."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import worlds

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.documents import DocumentKind, DocumentStatus, JsonValue
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, DocumentId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.law.engine import GUEST, LawEngine

MIDDLE = worlds.NOW - timedelta(days=2)
PAPER = DocumentId("requisition/cx")


def world(*, viewing: bool | None = True, status: DocumentStatus = DocumentStatus.CONFIRMED) -> Facts:
    """The town with a requisition for an hour of cx that names nobody of the registry."""
    fields: dict[str, JsonValue] = {
        "opj": "OPJ",
        "service": "gendarmerie",
        "frame": "flagrance",
        "article": "60-1",
        "from": (MIDDLE - timedelta(minutes=30)).isoformat(),
        "to": (MIDDLE + timedelta(minutes=30)).isoformat(),
    }
    if viewing is not None:
        fields["onsite_viewing"] = viewing
    paper = worlds.paper(DocumentKind.REQUISITION, "cx", cameras=("cx",), fields=fields)
    return worlds.world().with_documents(replace(paper, status=status))


def asked(
    person: str = "agentE", camera: str = "cx", from_s: float = 0, to_s: float = 60, act: Act = Act.REPLAY
) -> ActRequest:
    start = to_wall_us(MIDDLE)
    footage = WallRange(start + round(from_s * 1e6), start + round(to_s * 1e6))
    return replace(worlds.ask(person, camera, act), footage=footage, guest=PAPER)


def decided(facts: Facts, request: ActRequest) -> Decision:
    return LawEngine.load().decide(facts, request)


def unmet(decision: Decision) -> set[str]:
    return {one.id for one in decision.conditions if not one.met}


def test_what_opens_cites_the_operators_row_and_the_requisition() -> None:
    decision = decided(world(), asked())
    own = decided(world(), replace(asked(), guest=None))
    assert (decision.verdict, own.verdict) == (Verdict.ALLOW, Verdict.ALLOW)
    assert (decision.ground, decision.authority) == (own.ground, own.authority)
    assert PAPER in decision.documents
    assert PAPER not in own.documents
    assert set(own.rules) < set(decision.rules)
    assert {"CSI R.253-3 III"} <= set(decision.articles)
    assert decision.request == asked()


def test_either_of_the_two_refuses() -> None:
    assert decided(world(), asked("pmZ")).verdict is Verdict.DENY, "the operator may not: she does not help"
    assert not decided(world(), asked("pmZ")).disclosable
    assert "onsite-viewing" in unmet(decided(world(viewing=False), asked()))
    assert "onsite-viewing" in unmet(decided(world(viewing=None), asked()))
    assert "requisition" in unmet(decided(world(status=DocumentStatus.SUSPENDED), asked()))
    assert "requisition" in unmet(decided(world(), asked(camera="cy")))
    assert decided(world(), asked(act=Act.LIVE)).verdict is Verdict.DENY, "no requisition opens what is live"
    assert decided(world(), replace(asked(), guest=DocumentId("requisition/none"))).verdict is Verdict.DENY


def test_she_is_nobody_elsewhere() -> None:
    request = replace(asked(), guest=None)
    assert decided(world(), replace(request, person=GUEST)).verdict is Verdict.DENY
    assert decided(world(), replace(request, present=frozenset({GUEST}))).verdict is Verdict.DENY
    visitor = replace(asked(), present=frozenset({PersonId("~visiteur")}))
    assert decided(world(), visitor).verdict is Verdict.DENY, "a visitor darkens a joint session too"
    named = world().with_documents(
        worlds.paper(DocumentKind.REQUISITION, "other", cameras=("cy",), fields={"onsite_viewing": True})
    )
    assert decided(named, replace(asked(camera="cy"))).verdict is Verdict.DENY, "another requisition is not hers"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["cx", "cy", "cd"]), st.integers(-3600, 3600), st.integers(1, 3600))
def test_nothing_opens_outside_of_the_requisition(camera: str, from_s: int, length_s: int) -> None:
    inside = camera == "cx" and from_s >= -1800 and from_s + length_s <= 1800
    request = replace(asked(from_s=from_s, to_s=from_s + length_s), camera=CameraId(camera))
    assert decided(world(), request).allowed is inside
