"""Canned documents, persons, screens and cards for the stand-in centre: each state of each screen has its row here."""

from typing import Any

from tests.support.console_facts import PLACES, REFUSAL, Json, authority, t

from beffroi.domain.documents import DocumentKind
from beffroi.domain.facts import PersonStatus
from beffroi.law.documents import code, type_name
from beffroi.server.paperfile import kind_json
from beffroi.server.statuses import STATUS_WORDS

_AWAITING = t("à confirmer par Valbrune", "to be confirmed by Valbrune")


def kinds() -> list[Json]:
    """The forms of the pack themselves."""
    return [kind_json(kind) for kind in DocumentKind]


def names() -> Json:
    """What a form may name."""
    return {
        "bodies": [
            {"id": "200099999", "name": "INGEAGGLO", "kind": "epci"},
            {"id": "99003", "name": "Valbrune", "kind": "commune"},
        ],
        "cameras": [{"id": "cam-20", "name": PLACES[0], "commune": "99003"}],
        "systems": ["valbrune-1"],
        "persons": [{"id": "operateur-1", "name": t("Opérateur du centre"), "status": "epci_agent"}],
    }


def documents() -> list[Json]:
    """One document of each state."""
    two = {"why": t("Une date saisie est à un an ou plus de celle du fichier."), "first_done": True}
    return [
        _document(DocumentKind.PREFECT_ORDER, "bourg-neuf", "confirmed", "Bourg-Neuf"),
        _document(DocumentKind.AGREEMENT, "valbrune", "proposed", "Valbrune", awaiting=_AWAITING, two_persons=two),
        _document(DocumentKind.ACCREDITATION, "operateur-1", "confirmed", "Montclair", valid_until=None),
        _document(DocumentKind.DESIGNATION, "pm-aubin", "suspended", "Saint-Aubin"),
        _document(DocumentKind.MASK, "vieux", "confirmed", "Bourg-Neuf", in_force=False, expired=True),
    ]


def _document(kind: DocumentKind, name: str, status: str, commune: str, **more: Any) -> Json:
    return {
        "id": f"{kind.value}/{name}",
        "kind": kind.value,
        "code": code(kind),
        "label": type_name(kind).as_dict(),
        "number": f"2026-{len(name):03d}",
        "signatory": "le préfet",
        "valid_from": "2026-01-01",
        "valid_until": "2030-12-31",
        "in_force": status == "confirmed",
        "expired": False,
        "status": status,
        "communes": [commune],
        "awaiting": None,
        "two_persons": None,
        "version": 2,
        "may": {"confirm": status == "proposed", "suspend": status == "confirmed", "withdraw": True},
        **more,
    }


def document(identifier: str) -> Json | None:
    """One document, whole: two versions, a file, a deadline, its history."""
    row = next((one for one in documents() if one["id"] == identifier), None)
    if row is None:
        return None
    content = [
        {"name": "number", "label": t("numéro"), "value": row["number"]},
        {"name": "retention_days", "label": t("conservation en jours"), "value": 15},
    ]
    changed = {"name": "retention_days", "label": t("conservation en jours"), "before": 30, "after": 15}
    bare: Json = {"status_at": None, "confirmed_by": None, "fields": {}, "signed_on": "2026-01-01", "remarks": []}
    scope: Json = {"bodies": [], "cameras": [], "systems": [], "persons": []}
    return {
        **row,
        "type": kind_json(DocumentKind(row["kind"])),
        "versions": [
            {**bare, "version": 2, "status": row["status"], "content": content, "scope": scope, "changed": [changed]},
            {**bare, "version": 1, "status": "confirmed", "content": content, "scope": scope, "changed": []},
        ],
        "history": [
            {"at": "2026-01-02T09:00:00+00:00", "what": t("Pièce saisie"), "version": 1, "by": None, "reason": None}
        ],
        "files": [
            {
                "sha256": "ab" * 32,
                "name": "arrete.pdf",
                "media_type": "application/pdf",
                "size_bytes": 48_213,
                "version": 2,
                "main": True,
                "at": "2026-01-02T09:00:00+00:00",
            }
        ],
        "deadlines": [
            {
                "on": "2026-12-15",
                "days": 23,
                "reason": "end",
                "blocks": t("La vue mutualisée des caméras de cette commune s'arrête."),
                "task": t("Faites délibérer et signer l'avenant."),
            }
        ],
    }


def announcements() -> list[Json]:
    """What ends soon."""
    return [
        {
            "document": "agreement/valbrune",
            "label": t("convention entre membres"),
            "number": "2026-008",
            "reason": "end",
            "on": "2026-12-15",
            "days": 23,
            "text": t("Convention entre membres n° 2026-008 : finit le 15 décembre 2026."),
        }
    ]


def persons() -> Json:
    """An accredited agent and a person without any paper."""
    paper = {
        **paper_line(DocumentKind.ACCREDITATION, "operateur-1"),
        "scope": ["99"],
        "may_suspend": True,
    }
    rows = [
        _person("operateur-1", "Opérateur du centre", PersonStatus.EPCI_AGENT, [paper]),
        _person("elu-1", "Élu de Valbrune", PersonStatus.ELECTED, []),
    ]
    return {
        "persons": rows,
        "statuses": [{"id": one.value, "name": STATUS_WORDS[one].as_dict()} for one in PersonStatus],
    }


