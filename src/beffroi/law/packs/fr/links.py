"""Who may know that a camera exists: a person who has a structural link with the place where it stands.

A link opens nothing. It only decides whether a refusal may speak of the camera.
"""

from beffroi.domain.facts import Camera, Facts, Person, PersonStatus
from beffroi.domain.ids import AuthorityId

_OF_A_COMMUNE = {
    PersonStatus.MAYOR,
    PersonStatus.ELECTED_DELEGATED,
    PersonStatus.ELECTED,
    PersonStatus.DGS,
    PersonStatus.MUNICIPAL_POLICE,
    PersonStatus.AGREED_AGENT,
}
_OF_A_POOLING_BODY = {
    PersonStatus.EPCI_AGENT,
    PersonStatus.SYNDICAT_AGENT,
    PersonStatus.POOLING_PRESIDENT,
    PersonStatus.CARRIER_AGENT,
}
_OF_ALL = {PersonStatus.TECHNICIAN, PersonStatus.DPO, PersonStatus.INSPECTOR}


def linked(facts: Facts, person: Person, camera: Camera) -> bool:
    """Whether this person may know of this camera.

    A place that the commune has not confirmed links nobody but the commune's mayor, who is to confirm it.
    """
    if person.status in _OF_ALL:
        return True
    if person.status in _OF_A_COMMUNE:
        confirmed = camera.placement_confirmed_by is not None or person.status is PersonStatus.MAYOR
        return confirmed and commune_of(person) == camera.commune
    if person.status in _OF_A_POOLING_BODY:
        employer = facts.bodies.get(person.employer)
        return camera.placement_confirmed_by is not None and employer is not None and camera.commune in employer.members
    return False


def commune_of(person: Person) -> str:
    """The commune of a person whose quality is tied to one, else an empty string."""
    return person.commune or "" if person.status in _OF_A_COMMUNE else ""


def authority_of(camera: Camera) -> AuthorityId:
    """Under whose exclusive authority images of this camera are seen: from its place (L.132-14-1)."""
    return AuthorityId(f"maire/{camera.commune}")
