"""The audit on every world of the law: it answers, adds up, each refusal has a kind of paper, an article, a rule."""

from functools import cache

import pytest

from beffroi.domain.acts import Act
from beffroi.domain.documents import DocumentKind
from beffroi.domain.facts import BodyKind
from beffroi.law.audit.access import ask_all
from beffroi.law.audit.auditor import audit
from beffroi.law.audit.model import Dossier, Gravity, Report
from beffroi.law.engine import LawEngine
from beffroi.law.worlds.catalog import WORLDS, world


@cache
def _report(name: str) -> Report:
    there = world(name)
    commune = next(body for body in there.facts.bodies.values() if body.kind is BodyKind.COMMUNE)
    return audit(LawEngine.load(), Dossier(commune, there.facts), there.at)


@pytest.mark.parametrize("name", WORLDS)
def test_the_audit_of_a_world_adds_up(name: str) -> None:
    engine, report = LawEngine.load(), _report(name)
    cures = {one.cure.kind for one in engine.pack.conditions.values() if one.cure is not None}
    for finding in report.findings:
        assert finding.article
        if finding.code.startswith("access-"):
            assert finding.kind in cures or finding.kind in set(DocumentKind)
            assert finding.rule in engine.pack.rules
            assert finding.cameras
            assert finding.persons
            assert finding.gravity in {Gravity.CLOSED, Gravity.LATE}
    for row in report.access:
        assert 0 < row.open + row.refused + row.closed_by_law <= len(report.dossier.facts.cameras)
        assert (row.refused == 0) or row.findings


@pytest.mark.parametrize("name", WORLDS)
def test_who_may_watch_is_what_the_law_decides(name: str) -> None:
    """A camera counts as open exactly when somebody is allowed to watch it live at the best hour of the day."""
    there, report = world(name), _report(name)
    asked = ask_all(LawEngine.load(), there.facts, there.at)
    allowed = {one.camera for one in asked if one.act is Act.LIVE and one.decision.allowed}
    assert report.open_cameras == allowed
    assert allowed
    assert all(one.roots == () for one in asked if one.decision.allowed)


def test_a_lapse_is_told_once_for_all_whom_it_closes_to() -> None:
    there = world("pooled-epci")
    order = next(one for one in there.facts.documents if one.kind == "prefect_order" and "cX" in one.scope.cameras)
    facts = there.facts.without_document(order.id)
    commune = facts.bodies[facts.cameras[next(iter(order.scope.cameras))].commune]
    report = audit(LawEngine.load(), Dossier(commune, facts), there.at)
    closing = [
        one for one in report.findings if one.kind == "prefect_order" and order.scope.cameras <= set(one.cameras)
    ]
    assert len(closing) == 1
    assert len(closing[0].persons) > 3