def person(identifier: str) -> Json | None:
    """One person, with the history of each paper."""
    row = next((one for one in persons()["persons"] if one["id"] == identifier), None)
    line = {
        "at": "2026-01-02T09:00:00+00:00",
        "what": t("Pièce suspendue"),
        "version": 1,
        "by": None,
        "reason": "essai",
    }
    return None if row is None else {**row, "history": {paper["id"]: [line] for paper in row["papers"]}}


def _person(identifier: str, label: str, status: PersonStatus, papers: list[Json]) -> Json:
    return {
        "id": identifier,
        "name": t(label),
        "status": status.value,
        "quality": STATUS_WORDS[status].as_dict(),
        "employer": {"id": "200099999", "name": "INGEAGGLO"},
        "commune": None,
        "papers": papers,
    }


def paper_line(kind: DocumentKind, name: str, **more: Any) -> Json:
    """A paper beside something else."""
    return {
        "id": f"{kind.value}/{name}",
        "kind": kind.value,
        "code": code(kind),
        "label": type_name(kind).as_dict(),
        "number": "2026-011",
        "version": 1,
        "valid_from": "2026-01-01",
        "valid_until": None,
        "status": "confirmed",
        "in_force": True,
        "next_waits": False,
        **more,
    }


def cameras() -> list[Json]:
    """One camera in order, one whose place waits and that has no mask."""
    order, mask = paper_line(DocumentKind.PREFECT_ORDER, "bourg-neuf"), paper_line(DocumentKind.MASK, "cam-00")
    return [
        _camera("cam-00", PLACES[0], order=order, mask=mask),
        _camera("cam-05", PLACES[5], place_confirmed=False, may_confirm=True, order=order),
    ]


def camera(identifier: str) -> Json | None:
    """One camera, with its papers."""
    row = next((one for one in cameras() if one["id"] == identifier), None)
    if row is None:
        return None
    papers = [one for one in (row["order"], row["mask"]) if one]
    return {**row, "papers": papers, "masks": [row["mask"]] if row["mask"] else []}


def _camera(identifier: str, name: str, **more: Any) -> Json:
    return {
        "id": identifier,
        "name": name,
        "commune": {"id": "99001", "name": "Bourg-Neuf"},
        "origin": "v",
        "kind": "fixed",
        "system": "bourg-neuf-1",
        "responsible": {"id": "99001", "name": "Bourg-Neuf"},
        "lat": 46.6,
        "lon": 2.5,
        "place_confirmed": True,
        "may_confirm": False,
        "order": None,
        "mask": None,
        **more,
    }


def screens(present: list[str]) -> list[Json]:
    """The supervisor's own screen."""
    return [
        {
            "id": "s1",
            "name": t("Chef de salle", "Room supervisor"),
            "account": "chef1",
            "mine": True,
            "views": 4,
            **before(present),
        }
    ]


def before(present: list[str]) -> Json:
    """Who is declared before a screen."""
    labels = {"~visiteur": t("Visiteur", "Visitor"), "elu-1": t("Élu de Valbrune", "Elected member of Valbrune")}
    return {
        "present": [{"id": one, "name": labels.get(one, t(one))} for one in present],
        "visitor": "~visiteur" in present,
    }


def reviews() -> list[Json]:
    """One act to review."""
    return [
        {
            "view": "ab" * 16,
            "at": "2026-11-22T01:12:00Z",
            "text": t("Vue en direct ouverte", "Live view opened"),
            "account": "operateur1",
            "camera": PLACES[1],
            "commune": "Bourg-Neuf",
            "authority": "maire/99001",
            "purpose": "F5",
            "reason": t("Personne en danger, secours, incendie", "Person in danger, fire"),
        }
    ]


def posts() -> list[Json]:
    """One workstation of each state."""
    return [
        {"id": "p1", "name": "Salle 1, poste A", "state": "enrolled", "enrolled": "2026-11-20T08:00:00Z"},
        {"id": "p2", "name": "Salle 1, poste B", "state": "waiting", "enrolled": None},
        {"id": "p3", "name": "Ancien poste", "state": "revoked", "enrolled": None},
    ]


def card(camera_name: str, act: str) -> Json:
    """Three verdicts: live is allowed, replay refused, the rest is for the préfecture to settle."""
    base: Json = {
        **REFUSAL,
        "act": act,
        "purpose": "F5",
        "camera": {"id": "cam-00", "name": camera_name, "commune": "Bourg-Neuf"},
        "authority": None,
        "documents": [],
    }
    if act == "live":
        return {
            **base,
            "verdict": "allow",
            "sentence": t("Vous pouvez voir cette caméra en direct.", "You may watch this camera live."),
            "cure": None,
            "conditions": [one for one in base["conditions"] if one["met"]],
            "authority": authority("Bourg-Neuf"),
            "documents": [paper_line(DocumentKind.PREFECT_ORDER, "bourg-neuf")],
        }
    return base if act == "replay" else {**base, "verdict": "unsettled", "ground": "row-19"}
