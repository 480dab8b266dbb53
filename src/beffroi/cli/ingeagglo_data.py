"""The accounts of the demonstration. Its territory is `beffroi.profiles.ingeagglo_places`."""

from dataclasses import dataclass
from typing import Final

from beffroi.domain.text import Text
from beffroi.identity.roles import Role


@dataclass(frozen=True, slots=True)
class Seat:
    """An account of the demonstration. ``commune`` is the rank of the commune served, where any."""

    key: str
    account: str
    role: Role
    label: Text
    commune: int | None = None


SEATS: Final = (
    Seat("administrator", "administrateur", Role.ADMINISTRATOR, Text(fr="Administrateur", en="Administrator")),
    Seat("supervisor", "chef-de-salle", Role.ROOM_SUPERVISOR, Text(fr="Chef de salle", en="Room supervisor")),
    Seat("operator", "operateur", Role.OPERATOR, Text(fr="Opérateur d'INGEAGGLO", en="Operator of INGEAGGLO")),
    Seat(
        "police",
        "police.bourg-neuf",
        Role.MUNICIPAL_POLICE,
        Text(fr="Police municipale de Bourg-Neuf", en="Municipal police of Bourg-Neuf"),
        1,
    ),
    Seat("mayor", "maire.bourg-neuf", Role.MAYOR, Text(fr="Maire de Bourg-Neuf", en="Mayor of Bourg-Neuf"), 1),
    Seat(
        "mayor2",
        "maire.saint-aubin",
        Role.MAYOR,
        Text(fr="Maire de Saint-Aubin-des-Bois", en="Mayor of Saint-Aubin-des-Bois"),
        2,
    ),
    Seat(
        "elected",
        "elu.bourg-neuf",
        Role.ELECTED,
        Text(fr="Élu de Bourg-Neuf, sans délégation", en="Elected member of Bourg-Neuf, without delegation"),
        1,
    ),
    Seat("technician", "technicien", Role.TECHNICIAN, Text(fr="Technicien du mainteneur", en="Maintenance technician")),
    Seat("dpo", "dpo", Role.DPO, Text(fr="Délégué à la protection des données", en="Data protection officer")),
    Seat(
        "inspector",
        "commission",
        Role.INSPECTOR,
        Text(fr="Contrôleur de la commission départementale", en="Inspector of the departmental commission"),
    ),
)
