"""Bodies, persons, systems and cameras: entering them, and the commune's word on where a camera stands."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Body, Camera, Facts, Person
from beffroi.domain.ids import BodyId, CameraId, PersonId, camera_id
from beffroi.domain.text import Text
from beffroi.registry import entitlement
from beffroi.registry.changes import Change, ChangeKind
from beffroi.registry.core import FactStore, Writer, fresh, known
from beffroi.registry.rows import body_row, camera_of, camera_row, person_row
from beffroi.registry.tables import CameraRow, SystemRow


class Places(FactStore):
    """Who and what there is."""

    # Bodies, persons, systems.

    def found(self, bodies: Sequence[Body], persons: Sequence[Person]) -> list[Change]:
        """The first bodies and persons of an empty registry: nobody is there yet to enter them. None of them can
        confirm anything before an election record is confirmed.

        Raises:
            BadInputError: the registry is not empty.
        """

        def step(session: Session, facts: Facts, write: Writer) -> None:
            if facts.bodies or facts.persons:
                raise BadInputError(Text(fr="Le référentiel n'est plus vide.", en="The registry is no longer empty."))
            for body in bodies:
                session.add(body_row(body, write.change(ChangeKind.BODY_ADDED, body.id)))
            for person in persons:
                session.add(person_row(person, write.change(ChangeKind.PERSON_ADDED, person.id)))

        return self.apply(None, step)

    def add_body(self, body: Body, *, by: PersonId) -> Change:
        """Record a body. A pooling body's members give nothing without each member's agreement (D3) and order (D2).

        Raises:
            BadInputError: the id is taken. NotFoundError: a member is unknown.
        """

        def step(session: Session, facts: Facts, write: Writer) -> None:
            fresh(body.id not in facts.bodies, body.id)
            for member in body.members:
                known(member in facts.bodies, member)
            session.add(body_row(body, write.change(ChangeKind.BODY_ADDED, body.id)))

        return self.apply(by, step)[0]

    def set_members(self, body: BodyId, members: frozenset[BodyId], *, by: PersonId) -> Change:
        """The members of a pooling body from now on.

        Raises:
            NotFoundError: the body or a member is unknown.
        """

        def step(session: Session, facts: Facts, write: Writer) -> None:
            for one in (body, *members):
                known(one in facts.bodies, one)
            session.add(
                body_row(replace(facts.bodies[body], members=members), write.change(ChangeKind.MEMBERS_SET, body))
            )

        return self.apply(by, step)[0]

    def add_person(self, person: Person, *, by: PersonId) -> Change:
        """Record a person in one quality. Never altered afterwards: another quality is another person id and account.

        Raises:
            BadInputError: the id is taken. NotFoundError: employer or commune unknown.
        """
        return self.add_people([person], by=by)[0]

    def add_people(self, persons: Sequence[Person], *, by: PersonId) -> list[Change]:
        """As `add_person`, several at once."""

        def step(session: Session, facts: Facts, write: Writer) -> None:
            entered: set[PersonId] = set()
            for person in persons:
                fresh(person.id not in facts.persons and person.id not in entered, person.id)
                entered.add(person.id)
                for body in (person.employer, person.commune):
                    known(body is None or body in facts.bodies, str(body))
                session.add(
                    person_row(person, write.change(ChangeKind.PERSON_ADDED, person.id, commune=person.commune))
                )
                session.flush()

        return self.apply(by, step)

    def add_system(self, system: str, name: str, controller: BodyId, *, by: PersonId) -> Change:
        """Record a video system under the name that its order gives it.

        Raises:
            NotFoundError: the controller is unknown.
        """

        def step(session: Session, facts: Facts, write: Writer) -> None:
            known(controller in facts.bodies, controller)
            revision = write.change(ChangeKind.SYSTEM_ADDED, system, commune=controller)
            session.add(SystemRow(id=system, revision=revision, name=name, controller=controller))

        return self.apply(by, step)[0]

    # Cameras.

    def propose_cameras(self, cameras: Sequence[Camera], *, by: PersonId) -> list[Change]:
        """Record cameras, or another place for known ones; each place counts once the commune has confirmed it.

        Raises:
            BadInputError: malformed id. NotFoundError: unknown commune or controller.
        """

        def step(session: Session, facts: Facts, write: Writer) -> None:
            for camera in cameras:
                camera_id(camera.id)
                for body in (camera.commune, camera.controller):
                    known(body is None or body in facts.bodies, str(body))
                revision = write.change(ChangeKind.CAMERA_PROPOSED, camera.id, commune=camera.commune)
                session.add(camera_row(replace(camera, placement_confirmed_by=None), revision, entered_by=by))

        return self.apply(by, step)

    def confirm_places(self, cameras: Sequence[CameraId], *, by: PersonId) -> list[Change]:
        """The commune confirms that each camera stands where it is said to stand.

        Raises:
            NotFoundError: no such camera.
            NotEntitledToFactError: the person does not speak for that commune, or entered the camera.
        """

        def step(session: Session, facts: Facts, write: Writer) -> None:
            for camera in cameras:
                row = _camera(session, facts, camera)
                entitlement.check_place(facts, BodyId(row.commune), by, PersonId(row.entered_by), write.at)
                revision = write.change(ChangeKind.CAMERA_CONFIRMED, camera, commune=BodyId(row.commune))
                placed = replace(camera_of(row), placement_confirmed_by=by)
                session.add(camera_row(placed, revision, entered_by=PersonId(row.entered_by)))

        return self.apply(by, step)

    def retire_camera(self, camera: CameraId, *, by: PersonId, reason: str) -> Change:
        """The camera is gone: no longer a fact from now on. Its recordings keep their own papers and terms."""

        def step(session: Session, facts: Facts, write: Writer) -> None:
            row = _camera(session, facts, camera)
            revision = write.change(ChangeKind.CAMERA_RETIRED, camera, commune=BodyId(row.commune), reason=reason)
            session.add(camera_row(camera_of(row), revision, entered_by=PersonId(row.entered_by), retired=True))

        return self.apply(by, step)[0]


def _camera(session: Session, facts: Facts, camera: CameraId) -> CameraRow:
    known(camera in facts.cameras, camera)
    return session.scalars(
        select(CameraRow).where(CameraRow.id == camera).order_by(CameraRow.revision.desc()).limit(1)
    ).one()
