"""How long a decision takes, on a territory of 60 bodies, 100 cameras and more than 500 documents."""

import gc
import random
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from beffroi.domain.acts import Act, Form, Origin, Purpose
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, JsonValue, Scope
from beffroi.domain.facts import Body, BodyKind, Camera, Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.law.engine import LawEngine
from beffroi.law.visible import visible

AT: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AGENTS: Final = 12
"""How many agents of the pooling body ask."""
_POOL: Final = BodyId("200000000")
_SOMEONE: Final = PersonId("confirmer")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a territory is: communes, cameras, agents of the pooling body (a police officer in each commune)."""

    communes: int
    cameras: int
    agents: int


USUAL: Final = Size(59, 100, AGENTS)
LARGE: Final = Size(200, 5000, 300)
"""200 communes, 5 000 cameras, 500 persons."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds by the wall clock; ``cpu`` by the thread's own processor time (what a busy machine does not hide).

    ``first`` decisions are the first ever asked for a person, a camera and an act at this revision.
    """

    bodies: int
    cameras: int
    documents: int
    decisions: int
    allowed: int
    p50_ms: float
    p99_ms: float
    cpu_p50_ms: float
    cpu_p99_ms: float
    first_p50_ms: float
    first_p99_ms: float
    first_cpu_p99_ms: float
    list_ms: float


def territory(size: Size = USUAL) -> Facts:
    """A territory where all papers are in order and nine communes in ten are members."""
    communes = [BodyId(f"99{number:03}") for number in range(1, size.communes + 1)]
    members = communes[: size.communes * 9 // 10]
    cameras = [_camera(number, communes[number % size.communes]) for number in range(size.cameras)]
    agents = [_person(f"agent-{number}", PersonStatus.EPCI_AGENT, _POOL) for number in range(size.agents)]
    police = [_person(f"pm-{one}", PersonStatus.MUNICIPAL_POLICE, one, one) for one in communes]
    documents = [
        _paper(DocumentKind.STATUTES, _POOL, Scope(frozenset({_POOL})), form="C", dlpd=True, members=list(members)),
        _paper(DocumentKind.STATE_AGREEMENT, _POOL, Scope(frozenset({_POOL})), feed_legal_basis="L.132-14 V"),
    ]
    for one in agents:
        named = Scope(persons=frozenset({one.id}))
        documents.append(_paper(DocumentKind.ACCREDITATION, one.id, named, departements=["99"]))
    for commune in communes:
        own = frozenset(camera.id for camera in cameras if camera.commune == commune)
        documents += _papers_of(commune, own, [f"pm-{commune}"])
    return Facts.of(
        revision=1,
        persons=[*agents, *police],
        bodies=[
            Body(_POOL, BodyKind.EPCI, "Agglomération", "99", Form.C, frozenset(members)),
            *(Body(one, BodyKind.COMMUNE, f"Commune {one}", "99") for one in communes),
        ],
        cameras=cameras,
        documents=documents,
    )


def measure(decisions: int = 5000, seed: int = 1, size: Size = USUAL) -> Figures:
    """Random persons, cameras and acts; live in nine cases out of ten."""
    engine, facts, chance = LawEngine.load(), territory(size), random.Random(seed)  # noqa: S311  not a secret
    persons, cameras = list(facts.persons), list(facts.cameras)
    facts.digest()
    gc.collect()
    gc.freeze()
    first: list[float] = []
    later: list[float] = []
    cpu_first: list[float] = []
    cpu_later: list[float] = []
    seen: set[tuple[str, str, Act]] = set()
    allowed = 0
    for _ in range(decisions):
        act = Act.LIVE if chance.random() < 0.9 else Act.REPLAY
        request = _request(chance.choice(persons[:AGENTS]), chance.choice(cameras), act)
        start, cpu = time.perf_counter(), time.thread_time()
        decision = engine.decide(facts, request)
        cpu_ms, elapsed_ms = (time.thread_time() - cpu) * 1000, (time.perf_counter() - start) * 1000
        key = (request.person, request.camera, act)
        (later if key in seen else first).append(elapsed_ms)
        (cpu_later if key in seen else cpu_first).append(cpu_ms)
        seen.add(key)
        allowed += decision.allowed
    start = time.perf_counter()
    visible(engine, facts, persons[0], AT)
    list_ms = (time.perf_counter() - start) * 1000
    return Figures(
        bodies=len(facts.bodies),
        cameras=len(cameras),
        documents=len(facts.documents),
        decisions=decisions,
        allowed=allowed,
        p50_ms=_rank(later, 0.50),
        p99_ms=_rank(later, 0.99),
        cpu_p50_ms=_rank(cpu_later, 0.50),
        cpu_p99_ms=_rank(cpu_later, 0.99),
        first_p50_ms=_rank(first, 0.50),
        first_p99_ms=_rank(first, 0.99),
        first_cpu_p99_ms=_rank(cpu_first, 0.99),
        list_ms=round(list_ms, 1),
    )


def _rank(times: list[float], share: float) -> float:
    return round(sorted(times)[int(len(times) * share)], 3) if times else 0.0


def _request(person: PersonId, camera: CameraId, act: Act) -> ActRequest:
    start = to_wall_us(AT - timedelta(days=2))
    footage = WallRange(start, start + 60_000_000) if act is Act.REPLAY else None
    return ActRequest(person, act, camera, Purpose.F5, AT, footage)


def _camera(number: int, commune: BodyId) -> Camera:
    return Camera(
        CameraId(f"camera-{number}"),
        f"Caméra {number}",
        commune,
        Origin.PUBLIC_WAY,
        f"s{commune}",
        placement_confirmed_by=_SOMEONE,
    )


def _person(name: str, status: PersonStatus, employer: BodyId, commune: BodyId | None = None) -> Person:
    return Person(PersonId(name), Text(fr=name, en=name), status, employer, commune)


def _paper(kind: DocumentKind, name: str, scope: Scope, **fields: JsonValue) -> Document:
    return Document(
        id=DocumentId(f"{kind.value}/{name}"),
        kind=kind,
        number="1",
        signed_on=date(2023, 12, 1),
        signatory="the authority",
        valid_from=date(2024, 1, 1),
        valid_until=date(2028, 12, 31),
        scope=scope,
        fields=fields,
        status=DocumentStatus.CONFIRMED,
        confirmed_by=_SOMEONE,
    )


def _papers_of(commune: BodyId, cameras: frozenset[CameraId], police: list[str]) -> list[Document]:
    kind, here = DocumentKind, frozenset({commune})
    order: dict[str, Any] = {
        "purposes": ["F1", "F5", "F8"],
        "viewers": ["mayor", "municipal_police", "epci_agent"],
        "acts": ["live", "replay", "ptz", "extract"],
        "retention_days": 30,
    }
    consent: dict[str, Any] = {"object": "commune_consent", "body": commune, "pooling_body": _POOL}
    designated: dict[str, Any] = {"authority": f"maire/{commune}", "acts": ["live", "replay"]}
    return [
        _paper(kind.PREFECT_ORDER, commune, Scope(here, cameras), **order),
        _paper(kind.COMMISSIONING, commune, Scope(here)),
        _paper(kind.CNIL_COMMITMENT, commune, Scope(here), receipt="C-1"),
        _paper(kind.IMPACT_ASSESSMENT, commune, Scope(here), residual_risk="faible", dpo_opinion="favorable"),
        _paper(kind.PROCESSING_RECORD, commune, Scope(here)),
        _paper(kind.ROLE_ACT, commune, Scope(here | {_POOL})),
        _paper(kind.COORDINATION, commune, Scope(here), night_clause=True),
        *(_paper(kind.POLICE_ACCREDITATION, one, Scope(persons=frozenset({PersonId(one)}))) for one in police),
        _paper(kind.DELIBERATION, commune, Scope(here, cameras), **consent),
        _paper(kind.AGREEMENT, commune, Scope(here | {_POOL}), viewing_staff=6),
        *(_paper(kind.MASK, one, Scope(cameras=frozenset({one}))) for one in sorted(cameras)),
        *(
            _paper(kind.DESIGNATION, f"{one}-{commune}", Scope(here, persons=frozenset({PersonId(one)})), **designated)
            for one in (*police, *(f"agent-{number}" for number in range(2)))
        ),
    ]
