"""What a request's body may be made of, whatever the route: no half characters, no NUL, no NaN, no endless nesting."""

import math
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, model_validator

MAX_DEPTH: Final = 12


class Body(BaseModel):
    """The base of every body: unknown fields are refused, and what no database or register could hold."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        check_storable(value)
        return value


def check_storable(value: Any, depth: int = 0) -> None:
    """Refuse what JSON can carry and storage cannot.

    Raises:
        ValueError: a NUL, half of a surrogate pair, a number that is not finite or has no end, too deep.
    """
    if depth > MAX_DEPTH:
        raise ValueError("too deep")
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            raise ValueError("characters")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("number")
    elif isinstance(value, int):
        if value.bit_length() > 63:
            raise ValueError("number")
    elif isinstance(value, dict):
        for key, one in value.items():
            check_storable(key, depth + 1)
            check_storable(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            check_storable(one, depth + 1)
