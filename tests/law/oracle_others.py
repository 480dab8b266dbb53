"""Independent reading, part 6: the State, those who ask, open places, shops, common parts, premises (rows 25 to 43)."""

from tests.law import oracle_camera as camera
from tests.law.oracle_camera import FRAMES, covers_footage, ready, ready_common_parts, ready_unpublic
from tests.law.oracle_links import is_member
from tests.law.oracle_papers import Question, number, text, yes
from tests.law.oracle_people import designated, designated_by_chief, recipients, roles_written, viewers

OWN_AGENTS = ("controller_agent", "agreed_agent", "epci_agent", "departement_agent", "municipal_police")


def row_25(q: Question) -> str | None:
    """Police, gendarmerie, customs, fire service: recipients under the order, each named by the chief."""
    if q.status != "police_gendarmerie" or q.origin not in "vd" or not designated_by_chief(q):
        return None
    agreements = all(q.between("state_agreement", body) for body in camera.pooled_by(q))
    return "chief/" + q.person.employer if agreements and ready(q, recipients(q)) else None


def still_kept(q: Question) -> bool:
    """The images asked for are within the retention of an order that holds (origin n: of the record of processing)."""
    sources = q.about_place("processing_record") if q.origin == "n" else camera.orders(q)
    return any(camera.within_term(q, number(one, "retention_days")) for one in sources)


def row_27(q: Question) -> str | None:
    """An investigator: a limited extract under a requisition; viewing on the spot if it says so."""
    if q.status != "investigator" or not q.request.strong_auth:
        return None
    if not still_kept(q):
        return None
    for one in q.of_person("requisition"):
        wide = q.act == "extract" or yes(one, "onsite_viewing")
        if wide and camera.requisition_complete(one) and covers_footage(q, one):
            return FRAMES[text(one, "frame")]
    return None


def row_28(q: Question) -> str | None:
    """Préfet or procureur in a command room, during a crisis."""
    present = q.status == "command_authority" and q.origin == "v"
    named = any(q.is_about_place(one) and text(one, "crisis_reference") for one in q.of_person("command_presence"))
    return "own/" + q.person.employer if present and named and ready(q) else None


def row_29(q: Question) -> str | None:
    """An administrative authority, in its procedure."""
    asked = q.status == "administrative_authority" and q.request.strong_auth
    named = any(covers_footage(q, one) for one in q.of_person("administrative_request"))
    return "own/" + q.person.employer if asked and named and still_kept(q) else None


def row_31(q: Question) -> str | None:
    """Private operators, for the controller, in a place open to the public or a site of L.223-1."""
    authority = "controller/" + q.camera.responsible
    hired = q.status == "private_operator" and q.origin in "et"
    contract = any(yes(one, "cnaps") for one in q.between("service_contract", q.person.employer, q.camera.responsible))
    return authority if hired and contract and designated(q, authority) and ready(q, viewers(q)) else None


def row_32(q: Question) -> str | None:
    """The controller's own agents, in a place open to the public."""
    authority = "controller/" + q.camera.responsible
    own = q.status in OWN_AGENTS and q.origin == "e" and q.person.employer == q.camera.responsible
    return authority if own and designated(q, authority) and ready(q, viewers(q)) else None


def _lent(q: Question, origin: str) -> str | None:
    """Agents of a shared centre for another body, with an act on roles and the controller's designation."""
    authority, owner = "controller/" + q.camera.responsible, q.camera.responsible
    lent = q.status in ("epci_agent", "syndicat_agent") and q.origin == origin and q.person.employer != owner
    return authority if lent and roles_written(q, owner) and designated(q, authority) else None


def row_33(q: Question) -> str | None:
    """Agents of a shared centre, in another body's place open to the public."""
    form = q.employer.form if q.employer else None
    return _lent(q, "e") if form in ("C", "D", "E") and ready(q, viewers(q)) else None


def _commune_itself(q: Question) -> bool:
    """The employer is the commune where the camera stands."""
    return q.person.employer == q.camera.commune and q.employer is not None and q.employer.kind == "commune"


def _police_or_gendarmerie(q: Question) -> bool:
    """L.272-2 and the last paragraph of L.251-2 name these two, neither customs nor the fire service."""
    return q.employer is not None and q.employer.kind in ("national_police", "gendarmerie")


def row_34(q: Question) -> str | None:
    """Common parts of a building, during an incident."""
    if q.origin != "h":
        return None
    if q.status == "police_gendarmerie" and _police_or_gendarmerie(q):
        return "chief/" + q.person.employer if ready_common_parts(q, police_of_commune=False) else None
    own = q.status == "municipal_police" and _commune_itself(q) and q.person.commune == q.camera.commune
    return q.mayor if own and ready_common_parts(q, police_of_commune=True) else None


def row_36(q: Question) -> str | None:
    """Surroundings of a shop: the forces, and the police of the territory."""
    if q.origin != "m" or not q.about_place("conformity"):
        return None
    if q.status == "police_gendarmerie" and _police_or_gendarmerie(q):
        named = designated_by_chief(q) and ready(q, recipients(q))
        return "chief/" + q.person.employer if named else None
    epci = q.employer is not None and q.employer.kind == "epci" and is_member(q, q.employer)
    here = q.status == "municipal_police" and (_commune_itself(q) or epci)
    named = here and (designated(q, q.mayor) or designated_by_chief(q))
    return q.mayor if named and ready(q, viewers(q)) else None


def row_38(q: Question) -> str | None:
    """A body protected under L.223-1: its operators, its own system."""
    authority = "controller/" + q.camera.responsible
    own = q.status == "controller_agent" and q.origin == "t" and q.person.employer == q.camera.responsible
    return authority if own and designated(q, authority) and ready(q, viewers(q)) else None


def row_40(q: Question) -> str | None:
    """An inspection looks at images on a mission letter that says so, and that is about them."""
    letter = any(
        yes(one, "images") and text(one, "reference") and camera.mission_is_about(q, one)
        for one in q.of_person("mission_letter")
    )
    inspector = q.status == "inspector" and q.request.strong_auth
    return "own/" + q.person.employer if inspector and letter else None


def row_41(q: Question) -> str | None:
    """A person asks for images of themselves: the controller decided."""
    asked = q.status == "data_subject" and q.request.strong_auth
    granted = any(camera.request_granted(one) and covers_footage(q, one) for one in q.of_person("subject_request"))
    return "controller/" + q.camera.responsible if asked and granted and still_kept(q) else None


def row_43a(q: Question) -> str | None:
    """Premises not open to the public: the controller's own agents, under the GDPR alone."""
    authority = "controller/" + q.camera.responsible
    own = q.status in OWN_AGENTS and q.origin == "n" and q.person.employer == q.camera.responsible
    return authority if own and designated(q, authority) and ready_unpublic(q) else None


def row_43b(q: Question) -> str | None:
    """The same premises, agents of a shared centre."""
    return _lent(q, "n") if ready_unpublic(q) else None
