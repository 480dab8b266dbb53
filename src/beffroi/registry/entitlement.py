"""Who may confirm, suspend or withdraw: pure rules over facts. They guard the facts; images are law's affair.

Source: CSI L.132-14-1 (exclusive authority of each mayor), docs/design/house.md invariant 4.
"""

from datetime import datetime
from typing import Final

from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.facts import Body, BodyKind, Facts, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.registry.two_persons import bound_communes

POOLING: Final = frozenset({BodyKind.EPCI, BodyKind.SYNDICAT, BodyKind.COMMUNES_SYNDICAT})
"""Kinds of bodies that act for their members."""

_INDEPENDENT: Final = frozenset({PersonStatus.DPO, PersonStatus.INSPECTOR})

_PAIR: Final = 2

_SPREADS: Final = frozenset(
    {
        DocumentKind.STATUTES,
        DocumentKind.STATE_AGREEMENT,
        DocumentKind.IMPACT_ASSESSMENT,
        DocumentKind.PREFECTURE_POSITION,
        DocumentKind.CNIL_COMMITMENT,
        DocumentKind.APPLICATION,
        DocumentKind.PROCESSING_RECORD,
        DocumentKind.NOTICE,
        DocumentKind.SECURITY_APPROVAL,
        DocumentKind.SERVICE_DESIGNATION,
    }
)
"""Kinds that may name several communes at once: none of them opens anything without each commune's own agreement and
order, which name one commune only."""


class NotEntitledToFactError(RefusedError):
    """This person may not do this to this fact."""

    def __init__(self, fr: str, en: str) -> None:
        super().__init__(Text(fr=fr, en=en))


def communes_of(document: Document, facts: Facts) -> frozenset[BodyId]:
    """The communes that a document names, directly or by their cameras, systems or persons."""
    scope = document.scope
    found = {body for body in scope.bodies if _kind(facts, body) is BodyKind.COMMUNE}
    found |= {facts.cameras[camera].commune for camera in scope.cameras if camera in facts.cameras}
    if scope.systems:
        found |= {camera.commune for camera in facts.cameras.values() if camera.system in scope.systems}
    if not found:
        found = {
            person.commune
            for identifier in scope.persons
            if (person := facts.persons.get(identifier)) is not None and person.commune is not None
        }
    return frozenset(found)


def body_awaited(document: Document, facts: Facts) -> BodyId:
    """The body whose designated person must confirm: the commune named; for a document about a pooling body or its
    agent, that body (a mayor of one of its members confirms).

    Raises:
        BadInputError: it names nobody known, or several communes in one document of a kind that opens their images.
    """
    communes = communes_of(document, facts)
    if len(communes) == 1:
        return next(iter(communes))
    if len(bound_communes(document, facts)) == _PAIR:
        return min(communes)  # each of the two confirms: see `check_second`
    if len(communes) > 1 and document.kind not in _SPREADS:
        raise BadInputError(
            Text(
                fr="Cette pièce concerne plusieurs communes : saisissez-la une fois pour chacune, car chaque commune "
                "confirme la sienne.",
                en="This document concerns several communes: enter it once for each; each commune confirms its own.",
            )
        )
    bodies = {body for body in document.scope.bodies if body in facts.bodies} - communes
    if not bodies:
        bodies = {facts.persons[person].employer for person in document.scope.persons if person in facts.persons}
    bodies = _closest(bodies, facts)
    if not bodies and communes:
        bodies = {body.id for body in facts.bodies.values() if body.kind in POOLING and communes <= body.members}
    if len(bodies) != 1:
        raise BadInputError(
            Text(
                fr="Impossible de dire qui doit confirmer cette pièce : nommez la commune, ou l'organisme, ou la "
                "personne concernée, déjà enregistrés.",
                en="Cannot tell who must confirm this document: name the commune, the body or the person concerned, "
                "already recorded.",
            )
        )
    return next(iter(bodies))


