"""What the gate answers: an opened view, a refusal, a closed register, a cut."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from beffroi.domain.acts import Verdict
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.errors import BrokenError, RefusedError
from beffroi.domain.ids import AuthorityId, ConnectionId, ViewId
from beffroi.domain.text import Text


@dataclass(frozen=True, slots=True)
class OpenedView:
    """A view that the gate opened: ``lease`` is its first lease, ``ledger_index`` its durable entry."""

    id: ViewId
    connection: ConnectionId
    request: ActRequest
    authority: AuthorityId
    decision: Decision
    ledger_index: int
    lease: str

    @property
    def recorded_under(self) -> AuthorityId:
        """Whose recordings it shows: what recorders and keyrings hold a lease against."""
        return self.decision.recorded_under or self.authority


class GateRefusedError(RefusedError):
    """The law did not allow it; the refusal is entry ``ledger_index``."""

    def __init__(self, decision: Decision, ledger_index: int) -> None:
        super().__init__(decision.sentence)
        self.decision = decision
        self.ledger_index = ledger_index


class GateClosedError(BrokenError):
    """The register does not write: nothing opens."""

    def __init__(self) -> None:
        super().__init__(REGISTER_TEXT)


class CutCode(StrEnum):
    """Why an open view stopped."""

    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    REGISTER = "register"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Cut:
    """A view is cut: the sentence to show, and the decision when the law withdrew it."""

    code: CutCode
    text: Text
    decision: Decision | None = None


REGISTER_TEXT: Final = Text(
    fr="Le registre n'écrit plus : aucune image ne peut être montrée. L'enregistrement continue ; prévenez "
    "l'exploitant du système.",
    en="The register no longer writes: no image can be shown. Recording goes on; tell the operator of the system.",
)
ENDED_TEXT: Final = Text(fr="La vue est terminée.", en="The view has ended.")
_ERROR_TEXT: Final = Text(
    fr="Le droit n'a pas pu être vérifié : la vue est refusée par prudence. Réessayez ; si cela dure, prévenez "
    "l'exploitant du système.",
    en="The right could not be checked: the view is refused to be safe. Try again; if it lasts, tell the operator of "
    "the system.",
)


def denied_by_error(request: ActRequest) -> Decision:
    """The decision when the law could not be asked: a denial that cites nothing and tells nothing of the camera."""
    return Decision(
        verdict=Verdict.DENY,
        request=request,
        authority=None,
        ground="error",
        rules=(),
        articles=(),
        documents=(),
        conditions=(),
        sentence=_ERROR_TEXT,
        cure=None,
        disclosable=False,
        rule_set_hash="",
        facts_hash="",
    )
