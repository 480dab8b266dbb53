"""Independent reading, part 4: what each quality must hold, and what a pooling body must hold for a commune."""

from datetime import time

from tests.law.oracle_camera import Test
from tests.law.oracle_links import is_member
from tests.law.oracle_papers import Question, number, text, within_hours, words, yes

from beffroi.domain.documents import Document
from beffroi.domain.facts import Body
from beffroi.domain.ids import BodyId


def viewers(q: Question) -> Test:
    """The order lets this quality look (it may only narrow the law)."""
    return lambda order: q.status in words(order, "viewers")


def recipients(q: Question) -> Test:
    """The order makes this service a recipient, under terms (CSI L.252-3)."""
    service = q.employer.kind.value if q.employer else ""
    return lambda order: service in words(order, "recipients") and bool(text(order, "recipient_terms"))


def designated(q: Question, authority: str) -> bool:
    """D6: this authority names this person, for this place and this act."""
    return any(
        q.is_about_place(one) and one.fields.get("authority") == authority and q.act in words(one, "acts")
        for one in q.of_person("designation")
    )


def designated_by_chief(q: Question) -> bool:
    """D21: the chief of the service names this person, for this place and this act."""
    return any(q.is_about_place(one) and q.act in words(one, "acts") for one in q.of_person("service_designation"))


def elected(q: Question) -> bool:
    """The record of the election names the person and the commune."""
    return any(q.camera.commune in one.scope.bodies for one in q.of_person("election"))


def delegated(q: Question) -> bool:
    """The mayor delegated the municipal police to this elected person, by name."""
    return any(
        q.camera.commune in one.scope.bodies and text(one, "function") == "municipal_police"
        for one in q.of_person("delegation")
    )


def sworn_police(q: Question) -> bool:
    """A municipal police officer is accredited, and out between 6 and 23 h unless the coordination says otherwise."""
    by_day = time(6) <= q.local < time(23)
    return bool(q.of_person("police_accreditation")) and (
        by_day or any(yes(one, "night_clause") for one in coordination(q))
    )


def coordination(q: Question) -> list[Document]:
    """Agreements of coordination between the commune's police and the State's forces."""
    return q.between("coordination", q.camera.commune)


def police_pooling(q: Question, title: str, *bodies: str) -> bool:
    """An act of this title pools the police of these bodies."""
    return any(text(one, "title") == title for one in q.between("police_pooling", *bodies))


def accredited(q: Question, naming: str | None = None) -> bool:
    """The préfet accredited the agent for the département of the commune (and, where asked, for this employer).

    Such an agent does no act of judicial police, hence never looks for traffic offences (F4).
    """
    departement = q.commune.departement if q.commune else ""
    return q.request.purpose != "F4" and any(
        departement
        and departement in words(one, "departements")
        and (naming is None or naming == one.fields.get("employer") or naming in words(one, "also_for"))
        for one in q.of_person("accreditation")
    )


def act_open(q: Question, authority: str) -> Test:
    """The accreditation opens live; a designation, or the order itself, opens the other acts."""
    named = q.act == "live" or designated(q, authority)
    return lambda order: named or q.act in words(order, "agent_acts")


def agreed(q: Question, body: str, other: str, *, in_hours: bool = True) -> bool:
    """D3: the agreement between a body and its member lends viewing staff (at these hours, where it says hours)."""
    return any(
        number(one, "viewing_staff") > 0
        and (not in_hours or one.fields.get("hours") is None or within_hours(text(one, "hours"), q.local))
        for one in q.between("agreement", body, other)
    )


def roles_written(q: Question, other: str) -> bool:
    """D18: who is responsible and who processes, between the body that lends staff and the other."""
    return bool(q.between("role_act", q.person.employer, other))


def consented(q: Question, body: str) -> bool:
    """The council of the commune agreed that this body pools its cameras, for this place."""
    return any(
        one.fields.get("object") == "commune_consent"
        and one.fields.get("body") == q.camera.commune
        and one.fields.get("pooling_body") == body
        for one in q.about_place("deliberation")
    )


def members_agreed(q: Question, syndicat: str) -> bool:
    """The members of the syndicat agreed."""
    return any(
        one.fields.get("object") == "members_consent"
        and one.fields.get("body") == syndicat
        and one.fields.get("pooling_body") == syndicat
        for one in q.between("deliberation", syndicat)
    )


def covers(q: Question, statutes: Document) -> bool:
    """The list of members has the commune, or an EPCI of which it is a member."""
    listed = words(statutes, "members")
    epcis = (q.facts.bodies.get(BodyId(one)) for one in listed if isinstance(one, str))
    return q.camera.commune in listed or any(
        one is not None and one.kind == "epci" and q.camera.commune in one.members for one in epcis
    )


def epci_pools(q: Question, body: Body | None) -> bool:
    """Form C: an EPCI in charge of local prevention, the commune, its agreement, the State's, the roles."""
    return (
        body is not None
        and (body.kind, body.form) == ("epci", "C")
        and is_member(q, body)
        and any(
            text(one, "form") == "C" and yes(one, "dlpd") and covers(q, one) for one in q.between("statutes", body.id)
        )
        and pooled_papers(q, body.id)
    )


def syndicat_pools(q: Question, body: Body | None, forms: str = "DE") -> bool:
    """Forms D and E: a syndicat mixte of the right members, which agreed, and the same papers as an EPCI."""
    return (
        body is not None
        and body.kind == "syndicat"
        and body.form is not None
        and body.form in forms
        and is_member(q, body)
        and any(
            text(one, "form") == body.form and covers(q, one) and eligible(one)
            for one in q.between("statutes", body.id)
        )
        and members_agreed(q, body.id)
        and pooled_papers(q, body.id)
    )


def eligible(statutes: Document) -> bool:
    """D: communes and EPCI in charge of prevention, nobody else. E: besides them one or two adjoining départements,
    under a president who is a mayor or presides over a member EPCI."""
    natures = statutes.fields.get("natures")
    listed = words(statutes, "members")
    if not isinstance(natures, dict) or not natures or not all(one in natures for one in listed):
        return False
    departements = [one for one in natures.values() if one == "departement"]
    others = [one for one in natures.values() if one != "departement"]
    if not all(one in ("commune", "epci_dlpd") for one in others):
        return False
    if text(statutes, "form") == "D":
        return not departements
    return (
        len(departements) in (1, 2)
        and yes(statutes, "adjoining")
        and text(statutes, "president_mandate") in ("mayor", "epci_president")
    )


def pooled_papers(q: Question, body: str) -> bool:
    """What the three forms share."""
    commune = q.camera.commune
    return (
        consented(q, body)
        and agreed(q, body, commune)
        and bool(q.between("state_agreement", body))
        and bool(q.between("role_act", body, commune))
    )
