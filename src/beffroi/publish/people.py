"""Persons and bodies as a commune writes them in YAML, and those that its papers imply."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import yaml

from beffroi.domain.acts import Form
from beffroi.domain.facts import Body, BodyKind, Person, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.law.audit.table import decoded, slug, wrong

T = TypeVar("T")

_STATUSES: Final[dict[PersonStatus, Sequence[str]]] = {
    PersonStatus.MAYOR: ("maire",),
    PersonStatus.ELECTED_DELEGATED: ("elu delegue", "adjoint delegue", "conseiller delegue"),
    PersonStatus.ELECTED: ("elu", "adjoint", "conseiller"),
    PersonStatus.DGS: ("dgs", "directeur general des services"),
    PersonStatus.MUNICIPAL_POLICE: ("policier municipal", "police municipale", "pm"),
    PersonStatus.AGREED_AGENT: ("agent agree", "operateur", "asvp", "garde champetre", "agent de la commune"),
    PersonStatus.EPCI_AGENT: ("agent de l epci", "agent epci", "operateur de l epci"),
    PersonStatus.SYNDICAT_AGENT: ("agent du syndicat", "operateur du syndicat"),
    PersonStatus.DEPARTEMENT_AGENT: ("agent du departement",),
    PersonStatus.POLICE_GENDARMERIE: ("police gendarmerie", "gendarme", "policier national"),
    PersonStatus.TECHNICIAN: ("technicien", "mainteneur"),
    PersonStatus.DPO: ("dpo", "delegue a la protection des donnees"),
    PersonStatus.CONTROLLER_AGENT: ("agent du responsable",),
    PersonStatus.PRIVATE_OPERATOR: ("operateur prive",),
}
_KINDS: Final[dict[BodyKind, Sequence[str]]] = {
    BodyKind.COMMUNE: ("ville",),
    BodyKind.EPCI: ("communaute", "communaute de communes", "communaute d agglomeration", "metropole"),
    BodyKind.SYNDICAT: ("syndicat mixte",),
    BodyKind.COMMUNES_SYNDICAT: ("syndicat de communes",),
    BodyKind.DEPARTEMENT: ("conseil departemental",),
    BodyKind.COMPANY: ("entreprise",),
    BodyKind.FIRE_SERVICE: ("sdis",),
    BodyKind.NATIONAL_POLICE: ("police nationale",),
}
_KEYS: Final = {
    "id": ("id", "identifiant"),
    "label": ("label", "nom", "libelle"),
    "name": ("name", "nom"),
    "status": ("status", "qualite", "statut"),
    "employer": ("employer", "employeur"),
    "commune": ("commune",),
    "kind": ("kind", "type"),
    "departement": ("departement",),
    "form": ("form", "forme"),
    "members": ("members", "membres"),
}
COMMUNAL: Final = frozenset(
    {
        PersonStatus.MAYOR,
        PersonStatus.ELECTED_DELEGATED,
        PersonStatus.ELECTED,
        PersonStatus.DGS,
        PersonStatus.MUNICIPAL_POLICE,
        PersonStatus.AGREED_AGENT,
    }
)
"""Qualities held in a commune."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One entry of a list and the line where it begins."""

    source: str
    line: int
    row: Mapping[str, Any]

    def text(self, key: str) -> str:
        """The value under any name of this key, as text; empty where there is none.

        Raises:
            BadInputError: the value is a list or a mapping.
        """
        for name in _KEYS[key]:
            value = self.row.get(name)
            if isinstance(value, (list, dict)):
                raise wrong(self.source, self.line, f"« {name} » attend un texte.", f"“{name}” takes a text.")
            if value is not None and str(value).strip():
                return str(value).strip()
        return ""

    def names(self, key: str) -> list[str]:
        """The list under any name of this key."""
        for name in _KEYS[key]:
            value = self.row.get(name)
            if isinstance(value, list) and not any(isinstance(one, (list, dict)) for one in value):
                return [str(one) for one in value]
            if value is not None:
                raise wrong(self.source, self.line, f"« {name} » attend une liste.", f"“{name}” takes a list.")
        return []

    def chosen(self, key: str, words: Mapping[T, Sequence[str]], every: Iterable[T]) -> T:
        """The value of a closed list under any name of this key, by its code or in French."""
        given = slug(self.text(key)).replace("-", " ")
        for value in every:
            if given == slug(str(value)).replace("-", " ") or given in words.get(value, ()):
                return value
        accepted = ", ".join(several[0] for several in words.values())
        raise wrong(
            self.source,
            self.line,
            f"« {self.text(key)[:60]} » n'est pas une valeur de « {_KEYS[key][-1]} » : {accepted}…",
            f"“{self.text(key)[:60]}” is not a value of “{key}”: {accepted}…",
        )


