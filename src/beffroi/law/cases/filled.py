"""What an added document says when its case does not: from the world, the instant, and what the case asks about."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from beffroi.domain.acts import Form
from beffroi.domain.documents import DocumentKind, JsonValue
from beffroi.domain.facts import Body, BodyKind, Facts
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.law.cases.values import names_in
from beffroi.law.documents import spec
from beffroi.law.worlds.paper import Reach

_K = DocumentKind
_POOLING: Final = frozenset({Form.C, Form.D, Form.E, Form.G})
_OF_THE_DAY: Final = frozenset({_K.REQUISITION, _K.ADMINISTRATIVE_REQUEST, _K.SUBJECT_REQUEST})


@dataclass(frozen=True, slots=True)
class Subject:
    """Who and which camera a case asks about: what an ``add`` that names nothing is about."""

    person: PersonId
    camera: CameraId


def wider(
    facts: Facts, kind: DocumentKind, about: Reach, fields: Mapping[str, JsonValue], subject: Subject | None
) -> Reach:
    """What the kind must name and nothing says: the body that deliberates, the commune of a camera, the cameras of an
    order's commune; then what the case asks about."""
    needed = spec(kind).scope
    if "bodies" in needed and not about.bodies:
        about = replace(about, bodies=_bodies(facts, kind, about, fields, subject))
    if kind is _K.PREFECT_ORDER and not about.cameras:
        about = replace(about, cameras=tuple(one.id for one in facts.cameras.values() if one.commune in about.bodies))
    if subject is not None and "cameras" in needed and not about.cameras:
        about = replace(about, cameras=(subject.camera,))
    if subject is not None and "persons" in needed and not about.persons:
        about = replace(about, persons=(subject.person,))
    return about


def _bodies(
    facts: Facts, kind: DocumentKind, about: Reach, fields: Mapping[str, JsonValue], subject: Subject | None
) -> tuple[str, ...]:
    if isinstance(body := fields.get("body"), str):
        return names_in(facts, "bodies", body)
    if about.cameras:
        return tuple(dict.fromkeys(facts.cameras[CameraId(one)].commune for one in about.cameras))
    if subject is None:
        return ()
    commune, employer = facts.cameras[subject.camera].commune, facts.persons[subject.person].employer
    if kind is _K.STATUTES or kind is _K.STATE_AGREEMENT or fields.get("object") == "members_consent":
        return (employer,)
    return (employer, commune) if spec(kind).parties > 1 and employer != commune else (commune,)


def dated(kind: DocumentKind, at: datetime) -> dict[str, JsonValue]:
    """Fields that must hold around the instant of the question."""
    if kind is _K.ALERT_RECORD:
        return {"opened_at": (at - timedelta(minutes=5)).isoformat()}
    if kind in _OF_THE_DAY:
        return {"from": (at - timedelta(days=31)).isoformat(), "to": (at + timedelta(days=1)).isoformat()}
    return {}


def filled(facts: Facts, kind: DocumentKind, about: Reach, said: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Fields that the world tells: the mayor's authority, the pooling body, the employer's département."""
    bodies = [facts.bodies[BodyId(one)] for one in about.bodies]
    if kind is _K.DESIGNATION and bodies:
        return {"authority": f"maire/{bodies[0].id}"}
    if kind is _K.DELIBERATION and bodies:
        return _deliberation(facts, bodies[0], said)
    if kind is _K.ACCREDITATION and about.persons:
        employer = facts.persons[PersonId(about.persons[0])].employer
        codes = sorted({one.departement for one in facts.bodies.values() if one.id == employer})
        return {"employer": employer, "departements": [*codes]}
    if kind is _K.STATUTES and bodies:
        return _statutes(facts, bodies[0])
    return {}


def _deliberation(facts: Facts, body: Body, said: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    filled: dict[str, JsonValue] = {"body": body.id}
    pools = [one.id for one in facts.bodies.values() if one.form in _POOLING and body.id in one.members]
    if said.get("object", "commune_consent") == "commune_consent" and pools:
        filled["pooling_body"] = pools[0]
    elif body.form in _POOLING:
        filled["pooling_body"] = body.id
    return filled


_NATURE: Final = {BodyKind.COMMUNE: "commune", BodyKind.EPCI: "epci_dlpd", BodyKind.DEPARTEMENT: "departement"}


def _statutes(facts: Facts, body: Body) -> dict[str, JsonValue]:
    members = sorted(body.members)
    kinds = {one: facts.bodies[one].kind for one in members if one in facts.bodies}
    natures: dict[str, JsonValue] = {one: _NATURE.get(kinds[one], "other") for one in kinds}
    filled: dict[str, JsonValue] = {"members": [*members], "natures": natures}
    return {**filled, "form": body.form.value} if body.form else filled
