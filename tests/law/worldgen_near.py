"""Around one question that a row opens: the same with one thing otherwise, so that each clause of the row is felt."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.law.worldgen_defects import WRONG
from tests.law.worldgen_questions import relevant
from tests.law.worldgen_shape import PLACER
from tests.support.worlds import paper

from beffroi.domain.acts import Act, Form, Origin, Purpose
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, JsonValue
from beffroi.domain.facts import Body, BodyKind, Facts, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.domain.ranges import WallRange

PARIS: Final = ZoneInfo("Europe/Paris")
Near = Iterator[tuple[Facts, ActRequest]]
TITLES: Final = ("requisition", "administrative_request", "subject_request", "mission_letter")
HOURS: Final = (
    *(
        "10:00-11:00",
        "10:01-11:00",
        "09:00-10:00",
        "23:00-10:00",
        "23:00-10:01",
        "10:00-09:00",
        "10:01-09:00",
        "10:00-10:00",
    ),
    *("09:00-10:01", "midi"),
)
MORE: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "impact_assessment": ({"residual_risk": "high", "cnil_consultation": "C-1"},),
    "prefect_order": (
        *({"hours": one} for one in HOURS),
        {"acts": ["live", "replay", "ptz", "extract", "relay"]},
        {"recipients": ["", "gendarmerie"]},
        {"purposes": ["", "F5"]},
        {"viewers": [], "recipients": []},
    ),
    "statutes": ({"president_mandate": "epci_president"},),
    "agreement": tuple({"hours": one} for one in HOURS),
    "coordination": ({"night_clause": False},),
    "accreditation": ({"employer": "S", "also_for": []}, {"employer": "E", "also_for": ["S"]}, {"employer": "E"}),
}
"""Fields that matter together, beside those of `WRONG` taken one by one."""


LONG_AGO: Final = date(2019, 1, 1)
"""More than five years before the questions."""
ALWAYS: Final = (*TITLES, "state_agreement")
"""Papers that a question feels though they name neither its person nor its place."""
ACT_KINDS: Final = (
    "state_agreement",
    "prefect_order",
    "designation",
    "service_designation",
    "mask",
    "processing_record",
    *TITLES,
)
"""Papers of which acts may ask something different."""
ALIKE: Final = frozenset({"hours", "posts", "purposes", "viewers", "type", "event_ended_on"})
"""Fields of which every act asks the same."""


def narrowed(facts: Facts, request: ActRequest, kinds: Collection[str]) -> Facts:
    """The same facts with the papers of these kinds that the question may feel."""
    mine = {one.id for one in relevant(facts, request)}
    kept = (one for one in facts.documents if one.kind in kinds and (one.id in mine or one.kind in ALWAYS))
    return replace(facts, documents=tuple(kept))


def near(facts: Facts, request: ActRequest, *, whole: bool) -> Near:
    """The question itself, and every variation of it; not ``whole``: those alone that an act may feel."""
    yield facts, request
    yield from _asked_otherwise(facts, request)
    if whole:
        yield from _elsewhere(facts, request)
        yield from _by_another(facts, request)
        yield from _bodies(facts, request)
    yield from _papers(facts, request, whole=whole)
    yield from _alone(facts, request)


def _asked_otherwise(facts: Facts, request: ActRequest) -> Near:
    for purpose in (None, Purpose.F1, Purpose.F3, Purpose.F4, Purpose.FE, Purpose.FC, Purpose.F11):
        yield facts, replace(request, purpose=purpose)
    yield facts, replace(request, strong_auth=False)
    for post in (None, "csu-1", "csu-9"):
        yield facts, replace(request, post=post)
    if request.act is Act.EXTRACT:
        for second in (
            None,
            request.person,
            "nobody",
            "press",
            "technician",
            "agentY",
            "pmX",
            "agentX",
            "hospital",
            "agentD",
            "delegatedX",
            "agentE",
            "agentS",
        ):
            yield facts, replace(request, second=None if second is None else PersonId(second))
    if request.act is Act.RELAY:
        for recipient in (None, "customs", "gendarmerie", "state"):
            yield facts, replace(request, recipient=recipient)
        for order in (one for one in facts.documents if one.kind is DocumentKind.PREFECT_ORDER):
            unsaid = replace(order, fields={**order.fields, "recipients": ["", "customs"]})
            yield facts.with_documents(unsaid), replace(request, recipient=None)
    if request.footage is not None:
        yield facts, replace(request, footage=None)
        for age in (timedelta(days=30), timedelta(days=30, hours=-1), timedelta(days=8), timedelta(days=9, hours=1)):
            start = to_wall_us(request.at - age)
            yield facts, replace(request, footage=WallRange(start, start + 1_000_000))
        yield facts, replace(request, footage=WallRange(request.footage.from_us, request.footage.to_us + 10**13))


def at_local(request: ActRequest, hour: int, minute: int) -> datetime:
    """The same day at this hour in France."""
    return request.at.astimezone(PARIS).replace(hour=hour, minute=minute).astimezone(request.at.tzinfo)


def _elsewhere(facts: Facts, request: ActRequest) -> Near:
    camera = facts.cameras[request.camera]
    changes: list[dict[str, Any]] = [{"placement_confirmed_by": None}, {"system": "elsewhere"}]
    changes += [{"origin": origin} for origin in Origin]
    changes += [{"commune": BodyId(one)} for one in ("Y", "Z", "E", "nowhere")]
    changes += [{"controller": BodyId(one) if one else None} for one in ("", "X", "E", "D", "hosp", "shop")]
    for change in changes:
        yield replace(facts, cameras={**facts.cameras, camera.id: replace(camera, **change)}), request
    alone = replace(facts.bodies[BodyId("S")], form=None)
    theirs = {**facts.cameras, camera.id: replace(camera, controller=BodyId("D"))}
    yield replace(facts, cameras=theirs, bodies={**facts.bodies, alone.id: alone}), request


def _by_another(facts: Facts, request: ActRequest) -> Near:
    person = facts.persons[request.person]
    changes: list[dict[str, Any]] = [{"status": one} for one in PersonStatus]
    changes += [{"commune": BodyId(one) if one else None} for one in ("", "X", "Y")]
    changes += [{"employer": one, "commune": None} for one in facts.bodies]
    changes += [{"employer": BodyId(one)} for one in ("X", "Y", "E", "U")]
    changes.append({"employer": BodyId("Y"), "commune": BodyId("Y")})
    served = replace(person, employer=BodyId("P"))
    for order in (one for one in facts.documents if one.kind is DocumentKind.PREFECT_ORDER):
        closed = facts.with_documents(replace(order, fields={**order.fields, "viewers": []}))
        yield replace(closed, persons={**facts.persons, person.id: served}), request
    lent = facts.with_documents(paper(DocumentKind.SECONDMENT, "more", bodies=("S",), persons=(person.id,)))
    for change in ({"status": PersonStatus.EPCI_AGENT}, {"status": PersonStatus.EPCI_AGENT, "employer": BodyId("E")}):
        yield replace(lent, persons={**facts.persons, person.id: replace(person, **change)}), request
    for change in changes:
        yield replace(facts, persons={**facts.persons, person.id: replace(person, **change)}), request


def _bodies(facts: Facts, request: ActRequest) -> Near:
    person, camera = facts.persons[request.person], facts.cameras[request.camera]
    for name in sorted({person.employer, camera.commune, camera.responsible, BodyId("S"), BodyId("E")}):
        body = facts.bodies[name]
        changes: list[dict[str, Any]] = [{"form": one} for one in (None, *Form)]
        if name in {person.employer, "S"}:
            changes += [{"kind": one} for one in BodyKind]
        changes += [{"members": body.members - {one}} for one in body.members]
        changes += [{"departement": ""}, {"departement": "98"}]
        for change in changes:
            changed = replace(facts, bodies={**facts.bodies, name: replace(body, **change)})
            yield changed, request
            if "kind" in change and name == person.employer and person.commune is not None:
                freed = replace(person, commune=None)
                yield replace(changed, persons={**facts.persons, person.id: freed}), request
            if "form" in change:
                yield from ((without, request) for without in _reformed(changed, body, change["form"]))
    nowhere = replace(facts.bodies[camera.commune], departement="")
    blank = [
        replace(one, fields={**one.fields, "departements": [""]})
        for one in facts.documents
        if one.kind == "accreditation"
    ]
    yield replace(facts, bodies={**facts.bodies, nowhere.id: nowhere}).with_documents(*blank), request


def _reformed(facts: Facts, body: Body, form: Form | None) -> Iterator[Facts]:
    """A body of another form: without agreements; with statutes that say that form, and no département in them."""
    yield replace(facts, documents=tuple(one for one in facts.documents if one.kind != DocumentKind.AGREEMENT))
    for statutes in facts.documents:
        natures = statutes.fields.get("natures")
        if statutes.kind is DocumentKind.STATUTES and body.id in statutes.scope.bodies and isinstance(natures, dict):
            plain = {one: nature for one, nature in natures.items() if nature != "departement"}
            said: dict[str, JsonValue] = {"form": form.value if form else "", "members": [*plain], "natures": plain}
            yield facts.with_documents(replace(statutes, fields={**statutes.fields, **said}))


def _papers(facts: Facts, request: ActRequest, *, whole: bool) -> Near:
    for document in facts.documents:
        if not whole and document.kind not in ACT_KINDS:
            continue
        yield from ((changed, request) for changed in _otherwise(facts, document, whole=whole))
        if not whole:
            continue
        if document.kind is DocumentKind.COORDINATION:
            for hour, minute in ((5, 59), (6, 0), (22, 59), (23, 0), (23, 30)):
                at = replace(request, at=at_local(request, hour, minute))
                yield facts, at
                yield from ((changed, at) for changed in _otherwise(facts, document))
        if document.kind is DocumentKind.PREFECT_ORDER:
            posted = replace(document, fields={**document.fields, "posts": ["csu-1"]})
            for post in (None, "csu-1", "csu-9"):
                yield facts.with_documents(posted), replace(request, post=post)
            yield facts.with_documents(replace(document, valid_from=LONG_AGO, valid_until=None)), request
            unsaid = replace(
                document, fields={**document.fields, "purposes": ["", "F5"], "recipients": ["", "customs"]}
            )
            yield facts.with_documents(unsaid), replace(request, purpose=None)
            yield facts.with_documents(unsaid), replace(request, recipient=None)
    if not whole:
        return
    for title in ("L512-1", "L512-1-2", "L512-2"):
        added = paper(DocumentKind.POLICE_POOLING, "more", bodies=("X", "W"), fields={"title": title})
        yield facts.with_documents(added), request
    for row in ("row-03", "row-15", "row-18"):
        for answer in ("closed", "open"):
            told: dict[str, JsonValue] = {"point": row, "answer": answer}
            added = paper(DocumentKind.PREFECTURE_POSITION, "more", bodies=("X",), fields=told)
            yield facts.with_documents(added), request
            for changed in _otherwise(facts.with_documents(added), added):
                yield changed, request


def _otherwise(facts: Facts, document: Document, *, whole: bool = True) -> Iterator[Facts]:
    """One document gone, only proposed, about something else, or with another word in it (not ``whole``: in a field
    of which acts ask something different)."""
    yield facts.without_document(document.id)
    yield facts.with_documents(replace(document, status=DocumentStatus.PROPOSED, confirmed_by=None))
    scope = document.scope
    for other in (
        replace(scope, cameras=frozenset({CameraId("cvz")})),
        replace(scope, bodies=frozenset({BodyId("Z")})),
        replace(scope, persons=frozenset({PLACER})),
    ):
        yield facts.with_documents(replace(document, scope=other))
    fields = document.fields
    singles = ({name: value} for name, values in WRONG.get(document.kind.value, ()) for value in values)
    for change in (*singles, *MORE.get(document.kind.value, ()), *_natures(document)):
        if not whole and not ALIKE.isdisjoint(change):
            continue
        yield facts.with_documents(replace(document, fields={**fields, **change}))


def _natures(document: Document) -> Iterator[dict[str, Any]]:
    natures = document.fields.get("natures")
    if not isinstance(natures, dict):
        return
    for member in natures:
        for nature in ("commune", "epci_dlpd", "epci", "departement", "region", "other"):
            yield {"natures": {**natures, member: nature}}
    for several in (("D2",), ("D2", "D3")):
        yield {"natures": {**natures, **dict.fromkeys(several, "departement")}}
    for form in ("D", "E"):
        yield {"form": form, "natures": {key: one for key, one in natures.items() if one != "departement"}}


def _alone(facts: Facts, request: ActRequest) -> Near:
    """Where several papers could serve, one alone, in every way."""
    if request.act is Act.EXTRACT:
        for title in TITLES:
            others = tuple(one for one in facts.documents if one.kind not in TITLES or one.kind == title)
            yield from _only(replace(facts, documents=others), request, title)
        for letter in (one for one in facts.documents if one.kind == "mission_letter"):
            elsewhere = replace(letter.scope, persons=frozenset({request.person}), cameras=frozenset({CameraId("cvz")}))
            others = (*(one for one in facts.documents if one.kind not in TITLES), replace(letter, scope=elsewhere))
            yield replace(facts, documents=others), request
    for kinds in (("designation",), ("service_designation",), ("designation", "service_designation")):
        gone = {one.id for one in relevant(facts, request) if one.kind in kinds}
        rest = replace(facts, documents=tuple(one for one in facts.documents if one.id not in gone))
        yield rest, request
        yield from _only(facts, request, kinds[0])
        for left in ("designation", "service_designation"):
            yield from _only(rest, request, left)
        for order in (one for one in relevant(rest, request) if one.kind is DocumentKind.PREFECT_ORDER):
            for act in (request.act.value, "configure"):
                yield rest.with_documents(replace(order, fields={**order.fields, "agent_acts": [act]})), request
    unfed = tuple(one for one in facts.documents if one.kind is not DocumentKind.STATE_AGREEMENT)
    consents = {one.id for one in facts.documents if one.fields.get("object") == "commune_consent"}
    yield replace(facts, documents=unfed), request
    yield replace(facts, documents=tuple(one for one in unfed if one.id not in consents)), request


def _only(facts: Facts, request: ActRequest, kind: str) -> Near:
    several = [one for one in facts.documents if one.kind == kind]
    for document in several:
        others = tuple(one for one in facts.documents if one.kind != kind or one is document)
        yield from ((changed, request) for changed in _otherwise(replace(facts, documents=others), document))
