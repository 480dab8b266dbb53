"""The file of each camera: origin, controller, place, mask, order, and the papers about it. No image."""

from datetime import datetime

from fastapi import Request

from beffroi.domain.clock import now
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Camera, Facts
from beffroi.domain.ids import BodyId, CameraId
from beffroi.registry.entitlement import speaks_for
from beffroi.server.access import CAMERA_FILE, CONFIRM, Routes
from beffroi.server.centre import Centre
from beffroi.server.paperlists import in_charge, paper_json
from beffroi.server.rendering import Json
from beffroi.server.session import Caller, require_caller
from beffroi.server.sight import Sight, sight_of, unknown

_ABOUT_A_PLACE = (
    DocumentKind.PREFECT_ORDER,
    DocumentKind.COMMISSIONING,
    DocumentKind.CNIL_COMMITMENT,
    DocumentKind.IMPACT_ASSESSMENT,
    DocumentKind.PROCESSING_RECORD,
    DocumentKind.MASK,
    DocumentKind.NOTICE,
    DocumentKind.CONFORMITY,
    DocumentKind.COMMON_PARTS_AGREEMENT,
    DocumentKind.ALERT_RECORD,
)


class _Papers:
    """Papers about places, found by camera without walking all of them for each."""

    def __init__(self, facts: Facts, at: datetime, sight: Sight) -> None:
        self._places: dict[str, list[Document]] = {}
        for paper in in_charge(facts, at, lambda one: one.kind in _ABOUT_A_PLACE and sight.document(facts, one)):
            # A paper that names cameras or systems is about these; one that names none, about the whole commune.
            for name in [*paper.scope.cameras, *paper.scope.systems] or [*paper.scope.bodies]:
                self._places.setdefault(name, []).append(paper)

    def about(self, camera: Camera) -> list[Document]:
        """The papers about a camera: its own, its system's, its commune's."""
        names = {str(camera.id), camera.system, str(camera.commune)} - {""}
        return [paper for name in sorted(names) for paper in self._places.get(name, ())]


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.get("/api/cameras/file", CAMERA_FILE)
    def cameras(request: Request) -> list[Json]:
        """Cameras in the caller's scope: where, whose, under which order, with which mask; no image."""
        caller, facts, at = require_caller(request), centre.registry.facts(), now(centre.clock)
        sight = sight_of(facts, caller.person)
        papers = _Papers(facts, at, sight)
        return [
            _camera_json(facts, at, camera, papers.about(camera), caller)
            for camera in sorted(facts.cameras.values(), key=lambda one: (one.commune, one.name))
            if sight.camera(camera)
        ]

    @routes.get("/api/cameras/{camera}/file", CAMERA_FILE)
    def camera_file(camera: str, request: Request) -> Json:
        """One camera, with every paper about its place and every version of its mask."""
        caller, facts, at = require_caller(request), centre.registry.facts(), now(centre.clock)
        sight, found = sight_of(facts, caller.person), facts.cameras.get(CameraId(camera))
        if found is None or not sight.camera(found):
            raise unknown(camera)
        about = _Papers(facts, at, sight).about(found)
        masks = [version for paper in about if paper.kind is DocumentKind.MASK for version in facts.versions(paper.id)]
        return {
            **_camera_json(facts, at, found, about, caller),
            "papers": [paper_json(facts, paper, at) for paper in about],
            "masks": [paper_json(facts, version, at) for version in reversed(masks)],
        }

    return routes


def _camera_json(facts: Facts, at: datetime, camera: Camera, about: list[Document], caller: Caller) -> Json:
    confirmed = camera.placement_confirmed_by is not None
    return {
        "id": camera.id,
        "name": camera.name,
        "commune": {"id": camera.commune, "name": _name(facts, camera.commune)},
        "origin": camera.origin.value,
        "kind": camera.kind.value,
        "system": camera.system,
        "responsible": {"id": camera.responsible, "name": _name(facts, camera.responsible)},
        "lat": camera.latitude_deg,
        "lon": camera.longitude_deg,
        "place_confirmed": confirmed,
        "may_confirm": not confirmed
        and caller.role in (CONFIRM.roles or ())
        and speaks_for(facts, caller.person, camera.commune, at),
        "order": _first(facts, at, about, DocumentKind.PREFECT_ORDER),
        "mask": _first(facts, at, about, DocumentKind.MASK),
    }


def _first(facts: Facts, at: datetime, papers: list[Document], kind: DocumentKind) -> Json | None:
    """The paper of a kind that holds, or the last one that does not."""
    several = sorted((paper for paper in papers if paper.kind is kind), key=lambda paper: paper.holds(at))
    return paper_json(facts, several[-1], at) if several else None


def _name(facts: Facts, body: BodyId) -> str:
    found = facts.bodies.get(body)
    return found.name if found is not None else body
