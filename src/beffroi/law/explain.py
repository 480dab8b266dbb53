"""From Cedar's answer to a Decision: the ground or the nearest one, its conditions, the sentence, the cure."""

from collections.abc import Iterable
from typing import TypeVar

from beffroi.domain.acts import IMAGE_ACTS, Verdict
from beffroi.domain.decision import ActRequest, Condition, Cure, Decision
from beffroi.domain.documents import DocumentStatus
from beffroi.domain.facts import Facts, Person
from beffroi.domain.ids import DocumentId
from beffroi.domain.text import Text
from beffroi.law.pack import ConditionWords, Pack, Refusal
from beffroi.law.policies import Ground
from beffroi.law.sentences import Writer
from beffroi.law.situation import Situation

T = TypeVar("T", bound=str)


class Explainer:
    """Words a decision. It never changes a verdict."""

    def __init__(self, pack: Pack, grounds: tuple[Ground, ...]) -> None:
        self._pack = pack
        self._grounds = grounds

    def allow(self, facts: Facts, situation: Situation, ground: Ground) -> Decision:
        """A ground permits: all its conditions hold."""
        request, writer = situation.request, Writer(self._pack, facts, situation)
        conditions = self._conditions(ground, situation, writer, frozenset(ground.conditions))
        rules = _unique((ground.rule, *(self._pack.conditions[name].rule.id for name in ground.conditions)))
        return Decision(
            verdict=Verdict.ALLOW,
            request=request,
            authority=situation.authority,
            ground=ground.id,
            rules=rules,
            articles=_unique(self._pack.rules[rule].article for rule in rules),
            documents=_unique(document for one in conditions for document in one.documents),
            conditions=conditions,
            sentence=writer.fill(self._pack.words.allowed[request.act.value]),
            cure=None,
            disclosable=True,
            rule_set_hash=self._pack.hash,
            facts_hash=facts.digest(),
        )

    def refuse(self, facts: Facts, situation: Situation, met: frozenset[str]) -> Decision:
        """No ground permits a person who may know of the camera: name the nearest and what it lacks."""
        request, status = situation.request, situation.person.status.value
        refusals = self._pack.refusals
        if request.act in IMAGE_ACTS and status in refusals.by_status:
            return self.plainly(facts, request, refusals.by_status[status], linked=situation)
        ground = self._nearest(request.act.value, met)
        if ground is None or (request.act not in IMAGE_ACTS and ground.conditions[0] not in met):
            return self.plainly(facts, request, refusals.other_acts[request.act.value], linked=situation)
        writer = Writer(self._pack, facts, situation)
        conditions = self._conditions(ground, situation, writer, met)
        unmet = [self._pack.conditions[one.id] for one in conditions if not one.met]
        if not unmet:  # every condition holds and yet no permit: a limit says more than the grounds
            return self.plainly(facts, request, refusals.error)
        rules = _unique((*(one.rule.id for one in unmet), ground.rule))
        return Decision(
            verdict=Verdict.DENY,
            request=request,
            authority=situation.authority,
            ground=ground.id,
            rules=rules,
            articles=_unique(self._pack.rules[rule].article for rule in rules),
            documents=_unique(document for one in conditions for document in one.documents),
            conditions=conditions,
            sentence=self._sentence(request, writer.unmet(unmet[0])),
            cure=self._cure(unmet[0], situation, writer),
            disclosable=True,
            rule_set_hash=self._pack.hash,
            facts_hash=facts.digest(),
        )

    def refuse_stranger(self, facts: Facts, request: ActRequest, person: Person) -> Decision:
        """The person may not know of the camera, or there is none: one answer for both, drawn from the person alone."""
        refusals, status = self._pack.refusals, person.status.value
        if status in refusals.strangers:
            return self.plainly(facts, request, refusals.strangers[status])
        if request.act in IMAGE_ACTS:
            return self.plainly(facts, request, refusals.by_status.get(status, refusals.unknown_camera))
        return self.plainly(facts, request, refusals.unknown_camera)

    def plainly(
        self, facts: Facts, request: ActRequest, refusal: Refusal, *, linked: Situation | None = None
    ) -> Decision:
        """A refusal that rests on who asks. Without ``linked`` nothing in it depends on the camera."""
        return Decision(
            verdict=Verdict.DENY,
            request=request,
            authority=linked.authority if linked else None,
            ground=refusal.row,
            rules=(refusal.rule.id,),
            articles=(refusal.rule.article,),
            documents=(),
            conditions=(Condition("status", False, refusal.reason, refusal.rule.article),),
            sentence=self._sentence(request, refusal.reason),
            cure=None,
            disclosable=linked is not None,
            rule_set_hash=self._pack.hash,
            facts_hash=facts.digest(),
        )

    def _nearest(self, act: str, met: frozenset[str]) -> Ground | None:
        """The ground whose structure (who, where, under which form) fits best, then the one that lacks least."""

        def fit(ground: Ground) -> tuple[int, int, int]:
            structural = [name for name in ground.conditions if self._pack.conditions[name].structural]
            missing = sum(name not in met for name in structural)
            return (ground.conditions[0] not in met, missing, sum(name not in met for name in ground.conditions))

        candidates = [ground for ground in self._grounds if act in ground.acts]
        return min(candidates, key=fit) if candidates else None

    def _conditions(
        self, ground: Ground, situation: Situation, writer: Writer, met: frozenset[str]
    ) -> tuple[Condition, ...]:
        made = []
        for name in ground.conditions:
            words = self._pack.conditions[name]
            text = writer.fill(words.met) if name in met else writer.unmet(words)
            papers = _papers(words, situation)
            made.append(Condition(name, name in met, text, words.rule.article, papers))
        return tuple(made)

    def _sentence(self, request: ActRequest, reason: Text) -> Text:
        lead = self._pack.words.leads[request.act.value]
        return Text(fr=f"{lead.fr} : {reason.fr}.", en=f"{lead.en}: {reason.en}.")

    def _cure(self, condition: ConditionWords, situation: Situation, writer: Writer) -> Cure | None:
        if condition.cure is None:
            return None
        found = situation.papers[condition.slot].document if condition.slot else None
        if found is not None and found.status_on(situation.request.at) is DocumentStatus.PROPOSED:
            awaiting = writer.awaiting(found)
            text = writer.fill(self._pack.words.confirmation, awaiting=(awaiting.fr, awaiting.en))
            return Cure(condition.cure.kind, text, awaiting)
        issuer = self._pack.words.issuers[condition.cure.issuer]
        return Cure(condition.cure.kind, writer.fill(condition.cure.text), writer.fill(issuer))


def _papers(words: ConditionWords, situation: Situation) -> tuple[DocumentId, ...]:
    if words.slot is None or (words.acts is not None and situation.request.act.value not in words.acts):
        return ()
    document = situation.papers[words.slot].document
    return () if document is None else (document.id,)


def _unique(several: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(several))
