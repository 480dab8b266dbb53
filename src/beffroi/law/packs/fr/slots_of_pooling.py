"""The slots of pooling: statutes, consents, agreements and acts of roles, of the employer and of the host."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import BodyKind
from beffroi.domain.ids import BodyId
from beffroi.law.situation import Found

from .dossier import Asked, Dossier, Slot, about_place, serves_nothing
from .reading import count, flag, hours, names, open_at, word

_Kind = DocumentKind
CONSENT: Final = "commune_consent"
"""Value of the field ``object`` of a deliberation that consents to the pooling of cameras on the commune's ground."""
MEMBERS_CONSENT: Final = "members_consent"


def _plain(_: Document) -> tuple[bool, Mapping[str, Any]]:
    return True, {}


def _body(asked: Asked, which: str) -> BodyId | None:
    return asked.host if which == "host" else asked.person.employer


def _statutes(slot: str, which: str) -> Slot:
    def find(dossier: Dossier, asked: Asked) -> Found:
        body, commune = _body(asked, which), asked.camera.commune

        def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
            members = names(one, "members")
            covers = commune in members or any(_is_epci_of(dossier, member, commune) for member in members)
            natures = one.fields.get("natures")
            known = natures if isinstance(natures, dict) else {}
            told = [value if isinstance(value := known.get(member), str) else "?" for member in members]
            return covers, {
                "covers": covers,
                "form": word(one, "form"),
                "dlpd": flag(one, "dlpd"),
                "natures": sorted({*told, *(str(value) for value in known.values())}) or ["?"],
                "departements": sum(value == "departement" for value in known.values()),
                "adjoining": flag(one, "adjoining"),
                "mandate": word(one, "president_mandate"),
            }

        def rank(found: Found) -> tuple[bool | int, ...]:
            pooling = dossier.facts.bodies.get(body) if body else None
            form = pooling.form if pooling else None
            return (form is not None and found.told["form"] == form.value, found.told["dlpd"])

        def candidates() -> list[Document]:
            return [one for one in dossier.about(_Kind.STATUTES, body) if body in one.scope.bodies]

        return dossier.best((slot, body, commune), candidates, describe, rank)

    return find


def _is_epci_of(dossier: Dossier, member: str, commune: BodyId) -> bool:
    found = dossier.facts.bodies.get(BodyId(member))
    return found is not None and found.kind is BodyKind.EPCI and commune in found.members


def _consent(slot: str, which: str) -> Slot:
    def find(dossier: Dossier, asked: Asked) -> Found:
        return consent_to(dossier, asked, _body(asked, which), slot)

    return find


def consent_to(dossier: Dossier, asked: Asked, body: BodyId | None, slot: str = "consent") -> Found:
    """The commune's deliberation that consents to this pooling body."""
    camera = asked.camera

    def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
        covers = about_place(one, camera)
        return covers, {"covers": covers}

    def candidates() -> list[Document]:
        wanted = {"object": CONSENT, "body": camera.commune, "pooling_body": body or ""}
        found = dossier.about(_Kind.DELIBERATION, camera.commune)
        return [one for one in found if all(word(one, field) == value for field, value in wanted.items())]

    return dossier.best((slot, body, camera.id), candidates, describe, serves_nothing)


def members_consent(dossier: Dossier, asked: Asked) -> Found:
    """The members' deliberation of the syndicat."""
    body = asked.host

    def candidates() -> list[Document]:
        wanted = {"object": MEMBERS_CONSENT, "body": body or "", "pooling_body": body or ""}
        found = [one for one in dossier.about(_Kind.DELIBERATION, body) if body in one.scope.bodies]
        return [one for one in found if all(word(one, field) == value for field, value in wanted.items())]

    return dossier.best(("members_consent", body), candidates, _plain, serves_nothing)


def _agreement(slot: str, parties: Callable[[Asked], tuple[str | None, str | None]]) -> Slot:
    def find(dossier: Dossier, asked: Asked) -> Found:
        one_party, other = parties(asked)

        def describe(one: Document) -> tuple[bool, Mapping[str, Any]]:
            opens, closes = hours(one)
            return True, {"lends_staff": count(one, "viewing_staff") > 0, "opens": opens, "closes": closes}

        return dossier.best(
            (slot, one_party, other),
            lambda: _between_bodies(dossier, _Kind.AGREEMENT, one_party, other),
            describe,
            lambda one: (one.told["lends_staff"] and open_at(one.told, asked.minute), one.told["lends_staff"]),
        )

    return find


def _between_bodies(dossier: Dossier, kind: DocumentKind, one: str | None, other: str | None) -> list[Document]:
    if one == other:
        return []
    return [found for found in dossier.between(kind, one, other) if {one, other} <= found.scope.bodies]


def _of_parties(slot: str, kind: DocumentKind, parties: Callable[[Asked], tuple[str | None, str | None]]) -> Slot:
    def find(dossier: Dossier, asked: Asked) -> Found:
        one_party, other = parties(asked)
        return dossier.best(
            (slot, one_party, other),
            lambda: _between_bodies(dossier, kind, one_party, other),
            _plain,
            serves_nothing,
        )

    return find


def _state_agreement(slot: str, which: str) -> Slot:
    def find(dossier: Dossier, asked: Asked) -> Found:
        body = _body(asked, which)
        return dossier.best((slot, body), lambda: state_agreements(dossier, body), _plain, serves_nothing)

    return find


def state_agreements(dossier: Dossier, body: BodyId | None) -> list[Document]:
    """The agreements of a pooling body with the State."""
    return [one for one in dossier.about(_Kind.STATE_AGREEMENT, body) if body in one.scope.bodies]


def _employer(asked: Asked) -> tuple[str | None, str | None]:
    return asked.person.employer, asked.camera.commune


def _host(asked: Asked) -> tuple[str | None, str | None]:
    return asked.host, asked.camera.commune


POOLING_SLOTS: Final[Mapping[str, Slot]] = {
    "statutes": _statutes("statutes", "employer"),
    "consent": _consent("consent", "employer"),
    "agreement": _agreement("agreement", _employer),
    "state_agreement": _state_agreement("state_agreement", "employer"),
    "role_act": _of_parties("role_act", _Kind.ROLE_ACT, _employer),
    "host_statutes": _statutes("host_statutes", "host"),
    "members_consent": members_consent,
    "host_consent": _consent("host_consent", "host"),
    "host_agreement": _agreement("host_agreement", _host),
    "host_state_agreement": _state_agreement("host_state_agreement", "host"),
    "host_role_act": _of_parties("host_role_act", _Kind.ROLE_ACT, _host),
    "departement_agreement": _agreement("departement_agreement", lambda asked: (asked.host, asked.departement)),
    "controller_role_act": _of_parties(
        "controller_role_act", _Kind.ROLE_ACT, lambda asked: (asked.person.employer, asked.camera.responsible)
    ),
}
