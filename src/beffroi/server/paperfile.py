"""A document's whole file as JSON: every version, what changed from one to the next, and what became of each."""

from collections.abc import Iterable
from typing import Any, Final

from beffroi.domain.documents import Document, DocumentKind, JsonValue
from beffroi.domain.facts import Facts
from beffroi.domain.text import Text
from beffroi.law.documents import FieldSpec, KindSpec, field_of, form, remarks, spec
from beffroi.ledger.sentences import change_words
from beffroi.registry.changes import Change
from beffroi.registry.deadlines import Deadline
from beffroi.registry.enclosures import Attachment
from beffroi.server.rendering import Json, iso_instant
from beffroi.server.sight import Sight

_PLAIN: Final[dict[str, Text]] = {
    "number": Text(fr="numéro", en="number"),
    "signatory": Text(fr="signataire", en="signatory"),
    "signed_on": Text(fr="date de signature", en="date of signature"),
    "valid_from": Text(fr="valable à partir du", en="valid from"),
    "valid_until": Text(fr="valable jusqu'au", en="valid until"),
    "file_sha256": Text(fr="empreinte du fichier", en="hash of the file"),
}
_SCOPE: Final[dict[str, Text]] = {
    "bodies": Text(fr="organismes concernés", en="bodies concerned"),
    "cameras": Text(fr="caméras concernées", en="cameras concerned"),
    "systems": Text(fr="systèmes concernés", en="systems concerned"),
    "persons": Text(fr="personnes concernées", en="persons concerned"),
}


def kind_json(kind: DocumentKind) -> Json:
    """A kind as its form asks it."""
    one: KindSpec = spec(kind)
    return {
        "kind": kind.value,
        "code": one.code,
        "label": one.name.as_dict(),
        "issuer": one.issuer.as_dict(),
        "blocks": one.blocks.as_dict(),
        "renewal": one.renewal.as_dict(),
        "scope": list(one.scope),
        "parties": one.parties,
        "needs_end": one.needs_end,
        "fields": [_field_json(field) for field in form(kind)],
    }


def _field_json(field: FieldSpec) -> Json:
    return {
        "name": field.name,
        "type": field.type,
        "label": field.label.as_dict(),
        "need": field.need.value,
        "choices": [{"value": one.value, "label": one.label.as_dict()} for one in field.choices],
        "help": None if field.help is None else field.help.as_dict(),
        "when": [{"field": name, "values": list(values)} for name, values in field.when],
        "unless": field.unless,
        "since": None if field.since is None else field.since.isoformat(),
    }


def versions_json(facts: Facts, several: Iterable[Document], sight: Sight) -> list[Json]:
    """The versions that may be read, newest first, each with what changed since the one before it."""
    readable = [one for one in several if sight.document(facts, one)]
    pairs = zip([None, *readable], readable, strict=False)
    return [_version_json(facts, before, version, sight) for before, version in pairs][::-1]


def _version_json(facts: Facts, before: Document | None, version: Document, sight: Sight) -> Json:
    confirmed = None if version.confirmed_by is None else facts.persons.get(version.confirmed_by)
    return {
        "version": version.version,
        "status": version.status.value,
        "status_at": iso_instant(version.status_at),
        "confirmed_by": confirmed.label.as_dict() if confirmed and sight.person(facts, confirmed) else None,
        "content": [
            {"name": name, "label": label.as_dict(), "value": value} for name, label, value in _content(version)
        ],
        "fields": dict(version.fields),
        "scope": {part: sorted(getattr(version.scope, part)) for part in _SCOPE},
        "signed_on": version.signed_on.isoformat(),
        "changed": [] if before is None else _changed(before, version),
        "remarks": [one.as_dict() for one in remarks(version)],
    }


def _content(document: Document) -> list[tuple[str, Text, JsonValue]]:
    """Every line of a version that says something: common lines, scope, then the fields of its kind."""
    found: list[tuple[str, Text, JsonValue]] = []
    for name, label in _PLAIN.items():
        value: Any = getattr(document, name)
        if value is not None:
            found.append((name, label, value if isinstance(value, str) else value.isoformat()))
    for part, label in _SCOPE.items():
        names = sorted(getattr(document.scope, part))
        if names:
            found.append((part, label, names))
    for name, value in document.fields.items():
        known = field_of(document.kind, name)
        found.append((name, known.label if known else Text(fr=name, en=name), value))
    return found


def _changed(before: Document, after: Document) -> list[Json]:
    old = {name: (label, value) for name, label, value in _content(before)}
    new = {name: (label, value) for name, label, value in _content(after)}
    return [
        {
            "name": name,
            "label": (new.get(name) or old[name])[0].as_dict(),
            "before": old[name][1] if name in old else None,
            "after": new[name][1] if name in new else None,
        }
        for name in [*old, *(name for name in new if name not in old)]
        if (old[name][1] if name in old else None) != (new[name][1] if name in new else None)
    ]


def history_json(facts: Facts, changes: Iterable[Change], sight: Sight) -> list[Json]:
    """What happened to a document, newest first. Who did it is told by the name of the function."""
    found = []
    for change in changes:
        actor = None if change.actor is None else facts.persons.get(change.actor)
        found.append(
            {
                "at": iso_instant(change.at),
                "what": change_words(change.kind.value).as_dict(),
                "version": change.version,
                "by": actor.label.as_dict() if actor is not None and sight.person(facts, actor) else None,
                "reason": change.reason,
            }
        )
    return found[::-1]


def attachment_json(one: Attachment) -> Json:
    """A file of a document."""
    return {
        "sha256": one.file.sha256,
        "name": one.name,
        "media_type": one.file.media_type,
        "size_bytes": one.file.size_bytes,
        "version": one.version,
        "main": one.main,
        "at": iso_instant(one.entered_at),
    }


def deadline_json(one: Deadline) -> Json:
    """What ends or is due, what it closes, and what to do."""
    return {
        "on": one.last_day.isoformat(),
        "days": one.days_left,
        "reason": one.reason.value,
        "blocks": one.blocks.as_dict(),
        "task": one.task.as_dict(),
    }
