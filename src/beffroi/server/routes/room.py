"""The room supervisor's side of the room: who is before which screen, and the acts to look at afterwards."""

from typing import Annotated, Any, Final

from fastapi import Request
from pydantic import Field

from beffroi.domain.errors import NotFoundError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import PersonId, ViewId
from beffroi.domain.text import Text
from beffroi.law.engine import GUEST
from beffroi.ledger.entry import Entry, EntryKind, Record
from beffroi.ledger.index import REVIEW
from beffroi.server.access import LOGGED_IN, ROOM, Routes
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.rendering import Json
from beffroi.server.routes.acts import record_json
from beffroi.server.screens import VISITOR
from beffroi.server.session import Caller, require_caller
from beffroi.server.sight import sight_of, unknown
from beffroi.server.viewing import Viewing, screen_id

MOST: Final = 500
"""Acts to look at that one answer names; those done make room for the next."""

_NO_SCREEN: Final = Text(
    fr="Cet écran n'est plus ouvert : rechargez la liste.", en="This screen is open no more: load the list again."
)
_NO_REVIEW: Final = Text(
    fr="Cet acte n'existe pas ou a déjà été revu.", en="This act does not exist or has been reviewed already."
)
_VISITOR_LABEL: Final = Text(fr="Visiteur", en="Visitor")

_GUEST_LABEL: Final = Text(fr="Enquêteur (visionnage sur place)", en="Investigator (viewing on site)")


class Before(Body):
    """A person before the screen: their id, or the visitor's."""

    person: Annotated[str, Field(max_length=64)]


class Reviewed(Body):
    """What the supervisor found, kept beside the register."""

    note: Annotated[str, Field(max_length=500)] = ""


def build(centre: Centre, viewing: Viewing) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.get("/api/screen", LOGGED_IN)
    def mine(request: Request) -> Json:
        """Who is declared before one's own screen."""
        caller = require_caller(request)
        return _present_json(centre, centre.registry.facts(), caller)

    _screens(routes, centre, viewing)
    _reviews(routes, centre)
    return routes


def _screens(routes: Routes, centre: Centre, viewing: Viewing) -> None:
    def screens(caller: Caller) -> dict[str, tuple[Caller, int]]:
        """One's own, and those of the persons whom the caller may know of, by the name that the register gives them."""
        facts = centre.registry.facts()
        sight = sight_of(facts, caller.person)
        found = {caller.session: (caller, 0)}
        for session, (other, views) in {**_blanked(centre), **viewing.watchers()}.items():
            if other.session == caller.session or sight.person(facts, facts.persons.get(other.person)):
                found[session] = (other, views)
        return {screen_id(session): one for session, one in found.items()}

    def screen(caller: Caller, name: str) -> Caller:
        found = screens(caller).get(name)
        if found is None:
            raise NotFoundError(_NO_SCREEN)
        return found[0]

    def known(caller: Caller, person: str) -> PersonId:
        facts = centre.registry.facts()
        if person != VISITOR and not sight_of(facts, caller.person).person(facts, facts.persons.get(PersonId(person))):
            raise unknown(person)
        return PersonId(person)

    async def note(caller: Caller, name: str, person: PersonId, outcome: str) -> None:
        visitor = person == VISITOR
        await centre.ledger.append_async(
            Entry(
                EntryKind.SCREEN_CHANGED,
                actor=caller.person,
                session=name,
                outcome=f"visitor-{outcome}" if visitor else outcome,
                payload={} if visitor else {"person": person},
            )
        )

    @routes.get("/api/screens", ROOM)
    def listed(request: Request) -> list[Json]:
        """Screens open now, with who is declared before each."""
        caller, facts = require_caller(request), centre.registry.facts()
        return [
            {
                "id": name,
                "name": one.account.label.as_dict(),
                "account": one.account.name,
                "mine": one.session == caller.session,
                "views": views,
                **_present_json(centre, facts, one),
            }
            for name, (one, views) in screens(caller).items()
        ]

    @routes.post("/api/screens/{screen_name}/present", ROOM)
    async def came(screen_name: str, body: Before, request: Request) -> Json:
        """Somebody is before this screen: from now on it shows what all may see; before a visitor, nothing."""
        caller = require_caller(request)
        whose, person = screen(caller, screen_name), known(caller, body.person)
        if centre.screens.came(whose.session, person):
            viewing.restate()  # dark first: the entry follows
            await note(caller, screen_name, person, "came")
        return _present_json(centre, centre.registry.facts(), whose)

    @routes.delete("/api/screens/{screen_name}/present/{person}", ROOM)
    async def left(screen_name: str, person: str, request: Request) -> Json:
        """Somebody is before this screen no more."""
        caller = require_caller(request)
        whose = screen(caller, screen_name)
        if PersonId(person) in centre.screens.present(whose.session):
            await note(caller, screen_name, PersonId(person), "left")  # in the register before anything opens again
            centre.screens.left(whose.session, PersonId(person))
            viewing.restate()
        return _present_json(centre, centre.registry.facts(), whose)


