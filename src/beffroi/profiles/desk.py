"""Writes the papers of a deployment: signed by who issues them, the other fields from the blank of their kind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from beffroi.domain.acts import Origin
from beffroi.domain.documents import Document, DocumentKind, JsonValue
from beffroi.domain.ids import AuthorityId, BodyId, CameraId, PersonId
from beffroi.law.worlds.paper import Reach, paper, reach

ACTS: Final = ("live", "replay", "ptz", "extract")
STREET: Final = ("F1", "F3", "F5", "F8", "F11")


@dataclass(frozen=True, slots=True)
class Site:
    """A video system as an order authorises it. Its papers bear its name.

    ``places`` are the communes where it stands; ``by`` signs for the one responsible (« Le maire de … »).
    """

    system: str
    places: tuple[BodyId, ...]
    cameras: tuple[CameraId, ...]
    controller: str
    by: str
    prefect: str
    viewers: tuple[str, ...]
    origin: Origin = Origin.PUBLIC_WAY
    purposes: tuple[str, ...] = STREET
    days: int = 30
    recipients: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    label: str = ""
    """How the steps of the way call it, where it is another body's."""


def write(
    kind: DocumentKind,
    name: str,
    signatory: str,
    about: Reach,
    fields: Mapping[str, JsonValue] | None = None,
    **more: Any,
) -> Document:
    """One paper in force, signed; ``more`` are other attributes of the document (a version, an end)."""
    version = more.get("version", 1)
    number = f"2024-{name}" if version == 1 else f"2024-{name}-{version}"
    return paper(kind, name, about, fields, signatory=signatory, number=number, **more)


def order(site: Site, *, version: int = 1) -> Document:
    """The prefect's order of a system (D2)."""
    fields: dict[str, JsonValue] = {
        "prefet": site.prefect,
        "controller": site.controller,
        "system": site.system,
        "purposes": list(site.purposes),
        "viewers": list(site.viewers),
        "acts": [*ACTS, "relay"] if site.recipients else list(ACTS),
        "retention_days": site.days,
        "recipients": list(site.recipients),
    }
    if site.recipients:
        fields["recipient_terms"] = "Poste nommé du service, 30 minutes renouvelables, sans enregistrement."
    if site.posts:
        fields["posts"] = list(site.posts)
    about = reach(*site.places, cameras=site.cameras)
    return write(DocumentKind.PREFECT_ORDER, site.system, site.prefect, about, fields, version=version)


def site_papers(site: Site) -> list[Document]:
    """All that a system needs to be in service; inside a building that is not open to the public there is no order, no
    commitment, no commissioning and no mask."""
    kinds, about = DocumentKind, reach(*site.places, systems=[site.system])
    purposes: list[JsonValue] = list(site.purposes)
    record: dict[str, JsonValue] = {
        "controller": site.controller,
        "purposes": purposes,
        "retention": f"{site.days} jours",
        "retention_days": site.days,
    }
    notice: dict[str, JsonValue] = {"controller": site.controller, "purposes": purposes}
    always = [
        write(kinds.IMPACT_ASSESSMENT, site.system, site.by, about),
        write(kinds.PROCESSING_RECORD, site.system, site.by, about, record),
        write(kinds.NOTICE, site.system, site.by, about, notice),
    ]
    if site.origin is Origin.NON_PUBLIC:
        return always
    return [
        order(site),
        write(kinds.COMMISSIONING, site.system, site.by, about, {"system": site.system}),
        write(kinds.CNIL_COMMITMENT, site.system, site.by, about, {"controller": site.controller}),
        *always,
        *(write(kinds.MASK, camera, "L'installateur", reach(cameras=[camera])) for camera in site.cameras),
    ]


def designation(
    person: PersonId, name: str, authority: AuthorityId, by: str, about: Reach, *, acts: Iterable[str] = ACTS
) -> Document:
    """An individual designation (D6), ``designation/person-name``; ``about`` says the places."""
    fields: dict[str, JsonValue] = {"authority": authority, "acts": list(acts)}
    whom = Reach(about.bodies, about.cameras, about.systems, (person,))
    return write(DocumentKind.DESIGNATION, f"{person}-{name}", by, whom, fields)


def accreditation(
    person: PersonId, employer: BodyId, departements: Iterable[str], prefects: tuple[str, ...]
) -> Document:
    """The individual accreditation of an agent (D5), which has no end of its own."""
    fields: dict[str, JsonValue] = {
        "employer": employer,
        "prefets": list(prefects),
        "departements": list(departements),
    }
    about = reach(persons=[person])
    return write(DocumentKind.ACCREDITATION, person, " ; ".join(prefects), about, fields, valid_until=None)
