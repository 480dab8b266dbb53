"""The page of routes (docs/reference/routes.md), written from the route table: who may call what."""

from collections.abc import Sequence
from typing import Final

from beffroi.identity.roles import LABELS, Role
from beffroi.server.access import RouteFact

_HEAD: Final = """# Routes of the centre

Generated from the route table; do not edit. `BEFFROI_REGENERATE=1 pytest tests/server/test_server_routes.py` writes it.

Every route has one rule, enforced before its handler and told in `/api/openapi.json` as `x-access`. A rule opens a
tool, never an image: `POST /api/views` is open to whoever is logged in, and the law decides each view.

- Unsafe methods want the centre's own `Origin` and `X-Beffroi: 1`; the WebSocket wants the `Origin`. Else 403.
- Nobody logged in: 401. Another role than the rule's: 403. A malformed request: 422. Every error has its sentence in
  French and in English under `error.text`.
- What belongs to a commune that the caller has no structural link with (mandate, service, employer's members) answers
  exactly as what does not exist: 404, or absent from the list. Administrators see all accounts of the installation;
  technicians, data protection officers and inspectors are linked with every commune. A new document or camera bears
  the code of a commune or body of whoever enters it, so that a name taken elsewhere is never met.
- Not hidden: how long an answer takes; and, from those who may open a view, how many entries the register holds (a
  lease names its own).
"""


def page(table: Sequence[RouteFact]) -> str:
    """The whole page, Markdown."""
    rules = {fact.rule.name: fact.rule for fact in table}
    lines = [_HEAD, "## Rules", "", "| rule | who |", "| --- | --- |"]
    lines += [f"| `{name}` | {_who(rules[name].roles)} |" for name in sorted(rules)]
    lines += ["", "## Routes", "", "| method | path | rule | what |", "| --- | --- | --- | --- |"]
    ordered = sorted(table, key=lambda fact: (fact.path, fact.method))
    lines += [f"| {fact.method} | `{fact.path}` | `{fact.rule.name}` | {fact.summary} |" for fact in ordered]
    return "\n".join(lines) + "\n"


def _who(roles: frozenset[Role] | None) -> str:
    if roles is None:
        return "anybody on the network"
    if roles == frozenset(Role):
        return "whoever is logged in"
    return ", ".join(LABELS[role].en.lower() for role in Role if role in roles)
