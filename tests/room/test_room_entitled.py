"""A shift passes exactly when the law would show something of each commune at every instant of it."""

import pytest
from tests.law.test_law_matrix import NIGHT, asked_about, hurt, instants
from tests.support.twins import chance_of

from beffroi.domain.acts import Act
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.asking import Asking
from beffroi.room.entitled import entitled, obstacles


@pytest.mark.parametrize("seed", range(3))
def test_a_shift_that_passes_is_never_dark(seed: int) -> None:
    law, chance = LawEngine.load(), chance_of(f"roster-{seed}")
    facts = hurt(chance)
    asking, when = Asking(law, facts), instants(chance, facts)
    cameras: dict[str, list[CameraId]] = {}
    for camera in facts.cameras.values():
        cameras.setdefault(camera.commune, []).append(camera.id)
    for person in asked_about(chance, facts)[:2]:
        for commune in sorted(cameras):
            found = obstacles(law, facts, PersonId(person), [BodyId(commune)], NIGHT)
            could = person in entitled(law, facts, [PersonId(person)], [BodyId(commune)], NIGHT)
            blocked = [one for one in found if one.blocks]
            assert could is not bool(blocked)
            for one in blocked:
                answers = (asking.decide(person, camera, Act.LIVE, one.at) for camera in cameras[commune])
                assert not any(answer.allowed for answer in answers), one
            if could:
                at = next(when)
                answers = (asking.decide(person, camera, Act.LIVE, at) for camera in cameras[commune])
                assert any(answer.allowed for answer in answers), (person, commune, at)
