"""Telling what was measured."""

import pytest

from beffroi.cli.promises.report import Kept


def tell(found: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """Print a promise and its figures, whatever the options of pytest."""
    with capsys.disabled():
        print(f"\n  {found}")  # noqa: T201  the figures are what the test is for
