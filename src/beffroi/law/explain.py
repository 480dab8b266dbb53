"""From Cedar's answer to a Decision: the ground or the nearest one, its conditions, the sentence, the cure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from beffroi.domain.acts import IMAGE_ACTS, Verdict
from beffroi.domain.decision import ActRequest, Condition, Cure, Decision
from beffroi.domain.documents import DocumentStatus
from beffroi.domain.facts import Facts, Person
from beffroi.domain.ids import DocumentId
from beffroi.domain.text import Text
from beffroi.law.pack import ConditionWords, Pack, Refusal
from beffroi.law.policies import Ground, Policies
from beffroi.law.rows import origin_condition
from beffroi.law.sentences import Writer
from beffroi.law.situation import Situation
from beffroi.law.timeline import Rule, midnight

T = TypeVar("T", bound=str)
_SHELVES = 1024


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said of a decision."""

    verdict: Verdict
    rules: Sequence[Rule]
    conditions: tuple[Condition, ...]
    sentence: Text
    cure: Cure | None


class Explainer:
    """Words a decision. It changes no verdict, save that what lacks only a written position is unsettled."""

    def __init__(self, pack: Pack, policies: Policies) -> None:
        self._pack = pack
        self._policies = policies
        self._edges = pack.timeline.edges()
        self._relied_on = lru_cache(maxsize=1024)(self._rules_of)
        self._shelves: dict[tuple[tuple[str, str], ...], dict[tuple[str, tuple[DocumentId, ...]], Condition]] = {}

    def allow(self, facts: Facts, situation: Situation, ground: Ground) -> Decision:
        """A ground permits: all its conditions hold."""
        writer = Writer(self._pack, facts, situation, ground.row.authority)
        conditions = self._conditions(ground, situation, writer, frozenset(ground.conditions))
        act = situation.request.act.value
        in_force = self._relied_on(ground, act, bisect_right(self._edges, situation.request.at))
        words = self._pack.words.allowed[act]
        told = _Told(Verdict.ALLOW, in_force, conditions, writer.fill(words), None)
        return self._made(facts, situation, ground, told)

    def _rules_of(self, ground: Ground, act: str, stretch: int) -> tuple[Rule, ...]:
        """The rules on which an allow of this act rests, between two dates of the timeline."""
        at = self._edges[max(stretch - 1, 0)]
        rules = [*self._row_rules(ground, at)]
        conditions = (self._pack.conditions[name] for name in ground.conditions)
        rules += [rule for one in conditions if one.has_object(act) for rule in one.rules]
        return tuple(rule for rule in rules if rule.in_force(at))

    def refuse(self, facts: Facts, situation: Situation, met: frozenset[str]) -> Decision:
        """No ground permits a person who may know of the camera: name the nearest and what it lacks."""
        request = situation.request
        grounds = self._policies.part(situation.person.status.value).grounds
        open_to = [ground for ground in grounds if request.act.value in ground.acts]
        lacking_position = [one for one in open_to if one.row.unsettled and _lacks(one, met) == [one.row.position]]
        if lacking_position:
            return self._unsettled(facts, situation, lacking_position[0], met)
        outright = self._outright(situation, met)
        if outright is not None and not outright[1]:
            return self.plainly(facts, request, outright[0], linked=situation)
        if not open_to:
            refusals = self._pack.refusals
            return self.plainly(
                facts, request, refusals.other_acts.get(request.act.value, refusals.no_act), linked=situation
            )
        ground = self._nearest(open_to, situation, met)
        told = self._lacking(facts, situation, ground, met)
        return told if outright is None else self._renamed(told, request, outright[0])

    def _lacking(self, facts: Facts, situation: Situation, ground: Ground, met: frozenset[str]) -> Decision:
        writer = Writer(self._pack, facts, situation, ground.row.authority)
        conditions = self._conditions(ground, situation, writer, met)
        lacking = [self._pack.conditions[one.id] for one in conditions if not one.met]
        if not lacking:  # every condition holds and yet no permit: a limit says more than the grounds
            return self.plainly(facts, situation.request, self._pack.refusals.error)
        rules = [*(rule for one in lacking for rule in one.rules), *self._row_rules(ground, situation.request.at)]
        sentence = self._sentence(situation.request, writer.unmet(lacking[0]))
        incurable = any(one.structural and one.cure is None for one in lacking)
        cures = (one.cure for one in conditions if not one.met and one.cure is not None)
        cure = None if incurable else next(cures, None)
        return self._made(facts, situation, ground, _Told(Verdict.DENY, rules, conditions, sentence, cure))

    def _unsettled(self, facts: Facts, situation: Situation, ground: Ground, met: frozenset[str]) -> Decision:
        """All conditions hold but the written position of the préfecture."""
        writer = Writer(self._pack, facts, situation, ground.row.authority)
        conditions = self._conditions(ground, situation, writer, met)
        point = self._pack.conditions[ground.conditions[-1]]
        lead, words = self._pack.words.leads[situation.request.act.value], self._pack.words.unsettled
        what = writer.fill(point.unmet)
        sentence = Text(
            fr=words.fr.format(lead=lead.fr, point=what.fr), en=words.en.format(lead=lead.en, point=what.en)
        )
        rules = [*point.rules, *self._row_rules(ground, situation.request.at)]
        told = _Told(Verdict.UNSETTLED, rules, conditions, sentence, conditions[-1].cure)
        return self._made(facts, situation, ground, told)

    def _made(self, facts: Facts, situation: Situation, ground: Ground, told: "_Told") -> Decision:
        several = tuple({rule.id: rule for rule in told.rules}.values())
        return Decision(
            verdict=told.verdict,
            request=situation.request,
            authority=situation.authorities[ground.row.authority] or None,
            ground=ground.row.row,
            rules=tuple(rule.id for rule in several),
            articles=_unique(rule.article for rule in several),
            documents=_unique(document for one in told.conditions for document in one.documents),
            conditions=told.conditions,
            sentence=told.sentence,
            cure=told.cure,
            disclosable=True,
            rule_set_hash=self._pack.hash,
            facts_hash=facts.digest(),
            recorded_under=situation.authorities["maire"] or None,
        )

    def refuse_stranger(self, facts: Facts, request: ActRequest, person: Person) -> Decision:
        """The person may not know of the camera, or there is none: one answer for both, drawn from the person alone."""
        refusals = self._pack.refusals
        return self.plainly(facts, request, refusals.strangers.get(person.status.value, refusals.unknown_camera))

    def screen(self, decision: Decision, request: ActRequest) -> Decision:
        """The person may, but somebody else before the shared screen may not."""
        refusal = self._pack.refusals.screen
        return replace(
            decision,
            verdict=Verdict.DENY,
            request=request,
            ground=refusal.row,
            rules=(refusal.rule.id,),
            articles=(refusal.rule.article,),
            documents=(),
            conditions=(Condition("screen", False, refusal.reason, refusal.rule.article),),
            sentence=self._sentence(request, refusal.reason),
            cure=None,
        )

    def both(self, decision: Decision, guest: Decision, request: ActRequest) -> Decision:
        """The person may; so must the investigator before the same screen. What opens cites both; a refusal is hers."""
        if not guest.allowed:
            return replace(guest, request=request)
        known = {one.id for one in decision.conditions}
        return replace(
            decision,
            request=request,
            rules=_unique((*decision.rules, *guest.rules)),
            articles=_unique((*decision.articles, *guest.articles)),
            documents=_unique((*decision.documents, *guest.documents)),
            conditions=(*decision.conditions, *(one for one in guest.conditions if one.id not in known)),
        )

    def plainly(
        self, facts: Facts, request: ActRequest, refusal: Refusal, *, linked: Situation | None = None
    ) -> Decision:
        """A refusal that rests on who asks. Without ``linked`` nothing in it depends on the camera."""
        return Decision(
            verdict=Verdict.DENY,
            request=request,
            authority=linked.authorities["maire"] if linked else None,
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

    def _renamed(self, told: Decision, request: ActRequest, refusal: Refusal) -> Decision:
        """A row that refuses outright, told with what the nearest row that could open lacks."""
        rules = _unique((refusal.rule.id, *told.rules))
        return replace(
            told,
            ground=refusal.row,
            rules=rules,
            articles=_unique(self._pack.rules[rule].article for rule in rules),
            sentence=self._sentence(request, refusal.reason),
        )

    def _outright(self, situation: Situation, met: frozenset[str]) -> tuple[Refusal, bool] | None:
        """The row that refuses this person here outright, and whether what is missing is told all the same."""
        if situation.request.act not in IMAGE_ACTS:
            return None
        status, origin = situation.person.status.value, situation.camera.origin.value
        for one in self._pack.refusals.outright:
            here = status in one.who and (not one.origins or origin in one.origins)
            if here and (one.when is None or one.when in met) and (one.unless is None or one.unless not in met):
                return one.refusal, one.keeps
        return None

    def _nearest(self, grounds: list[Ground], situation: Situation, met: frozenset[str]) -> Ground:
        """The ground whose origin fits, then its structure (territory, form), then the one that lacks least."""

        def fit(ground: Ground) -> tuple[bool, int, int, int]:
            elsewhere = bool(ground.row.origins) and origin_condition(ground.row.origins) not in met
            missing = [name for name in ground.conditions if name not in met]
            structural = [name for name in missing if self._shapes(name, situation)]
            first = ground.conditions.index(structural[0]) if structural else len(ground.conditions)
            return (elsewhere, len(structural), -first, 0 if elsewhere else len(missing))

        return min(grounds, key=fit)

    def _shapes(self, name: str, situation: Situation) -> bool:
        """Whether an unmet condition takes the ground further away: a paper that is there, even lapsed, does not."""
        words = self._pack.conditions[name]
        return words.structural and (words.slot is None or situation.papers[words.slot].document is None)

    def _conditions(
        self, ground: Ground, situation: Situation, writer: Writer, met: frozenset[str]
    ) -> tuple[Condition, ...]:
        shelf, made, act = self._shelf(situation), [], situation.request.act.value
        for name in ground.conditions:
            words, article = self._pack.conditions[name], self._pack.conditions[name].rule.article
            if name in met and (words.quiet or not words.has_object(act)):
                continue
            papers = _papers(words, situation)
            if name not in met:
                cure = self._cure(words, situation, writer)
                made.append(Condition(name, False, writer.unmet(words), article, papers, cure))
            elif words.asked_from is not None and situation.request.at < midnight(words.asked_from):
                made.append(Condition(name, True, self._pack.words.not_yet_asked, article, papers))
            else:
                known = shelf.get((name, papers))
                if known is None:
                    known = Condition(name, True, writer.fill(words.met), article, papers)
                    shelf[name, papers] = known
                made.append(known)
        return tuple(made)

    def _shelf(self, situation: Situation) -> dict[tuple[str, tuple[DocumentId, ...]], Condition]:
        """Met conditions already worded with these names: the same ones serve many cameras."""
        names = tuple(situation.names.items())
        shelf = self._shelves.get(names)
        if shelf is None:
            if len(self._shelves) >= _SHELVES:
                self._shelves = {}
            shelf = self._shelves[names] = {}
        return shelf

    def _row_rules(self, ground: Ground, at: datetime) -> list[Rule]:
        """The rules of the row, those of that day where the row has been under several."""
        found = []
        for several in ground.row.law:
            rules = [self._pack.rules[name] for name in several]
            found.append(next((rule for rule in rules if rule.in_force(at)), rules[0]))
        return found

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


def _lacks(ground: Ground, met: frozenset[str]) -> list[str | None]:
    return [name for name in ground.conditions if name not in met]


def _papers(words: ConditionWords, situation: Situation) -> tuple[DocumentId, ...]:
    """The papers on which a condition rests; of several that could serve, those that hold."""
    if not words.has_object(situation.request.act.value):
        return ()
    several = [situation.papers[slot] for slot in words.cites]
    if len(several) > 1:
        several = [one for one in several if one.state == "in_force" and one.covers]
    return tuple(one.document.id for one in several if one.document is not None)


def _unique(several: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(several))
