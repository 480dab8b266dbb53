"""INGEAGGLO, as the demonstration builds it, decided by the real law engine."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.support.centre_db import sqlite_centre
from tests.support.identities import room
from tests.support.town import Book, manual_clock

from beffroi.cli.ingeagglo import DemoWorld, build_world, load_account
from beffroi.cli.ingeagglo_data import SEATS
from beffroi.domain.acts import Act, Purpose
from beffroi.domain.clock import ManualClock, now, to_wall_us
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.documents import DocumentStatus
from beffroi.domain.ids import CameraId, DocumentId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.identity import Identity
from beffroi.law.engine import LawEngine
from beffroi.profiles.ingeagglo_places import COMMUNES, LAPSING_CAMERA
from beffroi.registry.decider import RegistryDecider
from beffroi.registry.papers_check import validator
from beffroi.registry.sheets import draw
from beffroi.registry.store import Registry
from beffroi.registry.streams import CameraStreams
from beffroi.vault.sheet import SheetStream

MARKET, PARVIS = CameraId("bn-place-du-marche"), CameraId("bn-gare-parvis")
DEPARTMENTAL, FONTCLAIRE = CameraId("vr-rd12-pont"), CameraId("fc-point-d-apport")


@dataclass
class Town:
    """The built world with what asks it."""

    world: DemoWorld
    registry: Registry
    identity: Identity
    clock: ManualClock
    engine: Engine

    def ask(
        self, person: str, camera: CameraId, act: Act = Act.LIVE, *, after_s: float = 1.0, purpose: Purpose = Purpose.F5
    ) -> Decision:
        at = now(self.clock) + timedelta(seconds=after_s)
        footage = WallRange(to_wall_us(at) - 60_000_000, to_wall_us(at)) if act is Act.REPLAY else None
        request = ActRequest(PersonId(person), act, camera, purpose, at, footage)
        return RegistryDecider(LawEngine.load(), self.registry).decide(request)

    def sheets(self, at: datetime) -> dict[CameraId, int]:
        streams = {
            place.id: CameraStreams(place.id, (SheetStream("main", "rtsp://127.0.0.1/x"),))
            for place in self.world.places
        }
        drawn = draw(self.registry.facts(), streams, at, {})
        return {sheet.camera: sheet.valid_until_us for sheet in drawn.sheets}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    clock = manual_clock()
    with sqlite_centre(tmp_path_factory.mktemp("world")) as engine:
        registry = Registry(engine, clock, register=Book(), validate=validator())
        identity = room(engine, clock)
        yield Town(build_world(registry, identity, now(clock)), registry, identity, clock, engine)


def test_twenty_communes_and_sixteen_cameras_in_eight_of_them(town: Town) -> None:
    assert len(COMMUNES) == 20
    assert sum(commune.inhabitants for commune in COMMUNES) == 80_000
    assert sum(10_000 < commune.inhabitants < 25_000 for commune in COMMUNES) == 4
    assert sum(commune.inhabitants < 5_000 for commune in COMMUNES) == 15
    cameras = town.registry.facts().cameras.values()
    assert len(cameras) == 16
    assert len({camera.commune for camera in cameras}) == 8
    assert all(camera.placement_confirmed_by == f"p-mayor-{camera.commune}" for camera in cameras)
    assert all(paper.status is DocumentStatus.CONFIRMED for paper in town.registry.facts().documents)


def test_the_operator_sees_every_camera_but_that_of_the_commune_whose_agreement_ended(town: Town) -> None:
    for place in town.world.places:
        for act in (Act.LIVE, Act.REPLAY):
            decision = town.ask("p-operator", place.id, act)
            assert decision.allowed is (place.id != FONTCLAIRE), (place.id, act, decision.sentence.fr)
    refused = town.ask("p-operator", FONTCLAIRE)
    assert refused.cure is not None
    assert refused.cure.kind == "agreement"
    assert "Fontclaire" in refused.sentence.fr


def test_the_departmental_road_is_under_the_mayor(town: Town) -> None:
    assert town.ask("p-operator", DEPARTMENTAL).authority == "maire/99003"


@pytest.mark.parametrize(
    ("person", "camera", "allowed"),
    [
        ("p-police", MARKET, True),
        ("p-police", LAPSING_CAMERA, False),
        ("p-mayor-99001", MARKET, True),
        ("p-mayor-99001", LAPSING_CAMERA, False),
        ("p-mayor-99002", LAPSING_CAMERA, True),
        ("p-mayor-99008", FONTCLAIRE, True),
        ("p-elected", MARKET, False),
        ("p-technician", MARKET, False),
        ("p-dpo", MARKET, False),
        ("p-inspector", MARKET, False),
        ("p-administrator", MARKET, False),
        ("p-president", MARKET, False),
        ("p-supervisor", MARKET, True),
    ],
)
def test_each_role_sees_what_the_papers_say(town: Town, person: str, camera: CameraId, *, allowed: bool) -> None:
    decision = town.ask(person, camera)
    assert decision.allowed is allowed, decision.sentence.fr


def test_one_order_lapses_while_somebody_watches(town: Town) -> None:
    assert town.ask("p-operator", LAPSING_CAMERA, after_s=599).allowed
    refused = town.ask("p-operator", LAPSING_CAMERA, after_s=600)
    assert not refused.allowed
    assert refused.cure is not None
    assert refused.cure.kind == "prefect_order"
    assert town.ask("p-operator", CameraId("sa-place-de-la-mairie"), after_s=600).allowed


def test_sheets_end_with_their_order_and_after_thirty_one_days_at_most(town: Town) -> None:
    at = now(town.clock)
    sheets = town.sheets(at)
    assert len(sheets) == 16
    month_us = to_wall_us(at) + 31 * 86_400 * 1_000_000
    assert sheets.pop(LAPSING_CAMERA) == to_wall_us(town.world.lapses_at)
    assert set(sheets.values()) == {month_us}
    assert LAPSING_CAMERA not in town.sheets(at + timedelta(seconds=600))


def test_every_seat_can_log_in_with_what_the_demonstration_keeps(town: Town, tmp_path: Path) -> None:
    town.world.save(tmp_path / "accounts.json")
    assert (tmp_path / "accounts.json").stat().st_mode & 0o077 == 0
    assert len(town.world.accounts) == len(SEATS)
    for seat in SEATS:
        account = load_account(tmp_path / "accounts.json", seat.key)
        opened = town.identity.login(
            account.account, account.password, account.code(now(town.clock)), address="127.0.0.1"
        )
        assert opened.account.role is seat.role
        assert opened.account.person in town.registry.facts().persons


def test_the_room_supervisor_suspends_an_accreditation_and_the_operator_is_cut(tmp_path: Path) -> None:
    clock = manual_clock()
    with sqlite_centre(tmp_path) as engine:
        registry = Registry(engine, clock, register=Book(), validate=validator())
        town = Town(
            build_world(registry, room(engine, clock), now(clock), cameras=3),
            registry,
            room(engine, clock),
            clock,
            engine,
        )
        assert town.ask("p-operator", MARKET).allowed
        accreditation = DocumentId("accreditation/p-operator")
        registry.suspend(accreditation, by=PersonId("p-supervisor"), reason="décision du préfet")
        assert not town.ask("p-operator", MARKET).allowed
        clock.advance(60)
        registry.propose(replace(registry.facts().versions(accreditation)[-1]), by=PersonId("p-supervisor"))
        assert not town.ask("p-operator", MARKET).allowed
        registry.confirm(accreditation, by=PersonId("p-mayor-99001"))
        assert town.ask("p-operator", MARKET).allowed


def test_more_cameras_on_request(tmp_path: Path) -> None:
    clock = manual_clock()
    with sqlite_centre(tmp_path) as engine:
        registry = Registry(engine, clock, register=Book(), validate=validator())
        world = build_world(registry, room(engine, clock), now(clock), cameras=40)
        assert len(registry.facts().cameras) == len(world.places) == 40
