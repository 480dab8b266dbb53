"""Errors that a person may meet: each carries a sentence that says what happened and what to do."""

from beffroi.domain.text import Text


class BeffroiError(Exception):
    """Base of all errors with a sentence. ``text`` is what the person reads."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class BadInputError(BeffroiError):
    """The input is refused and nothing was changed."""


class NotFoundError(BeffroiError):
    """The thing does not exist, or this person may not know that it does: the two look the same."""


class RefusedError(BeffroiError):
    """A right is missing."""


class BrokenError(BeffroiError):
    """A part failed (disk, key, register): the act did not happen."""
