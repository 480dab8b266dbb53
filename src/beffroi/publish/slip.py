"""The slip of a delivery: one printable paper that says what it is, for the procedure. PDF/UA-1, fonts inside."""

import json
from datetime import datetime
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

import typst

from beffroi.domain.clock import instant
from beffroi.evidence.manifest import Manifest

_CAUSES: Final = {
    "lost": "fichier perdu ou abîmé",
    "stream_closed": "flux coupé par la caméra",
    "unknown": "cause inconnue",
}


def slip_pdf(manifest: Manifest, *, on: datetime) -> bytes:
    """The slip of this statement. The same statement always gives the same bytes."""
    made = typst.compile(
        (files(__package__) / "slip.typ").read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(sheet_of(manifest), ensure_ascii=False)},
        pdf_standards=["ua-1"],
        timestamp=on.replace(microsecond=0),
    )
    if not isinstance(made, bytes):
        raise TypeError("one PDF file is expected")
    return made


def sheet_of(manifest: Manifest) -> dict[str, Any]:
    """What the slip says, line by line."""
    zone = ZoneInfo(manifest.zone)

    def told(wall_us: int) -> str:
        return f"{instant(wall_us).astimezone(zone):%d/%m/%Y %H:%M:%S}"

    names = {one.id: one.name for one in manifest.cameras}
    return {
        "case": manifest.case.id,
        "facts": [
            ["Service demandeur", manifest.case.service],
            ["Titre", ", ".join(part for part in (manifest.case.article, manifest.case.number) if part)],
            ["Cadre", manifest.case.frame],
            ["Date du titre", manifest.case.date],
            ["Autorité", manifest.authority],
            ["Préparé par l'agent", manifest.made_by],
            ["Accord de l'agent", manifest.agreed_by],
            ["Fait le", told(manifest.made_us)],
            ["Entrée du registre", str(manifest.decision.entry)],
        ],
        "cameras": [[one.name, one.commune, one.authority, _offset(one.clock_offset_ms)] for one in manifest.cameras],
        "files": [
            [names.get(one.camera, one.camera), told(one.from_us), told(one.to_us), str(one.frames), one.sha256]
            for one in manifest.files
        ],
        "gaps": [
            [names.get(one.camera, one.camera), told(one.from_us), told(one.to_us), _CAUSES.get(one.cause, one.cause)]
            for one in manifest.gaps
            if one.to_us - one.from_us >= 100_000
        ],
        "zone": manifest.zone,
    }


def _offset(offset_ms: int | None) -> str:
    return "non connue" if offset_ms is None else f"{offset_ms / 1000:+.1f} s"
