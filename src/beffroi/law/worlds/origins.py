"""One world for each origin of images other than the public way."""

from beffroi.domain.text import Text
from beffroi.law.worlds.builder import Territory
from beffroi.law.worlds.staff import agent, commune_staff, forces, others
from beffroi.law.worlds.world import ANYWHERE, AT, World


def origin_d() -> World:
    """cD stands on a departmental road inside X, which the EPCI E pools."""
    land = _territory().camera("cD", "X", "d", title="Route départementale")
    land.requisition(["cD"], "investigator")
    return _world(land, "origin-d", "cD, sur une route départementale dans X", "cD, on a departmental road inside X")


def origin_e() -> World:
    """cE films X's library; cP the swimming pool of the EPCI E, in X."""
    land = _territory().camera("cE", "X", "e", system="library", title="Médiathèque")
    land.camera("cP", "X", "e", system="pool", controller="E", title="Piscine")
    land.ready_system("library", ["cE"]).ready_system("pool", ["cP"])
    land.person("librarian", "controller_agent", "X").company("security", "Gardiennage")
    land.person("guard", "private_operator", "security").service_contract("security", "X")
    for person in ("librarian", "guard", "pmX", "asvpX", "agentE", "agentE2"):
        land.designate(person, "X", "controller/X", systems=["library"], name=f"{person}-library")
    for person in ("agentE", "agentE2"):
        land.designate(person, "X", "controller/E", systems=["pool"], name=f"{person}-pool")
    land.requisition(["cE"], "investigator").requisition(["cP"], "investigator")
    return _world(
        land,
        "origin-e",
        "cE, dans la médiathèque de X, et cP, dans la piscine de l'EPCI",
        "cE, in the library of X, and cP, in the swimming pool of the EPCI",
    )


def origin_h() -> World:
    """cH films the hall of a building in X; an alert was opened five minutes ago."""
    land = _territory().camera("cH", "X", "h", system="hall", controller="landlord", title="Hall")
    land.body("landlord", "other", "Bailleur").common_parts("cH", "2026-03-02T09:55:00+01:00")
    land.requisition(["cH"], "investigator")
    return _world(
        land,
        "origin-h",
        "cH, dans un hall d'immeuble à X, en alerte depuis 9 h 55",
        "cH, in the hall of a building in X, on alert since 09:55",
    )


def origin_m() -> World:
    """cM films the surroundings of a shop in X."""
    land = _territory().camera("cM", "X", "m", system="shop", controller="shop", title="Commerce")
    land.company("shop", "Commerce").person("merchant", "merchant", "shop").ready_system("shop", ["cM"])
    land.conformity("shop", ["cM"]).requisition(["cM"], "investigator")
    land.police_pooling("L512-2", ["E", "X"]).person("pmE", "municipal_police", "E").police("pmE").designate("pmE", "X")
    return _world(land, "origin-m", "cM, aux abords d'un commerce de X", "cM, around a shop in X")


def origin_t() -> World:
    """cT films a station that L.223-1 covers; the station answers for it."""
    land = _territory().camera("cT", "X", "t", system="station", controller="station", title="Gare")
    land.body("station", "other", "Exploitant de la gare").ready_system("station", ["cT"])
    land.company("security", "Gardiennage").person("guard", "private_operator", "security")
    land.service_contract("security", "station").requisition(["cT"], "investigator")
    for person in ("operator", "operator2"):
        land.person(person, "controller_agent", "station")
    for person in ("operator", "operator2", "guard"):
        land.designate(person, "X", "controller/station", systems=["station"], name=f"{person}-station")
    return _world(
        land, "origin-t", "cT, dans une gare (L.223-1)", "cT, in a station (L.223-1)", "operator2", "operator"
    )


def origin_n() -> World:
    """cN films offices of X that are not open to the public; cC the inside of the département's collège."""
    land = _territory().camera("cN", "X", "n", system="offices", title="Bureaux")
    land.departement("D", "Le Département").camera("cC", "X", "n", system="college", controller="D", title="Collège")
    land.ready_premises("offices", ["cN"]).ready_premises("college", ["cC"])
    land.person("caretaker", "controller_agent", "X").person("agentD", "departement_agent", "D")
    for person in ("caretaker", "pmX", "asvpX", "agentE", "agentE2"):
        land.designate(person, "X", "controller/X", systems=["offices"], name=f"{person}-offices")
    land.designate("agentD", "X", "controller/D", systems=["college"], name="agentD-college")
    land.requisition(["cN"], "investigator").requisition(["cC"], "investigator")
    return _world(
        land,
        "origin-n",
        "cN, dans des bureaux de X, et cC, dans un collège du département : lieux non ouverts au public",
        "cN, in offices of X, and cC, inside a collège of the département: not open to the public",
        "asvpX",
        "caretaker",
    )


def _territory() -> Territory:
    """X, which the EPCI E pools, with its street camera cX and everybody's papers."""
    land = Territory().commune("X", "Bourg-Neuf").epci("E", "Val-Commun Agglo", members=["X"])
    land.camera("cX", "X", title="Place du Marché")
    forces(land, "X")
    others(land)
    commune_staff(land, "X")
    land.pooling("E").pooled("E", "X")
    for person in ("agentE", "agentE2"):
        land.person(person, "epci_agent", "E")
        agent(land, person, "X")
    return land


def _world(land: Territory, name: str, fr: str, en: str, *seconds: str) -> World:
    land.ready("X").requisition(["cX"], "investigator")
    return World(
        name,
        Text(fr=f"Une origine d'images : {fr}.", en=f"One origin of images: {en}."),
        land.facts(),
        at=AT,
        seconds={ANYWHERE: seconds or ("agentE2", "agentE")},
    )
