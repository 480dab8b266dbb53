"""``add``: a document of which a case says only what matters; the rest is filled so that it is valid on that day."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from beffroi.domain.acts import Form
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, JsonValue
from beffroi.domain.facts import Body, BodyKind, Facts
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.cases.malformed import WrongError, near
from beffroi.law.cases.model import day
from beffroi.law.cases.names import kind_of, thing
from beffroi.law.documents import COMMON, longest_end, spec
from beffroi.law.worlds.blank import blank
from beffroi.law.worlds.paper import FIRST_DAY, LAST_DAY, Reach, paper

_K = DocumentKind
PARTS: Final = ("bodies", "cameras", "systems", "persons")
_COMMON: Final = ("kind", "id", "name", "number", "signatory", "signed_on", "valid_from", "valid_until", "status")
_SHORT_ORDERS: Final = frozenset({"provisional", "event"})
_POOLING: Final = frozenset({Form.C, Form.D, Form.E, Form.G})
_OF_THE_DAY: Final = frozenset({_K.REQUISITION, _K.ADMINISTRATIVE_REQUEST, _K.SUBJECT_REQUEST})


def json_value(value: Any) -> JsonValue:
    """A value from YAML as documents keep it: dates and instants are text."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, list):
        return [json_value(one) for one in value]
    if isinstance(value, dict):
        return {str(key): json_value(one) for key, one in value.items()}
    made: JsonValue = value
    return made


def known_fields(kind: DocumentKind) -> list[str]:
    """The fields that a document of this kind may carry."""
    return [*dict.fromkeys((*spec(kind).fields, *blank(kind), *(one.name for one in COMMON)))]


def check_field(kind: DocumentKind, name: str, more: tuple[str, ...] = ()) -> None:
    """Refuse a field that the kind does not have.

    Raises:
        WrongError: with the fields that look like it.
    """
    if name not in known_fields(kind):
        close = near(name, [*known_fields(kind), *more], 6)
        raise WrongError(
            f"une pièce « {kind.value} » n'a pas de champ « {name[:60]} » : {close} ?",
            f"a “{kind.value}” document has no field “{name[:60]}”: {close}?",
        )


