"""The small world: every way in which one fact can be wrong, and the requests that feel it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from tests.support.worlds import NOW, E, X, ask, ended, proposed, suspended, world

from beffroi.domain.acts import Act, Form, Origin, Purpose
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, DocumentStatus, JsonValue, Scope
from beffroi.domain.facts import BodyKind, Facts, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId

PERSONS = ("agentE", "pmX", "mayorX", "dpo")
CAMERAS = ("cx", "cd", "cy")

# field of a document → a value that must close what it opens
WORSE: dict[str, list[tuple[str, JsonValue]]] = {
    "prefect_order": [
        ("purposes", ["F1"]),
        ("purposes", ["F5", ""]),
        ("purposes", None),
        ("viewers", ["mayor"]),
        ("viewers", ["municipal_police"]),
        ("viewers", None),
        ("acts", ["live"]),
        ("acts", ["replay"]),
        ("acts", None),
        ("retention_days", 1),
        ("retention_days", 0),
        ("retention_days", "30"),
    ],
    "agreement": [("viewing_staff", 0), ("viewing_staff", True), ("viewing_staff", None)],
    "statutes": [("form", "D"), ("dlpd", False), ("dlpd", "yes"), ("members", ["Y"]), ("members", None)],
    "accreditation": [("departements", ["98"]), ("departements", [""]), ("departements", None)],
    "designation": [
        ("authority", "maire/Y"),
        ("authority", None),
        ("acts", ["live"]),
        ("acts", ["replay"]),
        ("acts", None),
    ],
    "deliberation": [("object", "joining"), ("body", "Y"), ("pooling_body", "Z"), ("object", None)],
}


def variations() -> Iterator[tuple[str, Facts]]:
    """The valid world, then each document and each place wrong in one way."""
    facts = world()
    yield "valid", facts
    for document in facts.documents:
        if document.id.endswith(("Y", "Y-accord", "cy", "Z", "cz")) and document.id != "agreement/E-Y":
            continue  # Y mirrors X; Z is outside
        yield from _states(facts, document)
        for field, value in WORSE.get(document.kind, []):
            fields = {**document.fields, field: value}
            yield f"{document.id} {field}={value}", facts.with_documents(replace(document, fields=fields))
        yield from _scopes(facts, document)
    yield from _versions(facts)
    yield from _places(facts)
    yield from _titles_for_all(facts)


def _states(facts: Facts, document: Document) -> Iterator[tuple[str, Facts]]:
    name, end = document.id, NOW
    yield f"{name} missing", facts.without_document(name)
    yield f"{name} ended", ended(facts, name, date(2026, 2, 28))
    yield f"{name} ends today", ended(facts, name, date(2026, 3, 2))
    yield f"{name} ends now", facts.with_documents(replace(document, valid_until=end))
    yield f"{name} begins now", facts.with_documents(replace(document, valid_from=NOW))
    later = replace(document, valid_from=NOW + timedelta(microseconds=1))
    yield f"{name} begins later", facts.with_documents(later)
    yield f"{name} without end", facts.with_documents(replace(document, valid_until=None))
    yield f"{name} suspended", suspended(facts, name)
    yield f"{name} suspended now", suspended(facts, name, NOW)
    yield f"{name} suspended later", suspended(facts, name, NOW + timedelta(seconds=1))
    yield f"{name} proposed", proposed(facts, name)
    withdrawn = replace(document, status=DocumentStatus.WITHDRAWN)
    yield f"{name} withdrawn", facts.with_documents(withdrawn)
    confirmed_later = replace(document, status_at=NOW + timedelta(seconds=1))
    yield f"{name} confirmed later", facts.with_documents(confirmed_later)


def _scopes(facts: Facts, document: Document) -> Iterator[tuple[str, Facts]]:
    scope = document.scope
    yield f"{document.id} names nobody", facts.with_documents(replace(document, scope=Scope()))
    others = (
        ("other body", replace(scope, bodies=frozenset({BodyId("Z")}))),
        ("other camera", replace(scope, cameras=frozenset({CameraId("cz")}))),
        ("other system", replace(scope, systems=frozenset({"sZ"}))),
        ("other person", replace(scope, persons=frozenset({PersonId("nobody")}))),
    )
    for name, other in others:
        yield f"{document.id} {name}", facts.with_documents(replace(document, scope=other))


def _versions(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """A second version replaces the first once confirmed and begun, and only then."""
    for name in ("prefect_order/X", "agreement/E-X", "accreditation/agentE", "designation/pmX-X"):
        first = facts.versions(DocumentId(name))[0]
        second = replace(first, version=2)
        yield (
            f"{name} v2 proposed",
            facts.with_documents(replace(second, status=DocumentStatus.PROPOSED, confirmed_by=None, fields={})),
        )
        yield (
            f"{name} v2 refused",
            facts.with_documents(replace(second, status=DocumentStatus.WITHDRAWN, confirmed_by=None, fields={})),
        )
        yield f"{name} v2 suspended", facts.with_documents(replace(second, status=DocumentStatus.SUSPENDED))
        yield f"{name} v2 withdrawn", facts.with_documents(replace(second, status=DocumentStatus.WITHDRAWN))
        yield f"{name} v2 ended", facts.with_documents(replace(second, valid_until=date(2026, 3, 1)))
        yield f"{name} v2 later", facts.with_documents(replace(second, valid_from=date(2026, 4, 1), fields={}))
        yield f"{name} v2 emptied", facts.with_documents(replace(second, fields={}))
        yield (
            f"{name} v2 renews",
            facts.with_documents(
                replace(first, valid_until=date(2026, 3, 1)), replace(second, valid_from=date(2026, 3, 2))
            ),
        )


def _titles_for_all(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """Everybody holds every personal paper, and the orders shut nobody out: the status alone must refuse."""
    everybody: list[JsonValue] = [one.value for one in PersonStatus]
    personal = [
        replace(one, id=DocumentId(f"{one.id}-{person}"), scope=replace(one.scope, persons=frozenset({person})))
        for one in facts.documents
        if one.scope.persons
        for person in facts.persons
    ]
    orders = [
        replace(one, fields={**one.fields, "viewers": everybody, "acts": ["live", "replay", "ptz", "extract", "relay"]})
        for one in facts.documents
        if one.kind == "prefect_order"
    ]
    yield "titles for all", facts.with_documents(*personal, *orders)
    outside = replace(facts.bodies[BodyId("Z")], members=frozenset({X, BodyId("Y")}), kind=BodyKind.EPCI, form=Form.C)
    yield (
        "titles for all, Z pools X too",
        replace(facts.with_documents(*personal, *orders), bodies={**facts.bodies, outside.id: outside}),
    )


def _places(facts: Facts) -> Iterator[tuple[str, Facts]]:
    camera = facts.cameras[CameraId("cx")]
    changes = {
        "unplaced": replace(camera, placement_confirmed_by=None),
        "open place": replace(camera, origin=Origin.OPEN_PLACE),
        "non public": replace(camera, origin=Origin.NON_PUBLIC),
        "moved to Z": replace(camera, commune=BodyId("Z")),
        "moved to nowhere": replace(camera, commune=BodyId("nowhere")),
        "other system": replace(camera, system="other"),
    }
    for name, changed in changes.items():
        yield f"cx {name}", replace(facts, cameras={**facts.cameras, camera.id: changed})
    road = replace(facts.cameras[CameraId("cd")], placement_confirmed_by=None)
    yield "cd unplaced", replace(facts, cameras={**facts.cameras, road.id: road})
    body = facts.bodies[E]
    bodies = {
        "not an EPCI": replace(body, kind=BodyKind.SYNDICAT),
        "form G": replace(body, form=Form.G),
        "no form": replace(body, form=None),
        "X left": replace(body, members=frozenset({BodyId("Y")})),
    }
    for name, other in bodies.items():
        yield f"E {name}", replace(facts, bodies={**facts.bodies, E: other})
    commune = replace(facts.bodies[X], departement="")
    stray = replace(facts, bodies={**facts.bodies, X: commune})
    yield "X without departement", stray
    accreditation = facts.versions(DocumentId("accreditation/agentE"))[0]
    yield (
        "X without departement, accreditation for none",
        stray.with_documents(replace(accreditation, fields={"departements": [""]})),
    )


ACTS = {
    "cx": (Act.LIVE, Act.REPLAY, Act.PTZ, Act.EXTRACT, Act.READ_REGISTER),
    "cd": (Act.LIVE, Act.REPLAY),
    "cy": (Act.LIVE,),
    "cz": (Act.LIVE, Act.REPLAY),
}


def requests(persons: tuple[str, ...] = PERSONS, cameras: tuple[str, ...] = CAMERAS) -> Iterator[ActRequest]:
    """The persons and acts on which one wrong fact can be felt."""
    for person in persons:
        for camera in cameras:
            for act in ACTS[camera]:
                yield ask(person, camera, act)


def lacking(person: str, camera: str) -> Iterator[ActRequest]:
    """Requests that lack something themselves."""
    for act in Act:
        whole = ask(person, camera, act)
        yield replace(whole, strong_auth=False)
        yield replace(whole, purpose=None)
        yield replace(whole, purpose=Purpose.F4)
        yield replace(whole, purpose=Purpose.F11)
        yield replace(whole, footage=None)
        yield ask(person, camera, act, footage_age=timedelta(days=40))
        yield replace(whole, at=NOW.replace(year=2023))
        yield replace(whole, at=NOW.replace(year=2028))
