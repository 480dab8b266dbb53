"""Nord–Pas-de-Calais type: one shared recorder and no centre; each commune sees only its own (forms A and B)."""

from datetime import datetime
from typing import Final

from beffroi.domain.acts import Form
from beffroi.domain.documents import DocumentKind
from beffroi.domain.facts import Body, BodyKind, PersonStatus
from beffroi.domain.ids import BodyId, PersonId, camera_id
from beffroi.law.worlds.paper import reach
from beffroi.profiles.desk import ACTS, Site, designation, site_papers, write
from beffroi.profiles.draft import Draft, Town
from beffroi.profiles.parts import usual
from beffroi.profiles.pooling import Pool
from beffroi.profiles.shape import Scene

AT: Final = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
_PREFECT: Final = "Le préfet du Nord"
_NAMES: Final = (
    "Wardeghem",
    "Steenlaer",
    "Hondeval",
    "Maresquin",
    "Capelbrouck",
    "Vieux-Moulin",
    "Looberg",
    "Rexval",
    "Quaedmark",
    "Terdelle",
    "Zegersbourg",
)
_TOWNS: Final = tuple(Town(BodyId(name.lower()), name, "59", _PREFECT) for name in _NAMES)
_WARDEGHEM, _STEENLAER, _HONDEVAL = _TOWNS[:3]
_HOST: Final = Pool(
    BodyId("hebergeur"), "L'hébergeur", "Le président de l'hébergeur", "Le comité", _PREFECT, ("59", "62")
)
_HOSTS: Final = "Enregistrer les flux chiffrés quatorze jours, chaque commune à part ; aucun accès aux images."
_VIEWERS: Final = ("mayor", "elected_delegated", "municipal_police", "agreed_agent")


def make() -> Scene:
    """The scene: eleven communes of two zones, Wardeghem and Steenlaer share their police."""
    draft, status = Draft(), PersonStatus
    members = frozenset(town.id for town in _TOWNS)
    draft.bodies[_HOST.id] = Body(_HOST.id, BodyKind.CARRIER, "Hébergeur commun", "59", Form.G, members)
    epci = draft.body("communaute", BodyKind.EPCI, "Communauté de communes", "59", members)
    for town in _TOWNS:
        draft.town(town, seat=town is _WARDEGHEM)
        _zones(draft, town)
        draft.documents.append(_HOST.role_act(town.id, f"Commune de {town.name}", town.by, _HOSTS))
    for town in (_WARDEGHEM, _STEENLAER, _HONDEVAL):
        draft.police(town, seat=True)
    draft.agent(_HONDEVAL)
    _shared_police(draft)
    draft.person("agent-epci", status.EPCI_AGENT, epci, "Agent de la communauté", "Agent of the communauté")
    host = PersonId("host-agent")
    draft.person(host, status.CARRIER_AGENT, _HOST.id, "Agent de l'hébergeur", "Agent of the host")
    usual(draft, "59")
    return Scene(draft.facts(), AT, tuple(draft.seats), draft.stands_for, draft.communes, (host,))


def _zones(draft: Draft, town: Town) -> None:
    """Two zones: the first of four or five cameras, the second of the other: a hundred in all."""
    rank = _TOWNS.index(town)
    sizes = (5, 5 if rank == 0 else 4)
    cameras = tuple(camera_id(f"{town.id}-zone-{number}") for number in (1, 2))
    for camera, size in zip(cameras, sizes, strict=True):
        draft.camera(camera, f"{town.name}, zone {camera[-1]}", town, town.id, stands_for=size)
    site = Site(town.id, (town.id,), cameras, f"Commune de {town.name}", town.by, town.prefect, _VIEWERS, days=14)
    draft.documents += site_papers(site)


def _shared_police(draft: Draft) -> None:
    """Form B: the police of Wardeghem and Steenlaer, by agreement between the two (L.512-1)."""
    one, other = _WARDEGHEM, _STEENLAER
    both = reach(one.id, other.id)
    by = f"{one.by} ; {other.by}"
    draft.documents.append(write(DocumentKind.POLICE_POOLING, f"{one.id}-{other.id}", by, both, {"title": "L512-1"}))
    for guest, host in ((one, other), (other, one)):
        draft.documents.append(designation(guest.police, host.id, host.authority, host.by, reach(host.id), acts=ACTS))
