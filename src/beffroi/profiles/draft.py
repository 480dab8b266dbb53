"""A world being written: bodies, persons, cameras and papers, and what stands for how many."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from beffroi.domain.acts import Origin
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Body, BodyKind, Camera, CameraKind, Facts, Person, PersonStatus
from beffroi.domain.ids import AuthorityId, BodyId, CameraId, PersonId, camera_id
from beffroi.domain.text import Text
from beffroi.law.worlds.paper import reach
from beffroi.profiles.desk import ACTS, Site, accreditation, designation, site_papers, write


@dataclass(frozen=True, slots=True)
class Town:
    """A commune of a world: ``stands_for`` real ones like it."""

    id: BodyId
    name: str
    departement: str
    prefect: str
    stands_for: int = 1

    @property
    def mayor(self) -> PersonId:
        """The mayor's id."""
        return PersonId(f"mayor-{self.id}")

    @property
    def police(self) -> PersonId:
        """The id of a municipal police officer."""
        return PersonId(f"police-{self.id}")

    @property
    def agent(self) -> PersonId:
        """The id of an accredited operator of the commune."""
        return PersonId(f"agent-{self.id}")

    @property
    def street(self) -> CameraId:
        """The id of the camera that stands for the commune's streets."""
        return camera_id(f"{self.id}-rue")

    @property
    def authority(self) -> AuthorityId:
        """Under whom images of its streets are seen."""
        return AuthorityId(f"maire/{self.id}")

    @property
    def by(self) -> str:
        """How its mayor signs."""
        return f"Le maire de {self.name}"

    @property
    def council(self) -> str:
        """How its council signs."""
        return f"Le conseil municipal de {self.name}"


@dataclass
class Draft:
    """Collects a world. ``seats`` are shown in “who may see what”, in that order."""

    bodies: dict[BodyId, Body] = field(default_factory=dict)
    persons: list[Person] = field(default_factory=list)
    cameras: list[Camera] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    stands_for: dict[CameraId, int] = field(default_factory=dict)
    communes: dict[BodyId, int] = field(default_factory=dict)
    seats: list[PersonId] = field(default_factory=list)

    def facts(self) -> Facts:
        """The facts as collected."""
        return Facts.of(
            revision=1,
            persons=self.persons,
            bodies=self.bodies.values(),
            cameras=self.cameras,
            documents=self.documents,
        )

    def body(
        self, identifier: str, kind: BodyKind, name: str, departement: str, members: Iterable[BodyId] = ()
    ) -> BodyId:
        """Add a body."""
        made = Body(BodyId(identifier), kind, name, departement, None, frozenset(members))
        self.bodies[made.id] = made
        return made.id

    def person(
        self,
        identifier: str,
        status: PersonStatus,
        employer: BodyId,
        fr: str,
        en: str,
        *,
        commune: BodyId | None = None,
        seat: bool = True,
    ) -> PersonId:
        """Add a person, shown in the table unless ``seat`` says otherwise."""
        made = Person(PersonId(identifier), Text(fr=fr, en=en), status, employer, commune)
        self.persons.append(made)
        if seat:
            self.seats.append(made.id)
        return made.id

    def camera(
        self,
        identifier: CameraId,
        name: str,
        town: Town,
        system: str,
        *,
        origin: Origin = Origin.PUBLIC_WAY,
        stands_for: int = 1,
        controller: BodyId | None = None,
        kind: CameraKind = CameraKind.DOME,
    ) -> CameraId:
        """Add a camera that stands for its class; the mayor of the commune confirmed its place."""
        self.cameras.append(Camera(identifier, name, town.id, origin, system, kind, town.mayor, controller=controller))
        self.stands_for[identifier] = stands_for
        return identifier

    def town(self, town: Town, *, seat: bool = False) -> None:
        """A commune, its mayor and the election record."""
        self.body(town.id, BodyKind.COMMUNE, town.name, town.departement)
        self.communes[town.id] = town.stands_for
        label = f"Maire de {town.name}", f"Mayor of {town.name}"
        self.person(town.mayor, PersonStatus.MAYOR, town.id, *label, commune=town.id, seat=seat)
        about = reach(town.id, persons=[town.mayor])
        self.documents.append(write(DocumentKind.ELECTION, town.mayor, town.council, about))

    def police(self, town: Town, *, night: bool = False, seat: bool = False) -> None:
        """A municipal police officer: accreditation, coordination agreement, designation by the mayor."""
        label = f"Police municipale de {town.name}", f"Municipal police of {town.name}"
        self.person(town.police, PersonStatus.MUNICIPAL_POLICE, town.id, *label, commune=town.id, seat=seat)
        both = f"{town.prefect} et le procureur de la République"
        about = reach(persons=[town.police])
        self.documents += [
            write(DocumentKind.POLICE_ACCREDITATION, town.police, both, about, valid_until=None),
            write(DocumentKind.COORDINATION, town.id, f"{town.by} ; {both}", reach(town.id), {"night_clause": night}),
            designation(town.police, town.id, town.authority, town.by, reach(town.id), acts=(*ACTS, "relay")),
        ]

    def agent(self, town: Town, *, seat: bool = True) -> None:
        """An operator of the commune, accredited, and designated by the mayor."""
        label = f"Opérateur de {town.name}", f"Operator of {town.name}"
        self.person(town.agent, PersonStatus.AGREED_AGENT, town.id, *label, commune=town.id, seat=seat)
        self.documents += [
            accreditation(town.agent, town.id, (town.departement,), (town.prefect,)),
            designation(town.agent, town.id, town.authority, town.by, reach(town.id)),
        ]

    def streets(self, town: Town, site: Site, *, cameras: int) -> None:
        """The commune's own system: one camera that stands for all of its class, and every paper of the system."""
        self.camera(town.street, f"{town.name}, voie publique", town, site.system, stands_for=cameras)
        self.documents += site_papers(site)
