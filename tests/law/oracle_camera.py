"""Independent reading, part 2: the camera and its order, the term of images, extracts and relays (READY)."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from tests.law.oracle_links import linked
from tests.law.oracle_papers import (
    PARIS,
    Question,
    begin,
    instant,
    midnight,
    months_after,
    number,
    text,
    within_hours,
    words,
    yes,
)

from beffroi.domain.acts import Act
from beffroi.domain.documents import Document
from beffroi.domain.ids import BodyId

GDPR_ENTERS = midnight(date(2023, 5, 21))
COMMITMENT_ENTERS = midnight(date(2023, 11, 30))
PURPOSE_SINCE = {"F10": date(2017, 11, 5), "F11": date(2019, 7, 27), "FC": date(2014, 6, 20)}
CODE_ENTERS = date(2012, 5, 1)
LONGEST_MONTHS = {"provisional": 4, "event": 4}  # others: five years
MAY_BE_SECOND = (
    "mayor",
    "elected_delegated",
    "municipal_police",
    "agreed_agent",
    "epci_agent",
    "syndicat_agent",
    "departement_agent",
    "controller_agent",
)
FRAMES = {"flagrance": "procureur", "preliminary": "procureur", "information": "juge"}

Test = Callable[[Document], bool]


def ready(q: Question, *more: Test, pools: Collection[str] = ()) -> bool:
    """Origins v, d, e, m, t: the camera is in service, and one order in force opens this act and satisfies ``more``."""
    if not (placed(q) and q.request.strong_auth and in_service(q) and masked(q)):
        return False
    if q.act == "extract" and not (second_person(q) and titled(q)):
        return False
    if q.act == "relay" and not all(feed_agreed(q, body) for body in {*pools, *pooled_by(q)}):
        return False
    return any(opens(q, order) and all(test(order) for test in more) for order in orders(q))


def ready_unpublic(q: Question) -> bool:
    """Origin n: the GDPR alone; no prefect's order, hence nothing to relay."""
    records = q.about_place("processing_record")
    if not (placed(q) and q.request.strong_auth and assessed(q) and records and q.about_place("notice")):
        return False
    if q.request.purpose is None or q.act == "relay":
        return False
    if q.act in ("replay", "extract") and not any(within_term(q, number(one, "retention_days")) for one in records):
        return False
    return q.act != "extract" or (second_person(q) and titled(q))


def ready_common_parts(q: Question, *, police_of_commune: bool) -> bool:
    """Origin h: in real time, while an alert is open, under the agreement of the building."""
    if not (q.act == "live" and placed(q) and q.request.strong_auth and q.request.purpose and masked(q)):
        return False
    agreed = any(
        q.camera.id in one.scope.cameras
        and text(one, "commission_sent_on")
        and (yes(one, "mayor_signed") or not police_of_commune)
        for one in q.about_place("common_parts_agreement")
    )
    return agreed and any(
        q.camera.id in one.scope.cameras and alert_open(q, one) for one in q.about_place("alert_record")
    )


def alert_open(q: Question, record: Document) -> bool:
    """Fifteen minutes from the opening, fifteen more from the renewal, nothing after the closing."""
    at = q.request.at
    opened, renewed, closed = (instant(record.fields.get(one)) for one in ("opened_at", "renewed_at", "closed_at"))
    if opened is None or (record.fields.get("closed_at") is not None and closed is None):
        return False
    if closed is not None and at >= closed:
        return False
    starts = [opened, *([renewed] if renewed is not None and renewed >= opened else [])]
    return any(start <= at < start + timedelta(minutes=15) for start in starts)


def placed(q: Question) -> bool:
    """The commune confirmed where the camera stands and its origin."""
    return q.camera.placement_confirmed_by is not None


def in_service(q: Question) -> bool:
    """Notice of commissioning; then, once the law asked for them, the CNIL's receipt, assessment and record."""
    at = q.request.at
    return (
        bool(q.about_place("commissioning"))
        and (at < COMMITMENT_ENTERS or any(text(one, "receipt") for one in q.about_place("cnil_commitment")))
        and (at < GDPR_ENTERS or (assessed(q) and bool(q.about_place("processing_record"))))
    )


def assessed(q: Question) -> bool:
    """An impact assessment with the DPO's opinion; a high residual risk waits for the CNIL."""
    return any(
        text(one, "dpo_opinion")
        and (text(one, "residual_risk").lower() not in ("high", "élevé", "") or bool(text(one, "cnil_consultation")))
        for one in q.about_place("impact_assessment")
    )


def masked(q: Question) -> bool:
    """A mask is needed to look live or to move the camera."""
    if q.act not in ("live", "ptz"):
        return True
    return any(q.camera.id in one.scope.cameras for one in q.held("mask"))


def orders(q: Question) -> list[Document]:
    """Prefect's orders in force for this camera of this commune, within their length, before the end of the event."""
    return [
        one
        for one in q.held("prefect_order")
        if q.camera.id in one.scope.cameras
        and q.camera.commune in one.scope.bodies
        and q.request.at < longest(one)
        and event_lasts(one, q.request.at)
    ]


def longest(order: Document) -> datetime:
    """Five years for a normal order, four months for a provisional one or an event's."""
    start = begin(order).astimezone(PARIS)
    day = months_after(start.date(), LONGEST_MONTHS.get(text(order, "type"), 60))
    return datetime.combine(day, start.time(), PARIS).astimezone(UTC)


def event_lasts(order: Document, at: datetime) -> bool:
    """An event that ended closes the order: on a day, at the end of that day; at an instant, at once."""
    ended = order.fields.get("event_ended_on")
    if ended is None:
        return True
    moment = instant(ended)
    if moment is not None:
        return at < moment
    try:
        return isinstance(ended, str) and at < midnight(date.fromisoformat(ended) + timedelta(days=1))
    except ValueError:
        return False


