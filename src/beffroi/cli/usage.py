"""Wrong usage of a command whose exit code 1 is a finding: a mistyped path must not be told as tampering."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from beffroi.domain.errors import BadInputError, NotFoundError


@contextmanager
def wrong_usage_is_2(command: str) -> Iterator[None]:
    """What was given is refused or not found: say the sentence, on standard error, and end with exit code 2.

    Args:
        command: name of the command, said before the sentence.
    """
    try:
        yield
    except (BadInputError, NotFoundError) as error:
        print(f"beffroi {command}: {error.text.fr}\nbeffroi {command}: {error.text.en}", file=sys.stderr)
        raise typer.Exit(2) from error
