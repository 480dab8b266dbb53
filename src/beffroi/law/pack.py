"""A pack as loaded: rules, rows, conditions, refusals and words, checked for coherence before anything is decided."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

import yaml

from beffroi.domain.text import Text
from beffroi.law.rows import (
    Clause,
    Row,
    clauses_of,
    compose,
    law_condition,
    origin_condition,
    rows_of,
    status_condition,
)
from beffroi.law.timeline import Rule, Timeline, timeline_of

STATUSES: Final = frozenset({"verified", "interpretation", "unverified"})


class PackError(ValueError):
    """The pack contradicts itself: nothing is decided with it."""


@dataclass(frozen=True, slots=True)
class CureWords:
    """What would cure an unmet condition: kind of document, words, who issues it (a key of ``issuers``)."""

    kind: str
    text: Text
    issuer: str


@dataclass(frozen=True, slots=True)
class ConditionWords:
    """A named condition: its rules, the paper it rests on, the acts it is about (None: all), its sentences. A quiet one
    is told only when unmet."""

    id: str
    rules: tuple[Rule, ...]
    structural: bool
    slot: str | None
    acts: frozenset[str] | None
    met: Text
    unmet: Text
    cure: CureWords | None
    asked_from: date | None = None
    cites: tuple[str, ...] = ()
    quiet: bool = False

    def has_object(self, act: str) -> bool:
        """Whether it asks anything about this act: a title has no object for a live view."""
        return self.acts is None or act in self.acts

    @property
    def rule(self) -> Rule:
        """The rule that gives the article."""
        return self.rules[0]


@dataclass(frozen=True, slots=True)
class PaperWords:
    """How a paper is spoken of."""

    name: Text
    feminine: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal that rests on who asks, and where the camera stands."""

    row: str
    rule: Rule
    reason: Text


@dataclass(frozen=True, slots=True)
class Outright:
    """A row that refuses outright: for these qualities and origins (empty: all), save where a condition is met, and
    only where another is (both names of conditions; None: always). ``keeps``: what is missing is told all the same."""

    refusal: Refusal
    who: frozenset[str]
    origins: frozenset[str]
    unless: str | None
    when: str | None
    keeps: bool


