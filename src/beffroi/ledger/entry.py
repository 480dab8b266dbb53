"""What the register says: the closed list of kinds, an entry before it is written, a record once it is.

The leaf holds what may stay as long as the register: a pseudonym, the camera, the authority, the decision. What names a
person or tells a reason is the *payload*: kept beside, bound by a salted hash, erasable (docs/design/register.md).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import Decision
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import AuthorityId, CameraId, PersonId, ViewId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.ledger import canonical

FORMAT: Final = 1
_HASH: Final = re.compile(r"[0-9a-f]{64}")
LEAF_LIMIT: Final = 16_384
"""Bytes. An entry is a statement, not a file."""


class EntryKind(StrEnum):
    """Everything that the register can say. Closed: a reader knows every kind."""

    VIEW_OPENED = "view_opened"
    VIEW_REFUSED = "view_refused"
    VIEW_CUT = "view_cut"
    VIEW_ENDED = "view_ended"
    DESTRUCTION = "destruction"
    HOLD = "hold"
    DOCUMENT_CHANGED = "document_changed"
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    ACCOUNT_CHANGED = "account_changed"
    RECORDER = "recorder"
    KEYRING_OPENED = "keyring_opened"
    REGISTER_READ = "register_read"
    SCREEN_CHANGED = "screen_changed"
    POST_CHANGED = "post_changed"
    REVIEWED = "reviewed"
    RESTORED = "restored"
    REPORT_MADE = "report_made"
    DESK = "desk"
    REGISTER_TERM = "register_term"
    REGISTER_PRUNED = "register_pruned"


@dataclass(frozen=True, slots=True)
class Asked:
    """The circumstances of the question: what a replay needs besides the entry itself. ``at_us`` is the instant asked
    about, ``revision`` that of the facts. Persons (the second one, those present) are in the payload."""

    at_us: int
    revision: int
    two_factor: bool
    post: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What must be kept of a decision to replay it: verdict, ground, rules, documents, hashes of rules and facts, the
    circumstances (None in entries written before they were kept)."""

    verdict: Verdict
    ground: str
    rules: tuple[str, ...]
    articles: tuple[str, ...]
    documents: tuple[str, ...]
    rule_set_hash: str
    facts_hash: str
    asked: Asked | None = None

    @classmethod
    def of(cls, decision: Decision) -> "Trace":
        """The trace of a decision."""
        request = decision.request
        return cls(
            verdict=decision.verdict,
            ground=decision.ground,
            rules=decision.rules,
            articles=decision.articles,
            documents=tuple(decision.documents),
            rule_set_hash=decision.rule_set_hash,
            facts_hash=decision.facts_hash,
            asked=Asked(
                at_us=to_wall_us(request.at),
                revision=decision.facts_revision,
                two_factor=request.strong_auth,
                post=request.post,
                recipient=request.recipient,
            ),
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """What really left during a view: frames, bytes, and the footage's wall range (None when nothing left)."""

    frames: int
    bytes: int
    footage: WallRange | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry was first written: a recorder's journal and its number there. Taken in once.

    ``chain``: the journal's hash (hex) over all acts up to this one, so that the register holds the journal; with the
    last act of each batch that is taken in.
    """

    recorder: str
    seq: int
    chain: str | None = None

    def __post_init__(self) -> None:
        if self.chain is not None and not _HASH.fullmatch(self.chain):
            raise ValueError("the hash of a journal is 64 hexadecimal digits")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to say. ``actor`` None is the system; ``opened`` is the index of the entry that opened the view.

    ``detail`` goes into the leaf for ever: no name, no free text there. ``payload`` is kept beside and can be erased.
    ``at_us`` is when it happened, when that is not now (a recorder's journal).
    """

    kind: EntryKind
    actor: PersonId | None = None
    session: str | None = None
    view: ViewId | None = None
    camera: CameraId | None = None
    authority: AuthorityId | None = None
    act: Act | None = None
    purpose: Purpose | None = None
    footage: WallRange | None = None
    decision: Trace | None = None
    outcome: str | None = None
    opened: int | None = None
    sent: Sent | None = None
    source: Source | None = None
    at_us: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """One entry as the register holds it. ``actor`` is a pseudonym (hex); ``time_us`` is when it was written."""

    index: int
    kind: EntryKind
    time_us: int
    actor: str | None
    commitment: bytes
    session: str | None = None
    view: ViewId | None = None
    camera: CameraId | None = None
    authority: AuthorityId | None = None
    act: Act | None = None
    purpose: Purpose | None = None
    footage: WallRange | None = None
    decision: Trace | None = None
    outcome: str | None = None
    opened: int | None = None
    sent: Sent | None = None
    source: Source | None = None
    at_us: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def happened_us(self) -> int:
        """When it happened: the source's own time when it has one."""
        return self.time_us if self.at_us is None else self.at_us


class EntryRefusedError(BadInputError):
    """The entry cannot be written as it is: nothing was written."""

    def __init__(self, why: str) -> None:
        super().__init__(
            Text(
                fr=f"Le registre refuse cette écriture ({why}) : rien n'a été écrit ; corrigez la donnée.",
                en=f"The register refuses this entry ({why}): nothing was written; correct the data.",
            )
        )


class LeafError(ValueError):
    """The bytes are not a leaf of this register."""


def payload_bytes(payload: Mapping[str, Any]) -> bytes:
    """Canonical bytes of a payload.

    Raises:
        EntryRefusedError: a value that has no canonical spelling.
    """
    try:
        return canonical.dump(payload)
    except canonical.NotCanonicalError as error:
        raise EntryRefusedError(str(error)) from error


def commitment(salt: bytes, payload: bytes) -> bytes:
    """SHA-256(salt ‖ payload): binds the payload without telling it. The salt has 32 bytes."""
    return hashlib.sha256(salt + payload).digest()


def leaf_bytes(entry: Entry, *, time_us: int, actor: str | None, bound: bytes) -> bytes:
    """The canonical bytes that the register keeps for this entry.

    Raises:
        EntryRefusedError: no canonical spelling, or longer than `LEAF_LIMIT`.
    """
    fields: dict[str, Any] = {
        "v": FORMAT,
        "type": entry.kind.value,
        "time_us": time_us,
        "actor": actor,
        "session": entry.session,
        "view": entry.view,
        "camera": entry.camera,
        "authority": entry.authority,
        "act": entry.act.value if entry.act else None,
        "purpose": entry.purpose.value if entry.purpose else None,
        "footage": _range(entry.footage),
        "decision": _trace(entry.decision),
        "outcome": entry.outcome,
        "opened": entry.opened,
        "sent": _sent(entry.sent),
        "source": _source(entry.source),
        "at_us": entry.at_us,
        "detail": dict(entry.detail) or None,
        "commitment": bound.hex(),
    }
    try:
        leaf = canonical.dump({key: value for key, value in fields.items() if value is not None})
    except canonical.NotCanonicalError as error:
        raise EntryRefusedError(str(error)) from error
    if len(leaf) > LEAF_LIMIT:
        raise EntryRefusedError(f"{len(leaf)} > {LEAF_LIMIT}")
    return leaf


def _range(footage: WallRange | None) -> list[int] | None:
    return None if footage is None else [footage.from_us, footage.to_us]


def _source(source: Source | None) -> dict[str, Any] | None:
    if source is None:
        return None
    chain = {} if source.chain is None else {"chain": source.chain}
    return {"recorder": source.recorder, "seq": source.seq, **chain}


def _sent(sent: Sent | None) -> dict[str, Any] | None:
    if sent is None:
        return None
    return {"frames": sent.frames, "bytes": sent.bytes, "footage": _range(sent.footage)}


def _trace(trace: Trace | None) -> dict[str, Any] | None:
    if trace is None:
        return None
    made: dict[str, Any] = {
        "verdict": trace.verdict.value,
        "ground": trace.ground,
        "rules": list(trace.rules),
        "articles": list(trace.articles),
        "documents": list(trace.documents),
        "rule_set": trace.rule_set_hash,
        "facts": trace.facts_hash,
    }
    if trace.asked is not None:
        made["asked"] = {key: value for key, value in asdict(trace.asked).items() if value is not None}
    return made
