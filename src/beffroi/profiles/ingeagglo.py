"""INGEAGGLO: the territory and the papers of the demonstration, all confirmed."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from beffroi.domain.documents import DocumentStatus
from beffroi.domain.facts import Facts, Person, PersonStatus
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.profiles.ingeagglo_papers import Papers
from beffroi.profiles.ingeagglo_places import COMMUNES, CONTRACTOR, EPCI, PLACES, STATE, bodies, camera_of
from beffroi.profiles.shape import Scene

AT: Final = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
_NEVER_LAPSES: Final = timedelta(days=730)

_OPERATOR, _SUPERVISOR, _PRESIDENT = PersonId("operator"), PersonId("supervisor"), PersonId("president")
_POLICE: Final = PersonId("police-99001")


def make() -> Scene:
    """The scene: twenty communes, sixteen cameras in eight of them; one agreement has ended."""
    mayors = {commune.code: PersonId(f"mayor-{commune.code}") for commune in COMMUNES}
    papers = Papers(AT, order_lapses_s=_NEVER_LAPSES.total_seconds())
    cameras = [replace(camera, placement_confirmed_by=mayors[camera.commune]) for camera in map(camera_of, PLACES)]
    agents = [_OPERATOR, _SUPERVISOR]
    documents = papers.elections(mayors) + papers.of_the_epci(agents, _PRESIDENT)
    for commune in COMMUNES:
        here = [camera for camera in cameras if camera.commune == commune.code]
        if here:
            police = [_POLICE] if commune is COMMUNES[0] else []
            documents += papers.of_a_commune(commune, here, [*agents, *police], police)
    confirmed = [
        replace(paper, status=DocumentStatus.CONFIRMED, confirmed_by=mayors[COMMUNES[0].code]) for paper in documents
    ]
    persons = _persons(mayors[COMMUNES[0].code])
    others = [
        Person(
            mayors[commune.code],
            Text(fr=f"Maire de {commune.name}", en=f"Mayor of {commune.name}"),
            PersonStatus.MAYOR,
            commune.code,
            commune.code,
        )
        for commune in COMMUNES[1:]
    ]
    facts = Facts.of(revision=1, persons=[*persons, *others], bodies=bodies(), cameras=cameras, documents=confirmed)
    return Scene(facts, AT, tuple(person.id for person in persons), watchers=(_OPERATOR,))


def _persons(mayor: PersonId) -> list[Person]:
    status, first = PersonStatus, COMMUNES[0]
    return [
        Person(_OPERATOR, Text(fr="Opérateur d'INGEAGGLO", en="Operator of INGEAGGLO"), status.EPCI_AGENT, EPCI),
        Person(_SUPERVISOR, Text(fr="Chef de salle", en="Room supervisor"), status.EPCI_AGENT, EPCI),
        Person(
            mayor,
            Text(fr=f"Maire de {first.name}", en=f"Mayor of {first.name}"),
            status.MAYOR,
            first.code,
            first.code,
        ),
        Person(
            _POLICE,
            Text(fr=f"Police municipale de {first.name}", en=f"Municipal police of {first.name}"),
            status.MUNICIPAL_POLICE,
            first.code,
            first.code,
        ),
        Person(
            _PRESIDENT,
            Text(fr="Président de la communauté", en="President of the communauté"),
            status.POOLING_PRESIDENT,
            EPCI,
        ),
        Person(PersonId("technician"), Text(fr="Technicien", en="Technician"), status.TECHNICIAN, CONTRACTOR),
        Person(PersonId("dpo"), Text(fr="Délégué à la protection des données", en="DPO"), status.DPO, EPCI),
        Person(PersonId("inspector"), Text(fr="Commission départementale", en="Commission"), status.INSPECTOR, STATE),
    ]
