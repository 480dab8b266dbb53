"""The fixture world: E (an EPCI) shares the cameras of X and Y; Z is no member; D is the département.

Cameras: cX, cY, cZ on streets, cD on a departmental road inside X. Every paper is confirmed and in force on `NOW`.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from beffroi.domain.acts import Act, Form, Origin, Purpose
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, JsonValue, Scope
from beffroi.domain.facts import Body, BodyKind, Camera, CameraKind, Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text

NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
E, X, Y, Z, D = BodyId("E"), BodyId("X"), BodyId("Y"), BodyId("Z"), BodyId("D")
CARRIER, COMPANY, STATE = BodyId("carrier"), BodyId("company"), BodyId("state")
NAMES: Final = {E: "Val-Commun Agglo", X: "Bourg-Neuf", Y: "Orville", Z: "Le Plessis"}
CONFIRMER: Final = PersonId("confirmer")
VIEWERS: Final[list[JsonValue]] = ["mayor", "municipal_police", "epci_agent"]
ACTS: Final[list[JsonValue]] = ["live", "replay", "ptz", "extract"]


def bodies() -> list[Body]:
    """E with its members X and Y; Z, D and the others."""
    return [
        Body(E, BodyKind.EPCI, NAMES[E], "99", Form.C, frozenset({X, Y})),
        *(Body(one, BodyKind.COMMUNE, NAMES[one], "99") for one in (X, Y, Z)),
        Body(D, BodyKind.DEPARTEMENT, "Le Département", "99"),
        Body(CARRIER, BodyKind.CARRIER, "Syndicat numérique", "99", Form.G, frozenset({X, Y, Z})),
        Body(COMPANY, BodyKind.COMPANY, "Entreprise"),
        Body(STATE, BodyKind.STATE, "État"),
    ]


def _person(name: str, status: PersonStatus, employer: BodyId, commune: BodyId | None = None) -> Person:
    return Person(PersonId(name), Text(fr=name, en=name), status, employer, commune)


def persons() -> list[Person]:
    """One account for each status that a row of the table names."""
    status = PersonStatus
    return [
        _person("agentE", status.EPCI_AGENT, E),
        *(_person(f"pm{one}", status.MUNICIPAL_POLICE, one, one) for one in (X, Y, Z)),
        *(_person(f"mayor{one}", status.MAYOR, one, one) for one in (X, Y, Z)),
        _person("electedX", status.ELECTED, X, X),
        _person("delegatedX", status.ELECTED_DELEGATED, X, X),
        _person("dgsX", status.DGS, X, X),
        _person("asvpX", status.AGREED_AGENT, X, X),
        _person("asvpY", status.AGREED_AGENT, Y, Y),
        _person("presidentE", status.POOLING_PRESIDENT, E),
        _person("presidentD", status.DEPARTEMENT_PRESIDENT, D),
        _person("agentD", status.DEPARTEMENT_AGENT, D),
        _person("agentS", status.SYNDICAT_AGENT, CARRIER),
        _person("carrier", status.CARRIER_AGENT, CARRIER),
        _person("technician", status.TECHNICIAN, COMPANY),
        _person("private", status.PRIVATE_OPERATOR, COMPANY),
        _person("dpo", status.DPO, E),
        _person("inspector", status.INSPECTOR, STATE),
        _person("gendarme", status.POLICE_GENDARMERIE, STATE),
        _person("press", status.PRESS_OTHER, COMPANY),
    ]


def cameras() -> list[Camera]:
    """cX, cY, cZ on the public way; cD on a departmental road inside X."""
    way = Origin.PUBLIC_WAY
    return [
        Camera(CameraId("cx"), "Place du Marché", X, way, "sX", CameraKind.DOME, CONFIRMER),
        Camera(CameraId("cy"), "Rue Haute", Y, way, "sY", CameraKind.FIXED, CONFIRMER),
        Camera(CameraId("cz"), "Gare", Z, way, "sZ", CameraKind.FIXED, CONFIRMER),
        Camera(CameraId("cd"), "Route départementale", X, Origin.DEPARTMENTAL, "sX", CameraKind.FIXED, CONFIRMER),
    ]


def paper(
    kind: DocumentKind,
    name: str,
    *,
    bodies: tuple[str, ...] = (),
    cameras: tuple[str, ...] = (),
    systems: tuple[str, ...] = (),
    persons: tuple[str, ...] = (),
    fields: dict[str, JsonValue] | None = None,
    **more: Any,
) -> Document:
    """A confirmed document in force from 2024 to the end of 2027."""
    made = Document(
        id=DocumentId(f"{kind.value}/{name}"),
        kind=kind,
        number=f"2024-{name}",
        signed_on=date(2023, 12, 20),
        signatory="the authority",
        valid_from=date(2024, 1, 1),
        valid_until=date(2027, 12, 31),
        scope=Scope(
            frozenset(map(BodyId, bodies)),
            frozenset(map(CameraId, cameras)),
            frozenset(systems),
            frozenset(map(PersonId, persons)),
        ),
        fields=fields or {},
        status=DocumentStatus.CONFIRMED,
        confirmed_by=CONFIRMER,
    )
    return replace(made, **more)


def _described(names: str) -> dict[str, JsonValue]:
    return dict.fromkeys(names.split(), "décrit")


def papers_of_commune(commune: str, cameras: tuple[str, ...], pooling_body: str = E) -> list[Document]:
    """What a commune needs, from the prefect's order to the masks, with the election and its police."""
    kind = DocumentKind
    order: dict[str, JsonValue] = {
        "prefet": "préfet du 99",
        "controller": f"mairie {commune}",
        "system": f"s{commune}",
        "purposes": ["F1", "F3", "F4", "F5", "F8"],
        "retention_days": 30,
        "viewers": VIEWERS,
        "acts": ACTS,
        "commission_opinion_on": "2023-12-01",
        "published_on": "2023-12-22",
        "type": "normal",
    }
    assessment: dict[str, JsonValue] = dict.fromkeys(
        ("description", "necessity", "risks", "measures", "dpo_opinion"), "décrit"
    )
    assessment |= {"residual_risk": "low", "dpo_opinion_on": "2023-11-20", "review_on": "2027-01-01"}
    agreement: dict[str, JsonValue] = dict.fromkeys(
        ("acquisition", "installation", "maintenance", "devices", "funding", "data_protection", "exit"), "décrit"
    )
    agreement |= {"viewing_staff": 6, "authority_clause": True, "deliberations": ["2023-12"]}
    consent: dict[str, JsonValue] = {
        "object": "commune_consent",
        "body": commune,
        "pooling_body": pooling_body,
        "vote": "unanimité",
        "enforceable_on": "2023-12-21",
    }
    record = _described("controller dpo categories recipients retention security") | {"purposes": ["F1", "F5"]}
    roles = _described("controller processor instructions subprocessors security")
    coordination = _described("hours referral") | {"parties": ["maire", "préfet"], "night_clause": True}
    sworn = _described("prefet prosecutor") | {"sworn_on": "2023-09-01"}
    receipt: dict[str, JsonValue] = {"receipt": "R-1", "system": f"s{commune}"}
    commitment: dict[str, JsonValue] = {"reference": "RU-074", "controller": commune, "receipt": "C-1"}
    return [
        paper(kind.PREFECT_ORDER, commune, bodies=(commune,), cameras=cameras, fields=order),
        paper(kind.COMMISSIONING, commune, bodies=(commune,), systems=(f"s{commune}",), fields=receipt),
        paper(kind.CNIL_COMMITMENT, commune, bodies=(commune,), fields=commitment),
        paper(kind.IMPACT_ASSESSMENT, commune, bodies=(commune,), fields=assessment),
        paper(kind.PROCESSING_RECORD, commune, bodies=(commune,), fields=record),
        paper(kind.ROLE_ACT, f"{pooling_body}-{commune}", bodies=(pooling_body, commune), fields=roles),
        paper(kind.COORDINATION, commune, bodies=(commune,), fields=coordination),
        paper(kind.POLICE_ACCREDITATION, f"pm{commune}", persons=(f"pm{commune}",), fields=sworn),
        paper(kind.DELIBERATION, f"{commune}-accord", bodies=(commune,), cameras=cameras, fields=consent),
        paper(kind.AGREEMENT, f"{pooling_body}-{commune}", bodies=(pooling_body, commune), fields=agreement),
        paper(
            kind.ELECTION,
            f"mayor{commune}",
            bodies=(commune,),
            persons=(f"mayor{commune}",),
            fields={"function": "maire"},
        ),
        designation(f"pm{commune}", commune),
        *(mask(camera) for camera in cameras),
    ]


