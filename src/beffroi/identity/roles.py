"""What an account is called and which tools it is offered. A role never opens an image: only documents do."""

from enum import StrEnum
from typing import Final

from beffroi.domain.text import Text


class Role(StrEnum):
    """The closed list of roles."""

    OPERATOR = "operator"
    ROOM_SUPERVISOR = "room_supervisor"
    MUNICIPAL_POLICE = "municipal_police"
    MAYOR = "mayor"
    ELECTED = "elected"
    TECHNICIAN = "technician"
    DPO = "dpo"
    INSPECTOR = "inspector"
    ADMINISTRATOR = "administrator"


LABELS: Final[dict[Role, Text]] = {
    Role.OPERATOR: Text(fr="Opérateur du centre", en="Centre operator"),
    Role.ROOM_SUPERVISOR: Text(fr="Chef de salle", en="Room supervisor"),
    Role.MUNICIPAL_POLICE: Text(fr="Police municipale", en="Municipal police"),
    Role.MAYOR: Text(fr="Maire", en="Mayor"),
    Role.ELECTED: Text(fr="Élu", en="Elected member"),
    Role.TECHNICIAN: Text(fr="Technicien", en="Technician"),
    Role.DPO: Text(fr="Délégué à la protection des données", en="Data protection officer"),
    Role.INSPECTOR: Text(fr="Commission départementale", en="Departmental commission"),
    Role.ADMINISTRATOR: Text(fr="Administrateur", en="Administrator"),
}

MAY_INVITE: Final = frozenset({Role.ADMINISTRATOR})
MAY_LOCK: Final = frozenset({Role.ADMINISTRATOR, Role.ROOM_SUPERVISOR})

MAY_RESET: Final = frozenset({Role.ADMINISTRATOR, Role.ROOM_SUPERVISOR, Role.DPO})
"""Three roles, so that two persons remain when the lost factor belongs to one of them."""