def opens(q: Question, order: Document) -> bool:
    """Purpose, act, hours, post, term and recipient, as this one order has them."""
    anywhere = not order.fields.get("posts")
    hours = order.fields.get("hours")
    return (
        purpose_valid(q)
        and q.request.purpose in words(order, "purposes")
        and q.act in words(order, "acts")
        and (hours is None or within_hours(text(order, "hours"), q.local))
        and (anywhere or q.request.post in words(order, "posts"))
        and (q.act not in ("replay", "extract") or within_term(q, number(order, "retention_days")))
        and (q.act != "relay" or names_recipient(order, q.request.recipient))
    )


def purpose_valid(q: Question) -> bool:
    """A purpose is given, was law on the day, and fits the place (FE: open places; FC: merchants)."""
    purpose = q.request.purpose
    if purpose is None or q.request.at < midnight(PURPOSE_SINCE.get(purpose.value, CODE_ENTERS)):
        return False
    return {"FE": "e", "FC": "m"}.get(purpose.value, q.origin) == q.origin


def names_recipient(order: Document, service: str | None) -> bool:
    """The order names this service as a recipient, and says under what terms."""
    return service is not None and service in words(order, "recipients") and bool(text(order, "recipient_terms"))


def within_term(q: Question, days: int) -> bool:
    """The first image asked for is younger than the retention, never older than a month of the calendar.

    Images are kept by the hour: the term of an hour is that of its first image.
    """
    footage = q.request.footage
    if footage is None or days <= 0:
        return False
    hour = datetime.fromtimestamp(footage.from_us // 3_600_000_000 * 3600, UTC).astimezone(PARIS)
    day = min(hour.date() + timedelta(days=min(days, 31)), months_after(hour.date(), 1))
    clock = hour.time().replace(fold=0)
    ends = [datetime.combine(day, clock.replace(fold=fold), PARIS).astimezone(UTC) for fold in (0, 1)]
    return q.request.at < min(ends)


def covers_footage(q: Question, title: Document) -> bool:
    """A title names the camera, and the images asked for lie between its two instants."""
    first, last = instant(title.fields.get("from")), instant(title.fields.get("to"))
    footage = q.request.footage
    if first is None or last is None or footage is None or q.camera.id not in title.scope.cameras:
        return False
    asked = [datetime.fromtimestamp(us // 1_000_000, UTC) for us in (footage.from_us, footage.to_us)]
    micro = [timedelta(microseconds=us % 1_000_000) for us in (footage.from_us, footage.to_us)]
    return first <= asked[0] + micro[0] and asked[1] + micro[1] <= last


def requisition_complete(one: Document) -> bool:
    """Frame, article, service and officer are written."""
    return text(one, "frame") in FRAMES and all(text(one, name) for name in ("article", "service", "opj"))


def request_granted(one: Document) -> bool:
    """The controller granted the person's own request, third parties blurred."""
    return text(one, "decision") == "granted" and yes(one, "blurred")


def edge(value: object, *, days: int) -> datetime | None:
    """An instant, or the midnight so many days after a day."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    return instant(value) if day is None else midnight(day + timedelta(days=days))


def mission_is_about(q: Question, one: Document) -> bool:
    """A letter that names no place and no date is about all; each that it names narrows it."""
    scope, footage = one.scope, q.request.footage
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    asked = [q.request.at] * 2
    if footage is not None:
        asked = [zero + timedelta(microseconds=us) for us in (footage.from_us, footage.to_us)]
    bodies, devices = set(scope.bodies), {*scope.cameras, *scope.systems}
    if bodies and q.camera.commune not in bodies and q.camera.responsible not in bodies:
        return False
    if devices and q.camera.id not in devices and q.camera.system not in devices:
        return False
    if footage is None and q.request.act in {Act.REPLAY, Act.EXTRACT} and {"from", "to"} & set(one.fields):
        return False
    first, last = edge(one.fields.get("from"), days=0), edge(one.fields.get("to"), days=1)
    if "from" in one.fields and (first is None or asked[0] < first):
        return False
    return "to" not in one.fields or (last is not None and asked[1] <= last and asked[0] < last)


def titled(q: Question) -> bool:
    """Images leave under a title: a requisition, an administrative request, a request granted, a mission letter."""
    return (
        any(requisition_complete(one) and covers_footage(q, one) for one in q.held("requisition"))
        or any(covers_footage(q, one) for one in q.held("administrative_request"))
        or any(request_granted(one) and covers_footage(q, one) for one in q.held("subject_request"))
        or any(
            yes(one, "images")
            and text(one, "reference")
            and q.camera.id in one.scope.cameras
            and mission_is_about(q, one)
            for one in q.held("mission_letter")
        )
    )


def second_person(q: Question) -> bool:
    """Another person who may view and has to do with this camera."""
    second = q.facts.persons.get(q.request.second) if q.request.second else None
    if second is None or second.id == q.person.id or second.status not in MAY_BE_SECOND:
        return False
    return linked(replace(q, person=second))


def pooled_by(q: Question) -> set[str]:
    """Pooling bodies (forms C to E) to which the commune consented for this place."""
    found = set[str]()
    for one in q.about_place("deliberation"):
        body = q.facts.bodies.get(BodyId(text(one, "pooling_body")))
        consent = one.fields.get("object") == "commune_consent" and one.fields.get("body") == q.camera.commune
        if consent and body is not None and body.form in ("C", "D", "E"):
            found.add(body.id)
    return found


def feed_agreed(q: Question, body: str) -> bool:
    """The agreement of this body with the State says on what legal basis images are sent."""
    return any(text(one, "feed_legal_basis") for one in q.between("state_agreement", body))
