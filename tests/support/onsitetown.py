"""A desk town with a case, a requisition that provides for viewing on site, an operator on duty at a declared post."""

from dataclasses import dataclass
from typing import Any, Final

from tests.support import worlds
from tests.support.desktown import AGENT, BEGIN_US, CLERK, DeskTown, span

from beffroi.cli.promises.client import Answer, Person
from beffroi.domain.clock import instant
from beffroi.domain.documents import DocumentKind, JsonValue
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.server.onsite import Onsites

SERVICE: Final = "gendarmerie, brigade de recherches"
INVESTIGATOR: Final = "Adjudante Essai"
POST: Final = "Salle 1, poste A"


@dataclass
class OnsiteTown:
    """The town, the operator, the case with its requisition."""

    place: DeskTown
    agent: Person
    case: str
    document: str
    number: str

    @property
    def onsites(self) -> Onsites:
        """The joint sessions of the centre."""
        found: Onsites = self.place.town.app.state.onsites
        return found

    @property
    def url(self) -> str:
        """The case's viewings."""
        return f"/api/desk/cases/{self.case}/onsite"

    def ask(self, who: Person | None = None, **more: Any) -> Answer:
        """The operator's side."""
        body = {"reason": self.reason(), "investigator": INVESTIGATOR, "service": SERVICE, "number": self.number}
        return (who or self.agent).post(self.url, {**body, "card": True, **more})

    def begin(self) -> str:
        """Both sides; the joint session's name."""
        asked = self.ask()
        assert asked.status == 201, asked.body
        name = str(asked.body["id"])
        confirmed = self.step(name, "confirm", {"investigator": INVESTIGATOR})
        assert confirmed.status == 200, confirmed.body
        return name

    def step(self, name: str, step: str, body: dict[str, Any] | None = None, who: Person | None = None) -> Answer:
        """One step of a joint session."""
        return (who or self.agent).post(f"{self.url}/{name}/{step}", body or {})

    def open(self, name: str, socket: str, from_s: float, to_s: float, camera: str = "cx") -> Answer:
        """Ask for minutes, as so many seconds after `BEGIN_US`."""
        body = {"connection": socket, "camera": camera, **span(from_s, to_s), "codecs": ["avc1.640028"]}
        return self.step(name, "views", body)

    def mark(self, name: str, from_s: float, to_s: float, camera: str = "cx") -> Answer:
        """Mark minutes."""
        return self.step(name, "marks", {"camera": camera, **span(from_s, to_s)})

    def one(self, name: str) -> dict[str, Any]:
        """The joint session as it is told now."""
        rows = self.agent.get(self.url).body["sessions"]
        found: dict[str, Any] = next(one for one in rows if one["id"] == name)
        return found

    def reason(self) -> str:
        """A reason under which the town's orders open (offences, F5)."""
        reasons = self.agent.get("/api/reasons").body
        return str(next(one["id"] for one in reasons if one["purpose"] == "F5"))

    def withdraw(self) -> None:
        """The requisition is suspended."""
        registry = self.place.town.centre.registry
        registry.suspend(DocumentId(self.document), by=PersonId("mayorX"), reason="essai")


def requisition(
    place: DeskTown, name: str, cameras: tuple[str, ...], from_s: float, to_s: float, **more: JsonValue
) -> tuple[str, str]:
    """A D15 in force that provides for viewing on site; its id and its number."""
    ends = {key: instant(BEGIN_US + round(at * 1e6)).isoformat() for key, at in (("from", from_s), ("to", to_s))}
    fields: dict[str, JsonValue] = {
        "opj": INVESTIGATOR,
        "service": SERVICE,
        "frame": "flagrance",
        "article": "60-1",
        "onsite_viewing": True,
        **ends,
        **more,
    }
    paper = worlds.paper(DocumentKind.REQUISITION, name, cameras=cameras, fields=fields)
    registry = place.town.centre.registry
    registry.propose(paper, by=CLERK)
    registry.confirm_all([paper.id], by=PersonId("mayorX"))
    return str(paper.id), paper.number


def declared(place: DeskTown, who: Person, name: str = POST) -> None:
    """The machine of this session is a declared post."""
    made = place.town.person("adminE").post("/api/posts", {"name": name})
    assert made.status in {200, 201}, made.body
    assert who.post("/api/posts/enrol", {"code": made.body["code"]}).status == 200


def onsite_town(place: DeskTown, *, from_s: float = 0, to_s: float = 60, **more: JsonValue) -> OnsiteTown:
    """A case of one call about cx, its requisition attached, the operator on duty at a post."""
    agent = place.town.person(AGENT)
    declared(place, agent)
    agent.duty()
    case = place.open_case()
    document, number = requisition(place, "onsite", ("cx",), from_s, to_s, **more)
    answer = agent.post(f"/api/desk/cases/{case}/requisition", {"document": document})
    assert answer.status == 200, answer.body
    return OnsiteTown(place, agent, case, document, number)
