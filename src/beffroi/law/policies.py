"""Cedar policies, parsed once: the grounds (permits), the limits (forbids) and the twin set of named conditions.

The twin is drawn from the very text of the grounds: each `when` clause of a ground, taken alone, is one condition. A
ground therefore permits exactly when all its conditions hold (limits aside). A clause always carries the same name.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import cedarpy

from beffroi.law.pack import Pack, PackError

_ANYONE: Final = {"op": "All"}


@dataclass(frozen=True, slots=True)
class Ground:
    """A permit: the acts it speaks of and its conditions in order."""

    id: str
    rule: str
    acts: frozenset[str]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Cedar says: the ids that determined it, and any error (an error is a refusal)."""

    allowed: bool
    reasons: tuple[str, ...]
    errors: tuple[str, ...]


class Policies:
    """The parsed policy sets of a pack.

    Raises:
        PackError: the text does not parse, does not fit the schema, or names a condition or rule that is not defined.
    """

    def __init__(self, pack: Pack, text: str | None = None) -> None:
        text = pack.policies if text is None else text
        try:
            self._schema = cedarpy.Schema.from_str(pack.schema)
            checked = cedarpy.validate_policies(text, self._schema)
            if not checked.validation_passed:
                raise PackError("; ".join(str(error) for error in checked.errors))
            static: dict[str, Any] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
        except ValueError as error:
            raise PackError(str(error)) from error
        by_id = {policy["annotations"]["id"]: policy for policy in static.values()}
        if len(by_id) != len(static):
            raise PackError("two policies share an id")
        self.source = by_id
        self.grounds = tuple(
            _ground(name, policy, pack) for name, policy in sorted(by_id.items()) if policy["effect"] == "permit"
        )
        self.limits = tuple(sorted(name for name, policy in by_id.items() if policy["effect"] == "forbid"))
        self._all = policy_set(by_id)
        self._parsed = lru_cache(maxsize=4096)(self._parse)
        self._twin = policy_set(_twin(by_id, self.grounds))

    def _parse(self, entities: str) -> cedarpy.Entities:
        """Parsed once for as long as nothing changes for this person, camera and papers: views are asked again and
        again. The key is the whole text, so a changed fact is never answered from the cache."""
        return cedarpy.Entities.from_json_str(entities, self._schema)

    def decide(self, request: dict[str, Any], entities: str) -> Answer:
        """Evaluate grounds and limits; request and entities are checked against the schema first."""
        try:
            parsed = self._parsed(entities)
        except ValueError as error:
            return Answer(False, (), (str(error),))
        return _ask(request, self._all, parsed, self._schema)

    def conditions_met(self, request: dict[str, Any], entities: str) -> frozenset[str]:
        """The named conditions that hold, each taken alone. One that errs does not hold.

        Only for a request that `decide` has found to fit the schema.
        """
        return frozenset(_ask(request, self._twin, self._parsed(entities), None).reasons)

    def limits_only(self) -> cedarpy.PolicySet:
        """The limits with a permit for everybody: what they stop by themselves."""
        anyone = {"effect": "permit", "principal": _ANYONE, "action": _ANYONE, "resource": _ANYONE, "conditions": []}
        return policy_set({"anyone": anyone, **{name: self.source[name] for name in self.limits}})


def policy_set(policies: dict[str, Any]) -> cedarpy.PolicySet:
    """Parse policies given in Cedar's JSON form, keyed by the ids that answers will name."""
    return cedarpy.PolicySet.from_json_str(
        json.dumps({"staticPolicies": policies, "templates": {}, "templateLinks": []})
    )


def _ask(
    request: dict[str, Any], policies: cedarpy.PolicySet, entities: cedarpy.Entities, schema: cedarpy.Schema | None
) -> Answer:
    result = cedarpy.is_authorized(request, policies, entities, schema)
    errors = tuple(result.diagnostics.errors)
    return Answer(result.allowed and not errors, tuple(sorted(result.diagnostics.reasons)), errors)


def _ground(name: str, policy: dict[str, Any], pack: Pack) -> Ground:
    notes = policy["annotations"]
    conditions = tuple(notes.get("conditions", "").split())
    unknown = set(conditions) - set(pack.conditions)
    if unknown or len(conditions) != len(policy["conditions"]) or len(set(conditions)) != len(conditions):
        raise PackError(f"{name}: its conditions do not match its clauses {sorted(unknown)}")
    if any(clause["kind"] != "when" for clause in policy["conditions"]):
        raise PackError(f"{name}: a ground is written with `when` alone")
    if notes.get("rule") not in pack.rules or notes.get("article") != pack.rules[notes["rule"]].article:
        raise PackError(f"{name}: its rule is not in the table, or has another article")
    action = policy["action"]
    several = action.get("entities") or [action["entity"]]
    return Ground(name, notes["rule"], frozenset(one["id"] for one in several), conditions)


def _twin(by_id: dict[str, Any], grounds: tuple[Ground, ...]) -> dict[str, Any]:
    twin: dict[str, Any] = {}
    for ground in grounds:
        for name, clause in zip(ground.conditions, by_id[ground.id]["conditions"], strict=True):
            alone = {
                "effect": "permit",
                "principal": _ANYONE,
                "action": _ANYONE,
                "resource": _ANYONE,
                "conditions": [clause],
            }
            if twin.setdefault(name, alone) != alone:
                raise PackError(f"condition {name} is written in two ways")
    return twin
