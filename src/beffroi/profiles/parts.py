"""Parts that several deployments share: the State's services and the usual persons; buildings of another body."""

from collections.abc import Iterable

from beffroi.domain.acts import Origin
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import BodyKind, PersonStatus
from beffroi.domain.ids import AuthorityId, BodyId, PersonId, camera_id
from beffroi.law.worlds.paper import reach
from beffroi.profiles.desk import Site, designation, site_papers, write
from beffroi.profiles.draft import Draft, Town

CONTRACTOR = BodyId("mainteneur")
STATE = BodyId("etat")


def gendarmerie(departement: str) -> BodyId:
    """The gendarmerie of a département."""
    return BodyId(f"gendarmerie-{departement}")


def usual(draft: Draft, departement: str, *, guard: bool = False) -> None:
    """The State, the gendarmerie, the contractor; a gendarme whom nobody designated, a technician, those who
    inspect and inquire; and a private guard where asked for."""
    status = PersonStatus
    draft.body(STATE, BodyKind.STATE, "État", departement)
    force = draft.body(gendarmerie(departement), BodyKind.GENDARMERIE, "Gendarmerie", departement)
    draft.body(CONTRACTOR, BodyKind.COMPANY, "Le mainteneur", "")
    draft.person("gendarme", status.POLICE_GENDARMERIE, force, "Gendarme non désigné", "Gendarme, not designated")
    if guard:
        firm = draft.body("gardiennage", BodyKind.COMPANY, "Société de gardiennage", "")
        draft.person("guard", status.PRIVATE_OPERATOR, firm, "Agent de sécurité privé", "Private guard")
    draft.person("technician", status.TECHNICIAN, CONTRACTOR, "Technicien du mainteneur", "Maintenance technician")
    draft.person("dpo", status.DPO, STATE, "Délégué à la protection des données", "DPO", seat=False)
    draft.person("inspector", status.INSPECTOR, STATE, "Commission départementale", "Commission", seat=False)
    draft.person(
        "investigator", status.INVESTIGATOR, force, "Officier de police judiciaire", "Investigator", seat=False
    )


def premises(
    draft: Draft,
    town: Town,
    system: str,
    name: str,
    origin: Origin,
    *,
    cameras: int,
    controller: BodyId,
    by: str,
    days: int,
    also: tuple[Town, ...] = (),
    viewers: tuple[str, ...] = ("departement_agent", "controller_agent"),
    purposes: tuple[str, ...] = ("F1",),
) -> Site:
    """A system of another body than the commune: one camera that stands for all of its class, and its papers."""
    camera = camera_id(system)
    places = (town.id, *(other.id for other in also))
    responsible = draft.bodies[controller].name
    site = Site(system, places, (camera,), responsible, by, town.prefect, viewers, origin, purposes, days, label=name)
    draft.camera(camera, name, town, system, origin=origin, stands_for=cameras, controller=controller)
    draft.documents += site_papers(site)
    return site


def at_their_place(person: PersonId, controller: BodyId, by: str, *sites: Site) -> Document:
    """The designation of a person by the body responsible for these sites (D6)."""
    places = sorted({place for site in sites for place in site.places})
    about = reach(*places, systems=[site.system for site in sites])
    name = "-".join(site.system for site in sites)
    return designation(person, name, AuthorityId(f"controller/{controller}"), by, about)


def service_designation(person: PersonId, chief: str, towns: Iterable[Town]) -> Document:
    """The chief of a service designates a person of it for live view in these communes (D21)."""
    about = reach(*(town.id for town in towns), persons=[person])
    return write(DocumentKind.SERVICE_DESIGNATION, person, chief, about, {"chief": chief, "acts": ["live"]})


def street(
    town: Town,
    *,
    days: int,
    agents: bool = True,
    recipients: tuple[str, ...] = (),
    posts: tuple[str, ...] = (),
) -> Site:
    """A commune's own streets: the mayor, the police and, where it has some, its accredited agents may watch."""
    viewers = ("mayor", "elected_delegated", "municipal_police", *(("agreed_agent",) if agents else ()))
    return Site(
        system=town.id,
        places=(town.id,),
        cameras=(town.street,),
        controller=f"Commune de {town.name}",
        by=town.by,
        prefect=town.prefect,
        viewers=viewers,
        days=days,
        recipients=recipients,
        posts=posts,
    )
