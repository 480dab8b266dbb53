"""Random worlds: the papers, all of them in order around one instant."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final, TypeVar

from tests.law.worldgen_shape import Shape
from tests.support.worlds import paper

from beffroi.domain.documents import Document, DocumentKind, JsonValue
from beffroi.domain.facts import Body, Camera, PersonStatus

FIVE: Final[list[JsonValue]] = ["live", "replay", "ptz", "extract", "relay"]
SERVICES: Final[list[JsonValue]] = ["national_police", "gendarmerie", "customs", "fire_service", "municipal_police"]
PURPOSES: Final[list[JsonValue]] = ["F1", "F4", "F5", "F8", "F10", "F11", "FE", "FC"]
EVERYBODY: Final[list[JsonValue]] = [one.value for one in PersonStatus]
T = TypeVar("T")
MINUTE: Final = timedelta(minutes=1)


class Desk:
    """Writes papers whose dates surround an instant. ``whole``: nothing left to chance, everything in order."""

    def __init__(self, draw: Random, at: datetime, *, whole: bool = False) -> None:
        self.draw, self.at, self.whole = draw, at, whole
        self.first = at.date() - timedelta(days=self.pick([30, 1, 100, 400]))
        self.last = at.date() + timedelta(days=self.pick([500, 1, 30]))

    def pick(self, items: Sequence[T]) -> T:
        """One of them at random; the first where everything is in order."""
        return items[0] if self.whole else self.draw.choice(items)

    def write(
        self,
        kind: str,
        name: str,
        *,
        bodies: Sequence[str] = (),
        cameras: Sequence[str] = (),
        systems: Sequence[str] = (),
        persons: Sequence[str] = (),
        **fields: Any,
    ) -> Document:
        """A confirmed document in force."""
        until: date | None = self.last if self.chance(0.8) else None
        return paper(
            DocumentKind(kind),
            name,
            bodies=tuple(bodies),
            cameras=tuple(cameras),
            systems=tuple(systems),
            persons=tuple(persons),
            fields=fields,
            valid_from=self.first,
            valid_until=until,
        )

    def some(self, items: list[JsonValue], keep: float = 0.93) -> list[JsonValue]:
        """Most of a list."""
        return [one for one in items if self.whole or self.draw.random() < keep]

    def chance(self, share: float) -> bool:
        """True so often; where everything is in order, what is usual."""
        return share >= 0.5 if self.whole else self.draw.random() < share

    def instant(self, offset: timedelta) -> str:
        """An instant in words."""
        return (self.at + offset).isoformat()


def papers(desk: Desk, made: Shape, bodies: Sequence[Body], cameras: Sequence[Camera]) -> list[Document]:
    """Everything that somebody might need."""
    return [
        *_orders(desk, cameras),
        *_places(desk, cameras),
        *_pooling(desk, made, bodies),
        *_police(desk, made),
        *_titles_of_people(desk),
        *_special(desk, cameras),
        *_positions(desk),
    ]


def _orders(desk: Desk, cameras: Sequence[Camera]) -> Iterator[Document]:
    for commune in ("X", "Y", "Z"):
        here = [one.id for one in cameras if one.commune == commune]
        for number in range(2 if desk.chance(0.15) else 1):
            fields: dict[str, Any] = {
                "type": desk.pick(["normal"] * 8 + ["provisional", "event", "décret", None]),
                "purposes": desk.some(PURPOSES),
                "viewers": desk.some(EVERYBODY, 0.97),
                "acts": desk.some(FIVE),
                "retention_days": desk.pick([30, 30, 31, 15, 7]),
                "recipients": desk.some(SERVICES),
                "recipient_terms": "renvoi permanent",
            }
            if desk.chance(0.12):
                fields["hours"] = desk.pick(["08:00-20:00", "22:00-06:00", "00:00-12:00"])
            if desk.chance(0.12):
                fields["posts"] = ["csu-1", "csu-2"]
            if desk.chance(0.3):
                fields["agent_acts"] = desk.some(FIVE, 0.6)
            if fields["type"] == "event" and desk.chance(0.6):
                day = desk.at.date() + timedelta(days=desk.pick([0, -1, 1]))
                moment = desk.instant(desk.pick([-MINUTE, timedelta(), MINUTE]))
                fields["event_ended_on"] = desk.pick([day.isoformat(), moment])
            yield desk.write("prefect_order", f"{commune}-{number}", bodies=[commune], cameras=here, **fields)


def _places(desk: Desk, cameras: Sequence[Camera]) -> Iterator[Document]:
    for commune in ("X", "Y", "Z"):
        here: dict[str, Any] = {"bodies": [commune]}
        risk = desk.pick(["moyen", "moyen", "faible", "high", "élevé"])
        yield desk.write("commissioning", commune, **here)
        yield desk.write("cnil_commitment", commune, **here, receipt="C-1")
        yield desk.write(
            "impact_assessment",
            commune,
            **here,
            residual_risk=risk,
            dpo_opinion="favorable",
            cnil_consultation="C-12" if risk in ("high", "élevé") else "",
        )
        yield desk.write("processing_record", commune, **here, retention_days=desk.pick([30, 30, 10, None]))
        yield desk.write("notice", commune, **here)
        yield desk.write("conformity", commune, **here)
    for camera in cameras:
        yield desk.write("mask", camera.id, cameras=[camera.id])


def _pooling(desk: Desk, made: Shape, bodies: Sequence[Body]) -> Iterator[Document]:
    nature = {"X": "commune", "Y": "commune", "Z": "commune", "E": "epci_dlpd", "D": "departement", "D2": "departement"}
    for body in bodies:
        if body.id not in {"E", "S", "U"}:
            continue
        members = sorted(body.members)
        yield desk.write(
            "statutes",
            body.id,
            bodies=[body.id],
            form=body.form.value if body.form else None,
            dlpd=True,
            members=members,
            natures={one: nature[one] for one in members},
            adjoining=True,
            president_mandate=desk.pick(["mayor", "epci_president"]),
        )
        yield desk.write("state_agreement", body.id, bodies=[body.id], feed_legal_basis="L.252-3")
        if body.id == "S":
            yield desk.write(
                "deliberation", "S-members", bodies=["S"], object="members_consent", body="S", pooling_body="S"
            )
        for other in ("X", "Y", "D"):
            hours = {"hours": desk.pick(["07:00-22:00", "20:00-07:00"])} if desk.chance(0.1) else {}
            yield desk.write(
                "agreement",
                f"{body.id}-{other}",
                bodies=[body.id, other],
                viewing_staff=desk.pick([1, 6]),
                **hours,
            )
        for other in ("X", "Y", "hosp", "D"):
            yield desk.write("role_act", f"{body.id}-{other}", bodies=[body.id, other])
        for commune in ("X", "Y"):
            if body.id in made.pooled:
                yield desk.write(
                    "deliberation",
                    f"{commune}-{body.id}",
                    bodies=[commune],
                    object="commune_consent",
                    body=commune,
                    pooling_body=body.id,
                )


def _police(desk: Desk, made: Shape) -> Iterator[Document]:
    for person in ("pmX", "pmY", "pmZ", "pmE", "pmU", "pmS"):
        yield desk.write("police_accreditation", person, persons=[person])
    for commune in ("X", "Y"):
        yield desk.write("coordination", commune, bodies=[commune], night_clause=desk.chance(0.5), hours="24")
    if made.police in ("shared", "both"):
        yield desk.write("police_pooling", "X-Y", bodies=["X", "Y"], title="L512-1")
    if made.police in ("epci", "both"):
        yield desk.write("police_pooling", "E-X", bodies=["E", "X"], title="L512-2")
    if made.police == "communes":
        yield desk.write("police_pooling", "U-X", bodies=["U", "X"], title="L512-1-2")
    if desk.chance(0.7):
        yield desk.write("police_pooling", "X-Z", bodies=["X", "Z"], title="L512-3")


DESIGNATED: Final = (
    *(
        (person, "maire/X")
        for person in ("pmX", "pmY", "pmE", "pmU", "pmS", "agentX", "agentE", "agentS", "lentE", "lentX")
    ),
    ("agentS", "president-cd/D"),
    ("agentD", "president-cd/D"),
    *((person, "controller/X") for person in ("agentX", "pmX", "agentE", "agentS", "private")),
    *((person, "controller/hosp") for person in ("hospital", "private", "agentE", "agentS")),
    *((person, "controller/E") for person in ("agentE", "pmE", "agentS", "private")),
    *((person, "controller/D") for person in ("agentD", "agentE", "agentS", "private")),
)


def _titles_of_people(desk: Desk) -> Iterator[Document]:
    for person, authority in DESIGNATED:
        name = f"{person}-{authority.replace('/', '-')}"
        yield desk.write(
            "designation", name, bodies=["X"], persons=[person], authority=authority, acts=desk.some(FIVE, 0.95)
        )
    for person in ("agentE", "agentY"):
        yield desk.write(
            "designation", f"{person}-Y", bodies=["Y"], persons=[person], authority="maire/Y", acts=[*FIVE]
        )
    for person, employer in (("agentX", "X"), ("agentY", "Y"), ("agentE", "E"), ("agentS", "S")):
        yield desk.write("accreditation", person, persons=[person], departements=["99"], employer=employer)
    yield desk.write("accreditation", "lentE", persons=["lentE"], departements=["99"], employer="E", also_for=["S"])
    yield desk.write("accreditation", "lentX", persons=["lentX"], departements=["99", "98"], employer="S")
    for person in ("lentE", "lentX"):
        yield desk.write("secondment", person, persons=[person], bodies=["S"])
    for commune in ("X", "Y"):
        yield desk.write("election", f"mayor{commune}", persons=[f"mayor{commune}"], bodies=[commune])
    yield desk.write("delegation", "X", persons=["delegatedX"], bodies=["X"], function="municipal_police")
    for person in ("police", "gendarme", "gendarme98", "customs", "fire", "pmX", "pmE"):
        yield desk.write(
            "service_designation", person, persons=[person], bodies=["X"], chief="chef", acts=desk.some(FIVE, 0.95)
        )
    for owner in ("X", "hosp", "E", "D"):
        yield desk.write("service_contract", owner, bodies=["guards", owner], cnaps=True)


def _special(desk: Desk, cameras: Sequence[Camera]) -> Iterator[Document]:
    every = [one.id for one in cameras]
    window = {"from": desk.instant(timedelta(days=-9)), "to": desk.instant(timedelta())}
    frame = desk.pick(["flagrance", "preliminary", "information"])
    written = {"frame": frame, "article": "60-1", "service": "brigade", "opj": "OPJ", **window}
    yield desk.write(
        "requisition", "1", cameras=every, persons=["investigator"], onsite_viewing=desk.chance(0.6), **written
    )
    yield desk.write("administrative_request", "1", cameras=every, persons=["admin"], **window)
    yield desk.write(
        "subject_request", "1", cameras=every, persons=["subject"], decision="granted", blurred=True, **window
    )
    letter: dict[str, Any] = {"images": desk.chance(0.8), "reference": "ML-1"}
    letter |= window if desk.chance(0.2) else {}
    places = every if desk.chance(0.5) else []
    bodies = ["X"] if desk.chance(0.15) else []
    yield desk.write("mission_letter", "1", persons=["inspector"], cameras=places, bodies=bodies, **letter)
    one, bodies = [desk.pick(every)], ["Y"] if desk.chance(0.3) else []
    yield desk.write(
        "mission_letter", "2", persons=["inspector"], cameras=one, bodies=bodies, images=True, reference="ML-2"
    )
    yield desk.write("command_presence", "1", bodies=["X"], persons=["command"], crisis_reference="CRISE-1")
    yield desk.write(
        "common_parts_agreement", "1", bodies=["X"], cameras=["ch"], mayor_signed=True, commission_sent_on="2011-01-01"
    )
    alert = {"opened_at": desk.instant(-desk.pick([5, 0, 10, 14, 15, 40]) * MINUTE)}
    if desk.chance(0.4):
        alert["renewed_at"] = desk.instant(-desk.pick([0, 5, 14, 15]) * MINUTE)
    if desk.chance(0.2):
        alert["closed_at"] = desk.instant(desk.pick([0, -1, 1]) * MINUTE)
    yield desk.write("alert_record", "1", bodies=["X"], cameras=["ch"], **alert)


def _positions(desk: Desk) -> Iterator[Document]:
    for row in ("row-19", "row-22", "row-33", "row-43b"):
        if desk.chance(0.5):
            answer: dict[str, Any] = {"answer": "open"} if desk.chance(0.5) else {}
            yield desk.write("prefecture_position", row, bodies=["X"], point=row, **answer)
    for row in ("row-03", "row-15", "row-18", "row-13"):
        if desk.chance(0.12):
            answer = {"answer": desk.pick(["closed", "closed", "open"])}
            yield desk.write("prefecture_position", row, bodies=["X"], point=row, **answer)
