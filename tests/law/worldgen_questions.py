"""Random worlds: who asks what, when, from where, with whom."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from tests.law.worldgen import CAMERAS, PERSONS, light, world
from tests.law.worldgen_defects import damage

from beffroi.domain.acts import IMAGE_ACTS, Act, Purpose
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange

PARIS: Final = ZoneInfo("Europe/Paris")
LIKELY: Final = (
    # who may meet what: the rows of the table that open something, one line each
    *[("mayorX delegatedX pmX pmY pmE pmU pmZ", "cv")] * 4,
    *[("pmY pmY pmE pmZ", "cv")] * 2,
    *[("agentX agentE agentS lentE lentX", "cv")] * 4,
    *[("agentE agentS agentE agentS", "cv cd")] * 3,
    *[("mayorX agentX agentE agentS presidentD", "cd cdd")] * 3,
    *[("agentS agentS presidentD agentD", "cd cdd")] * 2,
    ("mayorY agentY agentE agentS", "cvy"),
    *[("police gendarme customs fire", "cv cd cdd")] * 2,
    ("investigator", "cv cd ce cm ct cn ch"),
    *[("command command admin subject inspector", "cv cv cv cd ce cn")] * 2,
    ("private hospital agentE agentS", "ceh"),
    ("agentX pmX agentE agentS private", "ce"),
    ("agentE pmE agentS private", "cee"),
    ("agentD agentE agentS private", "ced"),
    ("police gendarme customs pmX pmX", "ch"),
    ("police gendarme fire pmX pmE pmX", "cm"),
    ("hospital private", "ct"),
    ("hospital agentX pmX agentE pmE agentS agentD", "cn cnx cne cnd"),
    ("dpo inspector mayorX technician", "cv cd"),
)
LEGAL_DAYS: Final = (
    date(2012, 5, 1),
    date(2014, 6, 20),
    date(2017, 11, 5),
    date(2019, 7, 27),
    date(2021, 5, 27),
    date(2023, 5, 21),
    date(2023, 11, 30),
)
NEARBY: Final = (
    *(timedelta(microseconds=1), timedelta(microseconds=-1), timedelta(minutes=1), timedelta(minutes=15)),
    *(timedelta(hours=1), timedelta(hours=-1), timedelta(hours=12), timedelta(days=1), timedelta(days=30)),
)
CLOCK: Final = (time(5, 59, 59, 999999), time(6), time(22, 59, 59), time(23), time(23, 30), time(8), time(12), time(3))


def instant(draw: Random) -> datetime:
    """Most often a working morning of 2026; else a night, a change of clocks, an eve or a day of the law."""
    chance = draw.random()
    if chance < 0.72:
        return datetime(2026, draw.randint(1, 12), draw.randint(1, 28), draw.randint(9, 10), 30, tzinfo=UTC)
    if chance < 0.86:
        return datetime.combine(date(2026, 3, draw.randint(1, 31)), draw.choice(CLOCK), PARIS).astimezone(UTC)
    if chance < 0.9:
        return datetime(2026, 10, 25, 0, 30, tzinfo=UTC) + timedelta(hours=draw.randint(0, 2))
    day = datetime.combine(draw.choice(LEGAL_DAYS), time(), PARIS).astimezone(UTC)
    return day + draw.choice([-timedelta(microseconds=1), timedelta(), timedelta(hours=10), timedelta(days=400)])


def question(draw: Random, at: datetime, facts: Facts) -> ActRequest:
    """One request, most often one that a row of the table could open."""
    person, camera = _who_and_what(draw)
    act = draw.choice([Act.LIVE] * 4 + [Act.REPLAY] * 2 + [Act.PTZ, Act.EXTRACT, Act.EXTRACT, Act.RELAY])
    if person == "investigator" or (person in {"admin", "subject", "inspector"} and draw.random() < 0.8):
        act = draw.choice([Act.EXTRACT, Act.EXTRACT, Act.REPLAY])
    if person in {"dpo", "technician", "inspector", "mayorX"} and draw.random() < 0.3:
        act = draw.choice([Act.READ_REGISTER, Act.CONFIGURE])
    if draw.random() < 0.03:
        act = draw.choice(list(Act))
    special = {"e": Purpose.FE, "m": Purpose.FC}.get(facts.cameras[camera].origin.value, Purpose.F8)
    if draw.random() < 0.9:
        purpose: Purpose | None = draw.choice([Purpose.F5, Purpose.F5, Purpose.F1, special])
    else:
        purpose = draw.choice([*Purpose, None])
    return ActRequest(
        person,
        act,
        camera,
        purpose,
        at,
        _footage(draw, at) if act in {Act.REPLAY, Act.EXTRACT} else None,
        strong_auth=draw.random() < 0.98,
        recipient=_recipient(draw) if act is Act.RELAY else None,
        second=_second(draw) if act is Act.EXTRACT else None,
        post=draw.choice(["csu-1", "csu-1", "csu-2", None]),
        present=_present(draw) if act in IMAGE_ACTS and draw.random() < 0.06 else frozenset(),
    )


def _who_and_what(draw: Random) -> tuple[PersonId, CameraId]:
    if draw.random() < 0.1:
        return PersonId(draw.choice(PERSONS)[0]), CameraId(draw.choice(CAMERAS)[0])
    persons, cameras = draw.choice(LIKELY)
    return PersonId(draw.choice(persons.split())), CameraId(draw.choice(cameras.split()))


def _footage(draw: Random, at: datetime) -> WallRange | None:
    if draw.random() < 0.02:
        return None
    days = draw.choice([1, 2, 2, 3, 5, 7, 15, 28, 30, 31])
    nearly = draw.choice([timedelta(), timedelta(hours=1), timedelta(hours=-1), timedelta(minutes=29)])
    start = to_wall_us(at - timedelta(days=days) + nearly)
    return WallRange(start, start + draw.choice([1, 60, 3600]) * 1_000_000)


def _recipient(draw: Random) -> str | None:
    return draw.choice(["gendarmerie", "national_police", "customs", "municipal_police", "state", None])


def _second(draw: Random) -> PersonId | None:
    likely = ["mayorX", "pmX", "pmX", "agentE", "agentX"]
    if draw.random() < 0.85:
        return PersonId(draw.choice(likely))
    return draw.choice([None, PersonId("nobody"), PersonId("mayorY"), PersonId(draw.choice(PERSONS)[0])])


def _present(draw: Random) -> frozenset[PersonId]:
    likely = ["mayorX", "pmX", "agentX", "agentE"]
    some = draw.sample(likely, draw.randint(1, 2))
    return frozenset(map(PersonId, [*some, draw.choice(PERSONS)[0]] if draw.random() < 0.3 else some))


def relevant(facts: Facts, request: ActRequest) -> list[Document]:
    """The documents that name nobody else, no other camera and no other place."""
    person, camera = facts.persons[request.person], facts.cameras[request.camera]
    mine = {person.employer, camera.commune, camera.responsible}
    for one in facts.documents:
        if one.kind is DocumentKind.SECONDMENT and request.person in one.scope.persons:
            mine |= one.scope.bodies
    return [
        one
        for one in facts.documents
        if (not one.scope.persons or request.person in one.scope.persons)
        and (not one.scope.cameras or request.camera in one.scope.cameras)
        and (not one.scope.bodies or one.scope.bodies & mine)
    ]


def worlds(seed: int | str, questions: int = 3) -> tuple[Facts, list[ActRequest]]:
    """A world with up to three defects that its first question may feel, and a few questions."""
    draw = Random(seed)  # noqa: S311  repeatable worlds, no secret
    at = instant(draw)
    facts = world(draw, at)
    asked = [question(draw, at, facts)]
    while len(asked) < questions:  # the same again at another instant, now and then: nothing kept may answer wrongly
        again = replace(asked[0], at=at + draw.choice(NEARBY)) if draw.random() < 0.3 else None
        asked.append(again or question(draw, at, facts))
    for request in asked[:3]:  # each question has its chance to feel a defect
        for _ in range(draw.choice([0, 0, 0, 1, 1, 2])):
            near = relevant(facts, request)
            if near:
                facts = damage(draw, facts, draw.choice(near), at)
    if draw.random() < 0.05:
        camera = facts.cameras[asked[0].camera]
        changed = replace(camera, commune=draw.choice([one.id for one in facts.bodies.values()]))
        facts = replace(facts, cameras={**facts.cameras, camera.id: changed})
    return light(facts), asked
