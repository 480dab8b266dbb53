"""Val d'Oise type: a shared room that takes over at night, and a thousand cameras of the département."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from beffroi.domain.acts import Form, Origin
from beffroi.domain.documents import Document
from beffroi.domain.facts import Body, BodyKind, PersonStatus
from beffroi.domain.ids import AuthorityId, BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.law.worlds.paper import reach
from beffroi.profiles.desk import STREET, Site, designation, order
from beffroi.profiles.draft import Draft, Town
from beffroi.profiles.parts import premises, street, usual
from beffroi.profiles.pooling import Pool
from beffroi.profiles.regularise import common, former_president, of_a_town
from beffroi.profiles.shape import Scene, Step

AT: Final = datetime.fromisoformat("2026-03-02T22:30:00+01:00")
NIGHT: Final = "20:00-07:00"
POST: Final = "salle-1"
_DAYS: Final = 15

_PREFECT: Final = "Le préfet du Val-d'Oise"
_MONTREVAL = Town(BodyId("montreval"), "Montreval", "95", _PREFECT, 6)
_PERRECOURT = Town(BodyId("perrecourt"), "Perrecourt", "95", _PREFECT, 8)
_VERNOUVAL = Town(BodyId("vernouval"), "Vernouval", "95", _PREFECT, 109)
_TOWNS: Final = {_MONTREVAL: 300, _PERRECOURT: 240, _VERNOUVAL: 460}

_POOL: Final = Pool(
    BodyId("syndicat"), "Le syndicat mixte ouvert", "Le président du syndicat", "Le comité syndical", _PREFECT, ("95",)
)
_CD, _EPCI = BodyId("cd-95"), BodyId("epci-vexin")
_CD_BY: Final = "Le président du conseil départemental du Val-d'Oise"
_CARRIES: Final = "Transporter, héberger, copie de secours de sept jours, maintenir ; aucun accès aux images."
_OPERATOR, _PRESIDENT, _AGENT = PersonId("operator"), PersonId("president"), PersonId("agent-cd")
_ROAD_VIEWERS: Final = ("mayor", "municipal_police", "departement_agent", "departement_president")


def make() -> Scene:
    """The scene as described, at half past ten at night, with the way to the lawful form."""
    draft, status = Draft(), PersonStatus
    _bodies(draft)
    draft.person(_OPERATOR, status.SYNDICAT_AGENT, _POOL.id, "Opérateur de la salle", "Operator of the room")
    streets = {
        town: street(town, days=_DAYS, posts=(POST, "salle-2") if town is _PERRECOURT else ()) for town in _TOWNS
    }
    for town, cameras in _TOWNS.items():
        draft.town(town, seat=town is _MONTREVAL)
        draft.streets(town, streets[town], cameras=cameras)
        draft.documents.append(_POOL.role_act(town.id, f"Commune de {town.name}", town.by, _CARRIES))
    draft.police(_MONTREVAL, seat=True)
    for town in (_MONTREVAL, _PERRECOURT):
        draft.agent(town)
    roads = _roads(draft)
    draft.person(_PRESIDENT, status.POOLING_PRESIDENT, _POOL.id, "Président du syndicat", "President of the syndicat")
    usual(draft, "95")
    draft.documents.append(
        _POOL.statutes(
            form="G",
            natures=_natures("epci"),
            mandate="departmental",
            president="Un conseiller départemental",
            dlpd=False,
        )
    )
    return Scene(
        draft.facts(),
        AT,
        tuple(draft.seats),
        draft.stands_for,
        draft.communes,
        (_OPERATOR,),
        steps=_steps(streets, roads),
        post=POST,
    )


def _natures(epci: str) -> dict[BodyId, str]:
    return {_CD: "departement", _EPCI: epci, **{town.id: "commune" for town in _TOWNS}}


def _pool_body(form: Form) -> Body:
    return Body(_POOL.id, BodyKind.SYNDICAT, "Syndicat mixte ouvert", "95", form, frozenset(_natures("epci")))


def _bodies(draft: Draft) -> None:
    draft.bodies[_POOL.id] = _pool_body(Form.G)
    draft.body(_CD, BodyKind.DEPARTEMENT, "Département du Val-d'Oise", "95")
    draft.body(_EPCI, BodyKind.EPCI, "Communauté du Vexin", "95", (town.id for town in _TOWNS))


def _roads(draft: Draft) -> tuple[Site, ...]:
    """The département's own cameras and those who watch them under its president."""
    status = PersonStatus
    rows = (
        (_VERNOUVAL, "routes", "Routes départementales", 800),
        (_MONTREVAL, "abords", "Abords des bâtiments du département", 200),
    )
    sites = tuple(
        premises(
            draft,
            town,
            system,
            name,
            Origin.DEPARTMENTAL,
            cameras=cameras,
            controller=_CD,
            by=_CD_BY,
            days=_DAYS,
            viewers=_ROAD_VIEWERS,
            purposes=STREET,
        )
        for town, system, name, cameras in rows
    )
    draft.person(_AGENT, status.DEPARTEMENT_AGENT, _CD, "Agent du département", "Agent of the département")
    label = "Président du conseil départemental", "President of the département"
    draft.person("president-cd", status.DEPARTEMENT_PRESIDENT, _CD, *label)
    draft.documents.append(_on_the_roads(_AGENT))
    draft.documents.append(_POOL.role_act(_CD, "Département du Val-d'Oise", _CD_BY, _CARRIES))
    return sites


