"""A document of any kind that holds what its kind asks for, made from the kind's own description."""

from dataclasses import replace
from datetime import date
from typing import Any, Final

from beffroi.domain.documents import Document, DocumentKind, JsonValue, Scope
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.documents import FieldSpec, asked_for, form, spec

SAMPLES: Final[dict[str, JsonValue]] = {
    "text": "décrit",
    "texts": ["un", "deux ; trois"],
    "int": 6,
    "days": 30,
    "bool": True,
    "clause": True,
    "date": "2023-12-01",
    "instant": "2026-03-02T10:00:00+01:00",
    "moment": "2026-03-02",
    "hours": "22:00-06:00",
    "purposes": ["F1", "F5"],
    "acts": ["live", "replay"],
    "statuses": ["mayor", "epci_agent"],
    "body": "X",
    "bodies": ["X", "Y"],
    "departements": ["99", "2A", "971"],
    "authority": "maire/X",
    "point": "row-19",
    "form": "C",
    "natures": {"X": "commune", "Y": "epci_dlpd"},
}


def sample(one: FieldSpec) -> JsonValue:
    """A value that the field takes, and that goes with the samples of the others."""
    if one.name == "minimum_days":
        return 15
    if one.type == "choice":
        return one.choices[0].value
    if one.type == "choices":
        return [choice.value for choice in one.choices]
    return SAMPLES[one.type]


def complete(kind: DocumentKind, *, everything: bool = False, **more: Any) -> Document:
    """A document of this kind with what is asked for, or with every field that it may carry."""
    wanted = spec(kind)
    document = Document(
        id=DocumentId(f"{kind.value}/made"),
        kind=kind,
        number="2024-1",
        signed_on=date(2023, 12, 20),
        signatory="l'autorité",
        valid_from=date(2024, 1, 1),
        valid_until=date(2024, 4, 1),
        scope=Scope(
            bodies=frozenset({BodyId("X"), BodyId("E")} if wanted.parties > 1 else {BodyId("X")}),
            cameras=frozenset({CameraId("cx")}) if "cameras" in wanted.scope else frozenset(),
            persons=frozenset({PersonId("agentE")}) if "persons" in wanted.scope else frozenset(),
        ),
    )
    document = replace(document, **more)
    fields = dict(document.fields)
    for _ in range(2):  # what one field says may ask for another
        for one in form(kind):
            if one.name not in fields and (everything or asked_for(replace(document, fields=fields), one)):
                fields[one.name] = sample(one)
    return replace(document, fields=fields)
