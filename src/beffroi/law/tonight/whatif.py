"""What if: facts as they would be, without touching those that are.

A change is a value; `apply` gives other facts; the matrix of both gives the difference. The facts that result are those
of the question alone: nothing is proposed, confirmed or recorded, and whoever asks is told nothing that a real change
would not show.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from beffroi.domain.acts import Act
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, JsonValue, Scope
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts, Person
from beffroi.domain.ids import BodyId, DocumentId, PersonId
from beffroi.domain.text import Text

_SUPPOSED: Final = PersonId("what-if")
"""Stands for whoever would confirm."""


@dataclass(frozen=True, slots=True)
class End:
    """A document ends: ``on`` is its last valid day, in legal time."""

    document: DocumentId
    on: date


@dataclass(frozen=True, slots=True)
class Stop:
    """A document is suspended or withdrawn at an instant."""

    document: DocumentId
    at: datetime
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Accredit:
    """A person is accredited in some départements (L.132-14-1), besides what they have."""

    person: PersonId
    departements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Designate:
    """The mayor of a commune designates a person for some acts."""

    person: PersonId
    commune: BodyId
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Amend:
    """A document says something else in some fields (an order's hours or acts); None takes the field away."""

    document: DocumentId
    fields: tuple[tuple[str, JsonValue], ...]


@dataclass(frozen=True, slots=True)
class Add:
    """A new document counts, as if confirmed."""

    document: Document


Change = End | Stop | Accredit | Designate | Amend | Add


def apply(facts: Facts, changes: Iterable[Change], at: datetime) -> Facts:
    """The facts with these changes, in order; what begins, begins at ``at`` at the latest.

    Raises:
        BadInputError: a change names a document, a person or a commune that is not there.
    """
    for change in changes:
        facts = _apply(facts, change, at)
    return facts


def effective(facts: Facts, change: Change, at: datetime) -> datetime:
    """First instant at which a change is felt, not before ``at``."""
    if isinstance(change, End):
        ended = replace(_known(facts, change.document)[-1], valid_until=change.on).ends
        return max(at, ended) if ended else at
    return max(at, change.at.astimezone(UTC)) if isinstance(change, Stop) else at


def _apply(facts: Facts, change: Change, at: datetime) -> Facts:
    match change:
        case End():
            return facts.with_documents(*_ended(_known(facts, change.document), change.on))
        case Stop():
            status = DocumentStatus.WITHDRAWN if change.withdrawn else DocumentStatus.SUSPENDED
            return facts.with_documents(*(_stopped(one, status, change.at) for one in _known(facts, change.document)))
        case Accredit():
            return facts.with_documents(_accreditation(_person(facts, change.person), change.departements, at))
        case Designate():
            if change.commune not in facts.bodies:
                raise _unknown(change.commune)
            return facts.with_documents(_designation(_person(facts, change.person), change, at))
        case Amend():
            return facts.with_documents(*(_amended(one, change) for one in _known(facts, change.document)))
        case Add():
            return facts.with_documents(
                replace(change.document, status=DocumentStatus.CONFIRMED, status_at=None, confirmed_by=_SUPPOSED)
            )


def _ended(versions: Sequence[Document], on: date) -> list[Document]:
    """The last version ends on that day; an earlier one is never lengthened by it."""
    *earlier, last = versions
    ended = replace(last, valid_until=on)
    shortened = [
        replace(one, valid_until=on) for one in earlier if one.ends is None or one.ends > (ended.ends or one.ends)
    ]
    return [*shortened, ended]


def _stopped(one: Document, status: DocumentStatus, at: datetime) -> Document:
    """A version that was never confirmed, or is stopped already, stays as it is."""
    return replace(one, status=status, status_at=at) if one.status is DocumentStatus.CONFIRMED else one


def _amended(one: Document, change: Amend) -> Document:
    fields = {**one.fields, **dict(change.fields)}
    return replace(one, fields={key: value for key, value in fields.items() if value is not None})


def _accreditation(person: Person, departements: Sequence[str], at: datetime) -> Document:
    fields: dict[str, JsonValue] = {
        "employer": str(person.employer),
        "departements": list(departements),
        "prefets": list(departements),
        "inquiry_on": at.date().isoformat(),
    }
    return _supposed(DocumentKind.ACCREDITATION, person.id, Scope(persons=frozenset({person.id})), fields, at)


def _designation(person: Person, change: Designate, at: datetime) -> Document:
    scope = Scope(frozenset({change.commune}), persons=frozenset({person.id}))
    fields: dict[str, JsonValue] = {
        "authority": f"maire/{change.commune}",
        "acts": [act.value for act in change.acts],
        "training_on": at.date().isoformat(),
    }
    return _supposed(DocumentKind.DESIGNATION, f"{person.id}-{change.commune}", scope, fields, at)


def _supposed(kind: DocumentKind, name: str, scope: Scope, fields: dict[str, JsonValue], at: datetime) -> Document:
    return Document(
        id=DocumentId(f"{kind.value}/what-if-{name}"),
        kind=kind,
        number="?",
        signed_on=at.date(),
        signatory="?",
        valid_from=at - timedelta(microseconds=1),
        valid_until=None,
        scope=scope,
        fields=fields,
        status=DocumentStatus.CONFIRMED,
        confirmed_by=_SUPPOSED,
    )


def _known(facts: Facts, document: DocumentId) -> tuple[Document, ...]:
    versions = facts.versions(document)
    if not versions:
        raise _unknown(document)
    return versions


def _person(facts: Facts, person: PersonId) -> Person:
    if person not in facts.persons:
        raise _unknown(person)
    return facts.persons[person]


def _unknown(name: str) -> BadInputError:
    return BadInputError(
        Text(
            fr=f"« {name} » n'est pas enregistré : vérifiez le nom dans la liste.",
            en=f"“{name}” is not recorded: check the name in the list.",
        )
    )
