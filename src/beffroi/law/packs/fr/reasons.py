"""The closed list of reasons, each with its purpose of CSI L.251-2. The order may still exclude a purpose."""

from typing import Final

from beffroi.domain.acts import Purpose
from beffroi.domain.reasons import Reason
from beffroi.domain.text import Text

_RESCUE: Final = (Purpose.F5, Purpose.F1, Purpose.F7, Purpose.F9, Purpose.FE, Purpose.FC, Purpose.F6, Purpose.F3)
"""Where an order does not name rescue (F8): the purposes nearest to it first. Never F4 nor F11, which find offences."""

REASONS: Final[tuple[Reason, ...]] = (
    Reason(
        "watch",
        Purpose.F5,
        Text(fr="Surveillance des lieux exposés aux agressions et aux vols", en="Watch over places exposed to assault"),
    ),
    Reason(
        "person-in-danger",
        Purpose.F8,
        Text(fr="Personne en danger, secours, incendie", en="Person in danger, fire"),
        others=_RESCUE,
        review=True,
    ),
    Reason(
        "buildings",
        Purpose.F1,
        Text(fr="Protection des bâtiments publics et de leurs abords", en="Protection of public buildings"),
    ),
    Reason("traffic", Purpose.F3, Text(fr="Régulation de la circulation", en="Traffic flow")),
    Reason("traffic-offence", Purpose.F4, Text(fr="Infraction à la circulation", en="Traffic offence")),
    Reason("terrorism", Purpose.F6, Text(fr="Prévention d'actes de terrorisme", en="Prevention of terrorism")),
    Reason("risk", Purpose.F7, Text(fr="Risque naturel ou technologique", en="Natural or technological risk")),
    Reason("dumping", Purpose.F11, Text(fr="Dépôt sauvage", en="Dumping of waste")),
)
