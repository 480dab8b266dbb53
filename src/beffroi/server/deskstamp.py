"""The time stamp of a delivery: asked of the authority that the centre chose, told when missing, never waited for."""

import json
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Final

import structlog

from beffroi.domain.errors import BeffroiError
from beffroi.evidence.manifest import MANIFEST, TIMESTAMP
from beffroi.evidence.timestamp import read_stamp
from beffroi.evidence.timestamp_client import NoTimestampError, TimestampSettings, ask_stamp, read_settings

_log = structlog.get_logger(__name__)

_ASKED: Final = "Horodatage demandé à "


class Stamping:
    """The time stamp of one delivery. ``told`` is what became of it, for the register."""

    def __init__(self, folder: Path) -> None:
        self.told: dict[str, str] = {"timestamp": "none"}
        self._settings: TimestampSettings | None = None
        try:
            self._settings = read_settings(folder)
        except BeffroiError as error:
            self._missing(error, "settings")

    @property
    def note(self) -> str:
        """For the statement: without it, nobody could tell a time stamp that is missing from one never asked."""
        if self.told["timestamp"] == "none" and self._settings is None:
            return ""
        asked = "une autorité mal configurée" if self._settings is None else self._settings.address[:200]
        return f"{_ASKED}{asked} : il est joint (manifest.tsr), ou elle n'a pas répondu à temps."

    def ask(self, manifest: bytes) -> bytes | None:
        """A time stamp over the manifest, verified; None when there is none."""
        if self._settings is None:
            return None
        try:
            raw, stamp = ask_stamp(self._settings, manifest)
        except NoTimestampError as error:
            self._missing(error, error.why)
            return None
        self.told = {"timestamp": "stamped", "timestamp_time": stamp.time}
        return raw

    def _missing(self, error: BeffroiError, why: str) -> None:
        _log.warning("a delivery has no time stamp", reason=error.text.en)
        self.told = {"timestamp": "missing", "timestamp_why": why[:100]}


@lru_cache(maxsize=256)
def stamp_json(path: Path, sha256: str) -> dict[str, str] | None:
    """What a delivery's file says of its time stamp: ``state`` stamped (with its ``time``, UTC), missing, or none when
    it was not asked; None when the file is gone. ``sha256`` is the file's: what was read holds while it is the same."""
    try:
        with zipfile.ZipFile(path) as archive:
            if TIMESTAMP in archive.namelist():
                return {"state": "stamped", "time": read_stamp(archive.read(TIMESTAMP)).time}
            note = json.loads(archive.read(MANIFEST)).get("note", "")
            return {"state": "missing" if note.startswith(_ASKED) else "none"}
    except (OSError, ValueError, zipfile.BadZipFile):
        return None
