"""What is told of a case, to one of those who handle it or control it.

Entry numbers are for those who may read the whole register: to anybody else a number tells how much happens elsewhere.
A person, a camera or a document that the reader may not know of has no name here.
"""

from datetime import datetime
from typing import Final

from beffroi.domain.clock import now
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, DocumentId, PersonId
from beffroi.evidence.deskrules import Title, beyond_us, titles_of, within
from beffroi.evidence.deskstore import CaseFile, minutes_of
from beffroi.evidence.safeguards import dies_us
from beffroi.registry.desktables import DeskHoldRow, DeskPackageRow
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.desk import CONTROLLERS
from beffroi.server.deskbuild import package_path
from beffroi.server.desklapse import term_days_then
from beffroi.server.deskstamp import stamp_json
from beffroi.server.rendering import Json
from beffroi.server.safeguard import reason_json
from beffroi.server.session import Caller
from beffroi.server.sight import Sight, sight_of

_PACKAGE: Final = (
    *("id", "prepared_us", "prepared_by", "second", "agreed_us", "built_us", "size_bytes", "sha256"),
    *("manifest_sha256", "fetched_bytes", "signed_on", "signed_by", "reference", "received_us", "destroyed_us"),
)


def case_json(centre: Centre, case: CaseFile, caller: Caller) -> Json:
    """A case, for one of those who handle it or control it."""
    row, facts, at = case.row, centre.registry.facts(), now(centre.clock)
    until_us = row.search_until_us if row.search_until_us is not None else centre.clock.wall_us()
    sight, whole = sight_of(facts, caller.person), caller.role in CONTROLLERS
    papers = [one.document for one in case.papers]
    titles, own_us = titles_of(facts, papers, at), beyond_us(case.kind, case.call, paper=False)
    persons = {row.opened_by, *row.handlers}
    persons |= {name for one in case.packages for name in (one.prepared_by, one.second)}
    found = [facts.in_charge(DocumentId(one), at) for one in papers]
    return {
        "id": row.id,
        "kind": row.kind,
        "opened_us": row.opened_us,
        "opened_by": row.opened_by,
        "handlers": row.handlers,
        "reason": reason_json(centre, case),
        "names": _names(facts, sight, persons),
        "search_s": round((until_us - row.opened_us) / 1e6),
        "call": {
            "caller": row.caller,
            "service": row.service,
            "callback": row.callback,
            "verified": row.verified,
            "frame": row.frame,
            "number": row.number,
        },
        "holds": [_hold_json(facts, one, titles, at, own_us=own_us, whole=whole) for one in case.holds],
        "papers": papers,
        "titles": [
            _title_json(facts, one, sight, at) for one in found if one is not None and sight.document(facts, one)
        ],
        "packages": [_package_json(centre, one, caller, whole=whole) for one in case.packages],
        "closed_us": row.closed_us,
        "closed_why": row.closed_why,
    }


def requisitions_json(centre: Centre, case: CaseFile, caller: Caller) -> list[Json]:
    """The requisitions that the caller may know of and that name a camera they may know of, newest first."""
    facts, at = centre.registry.facts(), now(centre.clock)
    sight, attached = sight_of(facts, caller.person), {one.document for one in case.papers}
    names = {one.id for one in facts.documents if one.kind is DocumentKind.REQUISITION}
    charged = [one for name in names if (one := facts.in_charge(name, at)) is not None and sight.document(facts, one)]
    told = [_title_json(facts, one, sight, at) for one in sorted(charged, key=lambda one: (one.signed_on, one.id))]
    return [{**one, "attached": one["document"] in attached} for one in reversed(told) if one["cameras"]]


def _names(facts: Facts, sight: Sight, persons: set[str]) -> Json:
    found = {one: facts.persons.get(PersonId(one)) for one in sorted(persons)}
    return {name: one.label.as_dict() for name, one in found.items() if one is not None and sight.person(facts, one)}


def _hold_json(facts: Facts, hold: DeskHoldRow, titles: list[Title], at: datetime, *, own_us: int, whole: bool) -> Json:
    """Minutes held. ``dies_us``: when the first of its images dies unless something changes; ``inside``: what a
    requisition in force lets leave."""
    commune = commune_name(facts, hold.commune)
    inside = [[one.range.from_us, one.range.to_us] for one in within([minutes_of(hold)], titles)]
    whole_of = [[hold.from_us, hold.to_us]]  # what is outside of every requisition keeps the life that it had
    return {
        "camera": hold.camera,
        "name": _camera_name(facts, hold.camera),
        "commune": commune,
        "authority": authority_name(facts, hold.authority, commune).as_dict(),
        "from_us": hold.from_us,
        "to_us": hold.to_us,
        "until_us": hold.until_us,
        "beyond_us": hold.beyond_us,
        "dies_us": _dies_us(facts, hold, at, own_us if hold.lengthened and inside != whole_of else hold.beyond_us),
        "lengthened": hold.lengthened,
        "inside": inside,
        "entry": hold.entry if whole else None,
        "files": {name: getattr(hold, name) for name in _FILES},
        "complete": hold.complete,
        "placed_us": hold.placed_us,
        "ended_us": hold.ended_us,
    }


_FILES: Final = ("held", "growing", "waiting", "refused", "damaged", "past_term")


def _dies_us(facts: Facts, hold: DeskHoldRow, at: datetime, beyond: int) -> int:
    minutes = minutes_of(hold)
    return dies_us(minutes, hold.until_us, beyond, term_days_then(facts, minutes, at))


def _title_json(facts: Facts, paper: Document, sight: Sight, at: datetime) -> Json:
    """A requisition: what it is, whether it counts, which cameras and minutes it names."""
    (title,) = titles_of(facts, [paper.id], at) or (None,)
    proposed = paper.status_on(at) is DocumentStatus.PROPOSED
    awaiting = facts.bodies.get(paper.awaiting) if proposed and paper.awaiting else None
    cameras = [one for one in sorted(paper.scope.cameras) if sight.camera(facts.cameras.get(one))]
    fields = {name: str(paper.fields.get(name, "")) for name in ("service", "frame", "opj", "from", "to")}
    return {
        "document": paper.id,
        "number": paper.number,
        "signed_on": paper.signed_on.isoformat(),
        "status": paper.status_on(at).value,
        "in_force": title is not None,
        "awaiting": None if awaiting is None else awaiting.name,
        "cameras": [{"camera": one, "name": _camera_name(facts, one)} for one in cameras],
        **fields,
    }


def _package_json(centre: Centre, row: DeskPackageRow, caller: Caller, *, whole: bool) -> Json:
    """A delivery; whether it waits for the caller's own word, and whether the caller makes it."""
    facts = centre.registry.facts()
    asked = [
        {"camera": camera, "name": _camera_name(facts, camera), "from_us": from_us, "to_us": to_us}
        for camera, from_us, to_us in row.asked
    ]
    return {
        "asked": asked,
        "entry": row.entry if whole else None,
        "yours": row.prepared_by == caller.person,
        "awaits_you": row.second == caller.person and row.agreed_us is None,
        "timestamp": None if row.built_us is None else stamp_json(package_path(centre, row.id), row.sha256),
        **{name: getattr(row, name) for name in _PACKAGE},
    }


def _camera_name(facts: Facts, camera: str) -> str:
    found = facts.cameras.get(CameraId(camera))
    return found.name if found else camera
