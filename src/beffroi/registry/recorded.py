"""Recorded decisions asked again: with the facts of that revision and the rules of that day, the answer is the same.

Source: a decision stores the hash of its rules and of its facts (docs/design/law.md, “Replaying”).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from beffroi.domain.clock import instant
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.law.engine import LawEngine
from beffroi.ledger.entry import Asked, Record, Trace

_KEPT: Final = 64
"""Facts of past revisions kept in memory: consecutive entries rest on few of them."""


class Outcome(StrEnum):
    """What asking again gave."""

    SAME = "same"
    DIFFERS = "differs"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Replayed:
    """One recorded decision asked again. ``why`` is None when the answer is the recorded one."""

    index: int
    outcome: Outcome
    why: Text | None = None


class _CannotError(Exception):
    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


class Replayer:
    """Asks recorded decisions again.

    Args:
        facts_at: the facts as they stood at a revision.
        engine_of: the law of a rule-set hash; None when it is not in the archive.
        person_of: the person behind a pseudonym; None when forgotten.
        payload_of: what was kept beside an entry; None when erased.
    """

    def __init__(
        self,
        facts_at: Callable[[int], Facts],
        engine_of: Callable[[str], LawEngine | None],
        person_of: Callable[[str], PersonId | None],
        payload_of: Callable[[Record], Mapping[str, Any] | None],
    ) -> None:
        self._facts_at = facts_at
        self._engine_of = engine_of
        self._person_of = person_of
        self._payload_of = payload_of
        self._facts: dict[int, Facts] = {}

    def replay(self, record: Record) -> Replayed | None:
        """Ask the decision of this entry again; None when the entry carries none."""
        if record.decision is None:
            return None
        try:
            wrong = self._again(record, record.decision)
        except _CannotError as error:
            return Replayed(record.index, Outcome.IMPOSSIBLE, error.why)
        return Replayed(record.index, Outcome.SAME if wrong is None else Outcome.DIFFERS, wrong)

    def _again(self, record: Record, trace: Trace) -> Text | None:
        """What differs now, if anything."""
        if trace.asked is None or not trace.rule_set_hash:
            raise _CannotError(_NO_CIRCUMSTANCES)
        engine = self._engine_of(trace.rule_set_hash)
        if engine is None:
            raise _CannotError(_NO_RULES)
        request = self._request(record, trace.asked)
        facts = self._at(trace.asked.revision)
        if facts.digest() != trace.facts_hash:
            return _OTHER_FACTS
        differing = _differing(trace, engine.decide(facts, request), record)
        return _differs(differing) if differing else None

    def _at(self, revision: int) -> Facts:
        if revision not in self._facts:
            if len(self._facts) >= _KEPT:
                self._facts.pop(next(iter(self._facts)))
            self._facts[revision] = self._facts_at(revision)
        return self._facts[revision]

    def _request(self, record: Record, asked: Asked) -> ActRequest:
        """The question as it was asked."""
        person = self._person_of(record.actor) if record.actor else None
        if person is None or record.camera is None or record.act is None:
            raise _CannotError(_FORGOTTEN)
        payload = self._payload_of(record)
        if payload is None:
            raise _CannotError(_FORGOTTEN)
        return ActRequest(
            person=person,
            act=record.act,
            camera=record.camera,
            purpose=record.purpose,
            at=instant(asked.at_us),
            footage=record.footage,
            strong_auth=asked.two_factor,
            recipient=asked.recipient,
            second=PersonId(payload["second"]) if "second" in payload else None,
            post=asked.post,
            present=frozenset(PersonId(one) for one in payload.get("present", ())),
            held_until=instant(int(payload["held_until_us"])) if "held_until_us" in payload else None,
            guest=DocumentId(payload["guest"]) if "guest" in payload else None,
        )


def _differing(trace: Trace, again: Decision, record: Record) -> list[str]:
    pairs: list[tuple[str, object, object]] = [
        ("verdict", trace.verdict, again.verdict),
        ("ground", trace.ground, again.ground),
        ("rules", trace.rules, again.rules),
        ("articles", trace.articles, again.articles),
        ("documents", trace.documents, tuple(again.documents)),
    ]
    if record.opened is None:  # a cut keeps the authority under which the view had been opened
        pairs.append(("authority", record.authority, again.authority))
    return [name for name, before, now in pairs if before != now]


def _differs(names: list[str]) -> Text:
    which = ", ".join(names)
    return Text(
        fr=f"La réponse n'est plus celle du registre ({which}) : prévenez le délégué à la protection des données.",
        en=f"The answer is no longer that of the register ({which}): tell the data protection officer.",
    )


_NO_CIRCUMSTANCES: Final = Text(
    fr="Cette écriture ne garde pas de quoi reposer la question.",
    en="This entry does not keep what asking again needs.",
)
_NO_RULES: Final = Text(
    fr="Les règles de ce jour ne sont pas dans l'archive : rendez-lui le dossier « rules » de la sauvegarde.",
    en="The rules of that day are not in the archive: restore the folder “rules” from the backup.",
)
_OTHER_FACTS: Final = Text(
    fr="Les pièces de cette révision ne sont plus celles que le registre cite.",
    en="The documents of that revision are no longer those that the register cites.",
)
_FORGOTTEN: Final = Text(
    fr="La personne ou la demande ont été effacées : la décision ne peut plus être rejouée.",
    en="The person or the question were erased: the decision can no longer be replayed.",
)
