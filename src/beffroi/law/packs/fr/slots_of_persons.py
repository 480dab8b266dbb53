"""The slots that depend on the person: accreditations, designations, contracts, titles, written positions."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from beffroi.domain.acts import Act
from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import PersonStatus
from beffroi.law.situation import Found

from .dossier import IN_FORCE, Asked, Dossier, Slot, about_place, serves_nothing
from .missions import dated, reaches
from .reading import filled, flag, moment, names, word
from .slots_of_pooling import consent_to, state_agreements

_Kind = DocumentKind
FRAMES: Final = {"flagrance": "procureur", "preliminary": "procureur", "information": "juge"}
"""The frames of a requisition, and the authority of each."""
_STORED: Final = frozenset({Act.REPLAY, Act.EXTRACT})
_POOLING_FORMS: Final = frozenset({"C", "D", "E"})
_CD_STATUSES: Final = frozenset({PersonStatus.DEPARTEMENT_AGENT, PersonStatus.DEPARTEMENT_PRESIDENT})


def authorities(asked: Asked) -> dict[str, str]:
    """The authority of each kind that rows name, save justice, which a requisition gives."""
    departement = asked.person.employer if asked.person.status in _CD_STATUSES else asked.departement
    return {
        "maire": f"maire/{asked.camera.commune}",
        "president_cd": f"president-cd/{departement}" if departement else "",
        "controller": f"controller/{asked.camera.responsible}",
        "chief": f"chief/{asked.person.employer}",
        "own": f"own/{asked.person.employer}",
    }


def accreditation(dossier: Dossier, asked: Asked) -> Found:
    """D5."""
    person, host = asked.person.id, asked.host
    wanted = asked.commune.departement if asked.commune else ""

    def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
        named = host is not None and (word(one, "employer") == host or host in names(one, "also_for"))
        return True, {"departements": names(one, "departements"), "names_host": named}

    return dossier.best(
        ("accreditation", person, host),
        lambda: [one for one in dossier.about(_Kind.ACCREDITATION, person) if person in one.scope.persons],
        describe,
        lambda one: (wanted in one.told["departements"], one.told["names_host"]),
    )


def _designation(slot: str, kind: DocumentKind, authority: str | None) -> Slot:
    def find(dossier: Dossier, asked: Asked) -> Found:
        person, camera, act = asked.person.id, asked.camera, asked.request.act.value
        wanted = authorities(asked)[authority] if authority else ""

        def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
            covers = about_place(one, camera)
            by = asked.authority(word(one, "authority"))
            return covers, {"covers": covers, "by": by, "acts": names(one, "acts")}

        def candidates() -> list[Document]:
            found = dossier.facts.about_both(kind, person, camera.commune, dossier.at)
            return [one for one in found if person in one.scope.persons]

        def rank(found: Found) -> tuple[bool | int, ...]:
            by = not wanted or (found.document is not None and word(found.document, "authority") == wanted)
            return (by and act in found.told["acts"], by, act in found.told["acts"])

        return dossier.best((slot, person, camera.id, asked.host), candidates, describe, rank)

    return find


def secondment(dossier: Dossier, asked: Asked) -> Found:
    """The act that lends the person to the syndicat."""
    person, host = asked.person.id, asked.host

    def candidates() -> list[Document]:
        found = dossier.between(_Kind.SECONDMENT, person, host)
        return [one for one in found if person in one.scope.persons and host in one.scope.bodies]

    return dossier.best(("secondment", person, host), candidates, lambda _: (True, {}), serves_nothing)


def service_contract(dossier: Dossier, asked: Asked) -> Found:
    """The private employer's contract with the controller."""
    employer, controller = asked.person.employer, asked.camera.responsible

    def candidates() -> list[Document]:
        found = dossier.between(_Kind.SERVICE_CONTRACT, employer, controller)
        return [one for one in found if {employer, controller} <= one.scope.bodies]

    return dossier.best(
        ("service_contract", employer, controller),
        candidates,
        lambda one: (True, {"cnaps": flag(one, "cnaps")}),
        lambda one: (one.told["cnaps"],),
    )


def command_presence(dossier: Dossier, asked: Asked) -> Found:
    """Presence in a command room."""
    person, camera = asked.person.id, asked.camera

    def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
        covers = about_place(one, camera)
        return covers, {"covers": covers, "crisis": filled(one, "crisis_reference")}

    return dossier.best(
        ("command_presence", person, camera.id),
        lambda: [one for one in dossier.about(_Kind.COMMAND_PRESENCE, person) if person in one.scope.persons],
        describe,
        lambda one: (one.told["crisis"],),
    )


def relay_basis(dossier: Dossier, asked: Asked) -> Found:
    """The agreement with the State of the body that pools the commune with its consent; the one that lacks most."""
    found = []
    for body in sorted(dossier.territory.pooled_by(asked.camera.commune)):
        pooling = dossier.facts.bodies[body]
        if pooling.form is None or pooling.form.value not in _POOLING_FORMS:
            continue
        consent = consent_to(dossier, asked, body)
        if consent.state != IN_FORCE or not consent.covers:
            continue
        found.append(
            dossier.best(
                ("relay_basis", body),
                partial(state_agreements, dossier, body),
                _basis,
                lambda one: (one.told["feed"],),
            )
        )
    if not found:
        return dossier.absent("no_relay_basis", lambda _: (True, {"required": False, "feed": False}))
    return min(found, key=lambda one: (one.state == IN_FORCE, one.told["feed"]))


