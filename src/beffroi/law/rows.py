"""The decision table as data: rows and conditions of a pack, and the Cedar text that they make.

Each row becomes one permit whose `when` clauses are its conditions in order: a row opens exactly when they all hold.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from beffroi.domain.acts import Act

Law = tuple[tuple[str, ...], ...]
"""Rules on which a row rests: of each inner tuple one must be in force."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``id`` names the policy, ``row`` what people are told; ``position`` is the condition that only a written
    position of the préfecture meets."""

    id: str
    row: str
    who: tuple[str, ...]
    origins: tuple[str, ...]
    acts: tuple[str, ...]
    unsettled: bool
    interpretation: bool
    authority: str
    law: Law
    conditions: tuple[str, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """Every rule that the row names."""
        return tuple(rule for several in self.law for rule in several)

    @property
    def position(self) -> str | None:
        """The last condition of an unsettled row."""
        return self.conditions[-1] if self.unsettled else None


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition as it is decided: a Cedar expression, from which day it is asked."""

    name: str
    when: str
    asked_from: date | None = None


def rows_of(raw: Mapping[str, Any]) -> tuple[Row, ...]:
    """Read rows.yaml; groups are written out."""
    groups: Mapping[str, list[str]] = raw["groups"]
    return tuple(_row(one, groups) for one in raw["rows"])


def _row(raw: Mapping[str, Any], groups: Mapping[str, list[str]]) -> Row:
    law = tuple((one,) if isinstance(one, str) else tuple(one) for one in raw["law"])
    if raw["verdict"] not in {"allow", "unsettled"}:
        raise KeyError(f"{raw['id']}: verdict {raw['verdict']}")
    acts = groups[raw["acts"]] if isinstance(raw["acts"], str) else raw["acts"]
    origins = tuple(raw.get("origins", ()))
    named = tuple(_written_out(raw["conditions"], groups))
    first = (status_condition(raw["who"]), *((origin_condition(origins),) if origins else ()), law_condition(law))
    conditions = (*first, *named)
    if len(set(conditions)) != len(conditions):
        raise KeyError(f"{raw['id']}: a condition comes twice")
    return Row(
        id=raw["id"],
        row=raw.get("row", raw["id"]),
        who=tuple(raw["who"]),
        origins=origins,
        acts=tuple(Act(act).value for act in acts),
        unsettled=raw["verdict"] == "unsettled",
        interpretation=bool(raw.get("interpretation", False)),
        authority=raw["authority"],
        law=law,
        conditions=conditions,
    )


def _written_out(names: Iterable[str], groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name in names:
        yield from groups.get(name, (name,))


def status_condition(who: Iterable[str]) -> str:
    """Name of the condition that says who may ask."""
    return f"status-{'-or-'.join(one.replace('_', '-') for one in who)}"


def origin_condition(origins: Iterable[str]) -> str:
    """Name of the condition that says where the camera stands."""
    return f"origin-{''.join(origins)}"


def law_condition(law: Law) -> str:
    """Name of the condition that says that the row is the law on the day asked about."""
    return "law-" + "-and-".join("-or-".join(several) for several in law).replace("/", "-").replace(" ", "")


def clauses_of(row: Row) -> tuple[Clause, ...]:
    """The conditions that come from the row itself: who, where, since when."""
    made = [Clause(status_condition(row.who), f"{_list(row.who)}.contains(principal.status)")]
    if row.origins:
        made.append(Clause(origin_condition(row.origins), f"{_list(row.origins)}.contains(resource.origin)"))
    in_force = (f"context.law.containsAny({_list(several)})" for several in row.law)
    made.append(Clause(law_condition(row.law), " && ".join(in_force)))
    return tuple(made)


def compose(rows: Iterable[Row], clauses: Mapping[str, Clause]) -> str:
    """The Cedar text of the rows: one permit each."""
    return "\n".join(_permit(row.id, row.acts, row.conditions, clauses) for row in rows)


def compose_alone(names: Iterable[str], clauses: Mapping[str, Clause]) -> str:
    """One permit for each condition, with the name of the condition: the twin of the rows."""
    return "\n".join(_permit(name, (), (name,), clauses) for name in names)


def _permit(name: str, acts: tuple[str, ...], conditions: Iterable[str], clauses: Mapping[str, Clause]) -> str:
    names = tuple(conditions)
    action = f"action in [{', '.join(f'Action::{_quoted(act)}' for act in acts)}]" if acts else "action"
    head = (
        f'@id("{name}")\n@conditions("{" ".join(names)}")\npermit (principal is Person, {action}, resource is Camera)'
    )
    return "\n".join((head, *(f"when {{ {_asked(clauses[one])} }}" for one in names))) + ";\n"


def _asked(clause: Clause) -> str:
    if clause.asked_from is None:
        return clause.when
    return f"!context.since.contains({_quoted(clause.asked_from.isoformat())}) || ({clause.when})"


def _quoted(text: str) -> str:
    return f'"{text}"'


def _list(several: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, several))}]"
