"""The name of a case, and how far ahead a hold may reach: what recorder and keyring both need to know of holds."""

import re
from typing import Final

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

HOLD_MAX_US: Final = 92 * 86_400_000_000
"""A hold, and a renewal of it, reach at most this far ahead: one that nobody renews ends by itself."""

_CASE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_case_id(text: str) -> bool:
    """Whether a case's name can name a file."""
    return _CASE.fullmatch(text) is not None


def case_id(text: object) -> str:
    """A case's name when it can name a file.

    Raises:
        BadInputError: it cannot.
    """
    if not isinstance(text, str) or not is_case_id(text):
        raise BadInputError(
            Text(
                fr="Le numéro de dossier d'un gel a de 1 à 64 lettres sans accent, chiffres, points, tirets.",
                en="The case number of a hold has 1 to 64 plain letters, digits, dots, hyphens.",
            )
        )
    return text
