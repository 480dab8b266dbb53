"""Who may know that a camera exists: a person who has a structural link with the place where it stands.

A link opens nothing. It only decides whether a refusal may speak of the camera.
"""

from datetime import datetime
from typing import Final

from beffroi.domain.acts import Origin
from beffroi.domain.documents import DocumentKind
from beffroi.domain.facts import BodyKind, Camera, Person, PersonStatus
from beffroi.domain.ids import AuthorityId, BodyId

from .territory import Territory

_Status = PersonStatus
_OF_A_COMMUNE: Final = frozenset(
    {
        _Status.MAYOR,
        _Status.ELECTED_DELEGATED,
        _Status.ELECTED,
        _Status.DGS,
        _Status.MUNICIPAL_POLICE,
        _Status.AGREED_AGENT,
    }
)
_OF_A_POOLING_BODY: Final = frozenset(
    {
        _Status.EPCI_AGENT,
        _Status.SYNDICAT_AGENT,
        _Status.POOLING_PRESIDENT,
        _Status.CARRIER_AGENT,
        _Status.MUNICIPAL_POLICE,
    }
)
_OF_THE_CONTROLLER: Final = frozenset(
    {
        _Status.CONTROLLER_AGENT,
        _Status.AGREED_AGENT,
        _Status.EPCI_AGENT,
        _Status.SYNDICAT_AGENT,
        _Status.DEPARTEMENT_AGENT,
        _Status.DEPARTEMENT_PRESIDENT,
        _Status.MUNICIPAL_POLICE,
        _Status.MERCHANT,
        _Status.PRIVATE_OPERATOR,
    }
)
_OF_A_DEPARTEMENT: Final = frozenset({_Status.POLICE_GENDARMERIE, _Status.COMMAND_AUTHORITY})
_OF_THE_CONSEIL: Final = frozenset({_Status.DEPARTEMENT_AGENT, _Status.DEPARTEMENT_PRESIDENT})
_OF_ALL: Final = frozenset({_Status.TECHNICIAN, _Status.DPO, _Status.INSPECTOR})
_SECONDED: Final = frozenset({_Status.EPCI_AGENT, _Status.AGREED_AGENT})
_BY_TITLE: Final = {
    _Status.INVESTIGATOR: DocumentKind.REQUISITION,
    _Status.ADMINISTRATIVE_AUTHORITY: DocumentKind.ADMINISTRATIVE_REQUEST,
    _Status.DATA_SUBJECT: DocumentKind.SUBJECT_REQUEST,
}


def linked(territory: Territory, person: Person, camera: Camera, at: datetime) -> bool:
    """Whether this person may know of this camera.

    A place that the commune has not confirmed links nobody but the commune's mayor, who is to confirm it (and those who
    look after all cameras or control the whole).
    """
    status = person.status
    if status in _OF_ALL:
        return True
    own = commune_of(person) == camera.commune
    if camera.placement_confirmed_by is None:
        return status is PersonStatus.MAYOR and own
    return (
        own
        or (status in _OF_A_POOLING_BODY and person.employer in territory.pooled_by(camera.commune))
        or (status in _OF_THE_CONTROLLER and person.employer == camera.responsible)
        or _by_place(territory, person, camera)
        or _by_paper(territory, person, camera, at)
    )


def _by_place(territory: Territory, person: Person, camera: Camera) -> bool:
    """Services of the State, and the département for its domain: where they serve."""
    departmental = person.status in _OF_THE_CONSEIL and camera.origin is Origin.DEPARTMENTAL
    if not (departmental or person.status in _OF_A_DEPARTEMENT):
        return False
    bodies = territory.facts.bodies
    employer, commune = bodies.get(person.employer), bodies.get(camera.commune)
    code = commune.departement if commune else ""
    return employer is not None and code != "" and employer.departement == code


def _by_paper(territory: Territory, person: Person, camera: Camera, at: datetime) -> bool:
    """A paper, whatever its state, that ties the person to the place: a refusal may then say what is wrong with it."""
    facts, status = territory.facts, person.status
    if status is PersonStatus.MUNICIPAL_POLICE:
        own = {person.employer, commune_of(person)} - {""}
        return any(facts.about_both(DocumentKind.POLICE_POOLING, one, camera.commune, at) for one in own)
    if status is PersonStatus.PRIVATE_OPERATOR:
        return bool(facts.about_both(DocumentKind.SERVICE_CONTRACT, person.employer, camera.responsible, at))
    if status in _SECONDED:
        return not hosts(territory, person, at).isdisjoint(territory.pooled_by(camera.commune))
    title = _BY_TITLE.get(status)
    return title is not None and any(
        person.id in one.scope.persons and camera.id in one.scope.cameras for one in facts.about(title, person.id, at)
    )


def hosts(territory: Territory, person: Person, at: datetime) -> frozenset[BodyId]:
    """The syndicats for which a person views: the employer of an agent of a syndicat, those of a secondment."""
    if person.status is PersonStatus.SYNDICAT_AGENT:
        return frozenset({person.employer})
    if person.status not in _SECONDED:
        return frozenset()
    bodies = territory.facts.bodies
    return frozenset(
        name
        for one in territory.facts.about(DocumentKind.SECONDMENT, person.id, at)
        if person.id in one.scope.persons
        for name in one.scope.bodies
        if name in bodies and bodies[name].kind is BodyKind.SYNDICAT
    )


def commune_of(person: Person) -> str:
    """The commune of a person whose quality is tied to one, else an empty string."""
    return person.commune or "" if person.status in _OF_A_COMMUNE else ""


def authority_of(camera: Camera) -> AuthorityId:
    """Under whose authority this camera is recorded, and its images seen unless a row says otherwise: from its place
    (L.132-14-1)."""
    return AuthorityId(f"maire/{camera.commune}")
