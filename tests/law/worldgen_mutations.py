"""Every way to change one piece of a Cedar expression (in Cedar's JSON form), and what those changed pieces answer."""

import json
from collections.abc import Iterator
from typing import Any

import cedarpy

from beffroi.law.policies import policy_set

SWAPS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", "&&": "||", "||": "&&"}
NEGATED = ("contains", "containsAll", "containsAny", "==", "!=", "<", "<=", ">")


def mutations(tree: Any) -> Iterator[Any]:
    """Every tree that differs by one piece: a side dropped, a comparison changed, a word of a list gone, a not more."""
    if isinstance(tree, list):
        for index, one in enumerate(tree):
            for changed in mutations(one):
                yield [*tree[:index], changed, *tree[index + 1 :]]
    if not isinstance(tree, dict):
        return
    for operator, inside in tree.items():
        yield from _here(operator, inside)
        for changed in mutations(inside):
            yield {**tree, operator: changed}


def _here(operator: str, inside: Any) -> Iterator[Any]:
    if operator in {"&&", "||"}:
        yield inside["left"]
        yield inside["right"]
    if operator in SWAPS:
        yield {SWAPS[operator]: inside}
    if operator in NEGATED and operator not in {"==", "!="}:
        yield {"!": {"arg": {operator: inside}}}
    if operator == "!":
        yield inside["arg"]
    if operator == "Set" and len(inside) > 1:
        for index in range(len(inside)):
            yield {"Set": [*inside[:index], *inside[index + 1 :]]}


ANYWHERE = {"effect": "permit", "principal": {"op": "All"}, "action": {"op": "All"}, "resource": {"op": "All"}}


def alone(*clauses: dict[str, Any]) -> dict[str, Any]:
    """A permit of these clauses, whoever does what: it is among the reasons exactly where they hold."""
    return {**ANYWHERE, "conditions": [*clauses]}


