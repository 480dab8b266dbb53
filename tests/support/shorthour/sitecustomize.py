"""Loaded by every Python process of a test's recorder when this folder is in its PYTHONPATH: an hour is a few seconds.

The product has no such door: terms are counted in days and keys in hours, everywhere, always. A test that must see many
terms go by changes the two constants of its own processes, here: ``BEFFROI_TEST_HOUR_S`` and ``BEFFROI_TEST_TERM_S``.
"""

import os
from typing import Any

from beffroi.capture import rotation
from beffroi.capture.destroying import Destroying
from beffroi.vault import destruction

HOUR_US = round(float(os.environ["BEFFROI_TEST_HOUR_S"]) * 1e6)
TERM_US = round(float(os.environ["BEFFROI_TEST_TERM_S"]) * 1e6)

rotation.HOUR_US = HOUR_US  # type: ignore[misc]  # final in the product
vars(destruction)["hour_term_end_us"] = lambda hour, term_days, tz: hour * HOUR_US + TERM_US

_begin = Destroying.__init__


def _often(self: Destroying, *args: Any, **settings: Any) -> None:
    _begin(self, *args, **{**settings, "every_s": HOUR_US / 2e6})


Destroying.__init__ = _often  # type: ignore[method-assign]  # a pass each half hour, of these hours
