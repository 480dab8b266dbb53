"""Cedar policies, parsed once: the grounds (permits), the limits (forbids) and the twin set of named conditions.

The grounds are composed from the rows (`beffroi.law.rows`); the twin has each of their conditions alone. A ground
therefore permits exactly when all its conditions hold (limits aside). A person's status selects the grounds that could
apply: policies are kept in one set for each status, which decides as the whole set does.
"""

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import cedarpy

from beffroi.law.pack import Pack, PackError
from beffroi.law.rows import Row, compose_alone

_SLOT: Final = re.compile(r"context\.papers\.(\w+)")
_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class Ground:
    """A permit: its row, the acts it speaks of and its conditions in order."""

    id: str
    row: Row
    acts: frozenset[str]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Cedar says: the ids that determined it, and any error (an error is a refusal)."""

    allowed: bool
    reasons: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The policies that could apply to one status (None: to anybody)."""

    grounds: tuple[Ground, ...]
    decides: cedarpy.PolicySet
    twin: cedarpy.PolicySet
    slots: frozenset[str]


class Policies:
    """The parsed policy sets of a pack.

    Args:
        pack: the rows, conditions and limits.
        text: Cedar text instead of the pack's own (its grounds must be those of the pack's rows).

    Raises:
        PackError: the text does not parse, does not fit the schema, or names a condition that is not defined.
    """

    def __init__(self, pack: Pack, text: str | None = None) -> None:
        self._pack = pack
        text = pack.policies if text is None else text
        alone = compose_alone(pack.clauses, pack.clauses)
        try:
            self._schema = cedarpy.Schema.from_str(pack.schema)
            for one in (text, alone):
                checked = cedarpy.validate_policies(one, self._schema)
                if not checked.validation_passed:
                    raise PackError("; ".join(str(error) for error in checked.errors))
            self.source = _by_id(text)
            self._conditions = _by_id(alone)
        except ValueError as error:
            raise PackError(str(error)) from error
        rows = {row.id: row for row in pack.rows}
        permits = {name for name, policy in self.source.items() if policy["effect"] == "permit"}
        if permits != set(rows):
            raise PackError(f"grounds and rows differ: {sorted(permits ^ set(rows))}")
        self.grounds = tuple(self._ground(row) for row in pack.rows)
        self.limits = tuple(sorted(set(self.source) - permits))
        for name in self.limits:
            if self.source[name]["annotations"].get("rule") not in pack.rules:
                raise PackError(f"{name}: its rule is not in the table")
        self._outright = {
            name: one.who for one in pack.refusals.outright for name in (one.unless, one.when) if name is not None
        }
        self.part = cache(self._part)
        self._parsed = lru_cache(maxsize=_KEPT)(self._parse)
        self._answered = lru_cache(maxsize=_KEPT)(self._ask)
        for status in {status for row in pack.rows for status in row.who}:
            self.part(status)

    def _ground(self, row: Row) -> Ground:
        policy = self.source[row.id]
        named = tuple(policy["annotations"].get("conditions", "").split())
        if named != row.conditions or len(named) != len(policy["conditions"]):
            raise PackError(f"{row.id}: its conditions do not match its clauses")
        if any(clause["kind"] != "when" for clause in policy["conditions"]):
            raise PackError(f"{row.id}: a ground is written with `when` alone")
        for name, clause in zip(named, policy["conditions"], strict=True):
            if self._conditions[name]["conditions"] != [clause]:
                raise PackError(f"{row.id}: condition {name} is written in two ways")
        return Ground(row.id, row, frozenset(row.acts), row.conditions)

    def _part(self, status: str | None) -> Part:
        grounds = tuple(one for one in self.grounds if status is None or status in one.row.who)
        deciding = {name: self.source[name] for name in (*(one.id for one in grounds), *self.limits)}
        names = {name for ground in grounds for name in ground.conditions}
        names |= {name for name, who in self._outright.items() if status is None or status in who}
        twin = {name: self._conditions[name] for name in names}
        texts = (*(self._pack.clauses[name].when for name in names), *self._pack.policy_files.values())
        slots = frozenset(slot for one in texts for slot in _SLOT.findall(one))
        return Part(grounds, policy_set(deciding), policy_set(twin), slots)

    def decide(self, request: dict[str, Any], entities: str, status: str | None = None) -> Answer:
        """Evaluate grounds and limits; request and entities are checked against the schema first.

        With a ``status``, only the grounds that could apply to it are evaluated.
        """
        return self._answered(_key(request), entities, status, False)

    def conditions_met(self, request: dict[str, Any], entities: str, status: str | None = None) -> frozenset[str]:
        """The named conditions that hold, each taken alone. One that errs does not hold.

        Only for a request that `decide` has found to fit the schema.
        """
        return frozenset(self._answered(_key(request), entities, status, True).reasons)

    def _parse(self, entities: str) -> cedarpy.Entities:
        return cedarpy.Entities.from_json_str(entities, self._schema)

    def _ask(self, key: str, entities: str, status: str | None, twin: bool) -> Answer:
        """Equal texts have equal answers: the whole question is the key under which the answer is kept."""
        try:
            parsed = self._parsed(entities)
        except ValueError as error:
            return Answer(False, (), (str(error),))
        part = self.part(status)
        policies, schema = (part.twin, None) if twin else (part.decides, self._schema)
        result = cedarpy.is_authorized(json.loads(key), policies, parsed, schema)
        errors = tuple(result.diagnostics.errors)
        return Answer(result.allowed and not errors, tuple(sorted(result.diagnostics.reasons)), errors)


def policy_set(policies: dict[str, Any]) -> cedarpy.PolicySet:
    """Parse policies given in Cedar's JSON form, keyed by the ids that answers will name."""
    return cedarpy.PolicySet.from_json_str(
        json.dumps({"staticPolicies": policies, "templates": {}, "templateLinks": []})
    )


def _by_id(text: str) -> dict[str, Any]:
    static: dict[str, Any] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    by_id = {policy["annotations"]["id"]: policy for policy in static.values()}
    if len(by_id) != len(static):
        raise PackError("two policies share an id")
    return by_id


def _key(request: dict[str, Any]) -> str:
    return json.dumps(request, sort_keys=True)
