"""Independent reading, part 5: the public way and the departmental domain (rows 1 to 24)."""

from tests.law.oracle_camera import ready
from tests.law.oracle_links import is_member
from tests.law.oracle_papers import Question
from tests.law.oracle_people import (
    accredited,
    act_open,
    agreed,
    coordination,
    covers,
    delegated,
    designated,
    elected,
    epci_pools,
    police_pooling,
    sworn_police,
    syndicat_pools,
    viewers,
)


def _mayor(q: Question, origin: str) -> str | None:
    own = q.status == "mayor" and q.origin == origin and q.person.commune == q.camera.commune
    return q.mayor if own and elected(q) and ready(q, viewers(q)) else None


def row_01(q: Question) -> str | None:
    """The mayor, on the public way of the commune."""
    return _mayor(q, "v")


def row_03(q: Question) -> str | None:
    """The mayor, on the departmental domain inside the commune."""
    return _mayor(q, "d")


def row_04(q: Question) -> str | None:
    """An elected person to whom the municipal police is delegated."""
    own = q.status == "elected_delegated" and q.origin == "v" and q.person.commune == q.camera.commune
    return q.mayor if own and delegated(q) and ready(q, viewers(q)) else None


def _police(q: Question, kind: str) -> bool:
    """A municipal police officer recruited by this kind of body, on the public way."""
    return (
        q.status == "municipal_police"
        and q.origin == "v"
        and q.employer is not None
        and q.employer.kind == kind
        and sworn_police(q)
    )


def row_06(q: Question) -> str | None:
    """The commune's own police."""
    own = _police(q, "commune") and q.person.employer == q.camera.commune
    return q.mayor if own and designated(q, q.mayor) and ready(q, viewers(q)) else None


def row_07(q: Question) -> str | None:
    """The police of another commune, shared (L.512-1): not combined with the other two ways of sharing."""
    other, here = q.person.employer, q.camera.commune
    shared = _police(q, "commune") and other != here and police_pooling(q, "L512-1", other, here)
    combined = police_pooling(q, "L512-2", here) or police_pooling(q, "L512-1-2", here)
    papers = shared and not combined and coordination(q) and designated(q, q.mayor)
    return q.mayor if papers and ready(q, viewers(q)) else None


def row_08(q: Question) -> str | None:
    """The police recruited by an EPCI of which the commune is a member."""
    body, here = q.employer, q.camera.commune
    lent = _police(q, "epci") and is_member(q, body) and police_pooling(q, "L512-2", q.person.employer, here)
    convention = body is not None and (body.form != "C" or agreed(q, body.id, here, in_hours=False))
    return q.mayor if lent and convention and designated(q, q.mayor) and ready(q, viewers(q)) else None


def row_08bis(q: Question) -> str | None:
    """The police recruited by a syndicat de communes."""
    lent = _police(q, "communes_syndicat") and is_member(q, q.employer)
    statutes = any(covers(q, one) for one in q.between("statutes", q.person.employer))
    papers = lent and statutes and coordination(q) and designated(q, q.mayor)
    return q.mayor if papers and ready(q, viewers(q)) else None


def row_10(q: Question) -> str | None:
    """The police of another commune during an exceptional event, by the préfet's act: no designation."""
    other, here = q.person.employer, q.camera.commune
    sent = _police(q, "commune") and other != here and police_pooling(q, "L512-3", other, here)
    return q.mayor if sent and ready(q, viewers(q)) else None


def row_11(q: Question) -> str | None:
    """An accredited agent of the commune itself."""
    own = q.status == "agreed_agent" and q.origin in "vd" and q.person.commune == q.camera.commune
    return q.mayor if own and accredited(q) and ready(q, viewers(q), act_open(q, q.mayor)) else None


def _epci_agent(q: Question, origin: str) -> str | None:
    pooled = q.status == "epci_agent" and q.origin == origin and epci_pools(q, q.employer) and accredited(q)
    opened = pooled and ready(q, viewers(q), act_open(q, q.mayor), pools={q.person.employer})
    return q.mayor if opened else None


def row_13(q: Question) -> str | None:
    """An accredited agent of the EPCI, on the public way of a member."""
    return _epci_agent(q, "v")


def row_15(q: Question) -> str | None:
    """The same, on the departmental domain inside a member."""
    return _epci_agent(q, "d")


def _syndicat_agent(q: Question, origin: str, forms: str, authority: str) -> str | None:
    pooled = q.status == "syndicat_agent" and q.origin == origin and syndicat_pools(q, q.employer, forms)
    opened = pooled and accredited(q) and ready(q, viewers(q), act_open(q, authority), pools={q.person.employer})
    return authority if opened else None


def row_16(q: Question) -> str | None:
    """An accredited agent of the syndicat mixte, on the public way of a member."""
    return _syndicat_agent(q, "v", "DE", q.mayor)


def row_17(q: Question) -> str | None:
    """The same on the departmental domain, where the département is a member: under its president."""
    if q.employer is None or q.commune is None:
        return None
    for one in q.employer.members:
        body = q.facts.bodies.get(one)
        here = body is not None and body.kind == "departement" and body.departement == q.commune.departement
        if here and agreed(q, q.person.employer, one):
            return _syndicat_agent(q, "d", "E", "president-cd/" + one)
    return None


def row_18(q: Question) -> str | None:
    """The same in a syndicat mixte fermé: under the mayor, whose territory it is."""
    return _syndicat_agent(q, "d", "D", q.mayor)


def row_19(q: Question) -> str | None:
    """An agent of a member, seconded to the syndicat by an act of its own."""
    if q.status not in ("epci_agent", "agreed_agent") or q.origin != "v":
        return None
    for act in q.of_person("secondment"):
        for name in act.scope.bodies:
            body = q.facts.bodies.get(name)
            if syndicat_pools(q, body) and accredited(q, naming=name):
                return q.mayor if ready(q, viewers(q), act_open(q, q.mayor), pools={name}) else None
    return None


def row_22(q: Question) -> str | None:
    """The president of the département, on its domain: an authority, not a viewer on the list."""
    mine = q.status == "departement_president" and q.origin == "d"
    departement = q.employer is not None and q.employer.kind == "departement"
    concerned = q.camera.controller == q.person.employer or any(
        body.kind == "syndicat" and body.form == "E" and q.person.employer in body.members and is_member(q, body)
        for body in q.facts.bodies.values()
    )
    opened = mine and departement and concerned and ready(q, viewers(q))
    return "president-cd/" + q.person.employer if opened else None


def row_23(q: Question) -> str | None:
    """An agent of the département, on the département's own cameras of its own domain."""
    authority = "president-cd/" + q.person.employer
    own = q.status == "departement_agent" and q.origin == "d" and q.camera.controller == q.person.employer
    return authority if own and designated(q, authority) and ready(q, viewers(q)) else None
