"""Documents to a file that can be read again: CSV for spreadsheets, YAML for people who write cases."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

import yaml

from beffroi.domain.documents import Document, JsonValue
from beffroi.domain.facts import Facts
from beffroi.registry.papers_csv import FIELD, quoted
from beffroi.registry.papers_raw import COLUMNS, SCOPE, join

_TOLD: Final = ("version", "status")
"""What a reader wants to know and an import does not take."""


def newest(facts: Facts) -> list[Document]:
    """The newest version of every document."""
    return [facts.versions(one)[-1] for one in dict.fromkeys(document.id for document in facts.documents)]


def to_csv(documents: Sequence[Document]) -> bytes:
    """UTF-8 with its mark and ``;``, as spreadsheets set to French open without a question."""
    names = sorted({name for document in documents for name in document.fields})
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([*COLUMNS, *_TOLD, *(f"{FIELD}{name}" for name in names)])
    for document in documents:
        plain = _plain(document)
        told = [*(_cell(plain[name]) for name in COLUMNS), *(_cell(plain[name]) for name in _TOLD)]
        writer.writerow([*told, *(_cell(document.fields.get(name)) for name in names)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def to_yaml(documents: Sequence[Document]) -> bytes:
    """A list of documents, in the format that `beffroi.registry.papers_yaml` reads."""
    items = []
    for document in documents:
        plain = _plain(document)
        item = {name: plain[name] for name in (*COLUMNS, *_TOLD) if name not in SCOPE and plain[name] not in (None, "")}
        item["scope"] = {part: plain[part] for part in SCOPE if plain[part]}
        item["fields"] = dict(document.fields)
        items.append(item)
    dumped: str = yaml.dump(items, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return dumped.encode()


class _Dumper(yaml.SafeDumper):
    """Without aliases: an import refuses them."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _plain(document: Document) -> dict[str, JsonValue]:
    scope = document.scope
    return {
        "id": document.id,
        "number": document.number,
        "signed_on": document.signed_on.isoformat(),
        "signatory": document.signatory,
        "valid_from": document.valid_from.isoformat(),
        "valid_until": document.valid_until.isoformat() if document.valid_until is not None else None,
        "bodies": [*sorted(scope.bodies)],
        "cameras": [*sorted(scope.cameras)],
        "systems": [*sorted(scope.systems)],
        "persons": [*sorted(scope.persons)],
        "file_sha256": document.file_sha256,
        "time_zone": document.time_zone,
        "version": document.version,
        "status": document.status.value,
    }


def _cell(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, list):
        return quoted(join([str(one) for one in value]))
    if isinstance(value, dict):
        return quoted(join([f"{key}={one}" for key, one in value.items()]))
    return quoted(str(value))
