"""Loaded by every Python process of a test's recorder when this folder is in its PYTHONPATH: cameras that stopped for
want of room may start again after ``BEFFROI_TEST_EASE_S`` seconds. The product has no such door."""

import os

from beffroi.capture import diskguard

diskguard._EASE_AFTER_S = float(os.environ["BEFFROI_TEST_EASE_S"])  # type: ignore[misc]  # final in the product