def _blanked(centre: Centre) -> dict[str, tuple[Caller, int]]:
    """Sessions before which somebody is declared: their views may all be closed because of it."""
    found = {}
    for key in centre.screens.shared():
        live = centre.identity.session_of_key(key)
        if live is None:
            centre.screens.forget([key])  # it reached its term
        else:
            found[key] = (Caller(live.account, live.key, live.strong, live.expires_at), 0)
    return found


def _reviews(routes: Routes, centre: Centre) -> None:
    def waiting(caller: Caller) -> list[Record]:
        facts = centre.registry.facts()
        sight = sight_of(facts, caller.person)
        return centre.ledger.to_review([one.id for one in facts.cameras.values() if sight.camera(one)], limit=MOST)

    @routes.get("/api/reviews", ROOM)
    def reviews(request: Request) -> list[Json]:
        """Acts done for an emergency, that the room supervisor looks at afterwards; oldest first."""
        caller, facts = require_caller(request), centre.registry.facts()
        texts = {reason.id: reason.text for reason in centre.duties.reasons()}
        found = []
        for record in waiting(caller):
            beside = centre.ledger.payload(record.index) or {}
            reason = texts.get(str(record.detail[REVIEW]))
            row = {**record_json(facts, record), "view": record.view, "account": beside.get("account")}
            del row["index"], row["actor"]
            found.append({**row, "reason": None if reason is None else reason.as_dict()})
        return found

    @routes.post("/api/reviews/{view}", ROOM)
    async def review(view: str, body: Reviewed, request: Request) -> Json:
        """The room supervisor has looked at this act."""
        caller = require_caller(request)
        record = next((one for one in waiting(caller) if one.view == ViewId(view)), None)
        if record is None:
            raise NotFoundError(_NO_REVIEW)
        payload: dict[str, Any] = {"note": body.note} if body.note else {}
        await centre.ledger.append_async(
            Entry(
                EntryKind.REVIEWED,
                actor=caller.person,
                view=record.view,
                camera=record.camera,
                authority=record.authority,
                opened=record.index,
                payload=payload,
            )
        )
        return {}


def _present_json(centre: Centre, facts: Facts, whose: Caller) -> Json:
    """Who is before a screen, by the names of their functions."""
    present = centre.screens.present(whose.session)
    persons = [facts.persons[one] for one in sorted(present) if one in facts.persons]
    labels = [{"id": one.id, "name": one.label.as_dict()} for one in persons]
    strangers = {VISITOR: _VISITOR_LABEL, GUEST: _GUEST_LABEL}
    labels += [{"id": one, "name": label.as_dict()} for one, label in strangers.items() if one in present]
    return {"present": labels, "visitor": VISITOR in present}
