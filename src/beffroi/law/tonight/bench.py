"""How long tonight's matrix takes: 200 communes, 5 000 cameras, 500 people, each with their own papers."""

import random
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from beffroi.domain.acts import Act, Form, Origin, Purpose
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, JsonValue, Scope
from beffroi.domain.facts import Body, BodyKind, Camera, Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.matrix import draw
from beffroi.law.tonight.moments import Span

AT: Final = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
MORNING: Final = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
COMMUNES, CAMERAS, PEOPLE, ON_DUTY = 200, 5000, 500, 40
_AGENTS, _POLICE = 120, 160
_POOL: Final = BodyId("200000000")
_SOMEONE: Final = PersonId("confirmer")
_ACTS: Final[tuple[list[JsonValue], ...]] = (["live", "replay", "ptz"], ["live", "replay"], ["live"])


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds by the wall clock; ``cpu`` by the thread's own processor time."""

    communes: int
    cameras: int
    people: int
    documents: int
    load_s: float
    on_duty: int
    on_duty_s: float
    on_duty_cpu_s: float
    on_duty_cells: int
    on_duty_asked: int
    all_s: float
    all_cpu_s: float
    all_cells: int
    all_asked: int


def measure(seed: int = 1) -> Figures:
    """Draw the matrix of the night for the people on duty, then for everybody."""
    engine, facts = LawEngine.load(), territory(random.Random(seed))  # noqa: S311  not a secret
    start = time.perf_counter()
    # What the first view after any change pays: digest and indexes. A running centre has paid it.
    engine.decide(facts, ActRequest(PersonId("agent-0"), Act.LIVE, CameraId("camera-0"), Purpose.F5, AT))
    load_s = time.perf_counter() - start
    span = Span(AT, MORNING)
    everybody = list(facts.persons)
    on_duty = [*everybody[: ON_DUTY - 10], *everybody[_AGENTS : _AGENTS + 10]]
    some_s, some_cpu, some = _timed(lambda: draw(engine, facts, span, persons=on_duty))
    all_s, all_cpu, whole = _timed(lambda: draw(engine, facts, span))
    return Figures(
        communes=COMMUNES,
        cameras=len(facts.cameras),
        people=len(facts.persons),
        documents=len(facts.documents),
        load_s=round(load_s, 2),
        on_duty=len(on_duty),
        on_duty_s=some_s,
        on_duty_cpu_s=some_cpu,
        on_duty_cells=len(some.courses),
        on_duty_asked=some.asked,
        all_s=all_s,
        all_cpu_s=all_cpu,
        all_cells=len(whole.courses),
        all_asked=whole.asked,
    )


def _timed(draw_it: Any) -> tuple[float, float, Any]:
    start, cpu = time.perf_counter(), time.thread_time()
    made = draw_it()
    return round(time.perf_counter() - start, 2), round(time.thread_time() - cpu, 2), made


def territory(chance: random.Random) -> Facts:
    """Papers in order nearly everywhere: some agreements end this night, some agents lack something."""
    communes = [BodyId(f"99{number:03}") for number in range(1, COMMUNES + 1)]
    cameras = [_camera(number, communes[number % COMMUNES]) for number in range(CAMERAS)]
    agents = [_person(f"agent-{number}", PersonStatus.EPCI_AGENT, _POOL) for number in range(_AGENTS)]
    police = [
        _person(f"pm-{n}", PersonStatus.MUNICIPAL_POLICE, communes[n % COMMUNES], communes[n % COMMUNES])
        for n in range(_POLICE)
    ]
    mayors = [_person(f"mayor-{one}", PersonStatus.MAYOR, one, one) for one in communes]
    others = [
        _person(f"agreed-{n}", PersonStatus.AGREED_AGENT, communes[n], communes[n])
        for n in range(PEOPLE - len(agents) - len(police) - len(mayors))
    ]
    documents = [*_pooled(communes)]
    for camera in cameras:
        documents.append(_mask(camera.id, chance))
    for commune in communes:
        own = frozenset(camera.id for camera in cameras if camera.commune == commune)
        documents += _of_commune(commune, own, chance)
    for one in (*agents, *others):
        documents.append(_accreditation(one, chance))
    for one in (*police, *others):
        documents += [_designation(one, one.commune or communes[0], chance), _sworn(one)]
    for one in agents:
        documents += [_designation(one, commune, chance) for commune in communes]
    return Facts.of(
        revision=1,
        persons=[*agents, *police, *mayors, *others],
        bodies=[
            Body(_POOL, BodyKind.EPCI, "Agglomération", "99", Form.C, frozenset(communes)),
            *(Body(one, BodyKind.COMMUNE, f"Commune {one}", "99") for one in communes),
        ],
        cameras=cameras,
        documents=documents,
    )


