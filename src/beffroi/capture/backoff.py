"""How long to wait before calling a camera again, for ever.

| the call before | wait |
|---|---|
| gave pictures | 1 s |
| was not heard: its machine refused, no answer, no road to it | so that a call begins each 2 s; 1 s after a long one |
| was answered, and gave nothing: wrong password, an error, no video | 1, 2, 4 … 60 s |

A call that is not heard costs a packet or two, and a camera that returns is recorded seconds later. One that answers
has to work for each call, and locks an account after some wrong passwords: a password is sent to who has answered only.
"""

import random
from dataclasses import dataclass, field
from typing import Final

LONGEST_S: Final = 60.0
GOOD_AFTER_S: Final = 60.0
"""A stream that held this long forgets its past failures."""

UNHEARD_S: Final = 2.0
_LEAST_S: Final = 1.0


@dataclass
class Backoff:
    """Delays of one stream. Jitter (half to whole of the step) keeps a site's cameras from calling all at once."""

    rng: random.Random = field(default_factory=random.Random)
    _failures: int = 0

    def after(self, good_s: float, unheard_s: float | None = None) -> float:
        """Seconds to wait.

        Args:
            good_s: how long the session that just ended delivered pictures (0: it never did).
            unheard_s: how long the call lasted, of a camera that said nothing at all; None when it said something. A
                camera that is not heard changes nothing of what its refusals have added up to.
        """
        if good_s >= GOOD_AFTER_S:
            self._failures = 0
        if unheard_s is not None:
            step = max(_LEAST_S, UNHEARD_S - unheard_s)
        else:
            step = 1.0 if good_s > 0 else min(LONGEST_S, 2.0**self._failures)
            self._failures = min(self._failures + 1, 6)
        return step * self.rng.uniform(0.5, 1.0)
