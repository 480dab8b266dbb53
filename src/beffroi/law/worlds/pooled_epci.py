"""``pooled-epci``: the fixture territory of the decision table, form C, everything in order."""

from beffroi.domain.text import Text
from beffroi.law.worlds.builder import Territory
from beffroi.law.worlds.world import ANYWHERE, World


def pooled_epci() -> World:
    """E shares the cameras of its members X and Y; Z is no member; cD stands on a departmental road inside X."""
    land = Territory()
    land.commune("X", "Bourg-Neuf").commune("Y", "Orville").commune("Z", "Le Plessis")
    land.epci("E", "Val-Commun Agglo", members=["X", "Y"]).departement("D", "Le Département")
    land.syndicat("S", "D", "Syndicat voisin", members=["Z"])
    land.carrier("G", "Syndicat numérique", members=["X", "Y", "Z"])
    land.service("gendarmerie", "gendarmerie", "Gendarmerie").service("police", "national_police", "Police nationale")
    land.service("sdis", "fire_service", "SDIS").service("etat", "state", "Préfecture").company("company", "Entreprise")
    land.camera("cX", "X", title="Place du Marché").camera("cY", "Y", title="Rue Haute")
    land.camera("cZ", "Z", title="Gare").camera("cD", "X", "d", title="Route départementale")
    _people(land)
    for commune in ("X", "Y", "Z"):
        land.ready(commune).coordination(commune)
        land.elect(f"mayor{commune}").police(f"pm{commune}").designate(f"pm{commune}", commune)
        land.accredit(f"asvp{commune}").designate(f"asvp{commune}", commune)
    land.delegate("delegatedX").police("pmE")
    land.pooling("E").pooled("E", "X").pooled("E", "Y")
    for agent in ("agentE", "agentE2"):
        land.accredit(agent).designate(agent, "X").designate(agent, "Y")
    land.accredit("agentS")
    land.service_designation("gendarme", "X").service_designation("gendarme", "Y")
    for camera in ("cX", "cY", "cD"):
        land.requisition([camera], "investigator")
    land.command_presence("prefect", "X").mission_letter("inspector")
    land.administrative_request("administration", ["cZ"]).subject_request("subject", ["cZ"])
    return World(
        "pooled-epci",
        Text(
            fr="Forme C : l'EPCI E mutualise les caméras de X et de Y ; Z n'est pas membre.",
            en="Form C: the EPCI E pools the cameras of X and Y; Z is no member.",
        ),
        land.facts(),
        seconds={ANYWHERE: ("agentE2", "agentE"), "Z": ("mayorZ", "pmZ")},
    )


def _people(land: Territory) -> None:
    for commune in ("X", "Y", "Z"):
        land.person(f"mayor{commune}", "mayor", commune).person(f"pm{commune}", "municipal_police", commune)
        land.person(f"asvp{commune}", "agreed_agent", commune)
    land.person("electedX", "elected", "X").person("delegatedX", "elected_delegated", "X").person("dgsX", "dgs", "X")
    land.person("agentE", "epci_agent", "E").person("agentE2", "epci_agent", "E")
    land.person("presidentE", "pooling_president", "E").person("pmE", "municipal_police", "E")
    land.person("agentS", "syndicat_agent", "S").person("agentG", "carrier_agent", "G")
    land.person("presidentD", "departement_president", "D").person("agentD", "departement_agent", "D")
    land.person("gendarme", "police_gendarmerie", "gendarmerie").person("policeman", "police_gendarmerie", "police")
    land.person("firefighter", "police_gendarmerie", "sdis").person("investigator", "investigator", "gendarmerie")
    land.person("prefect", "command_authority", "etat").person("administration", "administrative_authority", "etat")
    land.person("inspector", "inspector", "etat").person("dpo", "dpo", "E").person(
        "technician", "technician", "company"
    )
    land.person("private", "private_operator", "company").person("merchant", "merchant", "company")
    land.person("directorX", "controller_agent", "X").person("subject", "data_subject", "company")
    land.person("press", "press_other", "company")
