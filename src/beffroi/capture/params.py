"""Reading the parameters of a request on the control socket: what is malformed is refused with a sentence."""

from typing import Any

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text


def whole(params: dict[str, Any], name: str) -> int:
    """A whole number from 0.

    Raises:
        BadInputError: it is not one.
    """
    value = params.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
        raise bad(name)
    return value


def bad(what: str) -> BadInputError:
    """The refusal of a malformed request."""
    return BadInputError(
        Text(
            fr=f"Demande à l'enregistreur mal formée ({what}) : voir docs/design/capture.md.",
            en=f"Malformed request to the recorder ({what}): see docs/design/capture.md.",
        )
    )
