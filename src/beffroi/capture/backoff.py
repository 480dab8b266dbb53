"""How long to wait before calling a camera again: 1, 2, 4 … 60 s with jitter, for ever."""

import random
from dataclasses import dataclass, field
from typing import Final

LONGEST_S: Final = 60.0
GOOD_AFTER_S: Final = 60.0
"""A stream that held this long forgets its past failures."""


@dataclass
class Backoff:
    """Delays of one stream. Jitter (half to whole of the step) keeps a site's cameras from calling all at once."""

    rng: random.Random = field(default_factory=random.Random)
    _failures: int = 0

    def after(self, good_s: float) -> float:
        """Seconds to wait, given how long the session that just ended delivered pictures (0: it never did).

        A lost stream is called again within a second; a camera that keeps refusing is called less and less often.
        """
        if good_s >= GOOD_AFTER_S:
            self._failures = 0
        step = 1.0 if good_s > 0 else min(LONGEST_S, 2.0**self._failures)
        self._failures = min(self._failures + 1, 6)
        return step * self.rng.uniform(0.5, 1.0)