def designation(person: str, commune: str, acts: list[JsonValue] | None = None) -> Document:
    """The mayor of a commune designates one person for these acts."""
    fields: dict[str, JsonValue] = {
        "authority": f"maire/{commune}",
        "acts": ACTS if acts is None else acts,
        "training_on": "2023-10-01",
    }
    return paper(DocumentKind.DESIGNATION, f"{person}-{commune}", bodies=(commune,), persons=(person,), fields=fields)


def mask(camera: str) -> Document:
    """A verified mask."""
    return paper(
        DocumentKind.MASK, camera, cameras=(camera,), fields={"author": "technician", "reference_picture": "sha256:1"}
    )


def papers_of_pooling(body: str = E, agent: str = "agentE", members: tuple[str, ...] = (X, Y)) -> list[Document]:
    """What a pooling body and its agent need."""
    kind = DocumentKind
    statutes: dict[str, JsonValue] = {
        "form": "C",
        "dlpd": True,
        "dlpd_proof": "délibération",
        "members": list(members),
        "departements": ["99"],
        "president": "presidentE",
    }
    state: dict[str, JsonValue] = dict.fromkeys(
        ("prefet", "intervention", "feed_legal_basis", "feed_terms", "hours", "alert_channels", "coordination"),
        "décrit",
    )
    accreditation: dict[str, JsonValue] = {
        "employer": body,
        "prefets": ["99"],
        "departements": ["99"],
        "inquiry_on": "2023-09-01",
    }
    return [
        paper(kind.STATUTES, body, bodies=(body,), fields=statutes),
        paper(kind.STATE_AGREEMENT, body, bodies=(body,), fields=state),
        paper(kind.ACCREDITATION, agent, persons=(agent,), fields=accreditation),
        *(designation(agent, member) for member in members),
    ]