def speaks_for(facts: Facts, person: PersonId, body: BodyId, at: datetime) -> bool:
    """Whether a person may confirm for a body at an instant: its mayor by an election record in force, or a person
    whom a designation in force lets ``confirm``; for a pooling body, whoever speaks for one of its members; for a
    département, its president."""
    known, asked = facts.persons.get(person), facts.bodies.get(body)
    if known is None or asked is None:
        return False
    if asked.kind in POOLING:
        return any(speaks_for(facts, person, member, at) for member in asked.members if _below(facts, asked, member))
    if asked.kind is BodyKind.DEPARTEMENT and known.status is PersonStatus.DEPARTEMENT_PRESIDENT:
        return known.employer == body
    if known.status is PersonStatus.MAYOR and known.commune == body:
        return _named(facts, DocumentKind.ELECTION, person, body, at)
    return _named(facts, DocumentKind.DESIGNATION, person, body, at, to_confirm=True)


def somebody_speaks_for(facts: Facts, body: BodyId, at: datetime) -> bool:
    """Whether anybody at all may confirm for this body."""
    return any(speaks_for(facts, person, body, at) for person in facts.persons)


def check_confirm(facts: Facts, document: Document, by: PersonId, entered_by: PersonId, at: datetime) -> None:
    """Whether this person may confirm this proposal.

    A body that has nobody yet (a commune that joins, a mandate that ran out, a manager of a building) cannot confirm
    who speaks for it: the data protection officer or the departmental commission then does, never the person who
    entered it. They also confirm an inspectorate's mission letter, which is under no mayor's veto (CSI L.253-3).

    Raises:
        NotEntitledToFactError: saying who may.
    """
    if by == entered_by:
        raise NotEntitledToFactError(
            "Vous avez saisi cette pièce : une autre personne, désignée par la commune, doit la confirmer.",
            "You entered this document: another person, designated by the commune, has to confirm it.",
        )
    if by in document.scope.persons:
        raise NotEntitledToFactError(
            "Cette pièce vous concerne : une autre personne désignée par la commune doit la confirmer.",
            "This document is about you: another person designated by the commune has to confirm it.",
        )
    body = document.awaiting
    if body is None:
        raise NotEntitledToFactError("Cette pièce n'attend personne.", "This document awaits nobody.")
    if any(speaks_for(facts, by, one, at) for one in bound_communes(document, facts) or (body,)):
        return
    person = facts.persons.get(by)
    if person is not None and person.status in _INDEPENDENT and _for_independents(facts, document, body, at):
        return
    name = facts.bodies[body].name
    raise NotEntitledToFactError(
        f"Seule une personne désignée par {name} peut confirmer : son maire, ou qui il a désigné pour cela.",
        f"Only a person designated by {name} can confirm: its mayor, or the person designated for that.",
    )


def check_second(
    facts: Facts, document: Document, by: PersonId, entered_by: PersonId, at: datetime, *, first: PersonId
) -> None:
    """Whether this person may confirm after a first one: another person of the commune, or the data protection
    officer; where two communes are bound, somebody of the commune that has not spoken yet.

    Raises:
        NotEntitledToFactError: saying who may.
    """
    if by == first:
        raise NotEntitledToFactError(
            "Vous avez déjà confirmé cette pièce : une seconde personne doit confirmer.",
            "You have confirmed this document already: a second person has to confirm.",
        )
    bound = bound_communes(document, facts)
    if bound:
        silent = {one for one in bound if not speaks_for(facts, first, one, at)} or set(bound)
        if by != entered_by and any(speaks_for(facts, by, one, at) for one in silent):
            return
        names = ", ".join(sorted(facts.bodies[one].name for one in silent))
        raise NotEntitledToFactError(
            f"La seconde confirmation revient à une personne désignée par {names}.",
            f"The second confirmation is for a person designated by {names}.",
        )
    person = facts.persons.get(by)
    is_dpo = person is not None and person.status is PersonStatus.DPO
    if is_dpo and by != entered_by and by not in document.scope.persons:
        return
    check_confirm(facts, document, by, entered_by, at)


