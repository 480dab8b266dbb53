"""A request and the facts around it, in the words of the schema: what the policies read."""

from datetime import datetime, timedelta
from typing import Any, Final

from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import LEGAL_TIME_ZONE, Document
from beffroi.domain.facts import Camera, Facts, Person
from beffroi.law.packs.fr import papers
from beffroi.law.packs.fr.links import authority_of, commune_of, linked
from beffroi.law.packs.fr.term import term_end
from beffroi.law.situation import Found, Situation

PAPERS: Final = {"type": "Papers", "id": "of this request"}

_COVERING: Final = (
    "order",
    "commissioning",
    "cnil_commitment",
    "impact_assessment",
    "consent",
    "statutes",
    "designation",
)

NEVER: Final = 2**62
"""End, in microseconds, of a paper without end."""


def situate(facts: Facts, request: ActRequest, person: Person, camera: Camera) -> Situation:
    """Gather what bears on a request."""
    return Situation(
        request=request,
        person=person,
        camera=camera,
        employer=facts.bodies.get(person.employer),
        commune=facts.bodies.get(camera.commune),
        authority=authority_of(camera),
        linked=linked(facts, person, camera),
        papers=papers.find(facts, request, person, camera),
    )


def entities(facts: Facts, situation: Situation) -> list[dict[str, Any]]:
    """The person, the camera and the papers of a request, in the JSON form of Cedar."""
    person, camera, employer = situation.person, situation.camera, situation.employer
    pooled_by = sorted(body.id for body in facts.bodies.values() if camera.commune in body.members)
    return [
        {
            "uid": {"type": "Person", "id": person.id},
            "attrs": {
                "status": person.status.value,
                "commune": commune_of(person),
                "employer": person.employer,
                "employer_kind": employer.kind.value if employer else "",
                "employer_form": employer.form.value if employer and employer.form else "",
            },
            "parents": [],
        },
        {
            "uid": {"type": "Camera", "id": camera.id},
            "attrs": {
                "origin": camera.origin.value,
                "commune": camera.commune,
                "departement": situation.commune.departement if situation.commune else "",
                "authority": situation.authority,
                "placed": camera.placement_confirmed_by is not None,
                "pooled_by": pooled_by,
            },
            "parents": [],
        },
        {"uid": PAPERS, "attrs": _papers(situation), "parents": []},
    ]


def circumstances(situation: Situation) -> dict[str, Any]:
    """The context of a request."""
    request = situation.request
    return {
        "now": to_wall_us(request.at),
        "act": request.act.value,
        "purpose": request.purpose.value if request.purpose else "",
        "two_factor": request.strong_auth,
        "footage_term": _term(request, situation.papers["order"].document),
        "papers": {"__entity": PAPERS},
    }


def _papers(situation: Situation) -> dict[str, Any]:
    found, at = situation.papers, situation.request.at
    order, statutes, agreement = found["order"], found["statutes"], found["agreement"]
    accreditation, designation = found["accreditation"], found["designation"]
    described = {slot: _paper(one, at) for slot, one in found.items()}
    for slot in _COVERING:
        described[slot]["covers"] = found[slot].covers
    described["order"] |= {
        "purposes": _names(order, "purposes"),
        "viewers": _names(order, "viewers"),
        "acts": _names(order, "acts"),
    }
    described["statutes"] |= {
        "form": papers.word(statutes.document, "form") if statutes.document else "",
        "dlpd": statutes.document is not None and statutes.document.fields.get("dlpd") is True,
    }
    lends = agreement.document is not None and papers.count(agreement.document, "viewing_staff") > 0
    described["agreement"]["lends_staff"] = lends
    described["accreditation"]["departements"] = _names(accreditation, "departements")
    described["designation"] |= {
        "by": papers.word(designation.document, "authority") if designation.document else "",
        "acts": _names(designation, "acts"),
    }
    return described


def _paper(found: Found, at: datetime) -> dict[str, Any]:
    document = found.document
    if document is None:
        return {"state": "absent", "start": 0, "end": 0}
    ends = document.ends
    return {
        "state": document.status_on(at).value,
        "start": to_wall_us(document.begins),
        "end": to_wall_us(ends) if ends else NEVER,
    }


def _names(found: Found, field: str) -> list[str]:
    return papers.names(found.document, field) if found.document else []


def _term(request: ActRequest, order: Document | None) -> int:
    """First instant at which the oldest image asked for is past its term; 0 without order or footage."""
    if request.footage is None or order is None:
        return 0
    first = instant(request.footage.from_us)
    days = papers.count(order, "retention_days")
    return to_wall_us(term_end(first, days, LEGAL_TIME_ZONE)) if days > 0 else to_wall_us(first - timedelta(days=1))
