"""Every way to change one piece of a Cedar expression (in Cedar's JSON form)."""

import json
from collections.abc import Iterator
from typing import Any

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


def clause_mutants(policy: dict[str, Any], index: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """A policy where one clause is gone, or says the contrary."""
    clauses = policy["conditions"]
    clause, others = clauses[index], [*clauses[:index], *clauses[index + 1 :]]
    yield "dropped", {**policy, "conditions": others}
    contrary = {"kind": "unless" if clause["kind"] == "when" else "when", "body": clause["body"]}
    yield "negated", {**policy, "conditions": [*others, contrary]}


def body_mutants(policy: dict[str, Any], index: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """A policy where one clause is otherwise inside."""
    clauses = policy["conditions"]
    clause, others = clauses[index], [*clauses[:index], *clauses[index + 1 :]]
    for body in mutations(clause["body"]):
        yield short(body), {**policy, "conditions": [*others, {"kind": clause["kind"], "body": body}]}


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
