"""Independent reading, part 3: who has to do with a camera at all, and who is a member of what."""

from tests.law.oracle_papers import Question

from beffroi.domain.facts import Body

EVERYWHERE = ("technician", "dpo", "inspector")
COMMUNAL = ("mayor", "elected_delegated", "elected", "dgs", "agreed_agent", "municipal_police")
POOLING = ("epci_agent", "syndicat_agent", "pooling_president", "carrier_agent")
DEPARTMENTAL = ("departement_agent", "departement_president")
BY_TITLE = {
    "investigator": "requisition",
    "administrative_authority": "administrative_request",
    "data_subject": "subject_request",
}


def is_member(q: Question, body: Body | None) -> bool:
    """The commune of the camera belongs to this body, directly or through an EPCI."""
    if body is None:
        return False
    if q.camera.commune in body.members:
        return True
    between = (q.facts.bodies.get(one) for one in body.members)
    return any(one is not None and one.kind == "epci" and q.camera.commune in one.members for one in between)


def linked(q: Question) -> bool:
    """Whether this person may be told that this camera exists. Without that, every answer is a refusal."""
    person, camera, status = q.person, q.camera, q.status
    here = person.commune == camera.commune
    if status in EVERYWHERE or status == "press_other":
        return status in EVERYWHERE
    if camera.placement_confirmed_by is None:
        return status == "mayor" and here
    if status in BY_TITLE:
        return any(camera.id in one.scope.cameras for one in q.of_person(BY_TITLE[status]))
    own = person.employer == camera.responsible or (status in COMMUNAL and here)
    return own or _by_employer(q) or _by_secondment(q)


def _by_employer(q: Question) -> bool:
    employer, commune, status = q.employer, q.commune, q.status
    if status == "municipal_police":
        pooled = bool(q.between("police_pooling", q.person.employer, q.camera.commune))
        return pooled or is_member(q, employer)
    if status in POOLING:
        return is_member(q, employer)
    if status == "private_operator":
        return bool(q.between("service_contract", q.person.employer, q.camera.responsible))
    if status not in (*DEPARTMENTAL, "police_gendarmerie", "command_authority"):
        return False
    same = employer is not None and commune is not None and employer.departement == commune.departement != ""
    return same and (status not in DEPARTMENTAL or q.origin == "d")


def _by_secondment(q: Question) -> bool:
    return any(is_member(q, q.facts.bodies.get(body)) for one in q.of_person("secondment") for body in one.scope.bodies)
