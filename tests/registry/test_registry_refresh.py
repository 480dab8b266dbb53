"""Reading only what changed gives exactly what reading everything gives, whatever happened in between."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import worlds
from tests.support.centre_db import sqlite_centre
from tests.support.town import AGENT, MAYOR_X, MAYOR_Y, Book, founded, inhabited, manual_clock

from beffroi.domain.errors import BeffroiError
from beffroi.domain.facts import Body, BodyKind, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.registry.store import Registry

PAPERS = [DocumentId(name) for name in ("prefect_order/X", "agreement/E-X", "agreement/E-Y", "accreditation/agentE")]
STEPS = ("propose", "confirm", "suspend", "withdraw", "move", "place", "retire", "person", "body", "members", "look")


def act(registry: Registry, step: str, pick: int, number: int) -> None:
    """One step; what is not allowed now changes nothing."""
    paper = next(one for one in worlds.world().documents if one.id == PAPERS[pick % len(PAPERS)])
    camera = worlds.cameras()[pick % 2]
    mayor = MAYOR_X if pick % 2 else MAYOR_Y
    match step:
        case "propose":
            registry.propose(paper, by=AGENT)
        case "confirm":
            registry.confirm(paper.id, by=mayor)
        case "suspend":
            registry.suspend(paper.id, by=AGENT, reason="essai")
        case "withdraw":
            registry.withdraw(paper.id, by=AGENT, reason="essai")
        case "move":
            registry.propose_cameras([camera], by=AGENT)
        case "place":
            registry.confirm_places([camera.id], by=mayor)
        case "retire":
            registry.retire_camera(CameraId(camera.id), by=AGENT, reason="essai")
        case "person":
            label = Text(fr="x", en="x")
            registry.add_person(Person(PersonId(f"n{number}"), label, PersonStatus.TECHNICIAN, worlds.E), by=AGENT)
        case "body":
            registry.add_body(Body(BodyId(f"b{number}"), BodyKind.OTHER, "x"), by=AGENT)
        case "members":
            registry.set_members(worlds.E, frozenset([worlds.X, worlds.Z][: pick % 3]), by=AGENT)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 11)), max_size=14))
def test_refreshed_facts_equal_facts_read_whole(steps: list[tuple[str, int]]) -> None:
    clock = manual_clock()
    with tempfile.TemporaryDirectory() as folder, sqlite_centre(Path(folder)) as engine:
        registry = founded(engine, clock, Book())
        inhabited(registry)
        beside = Registry(engine, clock, register=None)  # its confirmations wait for `settle`
        seen = {registry.revision(): registry.facts()}
        for number, (step, pick) in enumerate(steps):
            clock.advance(1)
            try:
                act(beside if pick > 8 else registry, step, pick, number)
            except BeffroiError:
                continue
            if step == "look":
                registry.settle()
            facts = registry.facts()
            assert facts == registry.facts_at(facts.revision)
            seen[facts.revision] = facts
        for revision, facts in seen.items():
            assert registry.facts_at(revision) == facts
