"""Facts as rows and back. Exact: a document read back equals the one that was written."""

from dataclasses import replace
from datetime import date, datetime
from typing import Final, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from beffroi.domain.acts import Form, Origin
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, Scope
from beffroi.domain.facts import Body, BodyKind, Camera, CameraKind, Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.registry.changes import ChangeKind
from beffroi.registry.tables import (
    BodyRow,
    CameraRow,
    ChangeRow,
    DocumentRow,
    DocumentStateRow,
    PersonRow,
)

_REFRESH_LIMIT: Final = 200
"""Beyond this many changes at once, everything is read again."""

_NO_FACTS: Final = (
    ChangeKind.FIRST_CONFIRMED,
    ChangeKind.ATTACHED,
    ChangeKind.ANNOUNCED,
    ChangeKind.ACKNOWLEDGED,
    ChangeKind.SHIFT_ENTERED,
    ChangeKind.SHIFT_REPLACED,
    ChangeKind.SHIFT_CANCELLED,
)
"""Changes that leave what the law reads as it was."""

_ABOUT: Final = {
    kind: kind.value.partition("_")[0] if kind is not ChangeKind.MEMBERS_SET else "body" for kind in ChangeKind
}
"""What a change is about: body, person, system, camera, document; deadlines and shifts are no facts of law."""

R = TypeVar("R", BodyRow, PersonRow, CameraRow, DocumentRow, DocumentStateRow)


def load_facts(session: Session, revision: int) -> Facts:
    """The facts that counted at a revision, from one snapshot of the database."""
    bodies = {row.id: row for row in session.scalars(_effective(BodyRow, revision))}
    people = {row.id: row for row in session.scalars(_effective(PersonRow, revision))}
    cameras = {row.id: row for row in session.scalars(_effective(CameraRow, revision))}
    contents = {(row.id, row.version): row for row in session.scalars(_effective(DocumentRow, revision))}
    states = {(row.document, row.version): row for row in session.scalars(_effective(DocumentStateRow, revision))}
    return Facts.of(
        revision=revision,
        bodies=[body_of(row) for row in bodies.values()],
        persons=[person_of(row) for row in people.values()],
        cameras=[camera_of(row) for row in cameras.values() if not row.retired],
        documents=[document_of(row, states[key]) for key, row in contents.items()],
    )


def refresh_facts(session: Session, base: Facts, revision: int) -> Facts:
    """The facts of a later revision, reading only what changed since ``base``: equal to `load_facts`, and a suspension
    among thousands of cameras does not wait for all of them to be read again."""
    changed = session.execute(
        select(ChangeRow.kind, ChangeRow.subject)
        .where(
            ChangeRow.effective > base.revision,
            ChangeRow.effective <= revision,
            ChangeRow.kind.not_in([kind.value for kind in _NO_FACTS]),
        )
        .limit(_REFRESH_LIMIT + 1)
    ).all()
    if len(changed) > _REFRESH_LIMIT:
        return load_facts(session, revision)
    if not changed:
        return replace(base, revision=revision)
    names: dict[str, set[str]] = {"body": set(), "person": set(), "camera": set(), "document": set()}
    for kind, subject in changed:
        names.setdefault(_ABOUT[ChangeKind(kind)], set()).add(subject)

    bodies, persons, cameras = dict(base.bodies), dict(base.persons), dict(base.cameras)
    for body in session.scalars(_effective(BodyRow, revision).where(BodyRow.id.in_(names["body"]))):
        bodies[BodyId(body.id)] = body_of(body)
    for person in session.scalars(_effective(PersonRow, revision).where(PersonRow.id.in_(names["person"]))):
        persons[PersonId(person.id)] = person_of(person)
    for camera in session.scalars(_effective(CameraRow, revision).where(CameraRow.id.in_(names["camera"]))):
        if camera.retired:
            cameras.pop(CameraId(camera.id), None)
        else:
            cameras[CameraId(camera.id)] = camera_of(camera)
    papers = names["document"]
    contents = session.scalars(_effective(DocumentRow, revision).where(DocumentRow.id.in_(papers))).all()
    states = {
        (row.document, row.version): row
        for row in session.scalars(_effective(DocumentStateRow, revision).where(DocumentStateRow.document.in_(papers)))
    }
    return Facts.of(
        revision=revision,
        bodies=bodies.values(),
        persons=persons.values(),
        cameras=cameras.values(),
        documents=[
            *(document for document in base.documents if document.id not in papers),
            *(document_of(row, states[row.id, row.version]) for row in contents),
        ],
    )


