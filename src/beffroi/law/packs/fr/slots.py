"""The slots that depend on the camera's place and on municipal police. Judging is for the policies alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from beffroi.domain.acts import Act
from beffroi.domain.clock import instant
from beffroi.domain.documents import LEGAL_TIME_ZONE, Document, DocumentKind
from beffroi.domain.facts import Camera, PersonStatus
from beffroi.domain.ids import BodyId
from beffroi.domain.ranges import WallRange
from beffroi.law.situation import Found

from .dossier import IN_FORCE, Asked, Dossier, Slot, about_place, serves_nothing
from .reading import count, filled, flag, hours, names, open_at, word
from .term import term_end
from .territory import alert_open, event_over, order_limit

_Kind = DocumentKind

TITLES: Final = {"neighbours": "L512-1", "epci_police": "L512-2", "event_police": "L512-3"}
TITLED: Final = frozenset(
    {
        PersonStatus.INVESTIGATOR,
        PersonStatus.ADMINISTRATIVE_AUTHORITY,
        PersonStatus.INSPECTOR,
        PersonStatus.DATA_SUBJECT,
    }
)
"""Qualities whose right rests on a title of their own: an order only tells how long images live."""
OTHER_POOLING: Final = frozenset({"L512-2", "L512-1-2"})


def order(dossier: Dossier, asked: Asked) -> Found:
    """The prefect's order that names the camera."""
    camera, request = asked.camera, asked.request

    def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
        opens, closes = hours(one)
        posts = names(one, "posts")
        covers = camera.id in one.scope.cameras and camera.commune in one.scope.bodies
        return covers, {
            "covers": covers,
            "purposes": names(one, "purposes"),
            "viewers": names(one, "viewers"),
            "acts": names(one, "acts"),
            "agent_acts": names(one, "agent_acts"),
            "recipients": names(one, "recipients") if filled(one, "recipient_terms") else [],
            "posts": posts,
            "any_post": not one.fields.get("posts"),
            "opens": opens,
            "closes": closes,
            "too_long": order_limit(one) <= dossier.at,
            "event_over": event_over(one, dossier.at),
        }

    def rank(found: Found) -> tuple[bool | int, ...]:
        told = found.told
        days = count(found.document, "retention_days") if found.document else 0
        if asked.person.status in TITLED:
            return (not told["too_long"], not told["event_over"], days)
        serves = (
            not told["too_long"],
            not told["event_over"],
            request.purpose is not None and request.purpose.value in told["purposes"],
            _lets_view(told, asked),
            request.act.value in told["acts"],
            open_at(told, asked.minute),
            told["any_post"] or request.post in told["posts"],
            request.act is not Act.RELAY or request.recipient in told["recipients"],
            days > 0 and (request.footage is None or request.at < _term(request.footage, days)),
        )
        opens_act = request.act is Act.LIVE or request.act.value in told["agent_acts"]
        return (all(serves) and opens_act, all(serves), *serves, days)

    return dossier.best(
        ("order", camera.id),
        lambda: dossier.about(_Kind.PREFECT_ORDER, camera.id, camera.commune),
        describe,
        rank,
    )


def _term(footage: WallRange, days: int) -> datetime:
    return term_end(instant(footage.from_us), days, LEGAL_TIME_ZONE)


def _lets_view(told: Mapping[str, Any], asked: Asked) -> bool:
    """Whether an order counts the person among those who view (only to choose between orders)."""
    if asked.person.status is PersonStatus.COMMAND_AUTHORITY:
        return True
    if asked.person.status is PersonStatus.POLICE_GENDARMERIE:
        return asked.employer is not None and asked.employer.kind.value in told["recipients"]
    return asked.person.status.value in told["viewers"]


def _of_place(slot: str, kind: DocumentKind) -> Slot:
    def find(dossier: Dossier, asked: Asked) -> Found:
        camera = asked.camera

        def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
            covers = about_place(one, camera)
            return covers, {"covers": covers}

        return dossier.best(
            (slot, camera.id), lambda: dossier.about(kind, camera.commune, camera.id), describe, serves_nothing
        )

    return find


def processing_record(dossier: Dossier, asked: Asked) -> Found:
    """D11: where several hold, the one that keeps images longest (premises without order)."""
    camera = asked.camera

    def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
        covers = about_place(one, camera)
        return covers, {"covers": covers}

    return dossier.best(
        ("processing_record", camera.id),
        lambda: dossier.about(_Kind.PROCESSING_RECORD, camera.commune, camera.id),
        describe,
        lambda one: (count(one.document, "retention_days") if one.document else 0,),
    )


def cnil_commitment(dossier: Dossier, asked: Asked) -> Found:
    """D10: with the CNIL's receipt."""
    camera = asked.camera

    def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
        covers = about_place(one, camera)
        return covers, {"covers": covers, "receipt": filled(one, "receipt")}

    return dossier.best(
        ("cnil_commitment", camera.id),
        lambda: dossier.about(_Kind.CNIL_COMMITMENT, camera.commune, camera.id),
        describe,
        lambda one: (one.told["receipt"],),
    )


def impact_assessment(dossier: Dossier, asked: Asked) -> Found:
    """D9: with the officer's opinion, and the CNIL's answer where the risk stays high."""
    camera = asked.camera

    def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
        covers = about_place(one, camera)
        risk = word(one, "residual_risk").strip().casefold()
        settled = risk not in {"", "high", "élevé"} or filled(one, "cnil_consultation")
        return covers, {"covers": covers, "opinion": bool(word(one, "dpo_opinion").strip()), "settled": settled}

    return dossier.best(
        ("impact_assessment", camera.id),
        lambda: dossier.about(_Kind.IMPACT_ASSESSMENT, camera.commune, camera.id),
        describe,
        lambda one: (one.told["opinion"] and one.told["settled"],),
    )


