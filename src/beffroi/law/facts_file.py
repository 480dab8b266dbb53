"""Facts written by hand, in YAML or JSON: for `beffroi law ask` and for tests of a local situation."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from beffroi.domain.acts import Form, Origin
from beffroi.domain.documents import LEGAL_TIME_ZONE, Document, DocumentKind, DocumentStatus, Scope
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Body, BodyKind, Camera, CameraKind, Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId, camera_id
from beffroi.domain.text import Text

MAX_BYTES = 8_000_000


def load_facts(path: Path) -> Facts:
    """Read facts from a file with the lists ``persons``, ``bodies``, ``cameras``, ``documents``.

    Raises:
        BadInputError: the file cannot be read, or a fact in it is not understood (the sentence says which).
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInputError(_sentence(path, "trop gros", "too large"))
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise BadInputError(_sentence(path, "illisible", f"unreadable ({type(error).__name__})")) from error
    return facts_of(raw, str(path))


def facts_of(raw: Any, name: str = "facts") -> Facts:
    """Facts from plain data; see `load_facts`."""
    if not isinstance(raw, dict):
        raise BadInputError(_sentence(name, "vide ou mal formé", "empty or malformed"))
    try:
        return Facts.of(
            revision=int(raw.get("revision", 1)),
            persons=[_person(one) for one in raw.get("persons") or []],
            bodies=[_body(one) for one in raw.get("bodies") or []],
            cameras=[_camera(one) for one in raw.get("cameras") or []],
            documents=[_document(one) for one in raw.get("documents") or []],
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = str(error)[:200]
        raise BadInputError(_sentence(name, f"mal formé : {what}", f"malformed: {what}")) from error


def _sentence(name: object, fr: str, en: str) -> Text:
    return Text(fr=f"Le fichier de faits « {name} » est {fr}.", en=f"The facts file “{name}” is {en}.")


def _person(row: dict[str, Any]) -> Person:
    label = row.get("label", row["id"])
    text = Text(**label) if isinstance(label, dict) else Text(fr=str(label), en=str(label))
    commune = row.get("commune")
    return Person(
        PersonId(str(row["id"])),
        text,
        PersonStatus(row["status"]),
        BodyId(str(row["employer"])),
        BodyId(str(commune)) if commune else None,
    )


def _body(row: dict[str, Any]) -> Body:
    form = row.get("form")
    return Body(
        BodyId(str(row["id"])),
        BodyKind(row["kind"]),
        str(row["name"]),
        str(row.get("departement", "")),
        Form(form) if form else None,
        frozenset(BodyId(one) for one in _names(row.get("members"))),
    )


def _camera(row: dict[str, Any]) -> Camera:
    confirmed_by, controller = row.get("placement_confirmed_by"), row.get("controller")
    return Camera(
        id=camera_id(str(row["id"])),
        name=str(row.get("name", row["id"])),
        commune=BodyId(str(row["commune"])),
        origin=Origin(row["origin"]),
        system=str(row["system"]),
        kind=CameraKind(row.get("kind", "fixed")),
        placement_confirmed_by=PersonId(str(confirmed_by)) if confirmed_by else None,
        latitude_deg=_degrees(row.get("latitude_deg")),
        longitude_deg=_degrees(row.get("longitude_deg")),
        controller=BodyId(str(controller)) if controller else None,
    )


def _document(row: dict[str, Any]) -> Document:
    scope = row.get("scope") or {}
    fields = row.get("fields") or {}
    if not isinstance(scope, dict) or not isinstance(fields, dict):
        raise TypeError(f"document {row['id']}: scope and fields are mappings")
    confirmed_by, awaiting, status_at = row.get("confirmed_by"), row.get("awaiting"), row.get("status_at")
    return Document(
        id=DocumentId(str(row["id"])),
        kind=DocumentKind(row.get("kind", str(row["id"]).split("/", 1)[0])),
        number=str(row.get("number", "")),
        signed_on=_day(row.get("signed_on", row["valid_from"])),
        signatory=str(row.get("signatory", "")),
        valid_from=_moment(row["valid_from"]),
        valid_until=_moment(row["valid_until"]) if row.get("valid_until") is not None else None,
        version=int(row.get("version", 1)),
        scope=Scope(
            bodies=frozenset(BodyId(one) for one in _names(scope.get("bodies"))),
            cameras=frozenset(CameraId(one) for one in _names(scope.get("cameras"))),
            systems=frozenset(_names(scope.get("systems"))),
            persons=frozenset(PersonId(one) for one in _names(scope.get("persons"))),
        ),
        fields={str(key): _value(one) for key, one in fields.items()},
        status=DocumentStatus(row.get("status", "proposed")),
        status_at=_instant(status_at) if status_at is not None else None,
        awaiting=BodyId(str(awaiting)) if awaiting else None,
        confirmed_by=PersonId(str(confirmed_by)) if confirmed_by else None,
        file_sha256=row.get("file_sha256"),
        time_zone=str(row.get("time_zone", LEGAL_TIME_ZONE)),
    )


def _names(several: Any) -> list[str]:
    if several is None:
        return []
    if not isinstance(several, list):
        raise TypeError(f"a list of names is expected, not {several!r}")
    return [str(one) for one in several]


def _value(one: Any) -> Any:
    """YAML reads 2024-01-01 as a date; documents keep dates as text."""
    if isinstance(one, (date, datetime)):
        return one.isoformat()
    if isinstance(one, dict):
        return {str(key): _value(inside) for key, inside in one.items()}
    return [_value(inside) for inside in one] if isinstance(one, list) else one


def _degrees(value: Any) -> float | None:
    return None if value is None else float(value)


def _moment(value: Any) -> date | datetime:
    if isinstance(value, (date, datetime)):
        return value
    text = str(value)
    return date.fromisoformat(text) if len(text) == len("2024-01-01") else datetime.fromisoformat(text)


def _day(value: Any) -> date:
    moment = _moment(value)
    return moment.date() if isinstance(moment, datetime) else moment


def _instant(value: Any) -> datetime:
    moment = _moment(value)
    if not isinstance(moment, datetime):
        raise TypeError(f"an instant is expected, not {value!r}")
    return moment
