"""What is told of viewings on site, to those who handle the case or control it; and what their slip says."""

from typing import Final

from beffroi.domain.clock import now
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, DocumentId
from beffroi.domain.ranges import WallRange
from beffroi.evidence.deskstore import CaseFile
from beffroi.evidence.onsiterules import Outcome, Paper
from beffroi.evidence.onsitestore import OnsiteFile
from beffroi.law.engine import GUEST
from beffroi.law.packs.fr.links import authority_of
from beffroi.publish.onsite_slip import OnsiteSheet
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.desk import CONTROLLERS
from beffroi.server.onsite import Onsites
from beffroi.server.rendering import Json
from beffroi.server.session import Caller
from beffroi.server.sight import sight_of
from beffroi.server.viewing import screen_id

_NO_NAME: Final = "(effacé à la clôture du dossier)"


def onsite_json(onsites: Onsites, case: CaseFile, caller: Caller) -> Json:
    """What a case's requisitions open on site, and its joint sessions."""
    centre = onsites.centre
    whole = caller.role in CONTROLLERS
    return {
        "papers": [_paper_json(centre, one, caller) for one in onsites.papers(case)],
        "sessions": [session_json(onsites, one, caller, whole=whole) for one in onsites.store.listed(case.row.id)],
        "guest": GUEST in centre.screens.present(caller.session),
        "now_us": centre.clock.wall_us(),
    }


def session_json(onsites: Onsites, one: OnsiteFile, caller: Caller, *, whole: bool = False) -> Json:
    """One joint session. Entry numbers are for those who may read the whole register."""
    row, live, at_s = one.row, onsites.live.get(one.row.id), onsites.centre.clock.monotonic_s()
    opened = live.opened_s if live is not None and not live.ending else None
    limits = onsites.limits
    return {
        "id": row.id,
        "person": row.person,
        "post": row.post,
        "mine": row.session == screen_id(caller.session),
        "investigator": row.investigator,
        "service": row.service,
        "number": row.number,
        "reason": row.reason,
        "asked_us": row.asked_us,
        "opened_us": row.opened_us,
        "ended_us": row.ended_us,
        "outcome": row.outcome,
        "cause": row.cause,
        "package": row.package,
        "entry": row.entry if whole else None,
        "left_s": None if opened is None else max(0, round(limits.longest_s - (at_s - opened))),
        "idle_left_s": None if live is None or opened is None else max(0, round(limits.idle_s - (at_s - live.last_s))),
        "seconds": round(one.seconds),
        "views": [
            {"camera": view.camera, "from_us": view.from_us, "to_us": view.to_us, "opened_us": view.opened_us}
            for view in one.views
        ],
        "marks": [
            {"id": mark.id, "camera": mark.camera, "from_us": mark.from_us, "to_us": mark.to_us} for mark in one.marks
        ],
    }


def _paper_json(centre: Centre, paper: Paper, caller: Caller) -> Json:
    facts, span = centre.registry.facts(), paper.title.range
    sight = sight_of(facts, caller.person)
    cameras = [facts.cameras[one] for one in sorted(paper.title.cameras) if sight.camera(facts.cameras.get(one))]
    return {
        "document": paper.title.document,
        "number": paper.number,
        "service": paper.service,
        "opj": paper.opj,
        "from_us": span.from_us,
        "to_us": span.to_us,
        "cameras": [{"id": one.id, "name": one.name, "commune": commune_name(facts, one.commune)} for one in cameras],
    }


def sheet_of(onsites: Onsites, case: CaseFile, one: OnsiteFile) -> OnsiteSheet:
    """What the slip of a joint session that is over says."""
    centre, row = onsites.centre, one.row
    facts = centre.registry.facts()
    documents = list(dict.fromkeys(view.document for view in one.views)) or [paper.document for paper in case.papers]
    return OnsiteSheet(
        case=row.case,
        id=row.id,
        outcome=Outcome(row.outcome),
        cause=row.cause,
        investigator=row.investigator or _NO_NAME,
        service=row.service,
        number=row.number,
        operator=row.person,
        post=row.post,
        asked_us=row.asked_us,
        opened_us=row.opened_us,
        ended_us=row.ended_us or row.asked_us,
        seconds=round(one.seconds),
        package=row.package,
        titles=tuple(_title(facts, name, onsites) for name in documents),
        views=tuple(
            (*_camera(facts, view.camera), view.from_us, view.to_us, _sent(centre, view.entry), view.entry)
            for view in one.views
        ),
        marks=tuple((*_camera(facts, mark.camera)[:2], mark.from_us, mark.to_us) for mark in one.marks),
        entries=tuple(entry for entry in (row.entry, row.end_entry) if entry is not None),
        zone=LEGAL_TIME_ZONE,
    )


def _sent(centre: Centre, entry: int) -> WallRange | None:
    """What really left of a view, as the register has it; None when no picture did."""
    view = centre.ledger.record(entry).view
    later = [] if view is None else centre.ledger.entries_of_view(view)
    return next((one.sent.footage for one in later if one.sent is not None), None)


def _camera(facts: Facts, name: str) -> tuple[str, str, str]:
    camera = facts.cameras.get(CameraId(name))
    if camera is None:
        return name, "", ""
    commune = commune_name(facts, camera.commune)
    return camera.name, commune, authority_name(facts, authority_of(camera), commune).fr


def _title(facts: Facts, name: str, onsites: Onsites) -> tuple[str, str, str, str, str]:
    """Number, article, frame, beginning and end of a requisition, as it is written."""
    paper = facts.in_charge(DocumentId(name), now(onsites.centre.clock))
    if paper is None:
        return name, "", "", "", ""
    article, frame, begin, end = (str(paper.fields.get(key, "")) for key in ("article", "frame", "from", "to"))
    return paper.number, article, frame, begin, end
