"""A request and the facts around it, in the words of the schema: what the policies read."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from beffroi.domain.acts import Act, Origin
from beffroi.domain.clock import instant
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.facts import BodyKind, Camera, Facts, Person, PersonStatus
from beffroi.domain.ids import AuthorityId, BodyId, CameraId, PersonId
from beffroi.domain.text import Text
from beffroi.law.situation import Found, Situation

from .dossier import IN_FORCE, Asked, Dossier, Slot
from .links import commune_of, hosts, linked
from .reading import count, word
from .slots import PLACE_SLOTS, other_police_pooling
from .slots_of_persons import FRAMES, PERSON_SLOTS, authorities
from .slots_of_pooling import POOLING_SLOTS
from .term import term_end
from .territory import Territory

SLOTS: Final[Mapping[str, Slot]] = {**PLACE_SLOTS, **POOLING_SLOTS, **PERSON_SLOTS}
ALWAYS: Final = frozenset({"order", "processing_record", "requisition"})
"""Slots that something beside the policies reads: the term of the images, the authority of a requisition."""


def situate(
    dossier: Dossier, request: ActRequest, person: Person, camera: Camera, needed: Collection[str] | None = None
) -> Situation:
    """Gather what bears on a request; slots that are not needed are left empty."""
    territory, asked = dossier.territory, _asked(dossier, request, person, camera)
    empty = _empty()
    papers = {
        slot: find(dossier, asked) if needed is None or slot in needed or slot in ALWAYS else empty[slot]
        for slot, find in SLOTS.items()
    }
    over = dict(authorities(asked))
    requisition = papers["requisition"].document
    over["justice"] = FRAMES.get(word(requisition, "frame"), "procureur") if requisition else "procureur"
    return Situation(
        request=request,
        person=person,
        camera=camera,
        linked=linked(territory, person, camera, request.at),
        authorities={kind: AuthorityId(name) for kind, name in over.items()},
        names=_names(dossier.facts, asked),
        papers=papers,
        person_text=_person_text(dossier, asked),
        camera_text=_camera_text(dossier, asked),
        circumstances=_circumstances(dossier, asked, papers),
    )


def _asked(dossier: Dossier, request: ActRequest, person: Person, camera: Camera) -> Asked:
    facts, territory = dossier.facts, dossier.territory
    commune = facts.bodies.get(camera.commune)
    several = hosts(territory, person, request.at)
    host = min(several & territory.pooled_by(camera.commune), default=min(several, default=None))
    return Asked(
        request=request,
        person=person,
        camera=camera,
        employer=facts.bodies.get(person.employer),
        commune=commune,
        host=host,
        departement=territory.departement_of(commune),
        minute=territory.stretch(request.at),
    )


@lru_cache(maxsize=1)
def _empty() -> dict[str, Found]:
    """Every slot without any document."""
    nobody = Person(PersonId("nobody"), Text(fr="personne", en="nobody"), PersonStatus.PRESS_OTHER, BodyId("none"))
    nowhere = Camera(CameraId("none"), "none", BodyId("nowhere"), Origin.PUBLIC_WAY, "none")
    at = instant(0)
    dossier = Dossier(Territory(Facts()), at)
    asked = _asked(dossier, ActRequest(nobody.id, Act.LIVE, nowhere.id, None, at), nobody, nowhere)
    return {slot: find(dossier, asked) for slot, find in SLOTS.items()}


def _names(facts: Facts, asked: Asked) -> dict[str, str]:
    def name(body: BodyId | None) -> str:
        found = facts.bodies.get(body) if body else None
        return found.name if found else body or "—"

    return {
        "commune": name(asked.camera.commune),
        "employer": name(asked.person.employer),
        "host": name(asked.host or asked.person.employer),
        "responsible": name(asked.camera.responsible),
    }


def _person_text(dossier: Dossier, asked: Asked) -> str:
    employer, host = asked.employer, dossier.facts.bodies.get(asked.host) if asked.host else None
    form = host.form.value if host and host.form else ""
    return json.dumps(
        {
            "status": asked.person.status.value,
            "commune": asked.part(commune_of(asked.person)),
            "employer": asked.part(asked.person.employer),
            "employer_kind": employer.kind.value if employer else "",
            "employer_form": employer.form.value if employer and employer.form else "",
            "host": asked.part(asked.host),
            "host_form": form if host and host.kind is BodyKind.SYNDICAT else "G" if host else "",
        }
    )


def _camera_text(dossier: Dossier, asked: Asked) -> str:
    camera, bodies, territory = asked.camera, dossier.facts.bodies, dossier.territory
    pooled_by = territory.pooled_by(camera.commune)
    host = bodies.get(asked.host) if asked.host else None
    shares = asked.employer is not None and asked.employer.kind is BodyKind.DEPARTEMENT
    over = authorities(asked)
    return json.dumps(
        {
            "origin": camera.origin.value,
            "commune": asked.part(camera.commune),
            "departement": asked.commune.departement if asked.commune else "",
            "responsible": asked.part(camera.responsible),
            "mayor": asked.authority(over["maire"]),
            "president_cd": asked.authority(over["president_cd"]),
            "controller": asked.authority(over["controller"]),
            "placed": camera.placement_confirmed_by is not None,
            "pooled_by": sorted({asked.part(body) for body in pooled_by}),
            "departement_in_host": host is not None and asked.departement in host.members,
            "departement_shares": shares
            and any(_is_open_syndicat(bodies[body], asked.person.employer) for body in pooled_by),
            "other_police_pooling": other_police_pooling(dossier, camera.commune),
        }
    )


def _is_open_syndicat(body: Any, member: BodyId) -> bool:
    return body.kind is BodyKind.SYNDICAT and body.form == "E" and member in body.members


def _circumstances(dossier: Dossier, asked: Asked, papers: Mapping[str, Found]) -> dict[str, Any]:
    request = asked.request
    edge = term_of(asked.request, asked.camera, papers)
    second = dossier.facts.persons.get(request.second) if request.second else None
    return {
        "act": request.act.value,
        "purpose": request.purpose.value if request.purpose else "",
        "two_factor": request.strong_auth,
        "minute": asked.minute,
        "footage_in_term": edge is not None and request.at < edge,
        "recipient": request.recipient or "",
        "post": request.post or "",
        "second": {
            "known": second is not None,
            "same": request.second == request.person,
            "status": second.status.value if second else "",
            "linked": second is not None and linked(dossier.territory, second, asked.camera, request.at),
        },
    }


def term_of(request: ActRequest, camera: Camera, papers: Mapping[str, Found]) -> datetime | None:
    """First instant at which the oldest image asked for is past its term: by the order, or, where premises have none,
    by the record of processing. Without a paper in force no image may be kept. None without footage."""
    if request.footage is None:
        return None
    first = instant(request.footage.from_us)
    found = papers["processing_record" if camera.origin is Origin.NON_PUBLIC else "order"]
    lapsed = found.state != IN_FORCE or found.told.get("too_long", False) or found.told.get("event_over", False)
    unsaid = found.document is None or not found.covers or lapsed
    days = 0 if unsaid or found.document is None else count(found.document, "retention_days")
    ends = term_end(first, days, LEGAL_TIME_ZONE) if days > 0 else first - timedelta(days=1)
    if request.act is Act.EXTRACT and request.held_until is not None and days > 0:
        return max(ends, request.held_until)  # R.253-4: what was copied within the term follows its procedure
    return ends