def _effective(table: type[R], revision: int) -> Select[R]:
    """Rows that count at this revision, oldest first: the last one of an id speaks."""
    return (
        select(table)
        .join(ChangeRow, ChangeRow.revision == table.revision)
        .where(ChangeRow.effective <= revision)
        .order_by(table.revision)
    )


def body_of(row: BodyRow) -> Body:
    """The value of a row."""
    return Body(
        id=BodyId(row.id),
        kind=BodyKind(row.kind),
        name=row.name,
        departement=row.departement,
        form=Form(row.form) if row.form is not None else None,
        members=frozenset(BodyId(member) for member in row.members),
    )


def body_row(body: Body, revision: int) -> BodyRow:
    """The row of a value."""
    return BodyRow(
        id=body.id,
        revision=revision,
        kind=body.kind.value,
        name=body.name,
        departement=body.departement,
        form=body.form.value if body.form else None,
        members=sorted(body.members),
    )


def person_of(row: PersonRow) -> Person:
    """The value of a row."""
    return Person(
        id=PersonId(row.id),
        label=Text(fr=row.label_fr, en=row.label_en),
        status=PersonStatus(row.status),
        employer=BodyId(row.employer),
        commune=BodyId(row.commune) if row.commune is not None else None,
    )


def person_row(person: Person, revision: int) -> PersonRow:
    """The row of a value."""
    return PersonRow(
        id=person.id,
        revision=revision,
        label_fr=person.label.fr,
        label_en=person.label.en,
        status=person.status.value,
        employer=person.employer,
        commune=person.commune,
    )


def camera_of(row: CameraRow) -> Camera:
    """The value of a row."""
    return Camera(
        id=CameraId(row.id),
        name=row.name,
        commune=BodyId(row.commune),
        origin=Origin(row.origin),
        system=row.system,
        kind=CameraKind(row.kind),
        placement_confirmed_by=PersonId(row.place_confirmed_by) if row.place_confirmed_by is not None else None,
        latitude_deg=row.latitude_deg,
        longitude_deg=row.longitude_deg,
        controller=BodyId(row.controller) if row.controller is not None else None,
    )


def camera_row(camera: Camera, revision: int, *, entered_by: PersonId, retired: bool = False) -> CameraRow:
    """The row of a value."""
    return CameraRow(
        id=camera.id,
        revision=revision,
        name=camera.name,
        commune=camera.commune,
        origin=camera.origin.value,
        system=camera.system,
        kind=camera.kind.value,
        place_confirmed_by=camera.placement_confirmed_by,
        latitude_deg=camera.latitude_deg,
        longitude_deg=camera.longitude_deg,
        controller=camera.controller,
        entered_by=entered_by,
        retired=retired,
    )


def document_of(row: DocumentRow, state: DocumentStateRow) -> Document:
    """The value of a version and of what became of it."""
    scope = row.scope
    return Document(
        id=DocumentId(row.id),
        kind=DocumentKind(row.kind),
        number=row.number,
        signed_on=row.signed_on,
        signatory=row.signatory,
        valid_from=_day_or_instant(row.valid_from),
        valid_until=_day_or_instant(row.valid_until) if row.valid_until is not None else None,
        version=row.version,
        scope=Scope(
            bodies=frozenset(BodyId(one) for one in scope.get("bodies", ())),
            cameras=frozenset(CameraId(one) for one in scope.get("cameras", ())),
            systems=frozenset(scope.get("systems", ())),
            persons=frozenset(PersonId(one) for one in scope.get("persons", ())),
        ),
        fields=row.fields,
        status=DocumentStatus(state.status),
        status_at=state.at,
        awaiting=BodyId(row.awaiting) if row.awaiting is not None else None,
        confirmed_by=PersonId(state.confirmed_by) if state.confirmed_by is not None else None,
        file_sha256=row.file_sha256,
        time_zone=row.time_zone,
    )


def document_row(document: Document, revision: int, *, entered_by: PersonId) -> DocumentRow:
    """The row of a version's content."""
    return DocumentRow(
        id=document.id,
        version=document.version,
        revision=revision,
        kind=document.kind.value,
        number=document.number,
        signed_on=document.signed_on,
        signatory=document.signatory,
        valid_from=document.valid_from.isoformat(),
        valid_until=document.valid_until.isoformat() if document.valid_until is not None else None,
        scope={
            "bodies": sorted(document.scope.bodies),
            "cameras": sorted(document.scope.cameras),
            "systems": sorted(document.scope.systems),
            "persons": sorted(document.scope.persons),
        },
        fields=dict(document.fields),
        awaiting=document.awaiting,
        file_sha256=document.file_sha256,
        time_zone=document.time_zone,
        entered_by=entered_by,
    )


def _day_or_instant(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
