"""What the gate writes in the register: opened, refused, cut, ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.ids import AuthorityId, ViewId
from beffroi.ledger.entry import Entry, EntryKind, Sent, Trace

NOTHING_SENT: Final = Sent(0, 0, None)


@dataclass(frozen=True, slots=True)
class Case:
    """A view as the register knows it: ``opened`` is the index of the entry that opened it."""

    view: ViewId
    request: ActRequest
    authority: AuthorityId | None
    session: str | None
    opened: int


def asked(
    decision: Decision,
    request: ActRequest,
    view: ViewId,
    session: str | None,
    payload: Mapping[str, Any],
    *,
    detail: Mapping[str, Any],
) -> Entry:
    """The entry of an answer: `view_opened` or `view_refused`, with the trace that replays it."""
    return Entry(
        EntryKind.VIEW_OPENED if decision.allowed else EntryKind.VIEW_REFUSED,
        actor=request.person,
        session=session,
        view=view,
        camera=request.camera,
        authority=decision.authority,
        act=request.act,
        purpose=request.purpose,
        footage=request.footage,
        decision=Trace.of(decision),
        outcome=decision.verdict.value,
        detail=detail,
        payload={**payload, **_others(request)},
    )


def _others(request: ActRequest) -> dict[str, Any]:
    """The other persons of a question, who stay out of the leaf as names do; until when a held copy lives; the
    requisition of a guest."""
    others: dict[str, Any] = {}
    if request.second is not None:
        others["second"] = request.second
    if request.present:
        others["present"] = sorted(request.present)
    if request.held_until is not None:
        others["held_until_us"] = to_wall_us(request.held_until)
    if request.guest is not None:
        others["guest"] = request.guest
    return others


def cut(case: Case, decision: Decision | None, outcome: str) -> Entry:
    """An open view was withdrawn: by a decision, or because the register stopped."""
    request = case.request
    return Entry(
        EntryKind.VIEW_CUT,
        actor=request.person,
        session=case.session,
        view=case.view,
        camera=request.camera,
        authority=case.authority,
        act=request.act,
        purpose=request.purpose,
        footage=request.footage,
        decision=Trace.of(decision) if decision else None,
        outcome=outcome,
        opened=case.opened,
        payload=_others(decision.request) if decision else {},
    )


def ended(case: Case, sent: Sent, outcome: str) -> Entry:
    """A view is over: the footage allowed, and what really left."""
    request = case.request
    return Entry(
        EntryKind.VIEW_ENDED,
        actor=request.person,
        session=case.session,
        view=case.view,
        camera=request.camera,
        authority=case.authority,
        act=request.act,
        purpose=request.purpose,
        footage=request.footage,
        outcome=outcome,
        opened=case.opened,
        sent=sent,
    )
