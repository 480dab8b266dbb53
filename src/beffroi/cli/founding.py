"""The first bodies and persons of a new centre, from the communes it serves. None of them can confirm anything yet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from beffroi.domain.acts import Form
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Body, BodyKind, Person, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text

ADMINISTRATOR: Final = PersonId("p-administrator")

_COMMUNE: Final = re.compile(r"(?P<code>\d{5}|2[AB]\d{3}):(?P<name>[^\x00-\x1f]{1,120})")
_EPCI: Final = re.compile(r"(?P<code>\d{9}):(?P<name>[^\x00-\x1f]{1,120})")
_STATE, _CONTRACTOR = BodyId("etat"), BodyId("mainteneur")


@dataclass(frozen=True, slots=True)
class Named:
    """A body as typed on the command line: ``99001:Bourg-Neuf``."""

    code: BodyId
    name: str

    @property
    def departement(self) -> str:
        """From the INSEE code (three digits overseas)."""
        return self.code[:3] if self.code.startswith("97") else self.code[:2]


def parse_commune(text: str) -> Named:
    """Read ``INSEE:name``.

    Raises:
        BadInputError: anything else.
    """
    return _parse(_COMMUNE, text, "99001:Bourg-Neuf")


def parse_epci(text: str) -> Named:
    """Read ``SIREN:name``.

    Raises:
        BadInputError: anything else.
    """
    return _parse(_EPCI, text, "200099999:Agglo")


def first_facts(communes: Sequence[Named], epci: Named | None) -> tuple[list[Body], list[Person]]:
    """Bodies, and one person for each seat: administrator, room supervisor, operator, DPO, technician, inspector; a
    mayor and an officer for each commune. Accounts are invited afterwards, for those who exist.

    Raises:
        BadInputError: no commune, or one twice.
    """
    codes = [commune.code for commune in communes]
    if not codes or len(set(codes)) != len(codes):
        raise BadInputError(
            Text(fr="Donnez au moins une commune, chacune une fois.", en="Give at least one commune, each once.")
        )
    bodies = [Body(one.code, BodyKind.COMMUNE, one.name, one.departement) for one in communes]
    bodies += [
        Body(_STATE, BodyKind.STATE, "État", communes[0].departement),
        Body(_CONTRACTOR, BodyKind.COMPANY, "Mainteneur"),
    ]
    employer, agent, agents_commune = codes[0], PersonStatus.AGREED_AGENT, BodyId(codes[0])
    of_agents: BodyId | None = agents_commune
    if epci is not None:
        bodies.append(Body(epci.code, BodyKind.EPCI, epci.name, communes[0].departement, Form.C, frozenset(codes)))
        employer, agent, of_agents = epci.code, PersonStatus.EPCI_AGENT, None

    def seat(name: str, fr: str, en: str, status: PersonStatus, body: BodyId, commune: BodyId | None = None) -> Person:
        return Person(PersonId(f"p-{name}"), Text(fr=fr, en=en), status, body, commune)

    persons = [
        seat("administrator", "Administrateur", "Administrator", PersonStatus.DGS, employer),
        seat("supervisor", "Chef de salle", "Room supervisor", agent, employer, of_agents),
        seat("operator", "Opérateur", "Operator", agent, employer, of_agents),
        seat("dpo", "Délégué à la protection des données", "Data protection officer", PersonStatus.DPO, employer),
        seat("technician", "Technicien", "Technician", PersonStatus.TECHNICIAN, _CONTRACTOR),
        seat("inspector", "Commission départementale", "Departmental commission", PersonStatus.INSPECTOR, _STATE),
    ]
    for one in communes:
        mayor, police = PersonStatus.MAYOR, PersonStatus.MUNICIPAL_POLICE
        name = one.name
        persons += [
            seat(f"mayor-{one.code}", f"Maire de {name}", f"Mayor of {name}", mayor, one.code, one.code),
            seat(
                f"police-{one.code}",
                f"Police municipale de {name}",
                f"Municipal police of {name}",
                police,
                one.code,
                one.code,
            ),
        ]
    return bodies, persons


def _parse(pattern: re.Pattern[str], text: str, example: str) -> Named:
    found = pattern.fullmatch(text)
    if found is None:
        raise BadInputError(
            Text(
                fr=f"« {text[:80]} » ne se lit pas : écrivez code:nom, par exemple « {example} ».",
                en=f"“{text[:80]}” cannot be read: write code:name, for instance “{example}”.",
            )
        )
    return Named(BodyId(found["code"]), found["name"].strip())
