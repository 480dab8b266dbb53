"""Decisions and errors as JSON for the console. Sentences come with both languages; the console picks one."""

from datetime import datetime
from typing import Any, Final

from beffroi.domain.acts import Verdict
from beffroi.domain.clock import instant
from beffroi.domain.decision import Condition, Cure, Decision
from beffroi.domain.text import Text
from beffroi.server.notices import Notice

Json = dict[str, Any]

_ASK_SUPERVISOR: Final = Text(fr="le chef de salle", en="the room supervisor")
_ASK_PREFECTURE: Final = Text(
    fr="le chef de salle, qui saisit la préfecture", en="the room supervisor, who asks the préfecture"
)


def refusal_json(decision: Decision) -> Json:
    """What a person reads who was refused: sentence, articles, what would cure it, whom to ask, the conditions."""
    return {
        "verdict": decision.verdict.value,
        "ground": decision.ground,
        "sentence": decision.sentence.as_dict(),
        "articles": list(decision.articles),
        "cure": _cure_json(decision.cure),
        "conditions": [condition_json(condition) for condition in decision.conditions],
        "whom": (_ASK_PREFECTURE if decision.verdict is Verdict.UNSETTLED else _ASK_SUPERVISOR).as_dict(),
    }


def condition_json(condition: Condition) -> Json:
    """One condition, met or not."""
    return {
        "id": condition.id,
        "met": condition.met,
        "text": condition.text.as_dict(),
        "article": condition.article,
        "cure": None if condition.met else _cure_json(condition.cure),
    }


def _cure_json(cure: Cure | None) -> Json | None:
    """The document that would cure a refusal, and who issues it."""
    if cure is None:
        return None
    return {"kind": cure.kind, "text": cure.text.as_dict(), "issuer": cure.issuer.as_dict()}


def notice_json(notice: Notice) -> Json:
    """A notice of the machine."""
    return {"code": notice.code, "level": notice.level.name.lower(), "text": notice.text.as_dict()}


def error_json(code: str, text: Text, refusal: Json | None = None) -> Json:
    """The body of every error answer."""
    error: Json = {"code": code, "text": text.as_dict()}
    if refusal is not None:
        error["refusal"] = refusal
    return {"error": error}


def iso(wall_us: int) -> str:
    """A wall time as ISO 8601, UTC, to the millisecond."""
    return instant(wall_us).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_instant(at: datetime | None) -> str | None:
    """An instant as ISO 8601, or None."""
    return None if at is None else at.isoformat(timespec="seconds")
