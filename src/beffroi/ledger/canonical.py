"""Canonical JSON (the integer-and-string part of RFC 8785), and the only reader that the register trusts.

One value has one spelling: keys sorted, no space, UTF-8, no float, integers within ±(2⁵³ − 1). The reader refuses any
other spelling of the same value, so that a leaf cannot be rewritten without changing its bytes' meaning or its hash.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

_INTEGER_LIMIT: Final = 2**53 - 1
_DEPTH_LIMIT: Final = 16


class NotCanonicalError(ValueError):
    """The bytes are not the canonical spelling of a JSON value."""


def dump(value: Any) -> bytes:
    """The canonical bytes of a value made of objects, arrays, strings, integers, booleans and null.

    Raises:
        NotCanonicalError: a float, an integer beyond 2⁵³ − 1, a key that is not ASCII text, a lone surrogate, or a
            nesting deeper than 16.
    """
    _check(value, 0)
    return _spell(value)


def _spell(value: Any) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonicalError("lone surrogate") from error


def load(data: bytes) -> Any:
    """Read canonical bytes.

    Raises:
        NotCanonicalError: not JSON, repeated keys, or any other spelling than `dump` would give.
    """
    try:
        value = json.loads(
            data.decode(), object_pairs_hook=_unique, parse_int=_integer, parse_float=_refuse, parse_constant=_refuse
        )
    except NotCanonicalError:
        raise
    except (ValueError, RecursionError) as error:
        raise NotCanonicalError("not JSON") from error
    # the hooks have checked keys and numbers; only a text with many brackets can be nested too deep
    if data.count(b"{") + data.count(b"[") > _DEPTH_LIMIT:
        _check(value, 0)
    if _spell(value) != data:
        raise NotCanonicalError("another spelling of the same value")
    return value


def exact(value: Any) -> Any:
    """A value as the register spells it: whole numbers only, a measure with decimals goes in as its text."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotCanonicalError("a key is repeated")
    if not all(map(str.isascii, found)):
        raise NotCanonicalError("a key is not ASCII text")
    return found


def _integer(text: str) -> int:
    if len(text) > 17 or abs(number := int(text)) > _INTEGER_LIMIT:
        raise NotCanonicalError("integer beyond 2^53 - 1")
    return number


def _refuse(text: str) -> Any:
    raise NotCanonicalError(f"{text[:20]} is not an integer")


def _check(value: Any, depth: int) -> None:
    if depth > _DEPTH_LIMIT:
        raise NotCanonicalError("nested too deep")
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > _INTEGER_LIMIT:
            raise NotCanonicalError("integer beyond 2^53 - 1")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            # RFC 8785 sorts keys by UTF-16 units and Python by code points: the same order for ASCII
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonicalError("a key is not ASCII text")
            _check(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, depth + 1)
    else:
        raise NotCanonicalError(f"a {type(value).__name__} has no canonical spelling")