@dataclass(frozen=True, slots=True)
class Refusals:
    """All refusals that do not come from a row's conditions."""

    outright: tuple[Outright, ...]
    strangers: Mapping[str, Refusal]
    other_acts: Mapping[str, Refusal]
    no_act: Refusal
    screen: Refusal
    unknown_person: Refusal
    unknown_camera: Refusal
    error: Refusal

    def all(self) -> tuple[Refusal, ...]:
        """Every refusal."""
        named = (self.no_act, self.screen, self.unknown_person, self.unknown_camera, self.error)
        return (
            *(one.refusal for one in self.outright), *self.strangers.values(), *self.other_acts.values(), *named
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences that the explainer puts together."""

    leads: Mapping[str, Text]
    allowed: Mapping[str, Text]
    authorities: Mapping[str, Text]
    states: Mapping[str, Text]
    since: Text
    someone: Text
    confirmation: Text
    unsettled: Text
    not_yet_asked: Text
    papers: Mapping[str, PaperWords]
    issuers: Mapping[str, Text]


@dataclass(frozen=True)
class Pack:
    """Everything of a country that is data. ``hash`` is the SHA-256 of all its files."""

    hash: str
    rules: Mapping[str, Rule]
    rows: tuple[Row, ...]
    conditions: Mapping[str, ConditionWords]
    clauses: Mapping[str, Clause]
    refusals: Refusals
    words: Words
    timeline: Timeline
    document_types: Mapping[str, Mapping[str, Any]]
    policy_files: Mapping[str, str]
    schema: str

    @cached_property
    def policies(self) -> str:
        """The Cedar text that decides: one permit for each row, then the limits."""
        return "\n".join((compose(self.rows, self.clauses), *self.policy_files.values()))

    @cached_property
    def asked_dates(self) -> tuple[date, ...]:
        """The days from which some condition is asked."""
        return tuple(sorted({one.asked_from for one in self.clauses.values() if one.asked_from is not None}))

    @cached_property
    def row_rules(self) -> tuple[Rule, ...]:
        """The rules on which some row rests."""
        return tuple(self.rules[name] for name in sorted({rule for row in self.rows for rule in row.rules}))


def pack_root(country: str = "fr") -> Traversable:
    """The folder of a pack that ships with the program."""
    return files("beffroi.law") / "packs" / country


def load_pack(country: str = "fr") -> Pack:
    """Read and check a pack that ships with the program.

    Raises:
        PackError: a name is used that is not defined, or a field is missing.
    """
    return pack_from(pack_root(country))


def pack_from(root: Traversable) -> Pack:
    """Read and check the pack of a folder.

    Raises:
        PackError: a name is used that is not defined, or a field is missing.
    """
    try:
        return _load(root)
    except (KeyError, TypeError, AttributeError, ValueError, yaml.YAMLError) as error:
        raise PackError(f"pack {root}: {error!r}") from error


def _load(root: Traversable) -> Pack:
    rules = {row["id"]: _rule(row) for row in _yaml(root, "rules.yaml")}
    texts, raw = _yaml(root, "texts.yaml"), _yaml(root, "conditions.yaml")
    rows = rows_of(_yaml(root, "rows.yaml"))
    cures = {slot: CureWords(row["kind"], _text(row["cure"]), row["issuer"]) for slot, row in texts["papers"].items()}
    conditions = {name: _condition(name, row, rules, cures) for name, row in raw.items()}
    clauses = {name: Clause(name, row["when"], row.get("asked_from")) for name, row in raw.items()}
    for row in rows:
        conditions |= _row_conditions(row, rules, texts)
        for clause in clauses_of(row):
            clauses[clause.name] = clause
    policies = root / "policies"
    names = sorted(one.name for one in policies.iterdir() if one.name.endswith(".cedar"))
    words = _words(texts)
    issuers = {condition.cure.issuer for condition in conditions.values() if condition.cure}
    unknown = (issuers - set(words.issuers)) | {one for row in rows for one in row.conditions if one not in conditions}
    unknown |= {row.authority for row in rows} - set(words.authorities)
    if unknown or len({row.id for row in rows}) != len(rows):
        raise PackError(f"unknown or doubled names {sorted(unknown)}")
    return Pack(
        hash=hash_of(root),
        rules=rules,
        rows=rows,
        conditions=conditions,
        clauses=clauses,
        refusals=_refusals(_yaml(root, "refusals.yaml"), rules, conditions),
        words=words,
        timeline=timeline_of(rules, _yaml(root, "purposes.yaml"), _yaml(root, "timeline.yaml")),
        document_types=_yaml(root, "documents.yaml"),
        policy_files={name: (policies / name).read_text(encoding="utf-8") for name in names},
        schema=(root / "schema.cedarschema").read_text(encoding="utf-8"),
    )


def _words(texts: dict[str, Any]) -> Words:
    return Words(
        leads=_texts(texts["leads"]),
        allowed=_texts(texts["allowed"]),
        authorities=_texts(texts["authorities"]),
        states=_texts(texts["states"]),
        since=_text(texts["since"]),
        someone=_text(texts["someone"]),
        confirmation=_text(texts["confirmation"]),
        unsettled=_text(texts["unsettled"]),
        not_yet_asked=_text(texts["not_yet_asked"]),
        papers={slot: PaperWords(_text(row), bool(row["feminine"])) for slot, row in texts["papers"].items()},
        issuers=_texts(texts["issuers"]),
    )


def _rule(row: dict[str, Any]) -> Rule:
    if row["status"] not in STATUSES:
        raise PackError(f"rule {row['id']}: unknown status {row['status']}")
    return Rule(
        id=row["id"],
        article=row["article"],
        valid_from=row["valid_from"],
        valid_to=row.get("valid_to"),
        status=row["status"],
        source=row["source"],
        text=_text(row),
        aliases=tuple(row.get("aliases", ())),
    )


def _condition(
    name: str, row: dict[str, Any], rules: Mapping[str, Rule], cures: Mapping[str, CureWords]
) -> ConditionWords:
    slot, own = row.get("slot"), row.get("cure")
    cure = CureWords(own["kind"], _text(own), own["issuer"]) if own else None
    cure_slot = row.get("cure_slot", slot)
    if cure is None and cure_slot is not None:
        cure = cures[cure_slot]
    return ConditionWords(
        id=name,
        rules=tuple(rules[rule] for rule in row["rules"]),
        structural=bool(row.get("structural", False)),
        slot=slot,
        acts=frozenset(row["acts"]) if "acts" in row else None,
        met=_text(row["met"]),
        unmet=_text(row["unmet"]),
        cure=cure,
        asked_from=row.get("asked_from"),
        cites=tuple(row.get("cites", (slot,) if slot else ())),
        quiet=bool(row.get("quiet", False)),
    )


def _row_conditions(row: Row, rules: Mapping[str, Rule], texts: dict[str, Any]) -> dict[str, ConditionWords]:
    """Words of the conditions that come from the row itself."""

    def words(name: str, of: tuple[Rule, ...], key: str, told: Text, *, structural: bool) -> ConditionWords:
        met, unmet = (_text(texts["row"][key][which]) for which in ("met", "unmet"))
        met, unmet = (Text(fr=one.fr.format(told=told.fr), en=one.en.format(told=told.en)) for one in (met, unmet))
        return ConditionWords(name, of, structural, None, None, met, unmet, None, quiet=key == "law")

    def listed(table: str, keys: tuple[str, ...]) -> Text:
        several = [_text(texts[table][key]) for key in keys]
        return Text(fr=" ou ".join(one.fr for one in several), en=" or ".join(one.en for one in several))

    own = tuple(rules[name] for name in row.rules)
    status, law = status_condition(row.who), law_condition(row.law)
    dated = Text(fr=own[0].article, en=own[0].article)
    made = {
        status: words(status, (rules["CSI-R253-3"],), "status", listed("statuses", row.who), structural=True),
        law: words(law, own, "law", dated, structural=False),
    }
    if row.origins:
        origin = origin_condition(row.origins)
        rule = (rules["CSI-R253-3"],)
        made[origin] = words(origin, rule, "origin", listed("origins", row.origins), structural=True)
    return made


def _refusals(raw: dict[str, Any], rules: Mapping[str, Rule], conditions: Mapping[str, ConditionWords]) -> Refusals:
    def one(row: dict[str, Any]) -> Refusal:
        return Refusal(row["row"], rules[row["rule"]], _text(row))

    def outright(row: dict[str, Any]) -> Outright:
        for name in (row.get("unless"), row.get("when")):
            if name is not None and name not in conditions:
                raise PackError(f"{row['row']}: unknown condition {name}")
        who, origins = frozenset(row["who"]), frozenset(row.get("origins", ()))
        return Outright(one(row), who, origins, row.get("unless"), row.get("when"), bool(row.get("keeps", False)))

    return Refusals(
        outright=tuple(outright(row) for row in raw["outright"]),
        strangers={who: one(row) for row in raw["strangers"] for who in row["who"]},
        other_acts={key: one(row) for key, row in raw["other_acts"].items()},
        no_act=one(raw["no_act"]),
        screen=one(raw["screen"]),
        unknown_person=one(raw["unknown_person"]),
        unknown_camera=one(raw["unknown_camera"]),
        error=one(raw["error"]),
    )


def _yaml(root: Traversable, name: str) -> Any:
    return yaml.safe_load((root / name).read_text(encoding="utf-8"))


def _text(row: dict[str, Any]) -> Text:
    return Text(fr=row["fr"], en=row["en"])


def _texts(rows: dict[str, Any]) -> dict[str, Text]:
    return {key: _text(row) for key, row in rows.items()}


def pack_files(root: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Every file of a pack that counts, code included, with its path inside the pack, in order."""
    for one in sorted(root.iterdir(), key=lambda entry: entry.name):
        if one.name == "__pycache__":
            continue
        if one.is_dir():
            yield from pack_files(one, f"{prefix}{one.name}/")
        elif one.name.endswith((".yaml", ".cedar", ".cedarschema", ".py")):
            yield f"{prefix}{one.name}", one.read_bytes()


def hash_of(root: Traversable) -> str:
    """SHA-256 (hex) of all the files of a pack."""
    digest = hashlib.sha256()
    for name, content in pack_files(root):
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
