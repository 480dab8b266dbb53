"""What is asked of the law and what it answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.ids import AuthorityId, CameraId, DocumentId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text


@dataclass(frozen=True, slots=True)
class ActRequest:
    """One person asks for one act on one camera at one instant.

    ``footage`` is the wall range asked for (replay, extract); ``strong_auth`` says that the session was opened
    with two factors. ``recipient`` is the service to which images are relayed (the value of a kind of body, or
    ``municipal_police``); ``second`` is the other person whom an extract needs; ``post`` the workstation, by the name
    that an order declares; ``present`` are the other persons declared before a shared screen.
    ``held_until``: these minutes were copied for a case within their term, and that copy lives until then.
    ``guest``: the requisition under which an investigator who has no account looks at the same screen; the centre has
    seen her card. The law is then asked about her too, and both must be allowed.
    """

    person: PersonId
    act: Act
    camera: CameraId
    purpose: Purpose | None
    at: datetime
    footage: WallRange | None = None
    strong_auth: bool = True
    recipient: str | None = None
    second: PersonId | None = None
    post: str | None = None
    present: frozenset[PersonId] = frozenset()
    held_until: datetime | None = None
    guest: DocumentId | None = None


@dataclass(frozen=True, slots=True)
class Cure:
    """The document that would cure a refusal, and who issues it. ``kind`` is a document kind."""

    kind: str
    text: Text
    issuer: Text


@dataclass(frozen=True, slots=True)
class Condition:
    """One named condition of a ground, met or not, in words; ``cure`` is what would cure it, where a document would."""

    id: str
    met: bool
    text: Text
    article: str
    documents: tuple[DocumentId, ...] = ()
    cure: Cure | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The law's answer. Replays identically from the same facts, request and rule set.

    ``ground`` is the row or ground id (for a refusal: the nearest one). ``unsettled`` is a refusal whose point
    (``ground``) the préfecture may settle in writing. ``rules`` are rule ids, ``articles`` the cited
    articles, ``documents`` the documents relied upon. ``disclosable`` is False when the person has no structural link
    to the camera's commune at all: then nothing about the camera, not even its existence, may be told.
    ``facts_revision`` numbers the facts where they are kept (0: they are not). ``authority`` is whose act it is, by the
    row that allows it; ``recorded_under``, for a row of another authority's, whose recordings these are: the authority
    of the camera's place, which sheets, files and hour keys bear (None: it is ``authority``).
    """

    verdict: Verdict
    request: ActRequest
    authority: AuthorityId | None
    ground: str
    rules: tuple[str, ...]
    articles: tuple[str, ...]
    documents: tuple[DocumentId, ...]
    conditions: tuple[Condition, ...]
    sentence: Text
    cure: Cure | None
    disclosable: bool
    rule_set_hash: str
    facts_hash: str
    facts_revision: int = 0
    recorded_under: AuthorityId | None = None

    @property
    def allowed(self) -> bool:
        """Whether the act may be done."""
        return self.verdict is Verdict.ALLOW


class Decider(Protocol):
    """What the gate asks: current facts and current rules are the callee's affair. Any error inside is a denial."""

    def decide(self, request: ActRequest) -> Decision:
        """Answer one request. Never raises: an evaluation error denies."""
        ...

    def revision(self) -> int:
        """Grows by one with every change of a fact."""
        ...