def names_in(facts: Facts, part: str, value: Any) -> tuple[str, ...]:
    """Names of one part of a scope, checked against the world (systems are free)."""
    several = [str(one) for one in (value if isinstance(value, list) else [value])]
    if part == "bodies":
        return tuple(thing(one, facts.bodies, "d'organisme", "body") for one in several)
    if part == "cameras":
        return tuple(thing(one, facts.cameras, "de caméra", "camera") for one in several)
    if part == "persons":
        return tuple(thing(one, facts.persons, "de personne", "person") for one in several)
    return tuple(several)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who and which camera a case asks about: what an ``add`` that names nothing is about."""

    person: PersonId
    camera: CameraId


def added(facts: Facts, said: Mapping[str, Any], at: datetime, subject: Subject | None = None) -> Document:
    """The document that an ``add`` describes, confirmed and in force at ``at`` unless it says otherwise.

    Raises:
        WrongError: no kind, an unknown key, or nothing that it is about.
    """
    words = dict(said)
    name = str(words.get("name") or "")
    if "id" in words:
        word, _, name = str(words["id"]).partition("/")
        words.setdefault("kind", word)
    if "kind" not in words:
        raise WrongError("« add » demande « kind », le type de la pièce.", "“add” needs “kind”, the kind of document.")
    kind, topic = kind_of(str(words["kind"]))
    words = {_part(kind, key): one for key, one in words.items()}
    about = _reach(facts, words, name)
    fields = {key: json_value(one) for key, one in words.items() if key not in {*_COMMON, *PARTS, "scope"}}
    for field in fields:
        check_field(kind, field, (*_COMMON[2:], *PARTS))
    if topic is not None:
        fields.setdefault("object", topic)
    if "point" in fields:
        fields["point"] = f"row-{str(fields['point']).removeprefix('row-')}"
    about = _wider(facts, kind, about, fields, subject)
    for part in spec(kind).scope:
        if not getattr(about, part):
            raise WrongError(
                f"« add » d'une pièce « {kind.value} » demande « {part} » : ce qu'elle concerne.",
                f"“add” of a “{kind.value}” document needs “{part}”: what it is about.",
            )
    filled = {**_dated(kind, at), **_filled(facts, kind, about, fields), **fields}
    made = paper(kind, name or _name(facts, kind, about), about, filled)
    return _common(made, words, at)


_ONE: Final = {"body": "bodies", "commune": "bodies", "camera": "cameras", "person": "persons"}


def _part(kind: DocumentKind, key: str) -> str:
    """``camera: cX`` is ``cameras: [cX]``, unless the kind has a field of that name."""
    return _ONE[key] if key in _ONE and key not in known_fields(kind) else key


def _reach(facts: Facts, words: Mapping[str, Any], name: str) -> Reach:
    scope = words.get("scope") or {}
    if not isinstance(scope, dict) or not set(scope) <= set(PARTS):
        names = ", ".join(PARTS)
        raise WrongError(f"« scope » ne contient que {names}.", f"“scope” only holds {names}.")
    parts = {part: names_in(facts, part, one) for part in PARTS if (one := words.get(part, scope.get(part)))}
    if not parts and name:  # the name says it: agreement E-X, designation agentE-X
        tokens = [one for one in name.replace("/", "-").split("-") if one]
        parts = {
            "bodies": tuple(one for one in tokens if one in facts.bodies),
            "cameras": tuple(one for one in tokens if one in facts.cameras),
            "persons": tuple(one for one in tokens if one in facts.persons),
        }
    return Reach(**parts)


def _wider(
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


def _dated(kind: DocumentKind, at: datetime) -> dict[str, JsonValue]:
    """Fields that must hold around the instant of the question."""
    if kind is _K.ALERT_RECORD:
        return {"opened_at": (at - timedelta(minutes=5)).isoformat()}
    if kind in _OF_THE_DAY:
        return {"from": (at - timedelta(days=31)).isoformat(), "to": (at + timedelta(days=1)).isoformat()}
    return {}


def _filled(facts: Facts, kind: DocumentKind, about: Reach, said: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
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


def _name(facts: Facts, kind: DocumentKind, about: Reach) -> str:
    stem = "-".join((*about.persons, *about.bodies, *about.cameras)[:4]) or "added"
    name, count = stem, 1
    while facts.versions(DocumentId(f"{kind.value}/{name}")):
        count += 1
        name = f"{stem}-{count}"
    return name


def _common(made: Document, words: Mapping[str, Any], at: datetime) -> Document:
    more: dict[str, Any] = {key: str(words[key]) for key in ("number", "signatory") if key in words}
    if "signed_on" in words:
        more["signed_on"] = plain_day(words["signed_on"])
    month_ago = at.date() - timedelta(days=30)
    first: date | datetime = FIRST_DAY if FIRST_DAY <= month_ago and at.date() <= LAST_DAY else month_ago
    if made.fields.get("type") in _SHORT_ORDERS:
        first = at.date() - timedelta(days=7)
    more["valid_from"] = day(words["valid_from"]) if "valid_from" in words else first
    if "status" in words:
        more |= status(words["status"])
    made = replace(made, **more)
    if "valid_until" in words:
        return replace(made, valid_until=None if words["valid_until"] is None else day(words["valid_until"]))
    made = replace(made, valid_until=max(LAST_DAY, at.date() + timedelta(days=365)))
    longest, ends = longest_end(made), made.ends
    return replace(made, valid_until=longest) if longest and ends and ends > longest else made


def plain_day(value: Any) -> date:
    """The day of a day or instant."""
    made = day(value)
    return made.date() if isinstance(made, datetime) else made


def status(value: Any) -> dict[str, Any]:
    """A status as attributes of a document; a proposal is confirmed by nobody."""
    try:
        made = DocumentStatus(value)
    except ValueError:
        words = ", ".join(DocumentStatus)
        raise WrongError(f"« status » est l'un de : {words}.", f"“status” is one of: {words}.") from None
    return {"status": made, **({"confirmed_by": None} if made is DocumentStatus.PROPOSED else {})}
