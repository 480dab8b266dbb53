"""Reading a leaf back: bytes to `Record`, refusing all that the writer could not have written."""

import re
from typing import Any, Final

from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.ids import AuthorityId, CameraId, ViewId
from beffroi.domain.ranges import WallRange
from beffroi.ledger import canonical
from beffroi.ledger.entry import FORMAT, Asked, EntryKind, LeafError, Record, Sent, Source, Trace

_REQUIRED: Final = frozenset({"v", "type", "time_us", "commitment"})
_OPTIONAL: Final = frozenset(
    {"actor", "session", "view", "camera", "authority", "act", "purpose", "footage", "decision", "outcome", "opened"}
    | {"sent", "source", "at_us", "detail"}
)
_SAID: Final = ("post", "recipient")
_HEX_32: Final = re.compile(r"[0-9a-f]{64}")
_PSEUDONYM: Final = re.compile(r"[0-9a-f]{32}")


def parse(data: bytes, index: int) -> Record:
    """Read the leaf at ``index``.

    Raises:
        LeafError: not canonical, an unknown key or kind, or a value of the wrong type.
    """
    try:
        fields = _entry(canonical.load(data))
        return Record(
            index=index,
            kind=EntryKind(_text(fields, "type")),
            time_us=_number(fields, "time_us"),
            actor=_matching(fields, "actor", _PSEUDONYM),
            commitment=bytes.fromhex(_matching(fields, "commitment", _HEX_32) or ""),
            session=_optional(fields, "session"),
            view=_as(ViewId, _optional(fields, "view")),
            camera=_as(CameraId, _optional(fields, "camera")),
            authority=_as(AuthorityId, _optional(fields, "authority")),
            act=_as(Act, _optional(fields, "act")),
            purpose=_as(Purpose, _optional(fields, "purpose")),
            footage=_range(fields.get("footage")),
            decision=_trace(fields.get("decision")),
            outcome=_optional(fields, "outcome"),
            opened=_number(fields, "opened") if "opened" in fields else None,
            sent=_sent(fields.get("sent")),
            source=_source(fields.get("source")),
            at_us=_number(fields, "at_us") if "at_us" in fields else None,
            detail=_object(fields.get("detail", {})),
        )
    except LeafError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise LeafError(str(error) or type(error).__name__) from error


def _entry(value: Any) -> dict[str, Any]:
    fields = _object(value)
    if not _REQUIRED <= fields.keys() <= _REQUIRED | _OPTIONAL:
        raise LeafError("its keys are not those of an entry")
    if fields["v"] != FORMAT:
        raise LeafError("another format")
    return fields


def _as(kind: Any, value: str | None) -> Any:
    return None if value is None else kind(value)


def _text(fields: dict[str, Any], key: str) -> str:
    value = fields[key]
    if not isinstance(value, str):
        raise LeafError(f"{key} is not text")
    return value


def _optional(fields: dict[str, Any], key: str) -> str | None:
    return _text(fields, key) if key in fields else None


def _matching(fields: dict[str, Any], key: str, pattern: re.Pattern[str]) -> str | None:
    value = _optional(fields, key)
    if value is not None and not pattern.fullmatch(value):
        raise LeafError(f"{key} is malformed")
    return value


def _number(fields: dict[str, Any], key: str) -> int:
    value = fields[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise LeafError(f"{key} is not an integer")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LeafError("an object was due")
    return value


def _exactly(value: Any, keys: str) -> dict[str, Any]:
    found = _object(value)
    if set(found) != set(keys.split()):
        raise LeafError(f"the keys of an object are not {keys}")
    return found


def _range(value: Any) -> WallRange | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise LeafError("a range has two ends")
    ends = {"from": value[0], "to": value[1]}
    return WallRange(_number(ends, "from"), _number(ends, "to"))


def _sent(value: Any) -> Sent | None:
    if value is None:
        return None
    found = _exactly(value, "frames bytes footage")
    return Sent(_number(found, "frames"), _number(found, "bytes"), _range(found["footage"]))


def _source(value: Any) -> Source | None:
    if value is None:
        return None
    found = _object(value)
    if not {"recorder", "seq"} <= found.keys() <= {"recorder", "seq", "chain"}:
        raise LeafError("a source is malformed")
    return Source(_text(found, "recorder"), _number(found, "seq"), _matching(found, "chain", _HEX_32))


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise LeafError("a list of texts was due")
    return tuple(value)


def _trace(value: Any) -> Trace | None:
    if value is None:
        return None
    given = _object(value)
    asked = _asked(given["asked"]) if "asked" in given else None
    kept = {key: one for key, one in given.items() if key != "asked"}
    found = _exactly(kept, "verdict ground rules articles documents rule_set facts")
    return Trace(
        verdict=Verdict(_text(found, "verdict")),
        ground=_text(found, "ground"),
        rules=_texts(found["rules"]),
        articles=_texts(found["articles"]),
        documents=_texts(found["documents"]),
        rule_set_hash=_text(found, "rule_set"),
        facts_hash=_text(found, "facts"),
        asked=asked,
    )


def _asked(value: Any) -> Asked:
    found = _object(value)
    if not {"at_us", "revision", "two_factor"} <= found.keys() <= {"at_us", "revision", "two_factor", *_SAID}:
        raise LeafError("the circumstances of a decision are malformed")
    if not isinstance(found["two_factor"], bool):
        raise LeafError("two_factor is not a truth value")
    said = {key: _optional(found, key) for key in _SAID}
    return Asked(_number(found, "at_us"), _number(found, "revision"), found["two_factor"], **said)
