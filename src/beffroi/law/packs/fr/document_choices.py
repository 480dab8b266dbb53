"""Closed lists that fields of documents choose from, in words."""

from dataclasses import dataclass
from typing import Final

from beffroi.domain.acts import Act, Form, Purpose
from beffroi.domain.facts import PersonStatus
from beffroi.domain.text import Text


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a field may take, and its words."""

    value: str
    label: Text


ACT_NAMES: Final[dict[Act, Text]] = {
    Act.LIVE: Text(fr="vue en direct", en="live view"),
    Act.REPLAY: Text(fr="relecture", en="replay"),
    Act.PTZ: Text(fr="pilotage", en="camera control"),
    Act.EXTRACT: Text(fr="extraction", en="extract"),
    Act.RELAY: Text(fr="renvoi", en="relay"),
}
"""The acts that a document may open."""

PURPOSE_NAMES: Final[dict[Purpose, Text]] = {
    Purpose.F1: Text(fr="protection des bâtiments publics et de leurs abords", en="protection of public buildings"),
    Purpose.F2: Text(fr="installations utiles à la défense nationale", en="installations useful to national defence"),
    Purpose.F3: Text(fr="régulation des flux de transport", en="traffic regulation"),
    Purpose.F4: Text(fr="constatation des infractions à la circulation", en="finding of traffic offences"),
    Purpose.F5: Text(
        fr="prévention des atteintes aux personnes et aux biens", en="prevention of harm to persons and goods"
    ),
    Purpose.F6: Text(fr="prévention d'actes de terrorisme", en="prevention of terrorism"),
    Purpose.F7: Text(
        fr="prévention des risques naturels ou technologiques", en="prevention of natural or technological risks"
    ),
    Purpose.F8: Text(fr="secours aux personnes et défense contre l'incendie", en="rescue and fire defence"),
    Purpose.F9: Text(fr="sécurité des installations de parcs d'attraction", en="safety in amusement parks"),
    Purpose.F10: Text(fr="obligation d'assurance des véhicules", en="compulsory vehicle insurance"),
    Purpose.F11: Text(fr="abandon d'ordures et de déchets", en="dumping of rubbish"),
    Purpose.FE: Text(fr="lieu ouvert au public exposé à l'agression ou au vol", en="exposed place open to the public"),
    Purpose.FC: Text(fr="abords immédiats d'un commerce", en="immediate surroundings of a shop"),
}

STATUS_NAMES: Final[dict[PersonStatus, Text]] = {
    PersonStatus.MAYOR: Text(fr="maire", en="mayor"),
    PersonStatus.ELECTED_DELEGATED: Text(fr="élu délégué", en="delegated elected member"),
    PersonStatus.MUNICIPAL_POLICE: Text(fr="policier municipal", en="municipal officer"),
    PersonStatus.AGREED_AGENT: Text(fr="agent agréé de la commune", en="accredited agent of the commune"),
    PersonStatus.EPCI_AGENT: Text(fr="agent agréé de l'EPCI", en="accredited agent of the EPCI"),
    PersonStatus.SYNDICAT_AGENT: Text(fr="agent agréé du syndicat mixte", en="accredited agent of the syndicat"),
    PersonStatus.DEPARTEMENT_AGENT: Text(fr="agent du département", en="agent of the département"),
    PersonStatus.DEPARTEMENT_PRESIDENT: Text(
        fr="président du conseil départemental", en="president of the département"
    ),
    PersonStatus.POLICE_GENDARMERIE: Text(
        fr="agent de police, de gendarmerie, des douanes ou du SDIS", en="police, gendarmerie, customs or fire service"
    ),
    PersonStatus.COMMAND_AUTHORITY: Text(fr="préfet ou procureur", en="préfet or prosecutor"),
    PersonStatus.PRIVATE_OPERATOR: Text(fr="opérateur privé", en="private operator"),
    PersonStatus.CONTROLLER_AGENT: Text(fr="agent du responsable du système", en="agent of the controller"),
}
"""The qualities that an order may name as operators. The others never view: an order cannot add them."""

FORM_NAMES: Final[dict[Form, Text]] = {
    Form.A: Text(fr="commune seule ou syndicat de communes", en="one commune, or a syndicat de communes"),
    Form.B: Text(fr="police municipale partagée", en="municipal police shared"),
    Form.C: Text(fr="EPCI", en="EPCI"),
    Form.D: Text(fr="syndicat mixte fermé", en="closed syndicat mixte"),
    Form.E: Text(fr="syndicat mixte ouvert restreint", en="restricted open syndicat mixte"),
    Form.F: Text(fr="département seul", en="département alone"),
    Form.G: Text(fr="porteur technique, sans droit de vue", en="technical carrier, without viewing rights"),
}

CHOICES: Final[dict[str, tuple[Choice, ...]]] = {
    "acts": tuple(Choice(act.value, words) for act, words in ACT_NAMES.items()),
    "purposes": tuple(Choice(one.value, words) for one, words in PURPOSE_NAMES.items()),
    "statuses": tuple(Choice(one.value, words) for one, words in STATUS_NAMES.items()),
    "form": tuple(Choice(one.value, words) for one, words in FORM_NAMES.items()),
}
"""Choices that go with a type of field, whatever the kind of document."""
