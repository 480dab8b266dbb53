"""INGEDEP: a département alone (form F): its roads, the surroundings and the inside of its buildings."""

from datetime import datetime
from typing import Final

from beffroi.domain.acts import Form, Origin, Purpose
from beffroi.domain.documents import DocumentKind
from beffroi.domain.facts import Body, BodyKind, PersonStatus
from beffroi.domain.ids import AuthorityId, BodyId, PersonId
from beffroi.law.worlds.paper import reach
from beffroi.profiles.desk import STREET, Site, designation, write
from beffroi.profiles.draft import Draft, Town
from beffroi.profiles.parts import at_their_place, premises, street, usual
from beffroi.profiles.shape import Scene

AT: Final = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
_PREFECT: Final = "Le préfet du département 99"
_VAUCOURBE = Town(BodyId("vaucourbe"), "Vaucourbe", "99", _PREFECT)
_LORMEIL = Town(BodyId("lormeil"), "Lormeil", "99", _PREFECT)
_CD: Final = BodyId("cd-99")
_BY: Final = "Le président du conseil départemental"
_AGENT, _PRESIDENT = PersonId("agent-cd"), PersonId("president-cd")
_ROAD_VIEWERS: Final = ("mayor", "municipal_police", "departement_agent", "departement_president")


def make() -> Scene:
    """The scene: the département's cameras in two communes, and a town's own streets, which are not its affair."""
    draft, status = Draft(), PersonStatus
    draft.bodies[_CD] = Body(_CD, BodyKind.DEPARTEMENT, "Département INGEDEP", "99", Form.F)
    draft.person(_AGENT, status.DEPARTEMENT_AGENT, _CD, "Agent du poste de sécurité", "Agent of the security post")
    draft.person(_PRESIDENT, status.DEPARTEMENT_PRESIDENT, _CD, "Président du département", "Its president")
    for town in (_VAUCOURBE, _LORMEIL):
        draft.town(town, seat=town is _VAUCOURBE)
    draft.streets(_VAUCOURBE, street(_VAUCOURBE, days=30), cameras=20)
    draft.police(_VAUCOURBE, seat=True)
    sites = _sites(draft)
    usual(draft, "99", guard=True)
    _designations(draft, sites)
    reception = sites["accueils"].cameras[0]
    return Scene(
        draft.facts(),
        AT,
        tuple(draft.seats),
        draft.stands_for,
        draft.communes,
        (_AGENT,),
        {reception: Purpose.FE, sites["colleges"].cameras[0]: Purpose.F1},
    )


def _sites(draft: Draft) -> dict[str, Site]:
    road, posted = Origin.DEPARTMENTAL, ("departement_agent", "controller_agent", "private_operator")
    rows = (
        (_LORMEIL, "routes", "Routes départementales", road, 80, _ROAD_VIEWERS, STREET, 30),
        (_VAUCOURBE, "abords", "Abords des bâtiments", road, 40, _ROAD_VIEWERS, STREET, 30),
        (_VAUCOURBE, "accueils", "Accueils des bâtiments", Origin.OPEN_PLACE, 60, posted, ("F1", "FE"), 30),
        (_LORMEIL, "colleges", "Intérieur des collèges", Origin.NON_PUBLIC, 140, (), ("F1",), 15),
    )
    return {
        system: premises(
            draft,
            town,
            system,
            name,
            origin,
            cameras=cameras,
            controller=_CD,
            by=_BY,
            days=days,
            viewers=viewers,
            purposes=purposes,
        )
        for town, system, name, origin, cameras, viewers, purposes, days in rows
    }


def _designations(draft: Draft, sites: dict[str, Site]) -> None:
    """The president designates the post's agent everywhere, and the contractor's guard at the receptions."""
    under = AuthorityId(f"president-cd/{_CD}")
    outside = reach(_VAUCOURBE.id, _LORMEIL.id, systems=["routes", "abords"])
    guard, firm = PersonId("guard"), BodyId("gardiennage")
    draft.documents += [
        designation(_AGENT, "routes-abords", under, _BY, outside),
        at_their_place(_AGENT, _CD, _BY, sites["accueils"], sites["colleges"]),
        at_their_place(guard, _CD, _BY, sites["accueils"]),
        write(
            DocumentKind.SERVICE_CONTRACT,
            f"{firm}-{_CD}",
            f"{_BY} ; La société de gardiennage",
            reach(firm, _CD),
            {"cnaps": True},
        ),
    ]
