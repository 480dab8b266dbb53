"""One world for each form of sharing other than the EPCI's, and two for shared municipal police."""

from datetime import date

from beffroi.domain.text import Text
from beffroi.law.worlds.builder import Territory
from beffroi.law.worlds.staff import agent, commune_staff, forces, others
from beffroi.law.worlds.world import ANYWHERE, World


def commune_alone() -> World:
    """Form A: X shares nothing; Y is its neighbour."""
    land = _two_communes(road=True)
    land.person("electedX", "elected", "X").person("dgsX", "dgs", "X").requisition(["cX"], "investigator")
    return World(
        "commune-alone",
        Text(
            fr="Forme A : la commune X, seule ; Y est sa voisine.",
            en="Form A: commune X alone; Y is its neighbour.",
        ),
        land.facts(),
        seconds={ANYWHERE: ("mayorX", "pmX"), "Y": ("mayorY", "pmY")},
    )


def police_shared() -> World:
    """Form B: X and Y share their police (L.512-1)."""
    land = _two_communes()
    land.police_pooling("L512-1", ["X", "Y"]).coordination("X").coordination("Y")
    land.designate("pmY", "X").designate("pmX", "Y").requisition(["cX"], "investigator")
    return World(
        "police-shared",
        Text(
            fr="Forme B : X et Y partagent leur police municipale (L.512-1).",
            en="Form B: X and Y share their municipal police (L.512-1).",
        ),
        land.facts(),
        seconds={ANYWHERE: ("mayorX", "pmX"), "Y": ("mayorY", "pmY")},
    )


def police_epci() -> World:
    """Rows 8 and 10: the EPCI E recruits police officers for X (L.512-2); an event calls those of Z."""
    land = _two_communes()
    land.commune("Z").camera("cZ", "Z").ready("Z")
    commune_staff(land, "Z")
    land.epci("E", members=["X", "Y"]).person("pmE", "municipal_police", "E").police("pmE")
    land.pooling("E").pooled("E", "X").coordination("X")
    land.police_pooling("L512-2", ["E", "X"]).designate("pmE", "X")
    land.event_pooling("X", "Z", date(2026, 3, 1), date(2026, 3, 2))
    land.requisition(["cX"], "investigator")
    return World(
        "police-epci",
        Text(
            fr="L'EPCI E met ses policiers à disposition de X (L.512-2) ; un événement y appelle ceux de Z "
            "les 1er et 2 mars 2026 (L.512-3).",
            en="The EPCI E lends its officers to X (L.512-2); an event calls those of Z there on 1 and 2 March 2026 "
            "(L.512-3).",
        ),
        land.facts(),
        seconds={ANYWHERE: ("mayorX", "pmX")},
    )


def police_syndicat() -> World:
    """Row 8 bis: a syndicat de communes recruits the police of X and Y (L.512-1-2)."""
    land = _two_communes()
    land.communes_syndicat("C", "Syndicat de communes", members=["X", "Y"])
    land.person("pmC", "municipal_police", "C").police("pmC").designate("pmC", "X").designate("pmC", "Y")
    land.pooling("C", president="presidentC").police_pooling("L512-1-2", ["C", "X", "Y"])
    land.coordination("X").coordination("Y").requisition(["cX"], "investigator")
    return World(
        "police-syndicat",
        Text(
            fr="Un syndicat de communes, C, recrute la police municipale de X et de Y (L.512-1-2).",
            en="A syndicat de communes, C, recruits the municipal police of X and Y (L.512-1-2).",
        ),
        land.facts(),
        seconds={ANYWHERE: ("mayorX", "pmX"), "Y": ("mayorY", "pmY")},
    )


def smf() -> World:
    """Form D: a syndicat mixte fermé of X, Y and the EPCI E (whose member is W)."""
    land = _two_communes(road=True)
    land.commune("W").commune("Z").camera("cW", "W").camera("cZ", "Z")
    land.epci("E", members=["W"]).syndicat("S", "D", "Syndicat mixte fermé", members=["X", "Y", "E"])
    land.ready("W").ready("Z")
    _syndicat(land, "X", "Y", "W")
    land.requisition(["cX"], "investigator").requisition(["cD"], "investigator")
    return World(
        "smf",
        Text(
            fr="Forme D : le syndicat mixte fermé S, avec X, Y et l'EPCI E (dont W est membre).",
            en="Form D: the syndicat mixte fermé S, with X, Y and the EPCI E (W is its member).",
        ),
        land.facts(),
        seconds={ANYWHERE: ("agentS2", "agentS")},
    )


