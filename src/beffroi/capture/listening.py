"""How long someone has been silent, as heard by one who may stand still himself. Pure: times are monotonic seconds."""

from typing import Final

_OWN_PAUSE_S: Final = 1.0
"""Looks further apart than this: it was we who stood still (the machine was paused, or far too busy)."""


class Listening:
    """Silence that counts only while we listened: after a pause of the whole machine nobody is taken for dead."""

    def __init__(self, now_s: float) -> None:
        self.heard = False
        self._since_s = self._looked_s = now_s

    def hear(self, now_s: float) -> None:
        """Something was said."""
        self.heard = True
        self._since_s = now_s

    def silent_s(self, now_s: float) -> float:
        """For how long nothing was said since the beginning, or since the last word. To be asked often."""
        pause_s = now_s - self._looked_s
        self._looked_s = now_s
        if pause_s > _OWN_PAUSE_S:
            self._since_s = min(now_s, self._since_s + pause_s)
        return now_s - self._since_s
