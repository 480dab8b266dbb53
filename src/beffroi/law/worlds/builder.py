"""A territory, built in sentences: its bodies, its persons, its cameras; its papers are in `papers`.

    land = Territory().commune("X").epci("E", members=["X"]).camera("cX", "X").person("agentE", "epci_agent", "E")
    land.ready("X").pooling("E").pooled("E", "X").accredit("agentE").designate("agentE", "X")
    facts = land.facts()

Every paper is confirmed and in force from 2024-01-01 to 2027-12-31 unless said, under a name that can be foreseen:
``prefect_order/X``, ``agreement/E-X``, ``designation/agentE-X``, ``mask/cX`` (docs/guide/case-files.md lists them).
"""

from collections.abc import Iterable
from typing import Self

from beffroi.domain.acts import Form, Origin
from beffroi.domain.documents import Document
from beffroi.domain.facts import Body, BodyKind, Camera, CameraKind, Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.domain.text import Text
from beffroi.law.worlds.paper import CONFIRMER
from beffroi.law.worlds.titles import Titles

OF_A_COMMUNE = frozenset(
    {
        PersonStatus.MAYOR,
        PersonStatus.ELECTED_DELEGATED,
        PersonStatus.ELECTED,
        PersonStatus.DGS,
        PersonStatus.AGREED_AGENT,
        PersonStatus.MUNICIPAL_POLICE,
    }
)
"""Statuses that are held in a commune, when the employer is one."""


class Territory(Titles):
    """Bodies, persons, cameras and papers; each method adds one thing and gives the territory back."""

    def __init__(self, departement: str = "99") -> None:
        self.code = departement
        self._bodies: dict[str, Body] = {}
        self._persons: dict[str, Person] = {}
        self._cameras: dict[str, Camera] = {}
        self._documents: dict[str, Document] = {}

    # bodies

    def body(
        self,
        name: str,
        kind: BodyKind | str,
        title: str | None = None,
        *,
        form: Form | str | None = None,
        members: Iterable[str] = (),
        departement: str | None = None,
    ) -> Self:
        """Any body; the methods below say the usual ones."""
        code = self.code if departement is None else departement
        made = Form(form) if form else None
        self._bodies[name] = Body(
            BodyId(name), BodyKind(kind), title or name, code, made, frozenset(map(BodyId, members))
        )
        return self

    def commune(self, name: str, title: str | None = None, departement: str | None = None) -> Self:
        """A commune."""
        return self.body(name, BodyKind.COMMUNE, title, departement=departement)

    def epci(self, name: str, title: str | None = None, members: Iterable[str] = ()) -> Self:
        """An EPCI, form C."""
        return self.body(name, BodyKind.EPCI, title, form=Form.C, members=members)

    def syndicat(self, name: str, form: str, title: str | None = None, members: Iterable[str] = ()) -> Self:
        """A syndicat mixte: form D (fermé), E (ouvert restreint), or G where it fits none."""
        return self.body(name, BodyKind.SYNDICAT, title, form=form, members=members)

    def communes_syndicat(self, name: str, title: str | None = None, members: Iterable[str] = ()) -> Self:
        """A syndicat de communes, that recruits municipal police (row 8 bis)."""
        return self.body(name, BodyKind.COMMUNES_SYNDICAT, title, form=Form.A, members=members)

    def departement(self, name: str, title: str | None = None, code: str | None = None) -> Self:
        """A département as a body."""
        return self.body(name, BodyKind.DEPARTEMENT, title, form=Form.F, departement=code)

    def carrier(self, name: str, title: str | None = None, members: Iterable[str] = ()) -> Self:
        """A technical carrier (form G): it transports and hosts, and views nothing."""
        return self.body(name, BodyKind.CARRIER, title, form=Form.G, members=members)

    def service(self, name: str, kind: BodyKind | str, title: str | None = None) -> Self:
        """A service of the State or a fire service: police, gendarmerie, customs, fire_service, state."""
        return self.body(name, kind, title)

    def company(self, name: str, title: str | None = None) -> Self:
        """A company: maintenance, private security, a shop."""
        return self.body(name, BodyKind.COMPANY, title)

    # persons and cameras

    def person(
        self, name: str, status: PersonStatus | str, employer: str, commune: str | None = None, label: str | None = None
    ) -> Self:
        """A person. A mayor, an elected person or an agent employed by a commune is of that commune unless said."""
        quality = PersonStatus(status)
        body = self._bodies.get(employer)
        if commune is None and quality in OF_A_COMMUNE and body is not None and body.kind is BodyKind.COMMUNE:
            commune = employer
        text = Text(fr=label or name, en=label or name)
        place = BodyId(commune) if commune else None
        self._persons[name] = Person(PersonId(name), text, quality, BodyId(employer), place)
        return self

    def camera(
        self,
        name: str,
        commune: str,
        origin: Origin | str = Origin.PUBLIC_WAY,
        *,
        system: str | None = None,
        controller: str | None = None,
        title: str | None = None,
        kind: CameraKind | str = CameraKind.DOME,
    ) -> Self:
        """A camera whose place the commune confirmed. Its system is ``s`` and the commune's name unless said."""
        self._cameras[name] = Camera(
            id=CameraId(name),
            name=title or name,
            commune=BodyId(commune),
            origin=Origin(origin),
            system=system or f"s{commune}",
            kind=CameraKind(kind),
            placement_confirmed_by=CONFIRMER,
            controller=BodyId(controller) if controller else None,
        )
        return self

    def facts(self, revision: int = 1) -> Facts:
        """All of it, frozen."""
        return Facts.of(
            revision=revision,
            persons=self._persons.values(),
            bodies=self._bodies.values(),
            cameras=self._cameras.values(),
            documents=self._documents.values(),
        )
