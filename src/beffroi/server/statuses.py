"""The qualities of persons in words, for lists."""

from typing import Final

from beffroi.domain.facts import PersonStatus
from beffroi.domain.text import Text

STATUS_WORDS: Final[dict[PersonStatus, Text]] = {
    PersonStatus.MAYOR: Text(fr="maire", en="mayor"),
    PersonStatus.ELECTED_DELEGATED: Text(fr="élu délégué", en="delegated elected member"),
    PersonStatus.ELECTED: Text(fr="élu sans délégation", en="elected member without delegation"),
    PersonStatus.DGS: Text(fr="direction générale", en="chief executive's office"),
    PersonStatus.MUNICIPAL_POLICE: Text(fr="policier municipal", en="municipal police officer"),
    PersonStatus.AGREED_AGENT: Text(fr="agent agréé de la commune", en="accredited agent of the commune"),
    PersonStatus.EPCI_AGENT: Text(fr="agent de l'EPCI", en="agent of the EPCI"),
    PersonStatus.SYNDICAT_AGENT: Text(fr="agent du syndicat mixte", en="agent of the syndicat mixte"),
    PersonStatus.DEPARTEMENT_AGENT: Text(fr="agent du département", en="agent of the département"),
    PersonStatus.POOLING_PRESIDENT: Text(
        fr="président de l'organisme de mutualisation", en="president of the pooling body"
    ),
    PersonStatus.DEPARTEMENT_PRESIDENT: Text(
        fr="président du conseil départemental", en="president of the département"
    ),
    PersonStatus.POLICE_GENDARMERIE: Text(
        fr="police, gendarmerie, douanes ou SDIS", en="police, gendarmerie, customs or fire service"
    ),
    PersonStatus.TECHNICIAN: Text(fr="technicien", en="technician"),
    PersonStatus.DPO: Text(fr="délégué à la protection des données", en="data protection officer"),
    PersonStatus.INSPECTOR: Text(fr="contrôleur", en="inspector"),
    PersonStatus.PRIVATE_OPERATOR: Text(fr="opérateur privé", en="private operator"),
    PersonStatus.CARRIER_AGENT: Text(fr="agent du porteur technique", en="agent of the technical carrier"),
    PersonStatus.CONTROLLER_AGENT: Text(fr="agent du responsable du système", en="agent of the controller"),
    PersonStatus.MERCHANT: Text(fr="commerçant", en="merchant"),
    PersonStatus.INVESTIGATOR: Text(fr="enquêteur (OPJ, APJ)", en="investigator"),
    PersonStatus.COMMAND_AUTHORITY: Text(fr="préfet ou procureur", en="préfet or prosecutor"),
    PersonStatus.ADMINISTRATIVE_AUTHORITY: Text(fr="autorité administrative", en="administrative authority"),
    PersonStatus.DATA_SUBJECT: Text(fr="personne filmée", en="person filmed"),
    PersonStatus.PRESS_OTHER: Text(fr="presse, tiers", en="press, third party"),
}
