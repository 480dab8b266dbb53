"""One deployment, read through the engine: what a page, a screen or a program shows of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beffroi.domain.acts import Verdict
from beffroi.domain.documents import Document
from beffroi.domain.facts import BodyKind
from beffroi.domain.ids import CameraId, PersonId
from beffroi.law.documents import type_name
from beffroi.law.engine import LawEngine
from beffroi.profiles.card import card_of
from beffroi.profiles.catalogue import find, scene_of
from beffroi.profiles.reading import Cell, Missing, Reader, Refused
from beffroi.profiles.shape import Card, Profile, Scene, Variant
from beffroi.profiles.way import Progress, walk


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is shown of a deployment. ``way`` is empty where there is only one state."""

    profile: Profile
    variant: Variant | None
    card: Card
    scene: Scene
    table: dict[PersonId, dict[CameraId, Cell]]
    refusals: list[Refused]
    missing: list[Missing]
    way: list[Progress]

    @property
    def cameras(self) -> int:
        """Real cameras."""
        return sum(self.scene.weight(camera) for camera in self.scene.facts.cameras)

    @property
    def communes(self) -> int:
        """Real communes."""
        bodies = self.scene.facts.bodies.values()
        return sum(self.scene.communes.get(one.id, 1) for one in bodies if one.kind is BodyKind.COMMUNE)


def read(engine: LawEngine, name: str, at: datetime | None = None) -> Report:
    """Read a deployment through the engine, at its own instant unless another is given.

    Raises:
        NotFoundError: there is no deployment of that name; the sentence lists them.
    """
    profile, variant = find(name)
    if profile.dual and variant is None:
        variant = Variant.AS_DESCRIBED
    reader = Reader(engine, scene_of(profile, variant), at)
    way = list(walk(reader, scene_of(profile).facts)) if profile.dual else []
    refusals = reader.refusals(reader.scene.cast)
    return Report(
        profile, variant, card_of(profile.name), reader.scene, reader.table(), refusals, reader.missing(), way
    )


def report_as_dict(report: Report) -> dict[str, Any]:
    """A report as JSON-ready data, every sentence in both languages."""
    card, scene = report.card, report.scene
    return {
        "name": report.profile.name,
        "variant": report.variant.value if report.variant else None,
        "title": card.title.as_dict(),
        "summary": card.summary.as_dict(),
        "figures": [{**one.text.as_dict(), "ours": one.ours} for one in card.figures],
        "network": [one.as_dict() for one in card.network],
        "hours": card.hours.as_dict(),
        "retention": card.retention.as_dict(),
        "scale": card.scale.as_dict(),
        "at": scene.at.isoformat(),
        "communes": report.communes,
        "cameras": report.cameras,
        "bodies": [
            {"id": one.id, "name": one.name, "kind": one.kind.value, "form": one.form.value if one.form else None}
            for one in scene.facts.bodies.values()
        ],
        "classes": [
            {
                "camera": one.id,
                "name": one.name,
                "commune": one.commune,
                "origin": one.origin.value,
                "stands_for": scene.weight(one.id),
            }
            for one in scene.facts.cameras.values()
        ],
        "table": [
            {
                "person": person,
                "label": scene.facts.persons[person].label.as_dict(),
                "cameras": {camera: _cell(cell) for camera, cell in row.items()},
            }
            for person, row in report.table.items()
        ],
        "refusals": [_refused(one) for one in report.refusals],
        "missing": [
            {"text": one.text.as_dict(), "article": one.article, "cameras": one.stands_for} for one in report.missing
        ],
        "way": [_progress(one) for one in report.way],
    }


def _cell(cell: Cell) -> dict[str, str]:
    return {act.value: verdict.value for act, verdict in cell.items()}


def _refused(one: Refused) -> dict[str, Any]:
    decision, cure = one.decision, one.decision.cure
    return {
        "person": one.person,
        "cameras": list(one.cameras),
        "stands_for": one.stands_for,
        "to_be_confirmed": decision.verdict is Verdict.UNSETTLED,
        "sentence": decision.sentence.as_dict(),
        "rules": list(decision.rules),
        "cure": None
        if cure is None
        else {"kind": cure.kind, "text": cure.text.as_dict(), "issuer": cure.issuer.as_dict()},
    }


def _progress(one: Progress) -> dict[str, Any]:
    step = one.step
    return {
        "step": None if step is None else step.id,
        "title": None if step is None else step.title.as_dict(),
        "optional": step is not None and step.optional,
        "documents": [] if step is None else [document_line(paper) for paper in step.documents],
        "live": one.live,
        "replay": one.replay,
        "to_be_confirmed": one.unsettled,
        "unmet": one.unmet,
    }


def document_line(paper: Document) -> dict[str, Any]:
    """A paper of a step: its id, how its kind is called, who issues it."""
    return {"id": paper.id, "kind": type_name(paper.kind).as_dict(), "issuer": paper.signatory}
