"""In every deployment, whoever asks for whatever act on whichever camera: the engine and the oracle agree."""

import pytest
from tests.law.oracle import oracle

from beffroi.domain.acts import Act
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest
from beffroi.domain.facts import PersonStatus
from beffroi.domain.ids import PersonId
from beffroi.domain.ranges import WallRange
from beffroi.law.engine import LawEngine
from beffroi.profiles.catalogue import build, world_names
from beffroi.profiles.shape import Scene

ACTS = (Act.LIVE, Act.REPLAY, Act.PTZ, Act.RELAY, Act.READ_REGISTER, Act.CONFIGURE)
MINUTE_US = 60_000_000


def persons(scene: Scene) -> list[PersonId]:
    """All but the mayors after the third: they differ by nothing but their commune."""
    everybody = scene.facts.persons.values()
    mayors = [one.id for one in everybody if one.status is PersonStatus.MAYOR]
    return [one.id for one in everybody if one.id not in mayors[3:]]


def questions(scene: Scene) -> list[ActRequest]:
    now = to_wall_us(scene.at)
    return [
        ActRequest(
            person,
            act,
            camera,
            scene.purpose(camera),
            scene.at,
            WallRange(now - 10 * MINUTE_US, now) if act is Act.REPLAY else None,
            recipient="fire_service" if act is Act.RELAY else None,
            post=scene.post,
        )
        for person in persons(scene)
        for camera in scene.facts.cameras
        for act in ACTS
    ]


@pytest.mark.parametrize("name", world_names())
def test_engine_and_oracle_agree(name: str, engine: LawEngine) -> None:
    scene = build(name)
    differ = []
    for request in questions(scene):
        expected, decision = oracle(scene.facts, request), engine.decide(scene.facts, request)
        same_authority = not decision.allowed or expected.authority in {None, decision.authority}
        if decision.verdict.value != expected.verdict or not same_authority:
            differ.append((request.person, request.act.value, request.camera, decision.verdict.value, expected))
    assert differ == []