def _basis(one: Document) -> tuple[bool, Mapping[str, Any]]:
    return True, {"required": True, "feed": filled(one, "feed_legal_basis")}


def _title(slot: str, kind: DocumentKind, said: Callable[[Document], tuple[bool, bool]]) -> Slot:
    """``said``: whether the title is complete, and whether it opens viewing."""

    def find(dossier: Dossier, asked: Asked) -> Found:
        person, camera, footage = asked.person.id, asked.camera.id, asked.request.footage
        guest = asked.request.guest

        def candidates() -> list[Document]:
            found = dossier.about(kind, camera, person)
            return found if guest is None else [one for one in found if one.id == guest]

        def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
            covers = camera in one.scope.cameras and _covers_footage(one, asked)
            complete, viewing = said(one)
            # A guest has no account: the centre compared her card with this very paper.
            names_person = person in one.scope.persons or one.id == guest
            told = {"covers": covers, "names": names_person, "complete": complete, "viewing": viewing}
            told["reaches"] = _reaches(one, asked) if kind is _Kind.MISSION_LETTER else covers
            return covers or kind is _Kind.MISSION_LETTER, told

        def rank(found: Found) -> tuple[bool | int, ...]:
            told = found.told
            # Of several letters, the one that opens this camera to the inspector, or that lets it leave for them.
            letter = kind is _Kind.MISSION_LETTER and told["complete"] and told["viewing"]
            opens, leaves = letter and told["names"] and told["reaches"], letter and told["covers"]
            return (opens, leaves, told["names"] and told["complete"], told["complete"], told["viewing"])

        stored = asked.request.act in _STORED
        return dossier.best((slot, person, camera, footage, stored, guest), candidates, describe, rank)

    return find


def _covers_footage(title: Document, asked: Asked) -> bool:
    """Whether the images asked for lie within the title's dates. A mission letter may give none."""
    if title.kind is _Kind.MISSION_LETTER:
        return _reaches(title, asked)
    footage = asked.request.footage
    first, last = moment(title, "from"), moment(title, "to", last=True)
    if footage is None or first is None or last is None:
        return False
    return to_wall_us(first) <= footage.from_us and footage.to_us <= to_wall_us(last)


def _reaches(letter: Document, asked: Asked) -> bool:
    """Whether a mission letter is about this camera and the images asked for: those of now, when they are live. Stored
    ones that nobody named are within no dates."""
    footage, at = asked.request.footage, asked.request.at
    if footage is None and asked.request.act in _STORED and {"from", "to"} & set(letter.fields):
        return False
    span = (at, at) if footage is None else (instant(footage.from_us), instant(footage.to_us))
    return reaches(letter, asked.camera) and dated(letter, *span)


def _position(row: str) -> Slot:
    slot = f"position_{row.removeprefix('row-')}"

    def find(dossier: Dossier, asked: Asked) -> Found:
        commune, responsible = asked.camera.commune, asked.camera.responsible

        def candidates() -> list[Document]:
            found = dossier.about(_Kind.PREFECTURE_POSITION, commune, responsible)
            here = [one for one in found if not one.scope.bodies.isdisjoint({commune, responsible})]
            return [one for one in here if word(one, "point") == row]

        return dossier.best(
            (slot, commune, responsible),
            candidates,
            lambda one: (True, {"open": word(one, "answer") in {"", "open"}}),
            lambda one: (one.told["open"] is (row not in _NARROWED),),
        )

    return find


_NARROWED: Final = frozenset({"row-03", "row-15", "row-18"})
_POSITIONS: Final = ("row-03", "row-15", "row-18", "row-19", "row-22", "row-33", "row-43b")


def _requisition(one: Document) -> tuple[bool, bool]:
    said = all(filled(one, field) for field in ("article", "service", "opj"))
    return said and word(one, "frame") in FRAMES, flag(one, "onsite_viewing")


def _granted(one: Document) -> tuple[bool, bool]:
    return word(one, "decision") == "granted" and flag(one, "blurred"), True


def _mission(one: Document) -> tuple[bool, bool]:
    return filled(one, "reference"), flag(one, "images")


PERSON_SLOTS: Final[Mapping[str, Slot]] = {
    "accreditation": accreditation,
    "designation": _designation("designation", _Kind.DESIGNATION, "maire"),
    "cd_designation": _designation("cd_designation", _Kind.DESIGNATION, "president_cd"),
    "controller_designation": _designation("controller_designation", _Kind.DESIGNATION, "controller"),
    "service_designation": _designation("service_designation", _Kind.SERVICE_DESIGNATION, None),
    "secondment": secondment,
    "service_contract": service_contract,
    "command_presence": command_presence,
    "relay_basis": relay_basis,
    "requisition": _title("requisition", _Kind.REQUISITION, _requisition),
    "administrative_request": _title("administrative_request", _Kind.ADMINISTRATIVE_REQUEST, lambda _: (True, True)),
    "subject_request": _title("subject_request", _Kind.SUBJECT_REQUEST, _granted),
    "mission_letter": _title("mission_letter", _Kind.MISSION_LETTER, _mission),
    **{f"position_{row.removeprefix('row-')}": _position(row) for row in _POSITIONS},
}
