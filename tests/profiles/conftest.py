"""The engine, once."""

import pytest

from beffroi.law.engine import LawEngine


@pytest.fixture(scope="session")
def engine() -> LawEngine:
    """The law as it ships."""
    return LawEngine.load()
