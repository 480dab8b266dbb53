"""Groups of persons and papers that several worlds share."""

from beffroi.law.worlds.builder import Territory


def commune_staff(land: Territory, commune: str) -> None:
    """A commune's mayor, delegated member, police officer and accredited agent, each with every paper."""
    land.person(f"mayor{commune}", "mayor", commune).person(f"delegated{commune}", "elected_delegated", commune)
    land.person(f"pm{commune}", "municipal_police", commune).person(f"asvp{commune}", "agreed_agent", commune)
    land.elect(f"mayor{commune}").delegate(f"delegated{commune}")
    land.police(f"pm{commune}").designate(f"pm{commune}", commune)
    land.accredit(f"asvp{commune}").designate(f"asvp{commune}", commune)


def forces(land: Territory, *communes: str) -> None:
    """A gendarme designated for these communes, a police officer designated for none, and an investigator."""
    land.service("gendarmerie", "gendarmerie", "Gendarmerie").service("police", "national_police", "Police nationale")
    land.person("gendarme", "police_gendarmerie", "gendarmerie").person("policeman", "police_gendarmerie", "police")
    land.person("investigator", "investigator", "gendarmerie")
    for commune in communes:
        land.service_designation("gendarme", commune)


def others(land: Territory) -> None:
    """Those whom the table refuses in all forms."""
    land.company("company", "Entreprise")
    land.person("technician", "technician", "company").person("private", "private_operator", "company")
    land.person("press", "press_other", "company")


def agent(land: Territory, person: str, *communes: str) -> None:
    """An agent of a pooling body, accredited, and designated by each mayor."""
    land.accredit(person)
    for commune in communes:
        land.designate(person, commune)
