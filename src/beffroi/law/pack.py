"""A pack as loaded: rules, conditions, refusals and words, checked for coherence before anything is decided."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.text import Text

STATUSES: Final = frozenset({"verified", "interpretation", "unverified"})


class PackError(ValueError):
    """The pack contradicts itself: nothing is decided with it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One dated rule of law. ``valid_until`` is the first instant at which it no longer holds."""

    id: str
    article: str
    valid_from: date
    valid_to: date | None
    status: str
    source: str
    text: Text

    def in_force(self, at: datetime) -> bool:
        """Whether the rule is the law at this instant (days are days of legal time)."""
        begins = _midnight(self.valid_from)
        return begins <= at and (self.valid_to is None or at < _midnight(self.valid_to + timedelta(days=1)))


@lru_cache(maxsize=256)
def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(LEGAL_TIME_ZONE)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class CureWords:
    """What would cure an unmet condition: kind of document, words, who issues it (a key of ``issuers``)."""

    kind: str
    text: Text
    issuer: str


@dataclass(frozen=True, slots=True)
class ConditionWords:
    """A named condition: its rule, the paper it rests on (for which acts; None: all), its sentences."""

    id: str
    rule: Rule
    structural: bool
    slot: str | None
    acts: frozenset[str] | None
    met: Text
    unmet: Text
    cure: CureWords | None


@dataclass(frozen=True, slots=True)
class PaperWords:
    """How a paper is spoken of."""

    name: Text
    feminine: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal that rests on who asks."""

    row: str
    rule: Rule
    reason: Text


@dataclass(frozen=True, slots=True)
class Refusals:
    """All refusals that do not come from a ground's conditions."""

    by_status: Mapping[str, Refusal]
    strangers: Mapping[str, Refusal]
    other_acts: Mapping[str, Refusal]
    unknown_person: Refusal
    unknown_camera: Refusal
    error: Refusal
    out_of_date: Refusal


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences that the explainer puts together."""

    leads: Mapping[str, Text]
    allowed: Mapping[str, Text]
    states: Mapping[str, Text]
    since: Text
    someone: Text
    confirmation: Text
    papers: Mapping[str, PaperWords]
    issuers: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything of a country that is data. ``hash`` is the SHA-256 of all its files."""

    hash: str
    rules: Mapping[str, Rule]
    conditions: Mapping[str, ConditionWords]
    refusals: Refusals
    words: Words
    document_types: Mapping[str, Mapping[str, Any]]
    policy_files: Mapping[str, str]
    schema: str

    @property
    def policies(self) -> str:
        """All policy files, one after the other."""
        return "\n".join(self.policy_files.values())


def load_pack(country: str = "fr") -> Pack:
    """Read and check a pack that ships with the program.

    Raises:
        PackError: a name is used that is not defined, or a field is missing.
    """
    root = files("beffroi.law") / "packs" / country
    try:
        return _load(root)
    except (KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise PackError(f"pack {country}: {error!r}") from error


def _load(root: Traversable) -> Pack:
    rules = {row["id"]: _rule(row) for row in _yaml(root, "rules.yaml")}
    texts = _yaml(root, "texts.yaml")
    cures = {slot: CureWords(row["kind"], _text(row["cure"]), row["issuer"]) for slot, row in texts["papers"].items()}
    conditions = {name: _condition(name, row, rules, cures) for name, row in _yaml(root, "conditions.yaml").items()}
    policies = root / "policies"
    names = sorted(one.name for one in policies.iterdir() if one.name.endswith(".cedar"))
    words = Words(
        leads=_texts(texts["leads"]),
        allowed=_texts(texts["allowed"]),
        states=_texts(texts["states"]),
        since=_text(texts["since"]),
        someone=_text(texts["someone"]),
        confirmation=_text(texts["confirmation"]),
        papers={slot: PaperWords(_text(row), bool(row["feminine"])) for slot, row in texts["papers"].items()},
        issuers=_texts(texts["issuers"]),
    )
    issuers = {condition.cure.issuer for condition in conditions.values() if condition.cure}
    if not issuers <= set(words.issuers):
        raise PackError(f"unknown issuers {issuers - set(words.issuers)}")
    return Pack(
        hash=_hash(root),
        rules=rules,
        conditions=conditions,
        refusals=_refusals(_yaml(root, "refusals.yaml"), rules),
        words=words,
        document_types=_yaml(root, "documents.yaml"),
        policy_files={name: (policies / name).read_text(encoding="utf-8") for name in names},
        schema=(root / "schema.cedarschema").read_text(encoding="utf-8"),
    )


def _rule(row: dict[str, Any]) -> Rule:
    if row["status"] not in STATUSES:
        raise PackError(f"rule {row['id']}: unknown status {row['status']}")
    return Rule(
        row["id"], row["article"], row["valid_from"], row.get("valid_to"), row["status"], row["source"], _text(row)
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
        rule=rules[row["rule"]],
        structural=bool(row.get("structural", False)),
        slot=slot,
        acts=frozenset(row["acts"]) if "acts" in row else None,
        met=_text(row["met"]),
        unmet=_text(row["unmet"]),
        cure=cure,
    )


def _refusals(rows: dict[str, Any], rules: Mapping[str, Rule]) -> Refusals:
    def one(row: dict[str, Any]) -> Refusal:
        return Refusal(row["row"], rules[row["rule"]], _text(row))

    return Refusals(
        by_status={key: one(row) for key, row in rows["by_status"].items()},
        strangers={key: one(row) for key, row in rows["strangers"].items()},
        other_acts={key: one(row) for key, row in rows["other_acts"].items()},
        unknown_person=one(rows["unknown_person"]),
        unknown_camera=one(rows["unknown_camera"]),
        error=one(rows["error"]),
        out_of_date=one(rows["out_of_date"]),
    )


def _yaml(root: Traversable, name: str) -> Any:
    return yaml.safe_load((root / name).read_text(encoding="utf-8"))


def _text(row: dict[str, Any]) -> Text:
    return Text(fr=row["fr"], en=row["en"])


def _texts(rows: dict[str, Any]) -> dict[str, Text]:
    return {key: _text(row) for key, row in rows.items()}


def _files(root: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for one in sorted(root.iterdir(), key=lambda entry: entry.name):
        if one.name == "__pycache__":
            continue
        if one.is_dir():
            yield from _files(one, f"{prefix}{one.name}/")
        elif one.name.endswith((".yaml", ".cedar", ".cedarschema", ".py")):
            yield f"{prefix}{one.name}", one.read_bytes()


def _hash(root: Traversable) -> str:
    digest = hashlib.sha256()
    for name, content in _files(root):
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
