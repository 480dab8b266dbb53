"""Moselle type: a body that advises, buys, hosts and maintains; it supervises everything and sees no image."""

from datetime import datetime
from typing import Final

from beffroi.domain.acts import Form
from beffroi.domain.facts import Body, BodyKind, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.profiles.draft import Draft, Town
from beffroi.profiles.parts import street, usual
from beffroi.profiles.pooling import Pool
from beffroi.profiles.shape import Scene

AT: Final = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
_PREFECT: Final = "Le préfet de la Moselle"
_TOWNS: Final = tuple(
    Town(BodyId(name.lower()), name, "57", _PREFECT)
    for name in ("Belroche", "Marlieu", "Torvaux", "Clairsart", "Pontembert", "Ronvelle")
)
_CARRIER: Final = Pool(
    BodyId("transporteur"), "Le transporteur", "Le président du transporteur", "Le comité", _PREFECT, ("57",)
)
_CARRIES: Final = "Conseiller, acheter, héberger des flux chiffrés, maintenir ; aucun accès aux images."


def make() -> Scene:
    """The scene: six communes, each watching its own; a carrier that watches none."""
    draft, status = Draft(), PersonStatus
    members = frozenset(town.id for town in _TOWNS)
    draft.bodies[_CARRIER.id] = Body(_CARRIER.id, BodyKind.CARRIER, "Transporteur technique", "57", Form.G, members)
    agent, first = PersonId("carrier-agent"), _TOWNS[0]
    draft.person(agent, status.CARRIER_AGENT, _CARRIER.id, "Superviseur technique", "Technical supervisor")
    draft.person("president", status.POOLING_PRESIDENT, _CARRIER.id, "Président du transporteur", "Its president")
    for town in _TOWNS:
        draft.town(town, seat=town is first)
        draft.streets(town, street(town, days=30), cameras=10)
        draft.documents.append(_CARRIER.role_act(town.id, f"Commune de {town.name}", town.by, _CARRIES))
    draft.police(first, seat=True)
    draft.agent(_TOWNS[1])
    usual(draft, "57")
    return Scene(draft.facts(), AT, tuple(draft.seats), draft.stands_for, draft.communes, (agent,))
