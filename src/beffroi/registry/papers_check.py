"""What a document must hold before it may be entered or confirmed, as one refusal."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import BodyKind, Facts
from beffroi.domain.ids import BodyId
from beffroi.domain.text import Text
from beffroi.law.documents import validate
from beffroi.registry.core import Validate

_BETWEEN_COMMUNES: Final = "L512-1"
_EXCLUDES: Final = frozenset({"L512-1-2", "L512-2"})
_LENDERS: Final = frozenset({BodyKind.EPCI, BodyKind.SYNDICAT})


class IncompletePaperError(BadInputError):
    """The document does not hold what its type asks for. ``problems`` has one sentence for each thing to correct."""

    def __init__(self, problems: list[Text]) -> None:
        super().__init__(Text(fr=" ".join(one.fr for one in problems), en=" ".join(one.en for one in problems)))
        self.problems = tuple(problems)


def validator() -> Validate:
    """The check of the pack and of what is recorded, for `Registry`."""

    def check(document: Document, facts: Facts) -> None:
        problems = [*validate(document), *against_facts(document, facts)]
        if problems:
            raise IncompletePaperError(problems)

    return check


def against_facts(document: Document, facts: Facts) -> list[Text]:
    """Why this document cannot stand beside what is recorded, one sentence each."""
    if document.kind is DocumentKind.AGREEMENT:
        return _agreement(_kinds(facts, document.scope.bodies))
    if document.kind is DocumentKind.POLICE_POOLING:
        return [*_lender(_kinds(facts, document.scope.bodies)), *_one_title(document, facts)]
    return []


def _agreement(kinds: set[BodyKind]) -> list[Text]:
    if not kinds or kinds & _LENDERS or BodyKind.CARRIER in kinds:
        return []
    return [
        Text(
            fr="Des communes ne partagent pas d'opérateurs par simple convention : seul un EPCI ou un syndicat mixte "
            "éligible met les siens à disposition (CSI L.132-14).",
            en="Communes do not share operators by a mere agreement: only an EPCI or an eligible syndicat mixte lends "
            "its own (CSI L.132-14).",
        )
    ]


def _lender(kinds: set[BodyKind]) -> list[Text]:
    if BodyKind.SYNDICAT not in kinds:
        return []
    return [
        Text(
            fr="Un syndicat mixte ne met pas de policiers municipaux à disposition (CSI L.132-14 II et III).",
            en="A syndicat mixte does not lend municipal officers (CSI L.132-14 II and III).",
        )
    ]


def _one_title(document: Document, facts: Facts) -> list[Text]:
    if document.fields.get("title") != _BETWEEN_COMMUNES:
        return []
    others = (
        other
        for other in facts.documents
        if other.kind is DocumentKind.POLICE_POOLING
        and other.status is DocumentStatus.CONFIRMED
        and other.fields.get("title") in _EXCLUDES
        and other.scope.bodies & document.scope.bodies
        and (other.ends is None or other.ends > document.begins)
        and (document.ends is None or document.ends > other.begins)
    )
    return [
        Text(
            fr=f"Une de ces communes reçoit déjà la police municipale de son EPCI ou syndicat (« {other.id} ») : les "
            "deux ne se cumulent pas (CSI L.512-1).",
            en=f"One of these communes receives its EPCI's or syndicat's municipal police already (“{other.id}”): the "
            "two do not combine (CSI L.512-1).",
        )
        for other in islice(others, 1)
    ]


def _kinds(facts: Facts, bodies: Iterable[BodyId]) -> set[BodyKind]:
    return {facts.bodies[body].kind for body in bodies if body in facts.bodies}
