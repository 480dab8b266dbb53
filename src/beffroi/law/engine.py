"""The law engine: a pure function of (facts, request). Default deny; an error anywhere denies."""

import gc
import json
from functools import lru_cache
from typing import Any

import structlog

from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.facts import Facts
from beffroi.law.explain import Explainer
from beffroi.law.pack import Pack, load_pack
from beffroi.law.packs import fr
from beffroi.law.policies import Ground, Policies
from beffroi.law.situation import Country, Situation

_log = structlog.get_logger("beffroi.law")


class LawEngine:
    """Decides with the rules of one pack. Thread-safe: nothing in it changes after loading."""

    def __init__(self, pack: Pack, country: Country, policies: Policies | None = None) -> None:
        self.pack = pack
        self.policies = policies or Policies(pack)
        self._country = country
        self._explainer = Explainer(pack, self.policies.grounds)
        self._grounds = {ground.id: ground for ground in self.policies.grounds}

    @classmethod
    def load(cls) -> "LawEngine":
        """Parse and check the French pack (about 0.2 s), once per process.

        Raises:
            PackError: the pack contradicts itself; nothing may be decided.
        """
        return _loaded()

    def decide(self, facts: Facts, request: ActRequest) -> Decision:
        """Answer one request. Never raises: an error is a refusal that says so, and is logged."""
        try:
            return self._decide(facts, request)
        except Exception:  # noqa: BLE001  whatever fails inside, the answer must be a refusal, never an exception
            _log.exception("law_error", act=request.act, camera=request.camera)
            return self._explainer.plainly(facts, request, self.pack.refusals.error)

    def _decide(self, facts: Facts, request: ActRequest) -> Decision:
        person, camera = facts.persons.get(request.person), facts.cameras.get(request.camera)
        if person is None:
            return self._explainer.plainly(facts, request, self.pack.refusals.unknown_person)
        if camera is None:
            return self._explainer.refuse_stranger(facts, request, person)
        return self._judge(facts, self._country.situate(facts, request, person, camera))

    def _judge(self, facts: Facts, situation: Situation) -> Decision:
        request = situation.request
        if not situation.linked:  # nothing that follows may depend on a camera that the person may not know of
            return self._explainer.refuse_stranger(facts, request, situation.person)
        asked, entities = self.question(facts, situation)
        answer = self.policies.decide(asked, entities)
        if answer.errors:
            _log.error("law_policy_error", act=request.act, camera=request.camera, errors=answer.errors)
            return self._explainer.plainly(facts, request, self.pack.refusals.error)
        if not answer.allowed:
            return self._explainer.refuse(facts, situation, self.policies.conditions_met(asked, entities))
        ground = self._grounds[answer.reasons[0]]
        if not self._is_law(ground, situation):
            return self._explainer.plainly(facts, request, self.pack.refusals.out_of_date, linked=situation)
        return self._explainer.allow(facts, situation, ground)

    def question(self, facts: Facts, situation: Situation) -> tuple[dict[str, Any], str]:
        """What is put to the policies: Cedar's request and its entities (JSON)."""
        request = situation.request
        asked = {
            "principal": {"type": "Person", "id": situation.person.id},
            "action": {"type": "Action", "id": request.act.value},
            "resource": {"type": "Camera", "id": situation.camera.id},
            "context": json.dumps(self._country.circumstances(situation)),
        }
        return asked, json.dumps(self._country.entities(facts, situation))

    def _is_law(self, ground: Ground, situation: Situation) -> bool:
        """Whether every rule that the ground rests on is in force at the instant of the request."""
        rules = (self.pack.rules[ground.rule], *(self.pack.conditions[name].rule for name in ground.conditions))
        return all(rule.in_force(situation.request.at) for rule in rules)


@lru_cache(maxsize=1)
def _loaded() -> LawEngine:
    engine = LawEngine(load_pack("fr"), fr.COUNTRY)
    gc.freeze()  # the parsed pack lives for ever: the collector need not walk it again (p99 of a decision)
    return engine
