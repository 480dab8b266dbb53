"""What the commune's own list says against its papers or against the norms: pictures, purposes, days, sound."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Final

from beffroi.domain.acts import Purpose
from beffroi.domain.documents import DocumentKind
from beffroi.domain.ids import CameraId
from beffroi.domain.text import Text
from beffroi.law.audit_model import CameraSheet, Dossier, Finding, Gravity, View
from beffroi.law.audit_reading import MAX_DAYS, number, order_of, texts

NORMS: Final = {View.NARROW: (704, 576, 12), View.WIDE: (352, 288, 6)}
"""Least width and height in pixels and images per second of what is recorded (order of 3 August 2007, article 2)."""

Check = Callable[[Dossier, datetime], Iterator[Finding]]


def field_findings(dossier: Dossier, at: datetime) -> list[Finding]:
    """Faults that the list of cameras shows."""
    checks: tuple[Check, ...] = (_size, _rate, _purposes, _too_long, _sound)
    return [finding for check in checks for finding in check(dossier, at)]


def _size(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    small = [
        (camera, sheet)
        for camera, sheet in _normed(dossier, at)
        if sheet.width_px is not None and sheet.height_px is not None
        if sheet.width_px < NORMS[_view(sheet)][0] or sheet.height_px < NORMS[_view(sheet)][1]
    ]
    if small:
        told = sorted({f"{sheet.width_px}×{sheet.height_px}" for _, sheet in small})
        yield Finding(
            code="picture-too-small",
            gravity=Gravity.WRONG,
            text=Text(
                fr=f"image enregistrée trop petite ({', '.join(told)}) ; il faut 704×576 en plan étroit, 352×288 sinon",
                en=f"recorded picture too small ({', '.join(told)}); at least 704×576 in narrow view, 352×288 "
                "otherwise",
            ),
            article="Arrêté du 3 août 2007, art. 2",
            kind=DocumentKind.CONFORMITY,
            rule="ARR07-2c",
            cameras=tuple(camera for camera, _ in small),
        )


def _rate(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    slow = [
        (camera, sheet)
        for camera, sheet in _normed(dossier, at)
        if sheet.rate_fps is not None and sheet.rate_fps < NORMS[_view(sheet)][2]
    ]
    if slow:
        told = sorted({f"{sheet.rate_fps:g}" for _, sheet in slow})
        yield Finding(
            code="rate-too-low",
            gravity=Gravity.WRONG,
            text=Text(
                fr=f"trop peu d'images par seconde ({', '.join(told)}) ; il en faut 12 en plan étroit, 6 sinon",
                en=f"too few images per second ({', '.join(told)}); at least 12 in narrow view, 6 otherwise",
            ),
            article="Arrêté du 3 août 2007, art. 2",
            kind=DocumentKind.CONFORMITY,
            rule="ARR07-2d",
            cameras=tuple(camera for camera, _ in slow),
        )


def _normed(dossier: Dossier, at: datetime) -> Iterator[tuple[CameraId, CameraSheet]]:
    """Cameras that the norms are about: all but those that only regulate traffic."""
    for camera, sheet in sorted(dossier.sheets.items()):
        order = order_of(dossier, camera, at)
        purposes = set(sheet.purposes) or (set(texts(order, "purposes")) if order is not None else set())
        if purposes != {Purpose.F3.value}:
            yield camera, sheet


def _view(sheet: CameraSheet) -> View:
    return sheet.view or View.WIDE


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