def inner_mutants(clause: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """One clause, otherwise inside."""
    for body in mutations(clause["body"]):
        yield short(body), alone({"kind": clause["kind"], "body": body})


def clause_mutants(clause: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """One clause gone, or that says the contrary, or is otherwise inside."""
    yield "dropped", alone()
    yield "negated", alone({"kind": "unless" if clause["kind"] == "when" else "when", "body": clause["body"]})
    yield from inner_mutants(clause)


class Mutants:
    """Mutants not yet killed, many of them asked about in one evaluation. Their names are (clause, change)."""

    def __init__(self, policies: dict[tuple[str, str], dict[str, Any]]) -> None:
        self.alive = {f"m{place}": name for place, name in enumerate(policies)}
        self._policies = {f"m{place}": policy for place, policy in enumerate(policies.values())}
        self._clauses = {clause for clause, _ in policies}
        self._parsed: dict[frozenset[str], tuple[cedarpy.PolicySet, dict[str, tuple[str, str]]]] = {}

    def of(self, clauses: frozenset[str]) -> frozenset[str]:
        """Those of these clauses that have mutants alive."""
        return clauses & self._clauses

    def held(
        self, clauses: frozenset[str], request: dict[str, Any], entities: cedarpy.Entities
    ) -> Iterator[tuple[str, str, str, bool]]:
        """Each living mutant of these clauses (id, clause, change), and whether it holds. An error does not."""
        if clauses not in self._parsed:
            here = {key: name for key, name in self.alive.items() if name[0] in clauses}
            self._parsed[clauses] = policy_set({key: self._policies[key] for key in here}), here
        parsed, here = self._parsed[clauses]
        reasons = set(cedarpy.is_authorized(request, parsed, entities).diagnostics.reasons)
        for key, (clause, change) in here.items():
            yield key, clause, change, key in reasons

    def kill(self, keys: set[str]) -> None:
        """These are seen for what they are."""
        touched = {self.alive.pop(key)[0] for key in keys}
        self._clauses = {clause for clause, _ in self.alive.values()}
        self._parsed = {clauses: kept for clauses, kept in self._parsed.items() if clauses.isdisjoint(touched)}


def short(body: Any) -> str:
    """An expression in few words, to name a mutant."""
    if isinstance(body, list):
        return "[" + ", ".join(map(short, body)) + "]"
    if not isinstance(body, dict):
        return json.dumps(body)
    ((operator, inside),) = body.items()
    if operator == ".":
        return f"{short(inside['left'])}.{inside['attr']}"
    if operator in {"Var", "Value", "Set"}:
        return inside if operator == "Var" else short(inside)
    if operator == "!":
        return f"!({short(inside['arg'])})"
    return f"({short(inside['left'])} {operator} {short(inside['right'])})"


ALIKE_INSIDE = frozenset(
    {
        # one who is unknown has no link
        (
            'extract-second ((context.act != "extract") || ((!(context.second.same) && context.second.linked) && '
            '(["mayor", "elected_delegated", "municipal_police", "agreed_agent", "epci_agent", "syndicat_agent", '
            '"departement_agent", "controller_agent"] contains context.second.status)))'
        ),
        # asked with territory-own alone, and the commune of an officer is the commune that employs them
        ('employer-commune ((principal.employer == resource.commune) || (principal.employer_kind == "commune"))'),
        ("employer-commune (principal.employer == resource.commune)"),
        ('employer-commune (principal.employer_kind == "commune")'),
        # the commune of an officer is the commune that employs them
        ('employer-other-commune ((principal.employer_kind == "commune") && (principal.commune != resource.commune))'),
        ('employer-other-commune ((principal.employer_kind == "commune") && (principal.employer != resource.commune))'),
        # no body pools under an empty name
        ("territory-host (resource.pooled_by contains principal.host)"),
        # asked with territory-host, for people lent: nobody is lent to their own employer
        ('seconded ((principal.host != "") || (principal.host != principal.employer))'),
        ('seconded (principal.host != "")'),
        ("seconded (principal.host != principal.employer)"),
        # a president of a département is employed by one
        ("departement-shares ((resource.responsible == principal.employer) || resource.departement_shares)"),
        # no row opens common parts to the police but live
        (
            'limit-common-parts (((resource.origin == "h") && !((["investigator", "administrative_authority", '
            '"inspector", "data_subject"] contains principal.status))) && !(((["police_gendarmerie", '
            '"municipal_police"] contains principal.status) && (context.papers.alert.state == "in_force"))))'
        ),
        # their images are counted by the order: past it, none is within its term
        (
            'limit-order (((["h", "n"] contains resource.origin) || (["administrative_authority", "inspector", '
            '"data_subject"] contains principal.status)) || ((((context.papers.order.state == "in_force") && '
            "context.papers.order.covers) && !(context.papers.order.too_long)) && "
            "!(context.papers.order.event_over)))"
        ),
        (
            'limit-order (((["h", "n"] contains resource.origin) || (["investigator", "administrative_authority",'
            ' "inspector"] contains principal.status)) || ((((context.papers.order.state == "in_force") && '
            "context.papers.order.covers) && !(context.papers.order.too_long)) && "
            "!(context.papers.order.event_over)))"
        ),
        (
            'limit-order (((["h", "n"] contains resource.origin) || (["investigator", "inspector", '
            '"data_subject"] contains principal.status)) || ((((context.papers.order.state == "in_force") && '
            "context.papers.order.covers) && !(context.papers.order.too_long)) && "
            "!(context.papers.order.event_over)))"
        ),
    }
)
"""Changes inside clauses and limits that no question can feel; above each the reason."""


def hours_alike(slot: str) -> Iterator[str]:
    """Changes inside a clause on hours that no question can feel: what is left says already which comes first."""
    opens, closes = f"context.papers.{slot}.opens", f"context.papers.{slot}.closes"
    inside = f"({opens} <= context.minute) && (context.minute < {closes})"
    across = f"(({opens} > {closes}) && (({opens} <= context.minute) || (context.minute < {closes})))"
    yield f"(({inside}) || {across})"
    yield f"(((({opens} <= {closes}) && ({opens} <= context.minute)) && (context.minute < {closes})) || {across})"
