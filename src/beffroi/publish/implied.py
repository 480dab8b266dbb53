"""Who and what a commune's papers imply, where nobody declared it."""

from collections.abc import Iterable
from typing import Final

from beffroi.domain.acts import Form
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Body, BodyKind, Person, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text

_IMPLIED: Final = {
    DocumentKind.ELECTION: PersonStatus.MAYOR,
    DocumentKind.DELEGATION: PersonStatus.ELECTED_DELEGATED,
    DocumentKind.POLICE_ACCREDITATION: PersonStatus.MUNICIPAL_POLICE,
    DocumentKind.ACCREDITATION: PersonStatus.AGREED_AGENT,
}
"""The quality that a personal paper implies."""

_BY_EMPLOYER: Final = {BodyKind.EPCI: PersonStatus.EPCI_AGENT, BodyKind.SYNDICAT: PersonStatus.SYNDICAT_AGENT}


def implied(documents: Iterable[Document], known: set[PersonId], commune: Body, bodies: Iterable[Body]) -> list[Person]:
    """The persons whom personal papers name and whom nobody declared."""
    kinds = {body.id: body.kind for body in bodies}
    found: dict[PersonId, Person] = {}
    for document in documents:
        status = _IMPLIED.get(document.kind)
        employer = BodyId(str(document.fields.get("employer") or commune.id))
        if status is PersonStatus.AGREED_AGENT and employer != commune.id:
            status = _BY_EMPLOYER.get(kinds.get(employer, BodyKind.OTHER), status)
        if status is None:
            continue
        home = commune.id if employer == commune.id else None
        for person in sorted(document.scope.persons - known - found.keys()):
            found[person] = Person(person, Text(fr=person, en=person), status, employer, home)
    return list(found.values())


def implied_bodies(documents: Iterable[Document], known: set[BodyId], departement: str) -> list[Body]:
    """The pooling bodies whose statutes are among the papers and which nobody declared."""
    found: dict[BodyId, Body] = {}
    for document in documents:
        if document.kind is not DocumentKind.STATUTES:
            continue
        form, members = document.fields.get("form"), document.fields.get("members")
        kind = _BY_FORM.get(str(form))
        names = [BodyId(one) for one in members if isinstance(one, str)] if isinstance(members, list) else []
        for body in sorted(document.scope.bodies - known - found.keys()):
            if kind is not None:
                found[body] = Body(body, kind, body, departement, Form(str(form)), frozenset(names))
    return list(found.values())


_BY_FORM: Final = {
    "A": BodyKind.COMMUNES_SYNDICAT,
    "C": BodyKind.EPCI,
    "D": BodyKind.SYNDICAT,
    "E": BodyKind.SYNDICAT,
    "G": BodyKind.CARRIER,
}


def mayor_of(commune: Body) -> Person:
    """The mayor of a commune that declares none."""
    label = Text(fr=f"Maire de {commune.name}", en=f"Mayor of {commune.name}")
    return Person(PersonId(f"maire-{commune.id.lower()}"), label, PersonStatus.MAYOR, commune.id, commune.id)
