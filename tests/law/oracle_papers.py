"""Independent reading, part 1: which papers hold at an instant, and what one of their fields says.

Nothing here comes from `beffroi.law`: only the shapes of the facts (`beffroi.domain`) are shared.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document
from beffroi.domain.facts import Body, Camera, Facts, Person

PARIS = ZoneInfo("Europe/Paris")
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Question:
    """One person, one act, one camera, one instant, and the papers that hold then."""

    facts: Facts
    request: ActRequest
    person: Person
    camera: Camera

    @cached_property
    def papers(self) -> dict[str, list[Document]]:
        """By kind, the documents in force: of each document the newest version once confirmed and begun decides."""
        at, newest = self.request.at, dict[str, Document]()
        for one in self.facts.documents:
            if not ever_confirmed(one, at) or begin(one) > at:
                continue
            if one.id not in newest or one.version > newest[one.id].version:
                newest[one.id] = one
        found: dict[str, list[Document]] = {}
        for one in newest.values():
            if standing(one, at) and at < end(one):
                found.setdefault(one.kind, []).append(one)
        return found

    def held(self, kind: str) -> list[Document]:
        """The documents of a kind that hold at the instant asked."""
        return self.papers.get(kind, [])

    def about_place(self, kind: str) -> list[Document]:
        """Those that name the commune, and the camera or its system if they name any camera or system."""
        return [one for one in self.held(kind) if self.is_about_place(one)]

    def is_about_place(self, one: Document) -> bool:
        """As `about_place`, for one document."""
        scope = one.scope
        if self.camera.commune not in scope.bodies:
            return False
        if scope.cameras or scope.systems:
            return self.camera.id in scope.cameras or self.camera.system in scope.systems
        return True

    def of_person(self, kind: str) -> list[Document]:
        """Those that name the person who asks."""
        return [one for one in self.held(kind) if self.person.id in one.scope.persons]

    def between(self, kind: str, *bodies: str) -> list[Document]:
        """Those that name all these bodies."""
        return [one for one in self.held(kind) if one.scope.bodies.issuperset(bodies)]

    @property
    def act(self) -> str:
        """The act asked for."""
        return self.request.act.value

    @property
    def status(self) -> str:
        """The quality of the person."""
        return self.person.status.value

    @property
    def origin(self) -> str:
        """v, d, e, h, m, t or n."""
        return self.camera.origin.value

    @property
    def commune(self) -> Body | None:
        """The commune where the camera stands."""
        return self.facts.bodies.get(self.camera.commune)

    @property
    def employer(self) -> Body | None:
        """Who employs the person."""
        return self.facts.bodies.get(self.person.employer)

    @property
    def mayor(self) -> str:
        """The mayor of the commune where the camera stands, as an authority."""
        return "maire/" + self.camera.commune

    @property
    def local(self) -> time:
        """What the clock on the wall says."""
        return self.request.at.astimezone(PARIS).time()


def words(document: Document, name: str) -> list[object]:
    """A field that is a list; anything else is an empty list."""
    value = document.fields.get(name)
    return list(value) if isinstance(value, list) else []


def number(document: Document, name: str) -> int:
    """A field that is a whole number; anything else is zero."""
    value = document.fields.get(name)
    return value if type(value) is int else 0


def text(document: Document, name: str) -> str:
    """A field that is a text, without the blanks around it; anything else is empty."""
    value = document.fields.get(name)
    return value.strip() if isinstance(value, str) else ""


def yes(document: Document, name: str) -> bool:
    """A field that says true, and nothing that merely looks like it."""
    return document.fields.get(name) is True


def instant(value: object) -> datetime | None:
    """An instant written with its time zone, or nothing."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def midnight(day: date) -> datetime:
    """When a day begins in France."""
    return datetime.combine(day, time(), PARIS).astimezone(UTC)


def months_after(day: date, months: int) -> date:
    """The same day some months later, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def begin(one: Document) -> datetime:
    """First instant at which a version holds."""
    return one.valid_from if isinstance(one.valid_from, datetime) else midnight(one.valid_from)


def end(one: Document) -> datetime:
    """First instant at which a version no longer holds."""
    if one.valid_until is None:
        return NEVER
    if isinstance(one.valid_until, datetime):
        return one.valid_until
    return midnight(one.valid_until + timedelta(days=1))


def ever_confirmed(one: Document, at: datetime) -> bool:
    """Whether a version had been confirmed by then, whatever became of it."""
    if one.confirmed_by is None or one.status == "proposed":
        return False
    return one.status != "confirmed" or one.status_at is None or one.status_at <= at


def standing(one: Document, at: datetime) -> bool:
    """Whether a version once confirmed is neither suspended nor withdrawn by then."""
    if one.status == "confirmed":
        return True
    return one.status_at is not None and at < one.status_at


def within_hours(hours: str, local: time) -> bool:
    """Whether a clock time is inside “HH:MM-HH:MM”, the end excluded; past midnight when the end comes first."""
    try:
        first, last = (time.fromisoformat(one) for one in hours.split("-"))
    except ValueError:
        return False
    return first <= local < last if first <= last else local >= first or local < last
