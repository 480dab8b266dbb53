"""What is told of a request to those who handle it."""

from beffroi.evidence.subjectrules import Due, DueWhy
from beffroi.evidence.subjectstore import RequestFile
from beffroi.registry.subjecttables import SubjectCopyRow, SubjectViewingRow
from beffroi.server.centre import commune_name
from beffroi.server.rendering import Json
from beffroi.server.session import Caller
from beffroi.server.subject import Subjects, subject_of

_TOLD = (
    *("id", "commune", "channel", "wish", "received_on", "received_us", "commune_said", "place", "day", "hours"),
    *("recognise", "contact", "identity", "identity_on", "registered_us", "decided_us", "outcome", "ground", "reason"),
    *("answered_us", "closed_us", "closed_why"),
)
_COPY = (
    *("id", "camera", "from_us", "to_us", "prepared_us", "agreed_us", "masking", "built_us", "pictures", "size_bytes"),
    *("sha256", "checked_us", "handed_us", "destroyed_us", "prepared_by", "second"),
)


def request_json(subjects: Subjects, request: RequestFile, caller: Caller) -> Json:
    """A request, with what this caller may do."""
    row, facts = request.row, subjects.centre.registry.facts()
    cameras, now_us = facts.cameras, subjects.centre.clock.wall_us()
    case, terms = subjects.case(request), subjects.terms_us(request)
    holds = [
        {
            "camera": one.camera,
            "name": cameras[one.camera].name if one.camera in cameras else one.camera,  # type: ignore[index]  # ids are text in rows
            "from_us": one.from_us,
            "to_us": one.to_us,
            "complete": one.complete,
            "lacking": one.damaged + one.past_term,
            "dies_us": dies,
            "ended_us": one.ended_us,
        }
        for one, dies in zip(case.holds if case else (), terms, strict=True)
    ]
    return {
        **{name: getattr(row, name) for name in _TOLD},
        "commune_name": commune_name(facts, row.commune) if row.commune else "",
        "due": due_json(subjects.due(request), now_us, decided_us=row.decided_us),
        "holds": holds,
        "proposed": bool(row.document),
        "papers": [{"id": one.id, "status": one.status.value} for one in subjects.papers(request)],
        "viewings": [_viewing_json(one, caller) for one in request.viewings],
        "copies": [copy_json(one, caller) for one in request.copies],
        "subject": subject_of(request) if row.document else "",
        "may": {"decide": row.decided_us is None and row.closed_us is None and subjects.decides(caller, request)},
    }


def due_json(due: Due, now_us: int, *, decided_us: int | None) -> Json:
    """A deadline, and how it stands; once decided, whether that was late."""
    at_us = now_us if decided_us is None else decided_us
    return {
        "at_us": due.at_us,
        "why": due.why.value,
        "late": due.late(at_us),
        "soon": decided_us is None and due.soon(now_us),
        "left_s": max(0, round((due.at_us - now_us) / 1e6)) if decided_us is None else None,
        "by_term": due.why is DueWhy.TERM,
    }


def copy_json(row: SubjectCopyRow, caller: Caller) -> Json:
    """A derived copy."""
    told = {name: getattr(row, name) for name in _COPY}
    asked = row.second == caller.person
    # The second person's word is waited for twice: before any picture opens, and once the copy is made.
    waits = row.agreed_us is None or (row.built_us is not None and row.checked_us is None)
    awaited = asked and waits and row.destroyed_us is None
    return {**told, "mine": row.prepared_by == caller.person, "asked_me": asked, "awaits_you": awaited}


def _viewing_json(row: SubjectViewingRow, caller: Caller) -> Json:
    return {
        "id": row.id,
        "begun_us": row.begun_us,
        "ended_us": row.ended_us,
        "note": row.note,
        "mine": row.session == caller.session,
    }