def smo() -> World:
    """Form E: a syndicat mixte ouvert restreint of X, Y, the EPCI E and the département D."""
    land = _two_communes()
    land.commune("W").departement("D", "Le Département").epci("E", members=["W"])
    land.camera("cW", "W").camera("cD", "X", "d", system="sD", controller="D")
    land.syndicat("S", "E", "Syndicat mixte ouvert", members=["X", "Y", "E", "D"])
    land.ready("W").ready_system("D", ["cD"])
    _syndicat(land, "X", "Y", "W")
    land.agreement("S", "D").role_act("S", "D")
    for person in ("agentS", "agentS2"):
        land.designate(person, "X", "president-cd/D", systems=["sD"], name=f"{person}-D")
    land.person("presidentD", "departement_president", "D").person("agentD", "departement_agent", "D")
    land.designate("agentD", "X", "president-cd/D", systems=["sD"], name="agentD-D")
    land.requisition(["cX"], "investigator").requisition(["cD"], "investigator")
    return World(
        "smo",
        Text(
            fr="Forme E : le syndicat mixte ouvert restreint S, avec X, Y, l'EPCI E et le département D.",
            en="Form E: the syndicat mixte ouvert restreint S, with X, Y, the EPCI E and the département D.",
        ),
        land.facts(),
        seconds={ANYWHERE: ("agentS2", "agentS")},
    )


def departement() -> World:
    """Form F: the département D films its own roads; X films its streets."""
    land = Territory().commune("X").departement("D", "Le Département")
    land.camera("cX", "X").camera("cD", "X", "d", system="sD", controller="D")
    forces(land, "X")
    others(land)
    land.ready("X").ready_system("D", ["cD"])
    commune_staff(land, "X")
    land.person("presidentD", "departement_president", "D")
    for person in ("agentD", "agentD2"):
        land.person(person, "departement_agent", "D")
        land.designate(person, "X", "president-cd/D", systems=["sD"], name=f"{person}-D")
    land.requisition(["cD"], "investigator").requisition(["cX"], "investigator")
    return World(
        "departement",
        Text(
            fr="Forme F : le département D filme ses routes (cD, dans X) ; X filme ses rues.",
            en="Form F: the département D films its roads (cD, inside X); X films its streets.",
        ),
        land.facts(),
        seconds={ANYWHERE: ("agentD2", "agentD")},
    )


def carrier() -> World:
    """Form G: a technical carrier transports and hosts for X and Y, and views nothing."""
    land = _two_communes()
    land.carrier("G", "Syndicat numérique", members=["X", "Y"]).person("agentG", "carrier_agent", "G")
    land.syndicat("S", "G", "Syndicat qui n'entre dans aucune forme", members=["X", "Y"])
    land.person("agentS", "syndicat_agent", "S").accredit("agentS").designate("agentS", "X")
    land.person("presidentG", "pooling_president", "G").service_contract("G", "X").requisition(["cX"], "investigator")
    return World(
        "carrier",
        Text(
            fr="Forme G : le porteur technique G transporte et héberge pour X et Y ; le syndicat S n'entre dans aucune "
            "forme.",
            en="Form G: the technical carrier G transports and hosts for X and Y; the syndicat S fits no form.",
        ),
        land.facts(),
        seconds={ANYWHERE: ("mayorX", "pmX"), "Y": ("mayorY", "pmY")},
    )


def _two_communes(*, road: bool = False) -> Territory:
    """X and Y with their cameras, papers and people; ``road``: a departmental road inside X, in the same system."""
    land = Territory().commune("X", "Bourg-Neuf").commune("Y", "Orville")
    land.camera("cX", "X", title="Place du Marché").camera("cY", "Y", title="Rue Haute")
    if road:
        land.camera("cD", "X", "d", title="Route départementale")
    forces(land, "X", "Y")
    others(land)
    for commune in ("X", "Y"):
        land.ready(commune)
        commune_staff(land, commune)
    return land


def _syndicat(land: Territory, *communes: str) -> None:
    """S and its people: two agents, a police officer it may not lend, a president, two persons lent to it."""
    land.pooling("S")
    for commune in communes:
        land.pooled("S", commune)
    for person in ("agentS", "agentS2"):
        land.person(person, "syndicat_agent", "S")
        agent(land, person, *communes)
    land.person("presidentS", "pooling_president", "S").person("pmS", "municipal_police", "S").police("pmS")
    land.person("agentE", "epci_agent", "E").accredit("agentE", also_for=["S"]).lend("agentE", "S")
    for commune in communes:
        land.designate("agentE", commune)
