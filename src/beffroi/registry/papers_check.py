"""What a document must hold before it may be proposed: the types of the law's pack, as one refusal."""

from beffroi.domain.documents import Document
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts
from beffroi.domain.text import Text
from beffroi.law.documents import validate
from beffroi.registry.core import Validate


class IncompletePaperError(BadInputError):
    """The document does not hold what its type asks for. ``problems`` has one sentence for each thing to correct."""

    def __init__(self, problems: list[Text]) -> None:
        super().__init__(Text(fr=" ".join(one.fr for one in problems), en=" ".join(one.en for one in problems)))
        self.problems = tuple(problems)


def validator() -> Validate:
    """The check of the pack, for `Registry`."""

    def check(document: Document, facts: Facts) -> None:
        del facts
        problems = validate(document)
        if problems:
            raise IncompletePaperError(problems)

    return check
