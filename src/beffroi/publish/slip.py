"""The slip of a delivery: one printable paper that says what it is, for the procedure. PDF/UA-1, fonts inside.

Two copies. The one inside the package is named by the statement, hence cannot bear the statement's own hash. The paper
that the centre prints once the package is made bears it, as a QR code too: stapled to the procedure, it holds whoever
has had the package since.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

import typst

from beffroi.domain.gaps import GapCause
from beffroi.domain.legaltime import paper_time
from beffroi.evidence.manifest import Manifest
from beffroi.ledger.note import NoteError, parse_checkpoint
from beffroi.publish.audit_pdf import unbroken
from beffroi.publish.registers.report import qr_of

_LOST: Final = "Fichier perdu ou abîmé."
_PAST_TERM: Final = "Images arrivées à leur terme : détruites."
_FRAMES: Final = {
    "flagrance": "flagrance",
    "preliminary": "enquête préliminaire",
    "information": "information judiciaire",
    "none": "sans cadre",
}
_KINDS: Final = {
    "requisition": "Réquisition",
    "safeguard": "Constat de l'opérateur, suivi d'une réquisition",
    "resident": "Demande d'une personne filmée",
    "inspection": "Contrôle",
}


@dataclass(frozen=True, slots=True)
class Sealed:
    """A package once it is made: SHA-256 of its statement and of its zip file, the latter's size in bytes, when a third
    party stamped it (UTC, empty: no)."""

    manifest_sha256: str
    zip_sha256: str
    zip_bytes: int
    stamped: str = ""


def slip_pdf(manifest: Manifest, *, on: datetime, note: bytes, sealed: Sealed | None = None) -> bytes:
    """The slip of this statement. The same statement always gives the same bytes.

    Args:
        manifest: the statement.
        on: the date that the file bears.
        note: the register's signed checkpoint of the package.
        sealed: for the centre's own paper; None for the copy that goes inside.
    """
    made = typst.compile(
        (files(__package__) / "slip.typ").read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(unbroken(sheet_of(manifest, note, sealed)), ensure_ascii=False)},
        pdf_standards=["ua-1"],
        timestamp=on.replace(microsecond=0),
    )
    if not isinstance(made, bytes):
        raise TypeError("one PDF file is expected")
    return made


def sheet_of(manifest: Manifest, note: bytes, sealed: Sealed | None = None) -> dict[str, Any]:
    """What the slip says, line by line."""
    zone, case = ZoneInfo(manifest.zone), manifest.case

    def told(wall_us: int) -> str:
        return paper_time(wall_us, zone)

    names = {one.id: one.name for one in manifest.cameras}
    return {
        "case": case.id,
        "zone": manifest.zone,
        "facts": [
            ["Origine", _KINDS.get(case.kind, case.kind)],
            ["Service demandeur", case.service],
            ["Titre", ", ".join(part for part in (case.article, case.number) if part)],
            ["Date du titre", _days(case.date)],
            ["Cadre", _FRAMES.get(case.frame, case.frame)],
            ["Autorité", ", ".join(dict.fromkeys(one.authority for one in manifest.cameras)) or manifest.authority],
            ["Préparé par l'agent", manifest.made_by],
            ["Accord de l'agent", manifest.agreed_by],
            ["Fait le", told(manifest.made_us)],
            ["Logiciel", manifest.software],
        ],
        "cameras": [
            [one.name, one.id, one.commune, one.authority, one.place, _offset(one.clock_offset_ms)]
            for one in manifest.cameras
        ],
        "asked": [[names.get(one.camera, one.camera), told(one.from_us), told(one.to_us)] for one in manifest.asked],
        "files": [
            [
                one.path,
                names.get(one.camera, one.camera),
                told(one.from_us),
                told(one.to_us),
                str(one.frames),
                one.sha256,
            ]
            for one in manifest.files
        ],
        "gaps": [
            [names.get(one.camera, one.camera), told(one.from_us), told(one.to_us), _cause(one.cause)]
            for one in manifest.gaps
            if one.to_us - one.from_us >= 100_000
        ],
        "note": manifest.note,
        "entry": str(manifest.decision.entry),
        "head": _head(note),
        "sealed": None if sealed is None else _sealed(sealed),
    }


def _head(note: bytes) -> dict[str, str]:
    """The register's head as it is printed; the note is told as it is when it cannot be read."""
    text = note.decode()
    try:
        head = parse_checkpoint(note)
    except NoteError:
        return {"size": "?", "root": "?", "qr": qr_of(text)}
    return {"size": str(head.size), "root": head.root.hex(), "qr": qr_of(text)}


def _sealed(sealed: Sealed) -> dict[str, str]:
    return {
        "manifest": sealed.manifest_sha256,
        "zip": sealed.zip_sha256,
        "bytes": f"{sealed.zip_bytes:,}".replace(",", " "),
        "stamped": sealed.stamped,
        "qr": qr_of(f"sha256:{sealed.manifest_sha256}"),
    }


def _cause(name: str) -> str:
    """Why there is no picture, in words; a cause of a later version as it is written."""
    if name == "lost":
        return _LOST
    if name == "past_term":
        return _PAST_TERM
    return GapCause(name).text.fr if name in set(GapCause) else name


def _days(written: str) -> str:
    """The dates of the titles, as a French paper says them; as it stands when it cannot be read."""
    try:
        return ", ".join(f"{date.fromisoformat(one):%d/%m/%Y}" for one in written.split(", ")) if written else ""
    except ValueError:
        return written


def _offset(offset_ms: int | None) -> str:
    return "non connue" if offset_ms is None else f"{offset_ms / 1000:+.1f} s".replace(".", ",")
