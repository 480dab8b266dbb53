"""Papers that are missing, stale or overdue though no decision depends on them: posters, conformity, renewals."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from beffroi.domain.acts import Origin
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.ids import CameraId
from beffroi.domain.text import Text
from beffroi.law.audit.model import Dossier, Finding, Gravity
from beffroi.law.audit.reading import (
    MAX_DAYS,
    OUTSIDE_NORMS,
    about_place,
    cameras_of,
    day_of,
    in_charge,
    in_force,
    legal_day,
    months_later,
    number,
    order_of,
    texts,
)

INQUIRY_MONTHS: Final = 60
"""Months after which the inquiry of an accreditation is made again (circular of 16 April 2024)."""

FILING_MONTHS: Final = 4
"""Months before its end at which the renewal of an order is filed (préfectures), and after which the préfet's silence
rejects a request (CSI R.252-15)."""

_DAYS: Final = re.compile(r"\b(\d{1,3})\s*(?:jours?|days?|j)\b", re.IGNORECASE)

Check = Callable[[Dossier, datetime], Iterator[Finding]]


def wanted_findings(dossier: Dossier, at: datetime) -> list[Finding]:
    """Papers that are missing, stale or overdue."""
    checks: tuple[Check, ...] = (
        _absent,
        _no_conformity,
        _stale_posters,
        _old_inquiries,
        _reviews,
        _late_renewals,
        _silent_refusals,
    )
    return [finding for check in checks for finding in check(dossier, at)]


def _absent(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    """Papers about a place that only warn: the poster (D13) and the security approval (D19)."""
    wanted = (
        (DocumentKind.NOTICE, Gravity.WRONG, "CSI R.253-6", "CSI-R253-6-I", "aucun panneau ni notice", "no poster"),
        (
            DocumentKind.SECURITY_APPROVAL,
            Gravity.LATE,
            "RGS (décret 2010-112)",
            "RGS",
            "aucune homologation de sécurité",
            "no security approval",
        ),
    )
    for kind, gravity, article, rule, fr, en in wanted:
        held = in_force(dossier, kind, at)
        bare = tuple(
            name
            for name, camera in sorted(dossier.facts.cameras.items())
            if not any(about_place(one, camera) for one in held)
            # in residential common parts the posters are those of the agreement (CSI L.272-2)
            if kind is not DocumentKind.NOTICE or camera.origin is not Origin.COMMON_PARTS
        )
        if bare:
            yield Finding(
                code=f"no-{kind.value.replace('_', '-')}",
                gravity=gravity,
                text=Text(fr=f"{fr} en vigueur", en=f"{en} in force"),
                article=article,
                kind=kind,
                rule=rule,
                cameras=bare,
                documents=tuple(one.id for one in in_charge(dossier, kind, at) if not one.holds(at)),
            )


def _no_conformity(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    attested = {camera for one in in_force(dossier, DocumentKind.CONFORMITY, at) for camera in one.scope.cameras}
    bare = tuple(
        name
        for name, camera in sorted(dossier.facts.cameras.items())
        if name not in attested and camera.origin not in OUTSIDE_NORMS
    )
    if bare:
        yield Finding(
            code="no-conformity",
            gravity=Gravity.WRONG,
            text=Text(
                fr="aucune attestation de conformité technique ne nomme la caméra",
                en="no attestation of technical conformity names the camera",
            ),
            article="CSI R.252-3 ; arrêté du 3 août 2007",
            kind=DocumentKind.CONFORMITY,
            rule="CSI-R252-3",
            cameras=bare,
        )


def _stale_posters(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    for poster in in_force(dossier, DocumentKind.NOTICE, at):
        told: list[tuple[str, str]] = []
        cameras: list[CameraId] = []
        for camera in cameras_of(dossier, poster):
            order = order_of(dossier, camera, at)
            wrong = _differences(poster, order) if order is not None else []
            if wrong:
                cameras.append(camera)
                told += [one for one in wrong if one not in told]
        if told:
            yield Finding(
                code="stale-notice",
                gravity=Gravity.WRONG,
                text=Text(
                    fr=f"panneau à remplacer, qui ne dit pas {' ni '.join(fr for fr, _ in told)} de l'arrêté",
                    en=f"poster to replace, without the order's {' nor '.join(en for _, en in told)}",
                ),
                article="CSI R.253-6",
                kind=DocumentKind.NOTICE,
                rule="CSI-R253-6-I",
                cameras=tuple(cameras),
                documents=(poster.id,),
            )


def _differences(poster: Document, order: Document) -> list[tuple[str, str]]:
    found = []
    missing = [one for one in texts(order, "purposes") if one not in texts(poster, "purposes")]
    if missing:
        codes = ", ".join(missing)
        found.append((f"la finalité {codes}", f"purpose {codes}"))
    written, days = poster.fields.get("retention"), number(order, "retention_days")
    shown = _DAYS.search(written) if isinstance(written, str) else None
    if shown is not None and days is not None and days <= MAX_DAYS and int(shown[1]) != days:
        found.append((f"les {days} jours", f"{days} days"))
    return found


def _old_inquiries(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    for accreditation in in_force(dossier, DocumentKind.ACCREDITATION, at):
        inquired = day_of(accreditation, "inquiry_on") or accreditation.signed_on
        if accreditation.ends is None and months_later(inquired, INQUIRY_MONTHS) < legal_day(at):
            yield Finding(
                code="inquiry-over-five-years",
                gravity=Gravity.LATE,
                text=Text(
                    fr=f"l'enquête de l'agrément n° {accreditation.number} a plus de 5 ans",
                    en=f"the inquiry of accreditation no. {accreditation.number} is more than 5 years old",
                ),
                article="Circulaire du 16 avril 2024",
                kind=DocumentKind.ACCREDITATION,
                rule="CIRC-2024-04-16",
                persons=tuple(sorted(accreditation.scope.persons)),
                documents=(accreditation.id,),
            )


def _reviews(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    for assessment in in_force(dossier, DocumentKind.IMPACT_ASSESSMENT, at):
        review = day_of(assessment, "review_on")
        if review is not None and review < legal_day(at):
            yield Finding(
                code="review-overdue",
                gravity=Gravity.LATE,
                text=Text(
                    fr=f"l'analyse d'impact n° {assessment.number} devait être réexaminée le {review:%d/%m/%Y}",
                    en=f"impact assessment no. {assessment.number} was to be reviewed on {review.isoformat()}",
                ),
                article="RGPD, art. 35",
                kind=DocumentKind.IMPACT_ASSESSMENT,
                rule="GDPR-35",
                cameras=cameras_of(dossier, assessment),
                documents=(assessment.id,),
            )


def _late_renewals(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    today = legal_day(at)
    pending = [
        one
        for one in in_charge(dossier, DocumentKind.APPLICATION, at)
        if day_of(one, "filed_on") is not None and day_of(one, "answered_on") is None
    ]
    for order in in_force(dossier, DocumentKind.PREFECT_ORDER, at):
        ends = order.ends
        cameras = cameras_of(dossier, order)
        filed = any(about_place(one, dossier.facts.cameras[camera]) for one in pending for camera in cameras)
        if ends is None or order.fields.get("type") not in {None, "normal"} or filed:
            continue
        if legal_day(ends) <= months_later(today, FILING_MONTHS) and not _followed(dossier, order, ends):
            yield Finding(
                code="renewal-late",
                gravity=Gravity.LATE,
                text=Text(
                    fr=f"l'arrêté n° {order.number} finit dans moins de 4 mois et aucun renouvellement n'est déposé",
                    en=f"order no. {order.number} ends within 4 months and no renewal is filed",
                ),
                article="CSI L.252-4",
                kind=DocumentKind.PREFECT_ORDER,
                rule="CSI-L252-4",
                cameras=cameras,
                documents=(order.id,),
            )


def _followed(dossier: Dossier, order: Document, ends: datetime) -> bool:
    """Whether another order names the same cameras when this one ends."""
    later = {
        camera
        for one in dossier.facts.documents
        if one.kind is DocumentKind.PREFECT_ORDER and (one.id, one.version) != (order.id, order.version)
        if one.holds(ends)
        for camera in one.scope.cameras
    }
    return order.scope.cameras <= later


def _silent_refusals(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    for application in in_charge(dossier, DocumentKind.APPLICATION, at):
        filed = day_of(application, "filed_on")
        if filed is None or day_of(application, "answered_on") is not None:
            continue
        if months_later(filed, FILING_MONTHS) < legal_day(at):
            yield Finding(
                code="silent-refusal",
                gravity=Gravity.WRONG,
                text=Text(
                    fr=f"la demande n° {application.number}, sans réponse depuis plus de 4 mois, est rejetée",
                    en=f"request no. {application.number}, unanswered for more than 4 months, is rejected",
                ),
                article="CSI R.252-15",
                kind=DocumentKind.APPLICATION,
                rule="CSI-R252-15",
                documents=(application.id,),
            )
