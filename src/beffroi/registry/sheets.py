"""From the papers to what a recorder may record: one signed sheet a camera, and the hour keys to make ahead.

A camera is recorded when the commune has confirmed its place, a prefect's order in force names it (D2, CSI L.252-1) and
the commitment of conformity was sent (D10, CSI R.253-7). Images of common parts are never recorded here (CSI L.272-2:
in real time, for the time of an intervention). A sheet ends with the first of these to end, and 31 days
after its issue at the latest: renewed daily, it stops by itself when the centre falls silent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from beffroi.domain.acts import Origin, Purpose
from beffroi.domain.clock import to_wall_us
from beffroi.domain.documents import LEGAL_TIME_ZONE, Document, DocumentKind
from beffroi.domain.facts import Camera, Facts
from beffroi.domain.ids import AuthorityId, CameraId
from beffroi.domain.termrule import longest_minimum
from beffroi.law.documents import holds_until
from beffroi.law.packs.fr.links import authority_of
from beffroi.registry.streams import CameraStreams
from beffroi.vault.sheet import SHEET_LIFE_US, RecordingSheet, WhenFull

_NEVER: Final = frozenset({Origin.COMMON_PARTS})


@dataclass(frozen=True, slots=True, order=True)
class HourKeys:
    """Hour keys that an authority's keyring must hold ahead for this term."""

    authority: AuthorityId
    term_days: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """Sheets to sign and hand out, and hour keys to prepare."""

    sheets: tuple[RecordingSheet, ...]
    hours: tuple[HourKeys, ...]


def draw(
    facts: Facts, streams: Mapping[CameraId, CameraStreams], at: datetime, serials: Mapping[CameraId, int]
) -> Drawn:
    """Draw the sheet of every camera that may be recorded now.

    Args:
        facts: the facts in force.
        streams: how to reach each camera; one without streams has no sheet.
        at: the instant of issue.
        serials: the serial of the sheet each recorder holds, where any; a new one is higher even if the clock went
            back.
    """
    sheets = tuple(
        sheet
        for _, camera in sorted(facts.cameras.items())
        if camera.id in streams
        and (sheet := _sheet(facts, camera, streams[camera.id], at, serials.get(camera.id, 0))) is not None
    )
    return Drawn(sheets, tuple(sorted({HourKeys(sheet.authority, sheet.term_days) for sheet in sheets})))


def to_revoke(drawn: Drawn, held: Mapping[CameraId, int]) -> dict[CameraId, int]:
    """Cameras whose recorder holds a sheet (by serial) although none may be drawn now: revoke up to that serial."""
    allowed = {sheet.camera for sheet in drawn.sheets}
    return {camera: serial for camera, serial in held.items() if camera not in allowed}


def term_days_of(facts: Facts, camera: Camera, at: datetime) -> int | None:
    """How many days the order in force lets images of this camera live; None without an order that says it."""
    order = _order(facts, camera, at)
    days = 0 if order is None else _whole(order, "retention_days")
    return days if 1 <= days <= 31 else None


def _sheet(facts: Facts, camera: Camera, streams: CameraStreams, at: datetime, former: int) -> RecordingSheet | None:
    order = _order(facts, camera, at)
    commitment = _commitment(facts, camera, at)
    if order is None or commitment is None or camera.placement_confirmed_by is None or camera.origin in _NEVER:
        return None
    days = _whole(order, "retention_days")
    purposes = _purposes(order)
    if not 1 <= days <= 31 or not purposes:
        return None
    issued_us = to_wall_us(at)
    least = min(_whole(order, "minimum_days"), longest_minimum(days))
    ends = [to_wall_us(end) for paper in (order, commitment) if (end := holds_until(paper)) is not None]
    return RecordingSheet(
        camera=camera.id,
        authority=authority_of(camera),
        commune=camera.commune,
        term_days=days,
        min_days=least,
        priority=streams.priority,
        streams=streams.streams,
        credentials=streams.credentials,
        origin=camera.origin,
        order=order.id,
        purposes=purposes,
        legal_tz=LEGAL_TIME_ZONE,
        issued_us=issued_us,
        valid_from_us=issued_us,
        valid_until_us=min([issued_us + SHEET_LIFE_US, *ends]),
        serial=max(former + 1, issued_us),
        when_full=_when_full(order, least),
    )


def _when_full(order: Document, least: int) -> WhenFull:
    """What the order says; an order that also sets a minimum, or says something unknown, destroys nothing early."""
    early = order.fields.get("when_full") == WhenFull.DESTROY_OLDEST.value and not least
    return WhenFull.DESTROY_OLDEST if early else WhenFull.STOP_LOWEST


def _order(facts: Facts, camera: Camera, at: datetime) -> Document | None:
    """The order in force that names the camera; of several, the longest term, then the latest end."""
    found = [
        order
        for order in facts.about(DocumentKind.PREFECT_ORDER, camera.id, at)
        if order.holds(at)
        and camera.id in order.scope.cameras
        and camera.commune in order.scope.bodies
        and ((until := holds_until(order)) is None or at < until)
    ]
    return max(
        found,
        key=lambda order: (_whole(order, "retention_days"), holds_until(order) or at, order.id),
        default=None,
    )


def _commitment(facts: Facts, camera: Camera, at: datetime) -> Document | None:
    for paper in facts.about(DocumentKind.CNIL_COMMITMENT, camera.commune, at):
        scope = paper.scope
        everywhere = not (scope.cameras or scope.systems)
        if paper.holds(at) and (everywhere or camera.id in scope.cameras or camera.system in scope.systems):
            return paper
    return None


def _purposes(order: Document) -> tuple[Purpose, ...]:
    listed = order.fields.get("purposes")
    known = {purpose.value: purpose for purpose in Purpose}
    names = listed if isinstance(listed, list) else []
    return tuple(dict.fromkeys(known[name] for name in names if isinstance(name, str) and name in known))


def _whole(order: Document, name: str) -> int:
    value = order.fields.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
