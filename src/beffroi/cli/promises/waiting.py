"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import Final

from beffroi.cli.promises.report import PromiseBrokenError

POLL_S: Final = 0.05


def wait_until(
    condition: Callable[[], object], fr: str, en: str, *, timeout_s: float = 60.0, poll_s: float = POLL_S
) -> float:
    """Poll until the condition is true; the seconds it took.

    Raises:
        PromiseBrokenError: not in time; says what was awaited.
    """
    began_s = time.monotonic()
    while not condition():
        if time.monotonic() - began_s > timeout_s:
            raise PromiseBrokenError(f"attendu en vain {timeout_s:g} s : {fr}", f"waited {timeout_s:g} s for {en}")
        time.sleep(poll_s)
    return time.monotonic() - began_s
