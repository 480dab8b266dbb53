"""docs/reference/formats.md: what was sent, stored and shown in the last run of these tests, as a table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "formats.md"

_HEAD: Final = """# Formats, each with its test stream

Generated from a run of `tests/formats`; do not edit. `BEFFROI_REGENERATE=1 pytest tests/formats` writes it; the tests
fail when it is not what they measured.

Each stream is made by a real encoder and sent once over real RTSP and TCP to the recorder program, in the order of
decoding, with RTP timestamps of presentation that pass the wrap of their 32 bits after a second and a half. *Stored*
counts the pictures that lie on disk, decrypted, equal byte by byte to what was sent, in the same order, at the same
presentation times and with the same key flags. *Shown* counts what a decoder makes of the one MP4 of the whole range
(one for each setting of the video). Random ranges of each stream are compared packet by packet too.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line. ``reports``: whether the camera sent RTCP sender reports."""

    what: str
    codec: str
    size: str
    reports: bool
    sent: int
    stored: int
    shown: int
    settings: int

    def line(self) -> str:
        """Markdown."""
        reports = "yes" if self.reports else "no"
        cells = (self.what, f"`{self.codec}`", self.size, reports, self.sent, self.stored, self.shown, self.settings)
        return "| " + " | ".join(map(str, cells)) + " |"


def page(rows: list[Row]) -> str:
    """The whole page."""
    head = "| stream | codec | picture | sender reports | sent | stored | shown | settings, hence files |"
    return "\n".join([_HEAD, head, "| --- " * 8 + "|", *(row.line() for row in rows)]) + "\n"