def _for_independents(facts: Facts, document: Document, body: BodyId, at: datetime) -> bool:
    if document.kind is DocumentKind.MISSION_LETTER:
        return True
    first_voice = document.kind is DocumentKind.ELECTION or (
        document.kind is DocumentKind.DESIGNATION
        and document.fields.get("confirm") is True
        and _kind(facts, body) not in {BodyKind.COMMUNE, *POOLING}
    )
    return first_voice and not somebody_speaks_for(facts, body, at)


def check_place(facts: Facts, commune: BodyId, by: PersonId, entered_by: PersonId, at: datetime) -> None:
    """Whether this person may confirm where a camera stands.

    Raises:
        NotEntitledToFactError: saying who may.
    """
    if by == entered_by:
        raise NotEntitledToFactError(
            "Vous avez saisi cette caméra : une autre personne, désignée par la commune, confirme son emplacement.",
            "You entered this camera: another person, designated by the commune, has to confirm its place.",
        )
    if not speaks_for(facts, by, commune, at):
        name = facts.bodies[commune].name
        raise NotEntitledToFactError(
            f"Seule une personne désignée par {name} peut confirmer l'emplacement d'une caméra chez elle.",
            f"Only a person designated by {name} can confirm the place of a camera on its territory.",
        )


def check_narrow(facts: Facts, document: Document, by: PersonId, entered_by: PersonId, at: datetime) -> None:
    """Whether this person may suspend or withdraw: one person is enough, on the side of the employer, of the commune,
    of the pooling body (which records a decision of the préfet), who may confirm it, or who proposed what is not
    confirmed yet.

    Raises:
        NotEntitledToFactError: none of these.
    """
    person = facts.persons.get(by)
    if person is not None:
        if document.status is DocumentStatus.PROPOSED and by == entered_by:
            return
        communes = communes_of(document, facts)
        concerned = set(document.scope.bodies) | communes
        if document.awaiting is not None:
            concerned.add(document.awaiting)
        concerned |= {facts.persons[one].employer for one in document.scope.persons if one in facts.persons}
        pools = {body.id for body in facts.bodies.values() if body.kind in POOLING and body.members & communes}
        if person.employer in concerned | pools or person.commune in concerned:
            return
        if document.awaiting is not None and speaks_for(facts, by, document.awaiting, at):
            return
        if person.status in _INDEPENDENT:
            return
    raise NotEntitledToFactError(
        "Suspendre ou retirer cette pièce revient à la commune, à l'employeur ou au centre qu'elle concerne.",
        "Suspending or withdrawing this document is for the commune, the employer or the centre that it concerns.",
    )


def _named(
    facts: Facts, kind: DocumentKind, person: PersonId, body: BodyId, at: datetime, *, to_confirm: bool = False
) -> bool:
    for document in facts.about(kind, person, at):
        if not document.holds(at) or body not in document.scope.bodies:
            continue
        if not to_confirm or document.fields.get("confirm") is True:
            return True
    return False


def _closest(bodies: set[BodyId], facts: Facts) -> set[BodyId]:
    """Among several bodies that are no commune, those closest to the images: the controllers of cameras, else those
    that pool nothing (a département that joins a syndicat speaks for itself)."""
    if len(bodies) < _PAIR:
        return bodies
    controllers = bodies & {camera.responsible for camera in facts.cameras.values()}
    return controllers or {body for body in bodies if _kind(facts, body) not in POOLING}


def _below(facts: Facts, body: Body, member: BodyId) -> bool:
    """Whether a member's word is a word of the pooling body: a commune, a département, or an EPCI through its own."""
    kind = _kind(facts, member)
    return kind in {BodyKind.COMMUNE, BodyKind.DEPARTEMENT} or (
        kind is BodyKind.EPCI and body.kind is not BodyKind.EPCI
    )


def _kind(facts: Facts, body: BodyId) -> BodyKind | None:
    found = facts.bodies.get(body)
    return found.kind if found is not None else None
