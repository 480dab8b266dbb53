"""The dates that a scanned document shows, where its PDF holds text: to compare with those that a person types.

A scan without text gives nothing, and the dates are then typed as read. What is found is a help, never a decision:
dates that differ only make a second person look (`beffroi.registry.two_persons`).
"""

import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

import structlog

_log = structlog.get_logger(__name__)

_TIMEOUT_S: Final = 15.0
_MONTHS: Final = {
    "janvier": 1, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7, "aout": 8,
    "septembre": 9, "octobre": 10, "novembre": 11, "decembre": 12,
}  # fmt: skip
_DAY: Final = (
    r"(?:(?P<d>\d{1,2})\s?(?:er)?\s(?P<m>" + "|".join(_MONTHS) + r")\s(?P<y>\d{4})"
    r"|(?P<d2>\d{1,2})/(?P<m2>\d{1,2})/(?P<y2>\d{4}))"
)
_SIGNED: Final = (
    re.compile(r"\b(?:fait|signe)\b[^.;:]{0,60}?\ble\s?:?\s?" + _DAY),
    re.compile(r"\b(?:arrete|decision|deliberation)\b[^.;]{0,80}?\b(?:du|en date du)\s" + _DAY),
)
"""Where a French act says when it was signed, best first; accents are taken off before."""

_UNTIL: Final = (re.compile(r"\b(?:jusqu'au|expire le|echeance\s?:?\s?le|prend fin le)\s" + _DAY),)


@dataclass(frozen=True, slots=True)
class ScanDates:
    """What was read; None: nothing, or several that differ."""

    signed_on: date | None = None
    until: date | None = None


def read_scan(pdf: bytes) -> ScanDates:
    """The dates that a PDF shows. Never raises: a file that cannot be read shows nothing."""
    if not pdf.startswith(b"%PDF-"):
        return ScanDates()
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "beffroi.registry.scan_reader"],
            input=pdf,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        _log.warning("scan unreadable", why="timeout")
        return ScanDates()
    if done.returncode:
        _log.info("scan unreadable", code=done.returncode)
        return ScanDates()
    return dates_in(done.stdout.decode("utf-8", "replace"))


def dates_in(text: str) -> ScanDates:
    """The dates that a French act says of itself."""
    plain = "".join(
        char
        for char in unicodedata.normalize("NFKD", text.lower().replace("’", "'"))
        if not unicodedata.combining(char)
    )
    plain = re.sub(r"\s+", " ", plain)
    return ScanDates(_one(plain, _SIGNED), _one(plain, _UNTIL))


def _one(text: str, patterns: tuple[re.Pattern[str], ...]) -> date | None:
    for pattern in patterns:
        days = {day for found in pattern.finditer(text) if (day := _date(found)) is not None}
        if days:
            return days.pop() if len(days) == 1 else None
    return None


def _date(found: re.Match[str]) -> date | None:
    day, month, year = found["d"] or found["d2"], found["m"], found["y"] or found["y2"]
    try:
        return date(int(year), _MONTHS[month] if month else int(found["m2"]), int(day))
    except ValueError:
        return None
