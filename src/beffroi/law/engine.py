"""The law engine: a pure function of (facts, request). Default deny; an error anywhere denies."""

import gc
import json
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import structlog

from beffroi.domain.acts import IMAGE_ACTS, Verdict
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.facts import Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.law.explain import Explainer
from beffroi.law.kept import Kept
from beffroi.law.pack import Pack, load_pack
from beffroi.law.packs import fr
from beffroi.law.policies import Policies
from beffroi.law.situation import Country, Situation
from beffroi.law.timeline import midnight

_log = structlog.get_logger("beffroi.law")

_PAPERS: Final = '{"type": "Papers", "id": "of this request"}'
GUEST: Final = PersonId("~enqueteur")
"""An investigator before a screen. No person can be entered under this name."""
_GUEST: Final = Person(GUEST, Text(fr="enquêteur", en="investigator"), PersonStatus.INVESTIGATOR, BodyId(""))


class LawEngine:
    """Decides with the rules of one pack. Thread-safe: what it keeps after loading only spares work."""

    def __init__(self, pack: Pack, country: Country, policies: Policies | None = None) -> None:
        self.pack = pack
        self.policies = policies or Policies(pack)
        self.timeline = pack.timeline
        self._country = country
        self._explainer = Explainer(pack, self.policies)
        self._grounds = {ground.id: ground for ground in self.policies.grounds}
        self._kept = Kept(country, pack.timeline.edges())
        self._dated = lru_cache(maxsize=64)(self._law_of)

    @classmethod
    def load(cls) -> "LawEngine":
        """Parse and check the French pack (less than a second), once per process.

        Raises:
            PackError: the pack contradicts itself; nothing may be decided.
        """
        return _loaded()

    def decide(self, facts: Facts, request: ActRequest) -> Decision:
        """Answer one request. Never raises: an error is a refusal that says so, and is logged."""
        try:
            return self._decide(facts, request)
        except Exception:  # noqa: BLE001  whatever fails inside, the answer must be a refusal
            _log.exception("law_error", act=request.act, camera=request.camera)
            return self._explainer.plainly(facts, request, self.pack.refusals.error)

    def _decide(self, facts: Facts, request: ActRequest) -> Decision:
        shared = bool(request.present) or request.guest is not None
        alone = replace(request, present=frozenset(), guest=None) if shared else request
        decision = self._kept.get(facts, alone)
        if decision is None:
            decision = self._alone(facts, alone)
        elif decision.request != request:
            decision = replace(decision, request=request)
        if request.guest is not None and decision.allowed and request.act in IMAGE_ACTS:
            decision = self._before_guest(facts, request, decision)
        if not request.present or decision.verdict is Verdict.DENY or request.act not in IMAGE_ACTS:
            return decision if decision.request is request else replace(decision, request=request)
        others = (replace(alone, person=other) for other in sorted(request.present - {request.person}))
        if all(self._decide(facts, other).allowed for other in others):
            return replace(decision, request=request)
        return self._explainer.screen(decision, request)

    def _before_guest(self, facts: Facts, request: ActRequest, decision: Decision) -> Decision:
        """An investigator looks too (CSI R.253-3 III): her own row is asked about the same act."""
        asked = replace(request, person=GUEST, present=frozenset())
        camera, slots = facts.cameras[request.camera], self.policies.part(_GUEST.status.value).slots
        hers, _ = self._judge(facts, self._country.situate(facts, asked, _GUEST, camera, slots))
        return self._explainer.both(decision, hers, request)

    def _alone(self, facts: Facts, request: ActRequest) -> Decision:
        person, camera = facts.persons.get(request.person), facts.cameras.get(request.camera)
        if person is None:
            return self._explainer.plainly(facts, request, self.pack.refusals.unknown_person)
        if camera is None or not self._country.linked(facts, request, person, camera):
            # nothing that follows may depend on a camera that the person may not know of
            return self._explainer.refuse_stranger(facts, request, person)
        slots = self.policies.part(person.status.value).slots
        situation = self._country.situate(facts, request, person, camera, slots)
        decision, certain = self._judge(facts, situation)
        if certain:
            self._kept.put(facts, decision, self._country.footage_edge(situation))
        return decision

    def _judge(self, facts: Facts, situation: Situation) -> tuple[Decision, bool]:
        """The decision, and whether it rests on no error."""
        request, status = situation.request, situation.person.status.value
        asked, entities = self.question(facts, situation)
        answer = self.policies.decide(asked, entities, status)
        if answer.errors:
            _log.error("law_error", act=request.act, camera=request.camera, errors=answer.errors)
            return self._explainer.plainly(facts, request, self.pack.refusals.error), False
        if not answer.allowed:
            met = self.policies.conditions_met(asked, entities, status)
            return self._explainer.refuse(facts, situation, met), True
        first = next(ground for ground in self._grounds if ground in answer.reasons)
        return self._explainer.allow(facts, situation, self._grounds[first]), True

    def question(self, facts: Facts, situation: Situation) -> tuple[dict[str, Any], str]:
        """What is put to the policies: Cedar's request and its entities (JSON)."""
        del facts  # all that counts is in the situation
        context = json.dumps(situation.circumstances)[:-1]
        papers = ", ".join(f'"{slot}": {found.text}' for slot, found in situation.papers.items())
        entities = ", ".join(
            (
                _entity('{"type": "Person", "id": "asker"}', situation.person_text),
                _entity('{"type": "Camera", "id": "camera"}', situation.camera_text),
                _entity(_PAPERS, f"{{{papers}}}"),
            )
        )
        asked = {
            "principal": {"type": "Person", "id": "asker"},
            "action": {"type": "Action", "id": situation.request.act.value},
            "resource": {"type": "Camera", "id": "camera"},
            "context": f'{context}, {self._law(situation.request)}, "papers": {{"__entity": {_PAPERS}}}}}',
        }
        return asked, f"[{entities}]"

    def _law(self, request: ActRequest) -> str:
        return self._dated(self._kept.law_stretch(request.at))

    def _law_of(self, stretch: int) -> str:
        """What the policies read of the law between two dates of the timeline."""
        at = self._kept.law_instant(stretch)
        told = {
            "purposes": sorted({one.purpose.value for one in self.timeline.at(at).purposes}),
            "law": [rule.id for rule in self.pack.row_rules if rule.in_force(at)],
            "since": [day.isoformat() for day in self.pack.asked_dates if midnight(day) <= at],
        }
        return json.dumps(told)[1:-1]


def _entity(uid: str, attrs: str) -> str:
    return f'{{"uid": {uid}, "attrs": {attrs}, "parents": []}}'


@lru_cache(maxsize=1)
def _loaded() -> LawEngine:
    engine = LawEngine(load_pack("fr"), fr.COUNTRY)
    gc.freeze()  # the parsed pack lives for ever: the collector need not walk it again (p99 of a decision)
    return engine