def mask(dossier: Dossier, asked: Asked) -> Found:
    """D23, of this camera."""
    camera = asked.camera.id
    return dossier.best(
        ("mask", camera),
        lambda: [one for one in dossier.about(_Kind.MASK, camera) if camera in one.scope.cameras],
        _plain,
        serves_nothing,
    )


def _plain(_: Document) -> tuple[bool, Mapping[str, Any]]:
    return True, {}


def _of_person_here(slot: str, kind: DocumentKind) -> Slot:
    """Papers that name the person and the commune."""

    def find(dossier: Dossier, asked: Asked) -> Found:
        person, commune = asked.person.id, asked.camera.commune

        def candidates() -> list[Document]:
            found = dossier.about(kind, person)
            return [one for one in found if person in one.scope.persons and commune in one.scope.bodies]

        def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
            if kind is not _Kind.DELEGATION:
                return True, {}
            covers = word(one, "function") == "municipal_police"
            return covers, {"covers": covers}

        return dossier.best((slot, person, commune), candidates, describe, serves_nothing)

    return find


def police_accreditation(dossier: Dossier, asked: Asked) -> Found:
    """The officer's own accreditation."""
    person = asked.person.id
    return dossier.best(
        ("police_accreditation", person),
        lambda: [one for one in dossier.about(_Kind.POLICE_ACCREDITATION, person) if person in one.scope.persons],
        _plain,
        serves_nothing,
    )


def coordination(dossier: Dossier, asked: Asked) -> Found:
    """D8 of the commune."""
    commune = asked.camera.commune
    return dossier.best(
        ("coordination", commune),
        lambda: [one for one in dossier.about(_Kind.COORDINATION, commune) if commune in one.scope.bodies],
        lambda one: (True, {"night": flag(one, "night_clause")}),
        lambda one: (one.told["night"],),
    )


def _pooled_police(slot: str) -> Slot:
    def find(dossier: Dossier, asked: Asked) -> Found:
        commune, title = asked.camera.commune, TITLES[slot]
        other = asked.person.employer

        def candidates() -> list[Document]:
            found = dossier.between(_Kind.POLICE_POOLING, other, commune) if other != commune else ()
            return [one for one in found if word(one, "title") == title and {other, commune} <= one.scope.bodies]

        return dossier.best((slot, other, commune), candidates, _plain, serves_nothing)

    return find


def other_police_pooling(dossier: Dossier, commune: BodyId) -> bool:
    """Whether the commune receives police under L.512-2 or L.512-1-2."""
    return any(
        word(one, "title") in OTHER_POOLING and commune in one.scope.bodies and dossier.state(one) == IN_FORCE
        for one in dossier.about(_Kind.POLICE_POOLING, commune)
    )


def _names_camera(document: Document, camera: Camera) -> bool:
    """Whether the document names this very camera on the ground of its commune."""
    return camera.commune in document.scope.bodies and camera.id in document.scope.cameras


def common_parts(dossier: Dossier, asked: Asked) -> Found:
    """D17, which names this camera: it is about one building."""
    camera = asked.camera

    def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
        covers = _names_camera(one, camera)
        sent = filled(one, "commission_sent_on")
        return covers, {"covers": covers, "mayor_signed": flag(one, "mayor_signed"), "sent": sent}

    return dossier.best(
        ("common_parts", camera.id),
        lambda: dossier.about(_Kind.COMMON_PARTS_AGREEMENT, camera.commune, camera.id),
        describe,
        lambda one: (one.told["sent"], one.told["mayor_signed"]),
    )


def alert(dossier: Dossier, asked: Asked) -> Found:
    """An alert for this camera: in force while its window is open."""
    camera = asked.camera
    key = ("alert", camera.id)

    def candidates() -> list[Document]:
        found = dossier.about(_Kind.ALERT_RECORD, camera.commune, camera.id)
        here = [one for one in found if _names_camera(one, camera)]
        return sorted(here, key=lambda one: dossier.state(one) == IN_FORCE and alert_open(one, dossier.at))[-1:]

    found = dossier.best(key, candidates, _plain, serves_nothing)
    if found.document is None or found.state != IN_FORCE or alert_open(found.document, dossier.at):
        return found
    return dossier.found(found.document, _plain, state="closed")


PLACE_SLOTS: Final[Mapping[str, Slot]] = {
    "order": order,
    "commissioning": _of_place("commissioning", _Kind.COMMISSIONING),
    "cnil_commitment": cnil_commitment,
    "impact_assessment": impact_assessment,
    "processing_record": processing_record,
    "notice": _of_place("notice", _Kind.NOTICE),
    "mask": mask,
    "conformity": _of_place("conformity", _Kind.CONFORMITY),
    "election": _of_person_here("election", _Kind.ELECTION),
    "delegation": _of_person_here("delegation", _Kind.DELEGATION),
    "police_accreditation": police_accreditation,
    "coordination": coordination,
    "neighbours": _pooled_police("neighbours"),
    "epci_police": _pooled_police("epci_police"),
    "event_police": _pooled_police("event_police"),
    "common_parts": common_parts,
    "alert": alert,
}
