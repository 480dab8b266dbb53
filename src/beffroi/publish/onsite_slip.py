"""The slip of a viewing on site: what was required, seen and found, to be signed by both on paper. PDF/UA-1."""

import json
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

import typst

from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.legaltime import paper_time
from beffroi.domain.ranges import WallRange
from beffroi.evidence.onsiterules import Outcome

_ENDS: Final = {
    Outcome.NOTHING: "NÉANT : rien n'a été trouvé dans ce qui a été visionné.",
    Outcome.EXTRACT: "Un extrait des minutes repérées est demandé : il est préparé, puis remis contre récépissé.",
    Outcome.INTERRUPTED: "Visionnage interrompu.",
}
_CAUSES: Final = {
    "left": "l'enquêteur est parti",
    "called": "l'opérateur a été appelé ailleurs",
    "fault": "panne",
    "unconfirmed": "l'enquêteur n'a pas confirmé",
    "idle": "plus aucune action",
    "time": "durée maximale atteinte",
    "withdrawn": "la réquisition n'est plus en vigueur",
    "session": "la session, le service ou le poste de l'opérateur a pris fin",
    "restart": "le centre a redémarré",
    "closed": "le dossier a été clos",
}
_FRAMES: Final = {
    "flagrance": "flagrance",
    "preliminary": "enquête préliminaire",
    "information": "information judiciaire",
}


@dataclass(frozen=True, slots=True)
class OnsiteSheet:
    """What a slip says. ``titles``: number, article, frame, beginning, end of each requisition; ``views``: camera,
    commune, authority, beginning, end (wall time in microseconds), what was sent of it (None: no picture), entry;
    ``marks``: camera, commune, beginning, end."""

    case: str
    id: str
    outcome: Outcome
    cause: str
    investigator: str
    service: str
    number: str
    operator: str
    post: str
    asked_us: int
    opened_us: int | None
    ended_us: int
    seconds: int
    package: str
    titles: tuple[tuple[str, str, str, str, str], ...]
    views: tuple[tuple[str, str, str, int, int, WallRange | None, int], ...]
    marks: tuple[tuple[str, str, int, int], ...]
    entries: tuple[int, ...]
    zone: str


def onsite_slip_pdf(sheet: OnsiteSheet) -> bytes:
    """The slip of a viewing that is over. The same sheet always gives the same bytes."""
    made = typst.compile(
        (files(__package__) / "onsite_slip.typ").read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(told(sheet), ensure_ascii=False)},
        pdf_standards=["ua-1"],
        timestamp=instant(sheet.ended_us).replace(microsecond=0),
    )
    if not isinstance(made, bytes):
        raise TypeError("one PDF file is expected")
    return made


def told(sheet: OnsiteSheet) -> dict[str, Any]:
    """What the slip says, line by line."""
    zone = ZoneInfo(sheet.zone)

    def at(wall_us: int | None) -> str:
        return "—" if wall_us is None else paper_time(wall_us, zone)

    def sent(shown: WallRange | None) -> str:
        return "aucune" if shown is None else f"{at(shown.from_us)} – {at(shown.to_us)}"

    end = _ENDS[sheet.outcome]
    if sheet.cause:
        end += f" Cause : {_CAUSES.get(sheet.cause, sheet.cause)}."
    if sheet.package:
        end += f" Remise {sheet.package}."
    minutes, seconds = divmod(sheet.seconds, 60)
    return {
        "case": sheet.case,
        "id": sheet.id,
        "end": end,
        "zone": sheet.zone,
        "facts": [
            ["Enquêteur", sheet.investigator],
            ["Service", sheet.service],
            ["Identité", "carte professionnelle présentée et rapprochée de la réquisition ; aucune copie gardée"],
            ["Opérateur", sheet.operator],
            ["Poste", sheet.post],
            ["Demandé le", at(sheet.asked_us)],
            ["Confirmé le", at(sheet.opened_us)],
            ["Terminé le", at(sheet.ended_us)],
            ["Durée", f"{minutes} min {seconds:02d} s"],
            ["Écritures du registre", ", ".join(str(one) for one in sheet.entries) or "—"],
        ],
        "titles": [
            [number, article, _FRAMES.get(frame, frame), _written(begin, zone), _written(end_, zone)]
            for number, article, frame, begin, end_ in sheet.titles
        ],
        "views": [
            [camera, commune, authority, f"{at(begin)} – {at(end_)}", sent(shown), str(entry)]
            for camera, commune, authority, begin, end_, shown, entry in sheet.views
        ],
        "marks": [[camera, commune, at(begin), at(end_)] for camera, commune, begin, end_ in sheet.marks],
    }


def _written(text: str, zone: ZoneInfo) -> str:
    """An instant of a paper, in legal time; as it stands when it cannot be read."""
    try:
        return paper_time(to_wall_us(datetime.fromisoformat(text).astimezone(zone)), zone)
    except ValueError:
        return text
