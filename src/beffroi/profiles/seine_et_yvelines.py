"""Seine-et-Yvelines type: an open syndicat mixte of two neighbouring départements, with one member too many."""

from datetime import datetime
from typing import Final

from beffroi.domain.acts import Form, Origin, Purpose
from beffroi.domain.facts import Body, BodyKind, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.profiles.desk import Site
from beffroi.profiles.draft import Draft, Town
from beffroi.profiles.parts import at_their_place, premises, service_designation, street, usual
from beffroi.profiles.pooling import Pool
from beffroi.profiles.regularise import common, of_a_controller, of_a_town
from beffroi.profiles.shape import Scene, Step

AT: Final = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
_DAYS: Final = 15

_P78, _P92 = "Le préfet des Yvelines", "Le préfet des Hauts-de-Seine"
_VALMORIN = Town(BodyId("valmorin"), "Valmorin", "92", _P92, 2)
_COURTEPIERRE = Town(BodyId("courtepierre"), "Courtepierre", "78", _P78, 6)
_BELLERIVE = Town(BodyId("bellerive"), "Bellerive-sur-Mauve", "78", _P78, 12)
_TOWNS: Final = {_VALMORIN: 120, _COURTEPIERRE: 160, _BELLERIVE: 120}

_POOL: Final = Pool(
    BodyId("syndicat"),
    "Le syndicat mixte ouvert",
    "Le président du syndicat",
    "Le comité syndical",
    _P78,
    ("78", "92"),
)
_CD78, _CD92, _SDIS, _OTHER = map(BodyId, ("cd-78", "cd-92", "sdis-78", "etablissement"))
_BY: Final = {
    _CD78: "Le président du conseil départemental des Yvelines",
    _CD92: "Le président du conseil départemental des Hauts-de-Seine",
    _SDIS: "Le directeur du service d'incendie et de secours",
}
_CARRIES: Final = "Transporter et conserver les flux chiffrés quinze jours, maintenir ; aucun accès aux images."
_OPERATOR: Final = PersonId("operator")


def make() -> Scene:
    """The scene as described, with the way to the lawful form."""
    draft = Draft()
    _bodies(draft)
    status = PersonStatus
    draft.person(_OPERATOR, status.SYNDICAT_AGENT, _POOL.id, "Opérateur du syndicat", "Operator of the syndicat")
    recipients = ("fire_service", "national_police", "gendarmerie")
    streets = {town: street(town, days=_DAYS, recipients=recipients) for town in _TOWNS}
    for town, cameras in _TOWNS.items():
        draft.town(town, seat=town is _VALMORIN)
        draft.police(town, night=True, seat=town is _VALMORIN)
        draft.streets(town, streets[town], cameras=cameras)
        draft.documents.append(_POOL.role_act(town.id, f"Commune de {town.name}", town.by, _CARRIES))
    sites = _buildings(draft)
    _people(draft, sites)
    usual(draft, "78", guard=True)
    draft.documents.append(_POOL.statutes(form="G", natures=_natures(_OTHER), mandate="mayor", president=_VALMORIN.by))
    return Scene(
        draft.facts(),
        AT,
        tuple(draft.seats),
        draft.stands_for,
        draft.communes,
        (_OPERATOR,),
        {sites["accueils-78"].cameras[0]: Purpose.FE},
        _steps(streets, sites),
    )


def _natures(*others: BodyId) -> dict[BodyId, str]:
    communes = {town.id: "commune" for town in _TOWNS}
    return {_CD78: "departement", _CD92: "departement", **communes, **dict.fromkeys(others, "other")}


def _pool_body(form: Form, *others: BodyId) -> Body:
    members = frozenset(_natures(*others))
    return Body(_POOL.id, BodyKind.SYNDICAT, "Syndicat mixte ouvert", "78", form, members)


def _bodies(draft: Draft) -> None:
    draft.bodies[_POOL.id] = _pool_body(Form.G, _OTHER)
    draft.body(_CD78, BodyKind.DEPARTEMENT, "Département des Yvelines", "78")
    draft.body(_CD92, BodyKind.DEPARTEMENT, "Département des Hauts-de-Seine", "92")
    draft.body(_OTHER, BodyKind.OTHER, "Établissement public d'aménagement", "78")
    draft.body(_SDIS, BodyKind.FIRE_SERVICE, "Service d'incendie et de secours", "78")


def _buildings(draft: Draft) -> dict[str, Site]:
    """The inside of collèges and fire stations; the receptions of the département's buildings."""
    inside, reception = Origin.NON_PUBLIC, Origin.OPEN_PLACE
    rows = (
        (_COURTEPIERRE, "colleges-78", "48 collèges des Yvelines", inside, 576, _CD78),
        (_VALMORIN, "colleges-92", "18 collèges des Hauts-de-Seine", inside, 216, _CD92),
        (_BELLERIVE, "centres-de-secours", "4 centres de secours", inside, 96, _SDIS),
        (_COURTEPIERRE, "accueils-78", "Accueils de 13 bâtiments", reception, 312, _CD78),
    )
    made = {}
    for town, system, name, origin, cameras, controller in rows:
        purposes = ("F1", "FE") if origin is reception else ("F1",)
        made[system] = premises(
            draft,
            town,
            system,
            name,
            origin,
            cameras=cameras,
            controller=controller,
            by=_BY[controller],
            days=_DAYS,
            purposes=purposes,
        )
    for controller, by in _BY.items():
        named = draft.bodies[controller].name
        draft.documents.append(_POOL.role_act(controller, named, by, _CARRIES))
    return made


def _people(draft: Draft, sites: dict[str, Site]) -> None:
    status = PersonStatus
    agent = draft.person(
        "agent-cd-78", status.DEPARTEMENT_AGENT, _CD78, "Agent du département des Yvelines", "Agent of the département"
    )
    theirs = sites["colleges-78"], sites["accueils-78"]
    draft.documents.append(at_their_place(agent, _CD78, _BY[_CD78], *theirs))
    officer = draft.person(
        "firefighter", status.POLICE_GENDARMERIE, _SDIS, "Sapeur-pompier désigné", "Fire officer, designated"
    )
    in_78 = tuple(town for town in _TOWNS if town.departement == "78")
    draft.documents.append(service_designation(officer, _BY[_SDIS], in_78))


def _steps(streets: dict[Town, Site], sites: dict[str, Site]) -> tuple[Step, ...]:
    agents = (_OPERATOR,)
    steps = [
        Step(
            "statutes",
            Text(
                fr="Le membre de trop se retire ; le syndicat prend la forme de L.132-14 III",
                en="The member too many withdraws; the syndicat takes the form of L.132-14 III",
            ),
            (_POOL.statutes(form="E", natures=_natures(), mandate="mayor", president=_VALMORIN.by, version=2),),
            (_pool_body(Form.E),),
        ),
        *common(_POOL, agents, (_P78, _P92)),
    ]
    for town in _TOWNS:
        steps += of_a_town(_POOL, town, streets[town], agents)
    colleges, receptions = (sites["colleges-78"],), (sites["accueils-78"],)
    steps += of_a_controller(_POOL, _CD78, _BY[_CD78], agents, "row-43b", inside=colleges)
    steps += of_a_controller(_POOL, _CD92, _BY[_CD92], agents, "row-43b", inside=(sites["colleges-92"],))
    steps += of_a_controller(_POOL, _SDIS, _BY[_SDIS], agents, "row-43b", inside=(sites["centres-de-secours"],))
    steps += of_a_controller(_POOL, _CD78, _BY[_CD78], agents, "row-33", receptions=receptions)
    return tuple(steps)