def declared(data: bytes, source: str) -> tuple[list[Declared], list[Declared]]:
    """The entries of ``persons`` and ``bodies`` of a YAML file whose papers were read: it is known to be harmless.

    Raises:
        BadInputError: not YAML, or a list that is none; the sentence names file and line.
    """
    try:
        root = yaml.compose(decoded(data, source), Loader=yaml.CBaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise wrong(source, 1, "le YAML est mal formé.", "malformed YAML.") from error
    if isinstance(root, yaml.SequenceNode):
        return [], []
    if not isinstance(root, yaml.MappingNode):
        raise wrong(source, 1, "des listes sont attendues (persons, bodies, documents).", "lists are expected.")
    lists: dict[str, list[Declared]] = {"persons": [], "bodies": []}
    for key, node in root.value:
        name = str(key.value)
        name = {"personnes": "persons", "organismes": "bodies"}.get(name, name)
        if name in lists:
            lists[name] = _entries(node, source, name)
    return lists["persons"], lists["bodies"]


def _entries(node: yaml.Node, source: str, name: str) -> list[Declared]:
    if isinstance(node, yaml.ScalarNode) and not node.value:
        return []
    if not isinstance(node, yaml.SequenceNode):
        line = node.start_mark.line + 1
        raise wrong(source, line, f"« {name} » attend une liste.", f"“{name}” takes a list.")
    made = []
    for item in node.value:
        line = item.start_mark.line + 1
        if not isinstance(item, yaml.MappingNode):
            raise wrong(source, line, "« clé: valeur » est attendu.", "“key: value” is expected.")
        made.append(Declared(source, line, {slug(str(key.value)): _plain(value) for key, value in item.value}))
    return made


def _plain(node: yaml.Node) -> Any:
    """The texts of a node, one level of list deep: codes such as 01001 stay as they are written."""
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [one.value if isinstance(one, yaml.ScalarNode) else [] for one in node.value]
    return {}


def body_of(entry: Declared, departement: str) -> Body:
    """A declared body."""
    identifier = entry.text("id")
    if not identifier:
        raise wrong(entry.source, entry.line, "l'organisme n'a pas d'« id ».", "the body has no “id”.")
    form = entry.text("form").upper()
    if form and form not in set(Form):
        raise wrong(entry.source, entry.line, "« form » est une lettre de A à G.", "“form” is a letter, A to G.")
    return Body(
        BodyId(identifier),
        entry.chosen("kind", _KINDS, BodyKind),
        entry.text("name") or identifier,
        entry.text("departement") or departement,
        Form(form) if form else None,
        frozenset(BodyId(one) for one in entry.names("members")),
    )


def person_of(entry: Declared, commune: BodyId, bodies: Mapping[BodyId, Body]) -> Person:
    """A declared person; employed by the commune where nothing else is said.

    Raises:
        BadInputError: no id, an unknown quality, or an employer that nobody declared.
    """
    identifier, label = entry.text("id"), entry.text("label")
    if not identifier:
        raise wrong(entry.source, entry.line, "la personne n'a pas d'« id ».", "the person has no “id”.")
    status = entry.chosen("status", _STATUSES, PersonStatus)
    employer = BodyId(entry.text("employer") or commune)
    if employer not in bodies:
        raise wrong(
            entry.source,
            entry.line,
            f"employeur « {employer[:40]} » inconnu : déclarez-le sous « bodies ».",
            f"unknown employer “{employer[:40]}”: declare it under “bodies”.",
        )
    home = entry.text("commune") or (employer if status in COMMUNAL and employer == commune else "")
    name = label or identifier
    return Person(PersonId(identifier), Text(fr=name, en=name), status, employer, BodyId(home) if home else None)


def unique(entries: Iterable[Declared]) -> None:
    """Check that no two entries of a list share an id.

    Raises:
        BadInputError: two do; the sentence names file and line.
    """
    seen: dict[str, int] = {}
    for entry in entries:
        name = entry.text("id")
        if name in seen:
            raise wrong(
                entry.source,
                entry.line,
                f"« {name[:40]} » a le même identifiant que la ligne {seen[name]} : changez-en un.",
                f"“{name[:40]}” has the same id as line {seen[name]}: change one.",
            )
        seen[name] = entry.line