def _on_the_roads(person: PersonId) -> Document:
    about = reach(_VERNOUVAL.id, _MONTREVAL.id, systems=["routes", "abords"])
    return designation(person, "routes-abords", AuthorityId(f"president-cd/{_CD}"), _CD_BY, about)


def _steps(streets: dict[Town, Site], roads: tuple[Site, ...]) -> tuple[Step, ...]:
    agents = (_OPERATOR,)
    amended = tuple(replace(site, viewers=(*site.viewers, "syndicat_agent")) for site in roads)
    described = _POOL.statutes(
        form="G",
        natures=_natures("epci_dlpd"),
        mandate="departmental",
        president="Un conseiller départemental",
        version=2,
    )
    return (
        Step(
            "competence",
            Text(
                fr="L'EPCI membre prend la compétence de prévention de la délinquance",
                en="The member EPCI takes the crime-prevention competence",
            ),
            (_POOL.competence(_EPCI, "Le conseil de la communauté du Vexin"), described),
        ),
        Step(
            "president",
            Text(
                fr="Un maire est élu président ; le syndicat prend la forme de L.132-14 III",
                en="A mayor is elected president; the syndicat takes the form of L.132-14 III",
            ),
            (
                _POOL.statutes(
                    form="E", natures=_natures("epci_dlpd"), mandate="mayor", president=_VERNOUVAL.by, version=3
                ),
            ),
            (_pool_body(Form.E),),
            (former_president(_PRESIDENT, _CD),),
        ),
        *common(_POOL, agents, (_PREFECT,)),
        *of_a_town(_POOL, _MONTREVAL, streets[_MONTREVAL], agents, hours=NIGHT),
        *of_a_town(_POOL, _VERNOUVAL, streets[_VERNOUVAL], agents),
        Step(
            "agreement-cd",
            Text(fr="Le département passe convention avec le syndicat", en="The département signs an agreement"),
            (_POOL.agreement(_CD, _CD_BY),),
        ),
        Step(
            "order-roads",
            Text(
                fr="Les arrêtés des routes et des abords nomment les opérateurs du syndicat",
                en="The orders for roads and surroundings name the syndicat's operators",
            ),
            tuple(order(site, version=2) for site in amended),
        ),
        Step(
            "designation-roads",
            Text(
                fr="Le président du conseil départemental désigne chaque opérateur",
                en="The president of the département designates each operator",
            ),
            tuple(_on_the_roads(agent) for agent in agents),
        ),
    )