def world() -> Facts:
    """Everybody, every camera, every paper in order. Z has all its papers too, and shares nothing."""
    documents = [
        *papers_of_commune(X, ("cx", "cd")),
        *papers_of_commune(Y, ("cy",)),
        *(one for one in papers_of_commune(Z, ("cz",)) if one.kind not in {"agreement", "deliberation", "role_act"}),
        *papers_of_pooling(),
    ]
    return Facts.of(revision=1, persons=persons(), bodies=bodies(), cameras=cameras(), documents=documents)


def ask(
    person: str,
    camera: str,
    act: Act = Act.LIVE,
    *,
    purpose: Purpose | None = Purpose.F5,
    at: datetime = NOW,
    footage_age: timedelta = timedelta(days=2),
    strong_auth: bool = True,
) -> ActRequest:
    """A request; replay and extract ask for one minute of footage of this age."""
    footage = None
    if act in {Act.REPLAY, Act.EXTRACT}:
        start = to_wall_us(at - footage_age)
        footage = WallRange(start, start + 60_000_000)
    return ActRequest(PersonId(person), act, CameraId(camera), purpose, at, footage, strong_auth)


def ended(facts: Facts, document: str, last_day: date) -> Facts:
    """The same facts where this document ends on that day."""
    return _changed(facts, document, valid_until=last_day)


def suspended(facts: Facts, document: str, at: datetime | None = None) -> Facts:
    """The same facts where this document is suspended (from an instant)."""
    return _changed(facts, document, status=DocumentStatus.SUSPENDED, status_at=at)


def proposed(facts: Facts, document: str) -> Facts:
    """The same facts where this document still awaits its confirmation."""
    return _changed(facts, document, status=DocumentStatus.PROPOSED, confirmed_by=None, status_at=None)


def _changed(facts: Facts, document: str, **more: Any) -> Facts:
    versions = facts.versions(DocumentId(document))
    if not versions:
        raise KeyError(document)
    return facts.with_documents(*(replace(one, **more) for one in versions))
