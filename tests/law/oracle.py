"""An independent model of the decision table, in plain Python. It shares no code and no table with `beffroi.law`.

It reads the facts directly (documents by kind and field) and answers the verdict and the authority alone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document
from beffroi.domain.facts import Body, Camera, Facts, Person

PARIS = ZoneInfo("Europe/Paris")
LAW_BEGINS = datetime(2023, 11, 30, tzinfo=PARIS)


@dataclass(frozen=True)
class Expected:
    """What the law must answer; ``authority`` only matters when allowed."""

    allowed: bool
    authority: str | None = None


DENIED = Expected(False)


def oracle(facts: Facts, request: ActRequest) -> Expected:
    """May this person do this act?"""
    person, camera = facts.persons.get(request.person), facts.cameras.get(request.camera)
    if person is None or camera is None or not request.strong_auth or request.at < LAW_BEGINS:
        return DENIED
    allowed = _Case(facts, request, person, camera).allowed()
    return Expected(True, "maire/" + camera.commune) if allowed else DENIED


@dataclass(frozen=True)
class _Case:
    facts: Facts
    request: ActRequest
    person: Person
    camera: Camera

    def allowed(self) -> bool:
        act, status = str(self.request.act), str(self.person.status)
        if act == "configure":
            return status == "technician"
        if act == "read_register":
            if status in ("dpo", "inspector"):
                return True
            return status == "mayor" and self._own_ground() and self._elected()
        if act in ("extract", "relay"):
            return False
        return self._viewer(status) and self._camera_ready() and self._order_opens(status)

    def _viewer(self, status: str) -> bool:
        if status == "mayor":
            return self._own_ground() and self.camera.origin == "v" and self._elected()
        if status == "municipal_police":
            return self._own_ground() and self.camera.origin == "v" and self._designated()
        if status == "epci_agent":
            return self.camera.origin in ("v", "d") and self._pooled() and self.request.purpose != "F4"
        return False

    def _own_ground(self) -> bool:
        return self._placed() and self.person.commune == self.camera.commune

    def _placed(self) -> bool:
        return self.camera.placement_confirmed_by is not None

    def _elected(self) -> bool:
        return any(
            self.person.id in one.scope.persons and self.camera.commune in one.scope.bodies
            for one in self._papers("election")
        )

    def _designated(self) -> bool:
        return any(
            self.person.id in one.scope.persons
            and self._about_place(one)
            and one.fields.get("authority") == "maire/" + self.camera.commune
            and self.request.act in _list(one, "acts")
            for one in self._papers("designation")
        )

    def _pooled(self) -> bool:
        body = self.facts.bodies.get(self.person.employer)
        commune = self.facts.bodies.get(self.camera.commune)
        if body is None or commune is None or not self._placed():
            return False
        return (
            _is_epci_of_form_c(body)
            and commune.id in body.members
            and self._statutes(body)
            and self._consent(body)
            and any(
                {body.id, commune.id} <= one.scope.bodies and _number(one, "viewing_staff") > 0
                for one in self._papers("agreement")
            )
            and any(body.id in one.scope.bodies for one in self._papers("state_agreement"))
            and any(
                self.person.id in one.scope.persons
                and commune.departement
                and commune.departement in _list(one, "departements")
                for one in self._papers("accreditation")
            )
            and (self.request.act == "live" or self._designated())
        )

    def _statutes(self, body: Body) -> bool:
        return any(
            body.id in one.scope.bodies
            and one.fields.get("form") == "C"
            and one.fields.get("dlpd") is True
            and self.camera.commune in _list(one, "members")
            for one in self._papers("statutes")
        )

    def _consent(self, body: Body) -> bool:
        return any(
            one.fields.get("object") == "commune_consent"
            and one.fields.get("body") == self.camera.commune
            and one.fields.get("pooling_body") == body.id
            and self._about_place(one)
            for one in self._papers("deliberation")
        )

    def _camera_ready(self) -> bool:
        for kind in ("commissioning", "cnil_commitment", "impact_assessment"):
            if not any(self._about_place(one) for one in self._papers(kind)):
                return False
        if self.request.act in ("live", "ptz"):
            return any(self.camera.id in one.scope.cameras for one in self._papers("mask"))
        return True

    def _order_opens(self, status: str) -> bool:
        return any(
            self.camera.id in one.scope.cameras
            and self.camera.commune in one.scope.bodies
            and self.request.purpose is not None
            and self.request.purpose in _list(one, "purposes")
            and status in _list(one, "viewers")
            and self.request.act in _list(one, "acts")
            and (self.request.act != "replay" or self._within_term(_number(one, "retention_days")))
            for one in self._papers("prefect_order")
        )

    def _within_term(self, days: int) -> bool:
        if self.request.footage is None or days <= 0:
            return False
        hour_s = self.request.footage.from_us // 3_600_000_000 * 3600
        start = datetime.fromtimestamp(hour_s, UTC).astimezone(PARIS)
        day = min(start.date() + timedelta(days=days), _next_month(start.date()))
        clock = start.time().replace(fold=0)
        ends = [datetime.combine(day, clock.replace(fold=fold), PARIS).astimezone(UTC) for fold in (0, 1)]
        return self.request.at < min(ends)

    def _about_place(self, one: Document) -> bool:
        scope = one.scope
        if self.camera.commune not in scope.bodies:
            return False
        if scope.cameras or scope.systems:
            return self.camera.id in scope.cameras or self.camera.system in scope.systems
        return True

    def _papers(self, kind: str) -> list[Document]:
        """The documents of a kind that hold now: per document, the newest confirmed version that has begun decides."""
        at, newest = self.request.at, dict[str, Document]()
        for one in self.facts.documents:
            if one.kind != kind or not _ever_confirmed(one, at) or _begin(one) > at:
                continue
            if one.id not in newest or one.version > newest[one.id].version:
                newest[one.id] = one
        return [one for one in newest.values() if _standing(one, at) and at < _end(one)]


def _is_epci_of_form_c(body: Body) -> bool:
    return body.kind == "epci" and body.form == "C"


def _list(document: Document, field: str) -> list[object]:
    value = document.fields.get(field)
    return list(value) if isinstance(value, list) else []


def _number(document: Document, field: str) -> int:
    value = document.fields.get(field)
    return value if type(value) is int else 0


def _next_month(day: date) -> date:
    first_of_next = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    last_of_next = (first_of_next + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return first_of_next.replace(day=min(day.day, last_of_next.day))


def _begin(one: Document) -> datetime:
    return one.valid_from if isinstance(one.valid_from, datetime) else datetime.combine(one.valid_from, time(), PARIS)


def _end(one: Document) -> datetime:
    if one.valid_until is None:
        return datetime.max.replace(tzinfo=UTC)
    if isinstance(one.valid_until, datetime):
        return one.valid_until
    return datetime.combine(one.valid_until + timedelta(days=1), time(), PARIS)


def _ever_confirmed(one: Document, at: datetime) -> bool:
    if one.confirmed_by is None or one.status == "proposed":
        return False
    return one.status != "confirmed" or one.status_at is None or one.status_at <= at


def _standing(one: Document, at: datetime) -> bool:
    if one.status == "confirmed":
        return True
    return one.status_at is not None and at < one.status_at
