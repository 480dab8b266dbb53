"""A blank form for each kind of document, filled with ordinary values, so that a world states only what matters."""

from collections.abc import Mapping
from typing import Final

from beffroi.domain.documents import DocumentKind, JsonValue

DESCRIBED: Final = "décrit"
ACTS: Final[tuple[str, ...]] = ("live", "replay", "ptz", "extract", "relay")
PURPOSES: Final[tuple[str, ...]] = ("F1", "F3", "F4", "F5", "F8")
RECIPIENTS: Final[tuple[str, ...]] = ("gendarmerie", "national_police", "municipal_police")
VIEWERS: Final[tuple[str, ...]] = (
    "mayor",
    "elected_delegated",
    "municipal_police",
    "agreed_agent",
    "epci_agent",
    "syndicat_agent",
    "departement_agent",
    "departement_president",
    "controller_agent",
)

_K = DocumentKind


def _described(*names: str) -> dict[str, JsonValue]:
    return dict.fromkeys(names, DESCRIBED)


_BLANK: Final[Mapping[DocumentKind, Mapping[str, JsonValue]]] = {
    _K.APPLICATION: {
        "case": "public_way",
        **_described("purposes_report", "site_plan", "detail_plan", "transmission", "security", "public_information"),
        **_described("retention", "maintainer", "access_terms", "conformity", "cnil_commitment", "impact_assessment"),
        "filed_on": "2023-07-03",
        "answered_on": "2023-12-20",
    },
    _K.PREFECT_ORDER: {
        "prefet": "préfet du département",
        "controller": "la commune",
        "system": "système",
        "type": "normal",
        "purposes": list(PURPOSES),
        "viewers": list(VIEWERS),
        "acts": list(ACTS),
        "retention_days": 30,
        "commission_opinion_on": "2023-12-01",
        "published_on": "2023-12-22",
        "recipients": list(RECIPIENTS),
        "recipient_terms": "liaison chiffrée vers le centre d'opérations",
        "recipient_days": 15,
    },
    _K.AGREEMENT: {
        **_described("acquisition", "installation", "maintenance", "devices", "funding", "data_protection", "exit"),
        "viewing_staff": 6,
        "authority_clause": True,
        "deliberations": ["2023-12"],
    },
    _K.STATE_AGREEMENT: {
        **_described("prefet", "intervention", "feed_terms", "hours", "alert_channels", "coordination"),
        "feed_legal_basis": "CSI L.132-14 V et L.252-3",
    },
    _K.ACCREDITATION: {
        "prefets": ["préfet du département"],
        "departements": ["99"],
        "inquiry_on": "2023-09-01",
        "joint_request": "2023-08-01",
    },
    _K.DESIGNATION: {"acts": list(ACTS), "training_on": "2023-10-01"},
    _K.DELIBERATION: {"object": "commune_consent", "vote": "unanimité", "enforceable_on": "2023-12-21"},
    _K.COORDINATION: {
        "parties": ["maire", "préfet", "procureur"],
        "hours": "toute heure",
        "night_clause": True,
        "referral": DESCRIBED,
    },
    _K.IMPACT_ASSESSMENT: {
        **_described("description", "necessity", "risks", "measures"),
        "residual_risk": "low",
        "dpo_opinion": "favorable",
        "dpo_opinion_on": "2023-11-20",
        "review_on": "2027-12-01",
    },
    _K.CNIL_COMMITMENT: {"reference": "RU-074", "controller": "la commune", "receipt": "C-1"},
    _K.PROCESSING_RECORD: {
        **_described("controller", "dpo", "categories", "recipients", "retention", "security"),
        "purposes": list(PURPOSES),
    },
    _K.STATUTES: {
        "form": "C",
        "dlpd": True,
        "dlpd_proof": "arrêté préfectoral n° 2017-12",
        "members": [],
        "departements": ["99"],
        "president": "le président",
    },
    _K.NOTICE: {
        "pictogram": True,
        **_described("controller", "rights", "dpo", "cnil", "retention", "recipients", "legal_basis", "place", "photo"),
        "purposes": list(PURPOSES),
        "placed_on": "2023-12-28",
    },
    _K.CONFORMITY: {"installer": "installateur certifié", "certified": True, "resolution": "1920×1080", "fps": 12},
    _K.REQUISITION: {
        "opj": "l'officier de police judiciaire",
        "service": "brigade de recherches",
        "frame": "flagrance",
        "article": "CPP 60-1",
        "from": "2026-01-01T00:00:00+01:00",
        "to": "2026-12-31T23:59:59+01:00",
        "number": "PV 2026/1",
    },
    _K.DELEGATION: {"function": "municipal_police", "published_on": "2023-12-22"},
    _K.COMMON_PARTS_AGREEMENT: {
        **_described("manager", "prefet", "building", "posters"),
        "mayor_signed": True,
        "commission_sent_on": "2023-12-28",
    },
    _K.ROLE_ACT: _described("controller", "processor", "instructions", "subprocessors", "security"),
    _K.SECURITY_APPROVAL: _described("perimeter", "authority", "residual_risks"),
    _K.COMMISSIONING: {"system": "système", "receipt": "R-1"},
    _K.SERVICE_DESIGNATION: {"chief": "le chef de service", "acts": ["live", "replay", "ptz"]},
    _K.PREFECTURE_POSITION: {"answer": "open"},
    _K.MASK: {"author": "technician", "reference_picture": "sha256:1"},
    _K.ELECTION: {"function": "maire"},
    _K.POLICE_ACCREDITATION: {
        "prefet": "préfet du département",
        "prosecutor": "procureur de la République",
        "sworn_on": "2023-11-02",
    },
    _K.POLICE_POOLING: {"title": "L512-1"},
    _K.SECONDMENT: {"duties": "visionnage"},
    _K.SERVICE_CONTRACT: {"cnaps": True, **_described("services", "instructions")},
    _K.ALERT_RECORD: {"opened_at": "2026-03-02T09:55:00+01:00", "reason": "intrusion signalée"},
    _K.COMMAND_PRESENCE: {"crisis_reference": "COD-2026-1"},
    _K.ADMINISTRATIVE_REQUEST: {
        "procedure": "procédure administrative",
        "reference": "2026-1",
        "from": "2026-01-01T00:00:00+01:00",
        "to": "2026-12-31T23:59:59+01:00",
    },
    _K.MISSION_LETTER: {"reference": "mission 2026-1", "images": True},
    _K.SUBJECT_REQUEST: {
        "place": DESCRIBED,
        "decision": "granted",
        "blurred": True,
        "identity_checked": True,
        "from": "2026-01-01T00:00:00+01:00",
        "to": "2026-12-31T23:59:59+01:00",
    },
}


def blank(kind: DocumentKind) -> dict[str, JsonValue]:
    """Ordinary values for the fields of this kind; each call gives new ones, to change at will."""
    return {name: list(value) if isinstance(value, list) else value for name, value in _BLANK[kind].items()}
