"""What the commune's own list says against its papers or against the norms: pictures, purposes, days, sound."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from beffroi.domain.acts import Purpose
from beffroi.domain.documents import DocumentKind
from beffroi.domain.ids import CameraId
from beffroi.domain.text import Text
from beffroi.law.audit.cameras import size_of
from beffroi.law.audit.model import Dossier, Finding, Gravity, View
from beffroi.law.audit.reading import MAX_DAYS, OUTSIDE_NORMS, in_force, number, order_of, texts

NORMS: Final = {View.NARROW: (704, 576, 12), View.WIDE: (352, 288, 6)}
"""Least width and height in pixels and images per second of what is recorded (order of 3 August 2007, article 2)."""

Check = Callable[[Dossier, datetime], Iterator[Finding]]


def field_findings(dossier: Dossier, at: datetime) -> list[Finding]:
    """Faults that the list of cameras shows."""
    checks: tuple[Check, ...] = (_size, _rate, _purposes, _too_long, _sound)
    return [finding for check in checks for finding in check(dossier, at)]


def _size(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    small = [
        one
        for one in _normed(dossier, at)
        if one.size is not None and (one.size[0] < one.norm[0] or one.size[1] < one.norm[1])
    ]
    if small:
        told = ", ".join(sorted({f"{one.size[0]}×{one.size[1]}" for one in small if one.size is not None}))
        yield Finding(
            code="picture-too-small",
            gravity=Gravity.WRONG,
            text=Text(
                fr=f"image enregistrée trop petite ({told}) ; il faut 704×576 en plan étroit, 352×288 sinon",
                en=f"recorded picture too small ({told}); at least 704×576 in narrow view, 352×288 otherwise",
            ),
            article="Arrêté du 3 août 2007, art. 2",
            kind=DocumentKind.CONFORMITY,
            rule="ARR07-2c",
            cameras=tuple(one.camera for one in small),
        )


def _rate(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    slow = [one for one in _normed(dossier, at) if one.rate_fps is not None and one.rate_fps < one.norm[2]]
    if slow:
        told = ", ".join(sorted({f"{one.rate_fps:g}" for one in slow}))
        yield Finding(
            code="rate-too-low",
            gravity=Gravity.WRONG,
            text=Text(
                fr=f"trop peu d'images par seconde ({told}) ; il en faut 12 en plan étroit, 6 sinon",
                en=f"too few images per second ({told}); at least 12 in narrow view, 6 otherwise",
            ),
            article="Arrêté du 3 août 2007, art. 2",
            kind=DocumentKind.CONFORMITY,
            rule="ARR07-2d",
            cameras=tuple(one.camera for one in slow),
        )


@dataclass(frozen=True, slots=True)
class _Picture:
    """What a camera records, by the list, else by the attestation that names it; and the norm that it has to meet."""

    camera: CameraId
    norm: tuple[int, int, int]
    size: tuple[int, int] | None
    rate_fps: float | None


def _normed(dossier: Dossier, at: datetime) -> Iterator[_Picture]:
    """Cameras that the norms are about: all but those that only regulate traffic, or film no public place."""
    attestations = in_force(dossier, DocumentKind.CONFORMITY, at)
    for camera, sheet in sorted(dossier.sheets.items()):
        order = order_of(dossier, camera, at)
        purposes = set(sheet.purposes) or (set(texts(order, "purposes")) if order is not None else set())
        if purposes == {Purpose.F3.value} or dossier.facts.cameras[camera].origin in OUTSIDE_NORMS:
            continue
        size = (sheet.width_px, sheet.height_px) if sheet.width_px and sheet.height_px else None
        rate = sheet.rate_fps
        attested = next((one for one in attestations if camera in one.scope.cameras), None)
        if attested is not None:
            written = attested.fields.get("resolution")
            size = size or (size_of(written) if isinstance(written, str) else None)
            rate = number(attested, "fps") if rate is None else rate
        yield _Picture(camera, NORMS[sheet.view or View.WIDE], size, rate)


def _purposes(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    beyond = []
    for camera, sheet in sorted(dossier.sheets.items()):
        order = order_of(dossier, camera, at)
        if order is not None and texts(order, "purposes"):  # an order without any purpose is a fault of its own
            more = tuple(one for one in sheet.purposes if one not in texts(order, "purposes"))
            beyond += [(more, order.id, camera)] if more else []
    for (more, order_id), several in groupby(sorted(beyond), key=lambda row: row[:2]):
        codes = ", ".join(more)
        yield Finding(
            code="purpose-not-authorised",
            gravity=Gravity.WRONG,
            text=Text(
                fr=f"la liste donne une finalité que l'arrêté n'autorise pas ({codes})",
                en=f"the list gives a purpose that the order does not authorise ({codes})",
            ),
            article="CSI L.251-2",
            kind=DocumentKind.PREFECT_ORDER,
            rule="CSI-L251-2-LIST",
            cameras=tuple(camera for _, _, camera in several),
            documents=(order_id,),
        )


def _too_long(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    over = []
    for camera, sheet in sorted(dossier.sheets.items()):
        order = order_of(dossier, camera, at)
        allowed = min((number(order, "retention_days") if order is not None else None) or MAX_DAYS, MAX_DAYS)
        if sheet.retention_days is not None and sheet.retention_days > allowed:
            over.append((sheet.retention_days, allowed, camera))
    for (kept, allowed), several in groupby(sorted(over), key=lambda row: row[:2]):
        yield Finding(
            code="kept-too-long",
            gravity=Gravity.OFFENCE,
            text=Text(
                fr=f"images gardées {kept} jours, pour {allowed} au plus",
                en=f"images kept {kept} days, for {allowed} at most",
            ),
            article="CSI L.252-5 ; Code pénal 226-20",
            kind="recorder_setting",
            rule="CSI-L252-5",
            cameras=tuple(camera for _, _, camera in several),
        )


def _sound(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    del at
    heard = tuple(camera for camera, sheet in sorted(dossier.sheets.items()) if sheet.sound)
    if heard:
        yield Finding(
            code="sound-recorded",
            gravity=Gravity.WRONG,
            text=Text(
                fr="son capté, dit la liste ; la loi n'autorise que les images",
                en="sound captured, says the list; the law allows images only",
            ),
            article="CSI R.253-1",
            kind="recorder_setting",
            rule="CSI-R253-1",
            cameras=heard,
        )
