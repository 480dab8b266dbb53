"""Oise type: a departmental centre that connects to each commune's recorder and stores nothing of theirs."""

from datetime import datetime
from typing import Final

from beffroi.domain.acts import Form, Origin, Purpose
from beffroi.domain.facts import Body, BodyKind, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.profiles.desk import Site
from beffroi.profiles.draft import Draft, Town
from beffroi.profiles.parts import at_their_place, premises, street, usual
from beffroi.profiles.pooling import Pool
from beffroi.profiles.regularise import common, former_president, of_a_controller, of_a_town
from beffroi.profiles.shape import Scene, Step

AT: Final = datetime.fromisoformat("2026-03-02T22:30:00+01:00")
_DAYS: Final = 30

_PREFECT = "Le préfet de l'Oise"
_ROCHEMONT = Town(BodyId("rochemont"), "Rochemont", "60", _PREFECT, 24)
_VARIGNY = Town(BodyId("varigny"), "Varigny", "60", _PREFECT, 120)
_CHAMPLIEU = Town(BodyId("champlieu"), "Champlieu", "60", _PREFECT, 193)
_SORVAL = Town(BodyId("sorval"), "Sorval", "60", _PREFECT, 289)
_TOWNS: Final = {_ROCHEMONT: 960, _VARIGNY: 960, _CHAMPLIEU: 2681, _SORVAL: 0}
_CONNECTED: Final = (_ROCHEMONT, _VARIGNY)

_POOL: Final = Pool(
    BodyId("syndicat"), "Le syndicat mixte ouvert", "Le président du syndicat", "Le comité syndical", _PREFECT, ("60",)
)
_CD, _EPCI_EAST, _EPCI_WEST = map(BodyId, ("cd-60", "epci-est", "epci-ouest"))
_CD_BY: Final = "Le président du conseil départemental de l'Oise"
_REACHES: Final = (
    "Relier par VPN l'enregistreur de la commune ; ne rien enregistrer au centre, n'accéder à aucune image."
)
_OPERATOR, _PRESIDENT = PersonId("operator"), PersonId("president")


def make() -> Scene:
    """The scene as described, with the way to the lawful form."""
    draft = Draft()
    _bodies(draft)
    status = PersonStatus
    draft.person(_OPERATOR, status.SYNDICAT_AGENT, _POOL.id, "Opérateur du centre", "Operator of the centre")
    draft.person(
        _PRESIDENT, status.POOLING_PRESIDENT, _POOL.id, "Président du syndicat", "President of the syndicat", seat=True
    )
    streets = {town: street(town, days=_DAYS) for town, cameras in _TOWNS.items() if cameras}
    for town, cameras in _TOWNS.items():
        draft.town(town, seat=town is _VARIGNY)
        if town in streets:
            draft.streets(town, streets[town], cameras=cameras)
    draft.police(_ROCHEMONT, seat=True)
    for town in _CONNECTED:
        draft.documents.append(_POOL.role_act(town.id, f"Commune de {town.name}", town.by, _REACHES))
    sites = _buildings(draft)
    usual(draft, "60")
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
        {sites["accueils"].cameras[0]: Purpose.FE},
        _steps(streets, sites),
    )


def _natures(epci: str) -> dict[BodyId, str]:
    return {
        _CD: "departement",
        _EPCI_EAST: epci,
        _EPCI_WEST: epci,
        **{town.id: "commune" for town in _TOWNS},
    }


def _pool_body(form: Form) -> Body:
    return Body(_POOL.id, BodyKind.SYNDICAT, "Syndicat mixte ouvert", "60", form, frozenset(_natures("epci")))


def _bodies(draft: Draft) -> None:
    draft.bodies[_POOL.id] = _pool_body(Form.G)
    draft.body(_CD, BodyKind.DEPARTEMENT, "Département de l'Oise", "60")
    draft.body(_EPCI_EAST, BodyKind.EPCI, "Communauté de l'Est", "60", (_ROCHEMONT.id, _CHAMPLIEU.id))
    draft.body(_EPCI_WEST, BodyKind.EPCI, "Communauté de l'Ouest", "60", (_VARIGNY.id, _SORVAL.id))


def _buildings(draft: Draft) -> dict[str, Site]:
    """The inside of the collèges, the receptions of the département's own buildings."""
    colleges = premises(
        draft,
        _VARIGNY,
        "colleges",
        "Intérieur de 50 collèges",
        Origin.NON_PUBLIC,
        cameras=400,
        controller=_CD,
        by=_CD_BY,
        days=15,
    )
    receptions = premises(
        draft,
        _ROCHEMONT,
        "accueils",
        "Accueils de 10 bâtiments",
        Origin.OPEN_PLACE,
        cameras=60,
        controller=_CD,
        by=_CD_BY,
        days=15,
        purposes=("F1", "FE"),
    )
    draft.documents.append(_POOL.role_act(_CD, "Département de l'Oise", _CD_BY, "Veiller sur les bâtiments."))
    agent = draft.person(
        "agent-cd", PersonStatus.DEPARTEMENT_AGENT, _CD, "Agent de sécurité du département", "Agent of the département"
    )
    draft.documents.append(at_their_place(agent, _CD, _CD_BY, colleges, receptions))
    return {"colleges": colleges, "accueils": receptions}


def _steps(streets: dict[Town, Site], sites: dict[str, Site]) -> tuple[Step, ...]:
    agents = (_OPERATOR,)
    steps = [
        Step(
            "competence",
            Text(
                fr="Les EPCI membres prennent la compétence de prévention de la délinquance",
                en="The member EPCIs take the crime-prevention competence",
            ),
            (
                _POOL.competence(_EPCI_EAST, "Le conseil de la communauté de l'Est"),
                _POOL.competence(_EPCI_WEST, "Le conseil de la communauté de l'Ouest"),
                _POOL.statutes(
                    form="G",
                    natures=_natures("epci_dlpd"),
                    mandate="departmental",
                    president="Un conseiller départemental",
                    version=2,
                ),
            ),
        ),
        Step(
            "president",
            Text(
                fr="Un maire est élu président ; le syndicat prend la forme de L.132-14 III",
                en="A mayor is elected president; the syndicat takes the form of L.132-14 III",
            ),
            (
                _POOL.statutes(
                    form="E", natures=_natures("epci_dlpd"), mandate="mayor", president=_VARIGNY.by, version=3
                ),
            ),
            (_pool_body(Form.E),),
            (former_president(_PRESIDENT, _CD),),
        ),
        *common(_POOL, agents, (_PREFECT,)),
    ]
    for town in _CONNECTED:
        steps += of_a_town(_POOL, town, streets[town], agents)
    steps += of_a_controller(_POOL, _CD, _CD_BY, agents, "row-43b", inside=(sites["colleges"],))
    steps += of_a_controller(_POOL, _CD, _CD_BY, agents, "row-33", receptions=(sites["accueils"],))
    return tuple(steps)