def _camera(number: int, commune: BodyId) -> Camera:
    rank = number // COMMUNES
    origin = Origin.DEPARTMENTAL if rank < 2 else Origin.PUBLIC_WAY
    return Camera(
        CameraId(f"camera-{number}"),
        f"Caméra {number}",
        commune,
        origin,
        f"s{commune}",
        placement_confirmed_by=_SOMEONE,
    )


def _person(name: str, status: PersonStatus, employer: BodyId, commune: BodyId | None = None) -> Person:
    return Person(PersonId(name), Text(fr=name, en=name), status, employer, commune)


def _paper(
    kind: DocumentKind,
    name: str,
    scope: Scope,
    *,
    begins: date = date(2024, 1, 1),
    ends: date = date(2027, 12, 31),
    **fields: JsonValue,
) -> Document:
    fields["prefet"] = fields["reference"] = f"dossier {name}"  # no two papers are the same to the letter
    begins += timedelta(days=zlib.crc32(f"{kind.value}/{name}".encode()) % 300)
    return Document(
        id=DocumentId(f"{kind.value}/{name}"),
        kind=kind,
        number=name,
        signed_on=begins,
        signatory="the authority",
        valid_from=begins,
        valid_until=ends,
        scope=scope,
        fields=fields,
        status=DocumentStatus.CONFIRMED,
        confirmed_by=_SOMEONE,
    )


def _day(chance: random.Random) -> date:
    return date(2024, 1, 1) + timedelta(days=chance.randrange(500))


def _pooled(communes: list[BodyId]) -> list[Document]:
    kind, body = DocumentKind, frozenset({_POOL})
    members: list[JsonValue] = [str(one) for one in communes]
    return [
        _paper(kind.STATUTES, _POOL, Scope(body), form="C", dlpd=True, members=members, departements=["99"]),
        _paper(kind.STATE_AGREEMENT, _POOL, Scope(body), feed_legal_basis="L.132-14 V"),
    ]


def _mask(camera: CameraId, chance: random.Random) -> Document:
    picture = f"sha256:{chance.randrange(1 << 32):08x}"
    scope = Scope(cameras=frozenset({camera}))
    return _paper(DocumentKind.MASK, camera, scope, begins=_day(chance), author="technician", reference_picture=picture)


def _accreditation(person: Person, chance: random.Random) -> Document:
    departements: list[JsonValue] = ["99"] if chance.random() < 0.9 else ["98"]
    return _paper(
        DocumentKind.ACCREDITATION,
        person.id,
        Scope(persons=frozenset({person.id})),
        begins=_day(chance),
        employer=str(person.employer),
        departements=departements,
        inquiry_on=_day(chance).isoformat(),
    )


def _sworn(person: Person) -> Document:
    return _paper(DocumentKind.POLICE_ACCREDITATION, person.id, Scope(persons=frozenset({person.id})))


def _designation(person: Person, commune: BodyId, chance: random.Random) -> Document:
    return _paper(
        DocumentKind.DESIGNATION,
        f"{person.id}-{commune}",
        Scope(frozenset({commune}), persons=frozenset({person.id})),
        begins=_day(chance),
        authority=f"maire/{commune}",
        acts=chance.choice(_ACTS),
        training_on=_day(chance).isoformat(),
    )


def _of_commune(commune: BodyId, cameras: frozenset[CameraId], chance: random.Random) -> list[Document]:
    kind, here, both = DocumentKind, Scope(frozenset({commune})), Scope(frozenset({commune, _POOL}))
    tonight = date(2026, 3, 2)
    order: dict[str, Any] = {
        "purposes": chance.choice((["F1", "F5", "F8"], ["F1", "F5"], ["F1", "F3", "F5", "F8", "F11"])),
        "viewers": ["mayor", "municipal_police", "epci_agent", "agreed_agent"],
        "acts": ["live", "replay", "ptz", "extract"],
        "retention_days": chance.choice((15, 30)),
        "type": "normal",
    }
    consent: dict[str, Any] = {"object": "commune_consent", "body": commune, "pooling_body": _POOL}
    ends = tonight if chance.random() < 0.02 else date(2027, 12, 31)
    return [
        _paper(kind.PREFECT_ORDER, commune, Scope(frozenset({commune}), cameras), **order),
        _paper(kind.COMMISSIONING, commune, here),
        _paper(kind.CNIL_COMMITMENT, commune, here),
        _paper(kind.IMPACT_ASSESSMENT, commune, here, dpo_opinion="favorable", residual_risk="low"),
        _paper(kind.PROCESSING_RECORD, commune, here),
        _paper(kind.COORDINATION, commune, here, night_clause=chance.random() < 0.5, referral="oui", hours="24 h"),
        _paper(kind.ROLE_ACT, commune, both),
        _paper(kind.DELIBERATION, commune, Scope(frozenset({commune}), cameras), **consent),
        _paper(kind.AGREEMENT, commune, both, ends=ends, viewing_staff=6),
        _paper(
            kind.ELECTION,
            commune,
            Scope(frozenset({commune}), persons=frozenset({PersonId(f"mayor-{commune}")})),
            function="maire",
        ),
    ]
