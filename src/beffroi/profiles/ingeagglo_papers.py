"""The papers of INGEAGGLO, D2 to D23: in order, but for one agreement that ended and one order that lapses."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from beffroi.domain.documents import Document, DocumentKind, JsonValue, Scope
from beffroi.domain.facts import Camera
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.profiles.ingeagglo_places import (
    COMMUNES,
    DEPARTEMENT,
    EPCI,
    EPCI_NAME,
    EXPIRED_AGREEMENT,
    LAPSING_CAMERA,
    SHORT_TERM,
    Commune,
    system_of,
)

_PREFET: Final = "Le préfet du département 99"
_ACTS: Final[list[JsonValue]] = ["live", "replay", "ptz", "extract"]
_VIEWERS: Final[list[JsonValue]] = ["mayor", "elected_delegated", "municipal_police", "epci_agent"]
_PURPOSES: Final[list[JsonValue]] = ["F1", "F3", "F4", "F5", "F8", "F11"]


class Papers:
    """Writes papers dated around an instant: in force for a year already, and for two more."""

    def __init__(self, at: datetime, *, order_lapses_s: float) -> None:
        self._today = at.date()
        self._lapse = at + timedelta(seconds=order_lapses_s)

    def elections(self, mayors: dict[BodyId, PersonId]) -> list[Document]:
        """The election record of each mayor."""
        return [
            self._paper(
                DocumentKind.ELECTION,
                f"maire-{commune}",
                "Le conseil municipal",
                scope=Scope(bodies=frozenset({commune}), persons=frozenset({mayor})),
                fields={"function": "maire"},
            )
            for commune, mayor in sorted(mayors.items())
        ]

    def of_the_epci(self, agents: Sequence[PersonId], president: PersonId) -> list[Document]:
        """Statutes with the crime-prevention competence, the agreement with the State, each agent's accreditation."""
        whole = Scope(bodies=frozenset({EPCI}))
        return [
            self._paper(
                DocumentKind.STATUTES,
                EPCI,
                _PREFET,
                scope=whole,
                fields={
                    "form": "C",
                    "dlpd": True,
                    "dlpd_proof": f"Délibération {EPCI}-dlpd",
                    "members": [commune.code for commune in COMMUNES],
                    "departements": [DEPARTEMENT],
                    "president": president,
                },
            ),
            self._paper(
                DocumentKind.STATE_AGREEMENT,
                EPCI,
                _PREFET,
                scope=whole,
                fields={
                    "prefet": _PREFET,
                    "intervention": "Appel au 17, priorité aux personnes en danger.",
                    "feed_legal_basis": "CSI L.252-3, arrêté de chaque commune.",
                    "feed_terms": "Sur appel de la gendarmerie, flux chiffré, sans enregistrement chez elle.",
                    "hours": "24 h sur 24",
                    "alert_channels": "Ligne directe avec le centre d'information et de commandement.",
                    "coordination": "Conforme à la convention de coordination de chaque commune.",
                },
            ),
            self._paper(
                DocumentKind.DELIBERATION,
                f"{EPCI}-dlpd",
                "Le conseil communautaire",
                scope=whole,
                fields={
                    "object": "dlpd",
                    "body": EPCI,
                    "pooling_body": EPCI,
                    "vote": "unanimité",
                    "enforceable_on": self._day(-400),
                },
            ),
            *(
                self._paper(
                    DocumentKind.ACCREDITATION,
                    agent,
                    _PREFET,
                    scope=Scope(persons=frozenset({agent})),
                    fields={
                        "employer": EPCI,
                        "prefets": [_PREFET],
                        "departements": [DEPARTEMENT],
                        "inquiry_on": self._day(-420),
                        "joint_request": f"{EPCI}-{agent}",
                    },
                    endless=True,
                )
                for agent in agents
            ),
        ]

    def of_a_commune(
        self,
        commune: Commune,
        cameras: Sequence[Camera],
        designated: Sequence[PersonId],
        police: Sequence[PersonId] = (),
    ) -> list[Document]:
        """Everything that opens a commune's cameras: orders, commissioning, commitment, assessment, record, consent,
        agreements, one designation for each person, one accreditation for each officer, one mask for each camera."""
        code, kind = commune.code, DocumentKind
        mayor, here = f"Le maire de {commune.name}", Scope(bodies=frozenset({code}))
        named = frozenset(camera.id for camera in cameras)
        lapsing = named & {LAPSING_CAMERA}
        papers = [
            self._order(commune, f"{code}-1", named - lapsing, until=self._end),
            self._paper(
                kind.COMMISSIONING,
                code,
                mayor,
                scope=here,
                fields={"receipt": f"AR-{code}", "system": system_of(commune)},
            ),
            self._paper(
                kind.CNIL_COMMITMENT,
                code,
                mayor,
                scope=here,
                fields={"reference": "R.253-7", "controller": mayor, "receipt": f"CNIL-{code}"},
            ),
            self._paper(kind.IMPACT_ASSESSMENT, code, mayor, scope=here, fields=self._assessment()),
            self._paper(
                kind.DELIBERATION,
                f"{code}-accord",
                "Le conseil municipal",
                scope=here,  # the whole ground of the commune
                fields={
                    "object": "commune_consent",
                    "body": code,
                    "pooling_body": EPCI,
                    "vote": "unanimité",
                    "enforceable_on": self._day(-380),
                },
            ),
            self._paper(kind.PROCESSING_RECORD, code, mayor, scope=here, fields=self._record(commune)),
            self._paper(
                kind.ROLE_ACT,
                f"{EPCI}-{code}",
                f"Le maire de {commune.name} et le président d'{EPCI_NAME}",
                scope=Scope(bodies=frozenset({EPCI, code})),
                fields={
                    "controller": f"Commune de {commune.name}",
                    "processor": EPCI_NAME,
                    "instructions": "Visionner, enregistrer et détruire comme l'arrêté le fixe, rien d'autre.",
                    "subprocessors": "Le mainteneur, sans accès aux images.",
                    "security": "Chiffrement à l'écriture, deux facteurs, registre.",
                },
            ),
            self._paper(
                kind.COORDINATION,
                code,
                f"Le maire de {commune.name} et {_PREFET[0].lower()}{_PREFET[1:]}",
                scope=here,
                fields={
                    "parties": [f"Commune de {commune.name}", _PREFET, "Le procureur de la République"],
                    "hours": "24 h sur 24",
                    "night_clause": True,
                    "referral": "Le centre appelle la gendarmerie pour toute infraction en cours.",
                },
            ),
            self._agreement(commune),
            *(self._designation(commune, person) for person in designated),
            *(self._police_accreditation(person) for person in police),
            *(self._mask(camera) for camera in cameras),
        ]
        if lapsing:
            papers.append(self._order(commune, f"{code}-2", lapsing, until=self._lapse))
        return papers

    @property
    def _end(self) -> date:
        return self._today + timedelta(days=730)

    def _order(self, commune: Commune, name: str, cameras: frozenset[CameraId], *, until: date | datetime) -> Document:
        return self._paper(
            DocumentKind.PREFECT_ORDER,
            name,
            _PREFET,
            scope=Scope(bodies=frozenset({commune.code}), cameras=cameras),
            fields={
                "prefet": _PREFET,
                "controller": f"Commune de {commune.name}",
                "system": system_of(commune),
                "purposes": list(_PURPOSES),
                "retention_days": 15 if commune.code == SHORT_TERM else 30,
                "viewers": list(_VIEWERS),
                "acts": list(_ACTS),
                "commission_opinion_on": self._day(-390),
                "published_on": self._day(-366),
                "type": "normal",
            },
            until=until,
        )

    def _agreement(self, commune: Commune) -> Document:
        over = commune.code == EXPIRED_AGREEMENT
        return self._paper(
            DocumentKind.AGREEMENT,
            f"{EPCI}-{commune.code}",
            f"Le maire de {commune.name} et le président d'{EPCI_NAME}",
            scope=Scope(bodies=frozenset({EPCI, commune.code})),
            fields={
                "acquisition": "Par la communauté, en groupement.",
                "installation": "Par la communauté, sur plan accepté par la commune.",
                "maintenance": "Par la communauté, intervention sous 24 h ouvrées.",
                "devices": "Mises à disposition, propriété de la commune.",
                "viewing_staff": 6,
                "funding": "Part fixe par caméra, part selon la population.",
                "data_protection": "Commune responsable, communauté sous-traitante.",
                "authority_clause": True,
                "exit": "Préavis de trois mois, données rendues.",
                "deliberations": [f"{commune.code}-accord", f"{EPCI}-dlpd"],
            },
            until=self._today - timedelta(days=21) if over else self._end,
        )

    def _designation(self, commune: Commune, person: PersonId) -> Document:
        return self._paper(
            DocumentKind.DESIGNATION,
            f"{commune.code}-{person}",
            f"Le maire de {commune.name}",
            scope=Scope(bodies=frozenset({commune.code}), persons=frozenset({person})),
            fields={"authority": f"maire/{commune.code}", "acts": list(_ACTS), "training_on": self._day(-395)},
        )

    def _police_accreditation(self, person: PersonId) -> Document:
        return self._paper(
            DocumentKind.POLICE_ACCREDITATION,
            person,
            f"{_PREFET} et le procureur de la République",
            scope=Scope(persons=frozenset({person})),
            fields={"prefet": _PREFET, "prosecutor": "Le procureur de la République", "sworn_on": self._day(-420)},
            endless=True,
        )

    def _record(self, commune: Commune) -> dict[str, JsonValue]:
        return {
            "controller": f"Commune de {commune.name}",
            "dpo": "Le délégué à la protection des données",
            "purposes": list(_PURPOSES),
            "categories": "Images de la voie publique, sans son.",
            "recipients": "Personnes désignées ; autorités sur réquisition.",
            "retention": "15 jours" if commune.code == SHORT_TERM else "30 jours",
            "security": "Chiffrement, deux facteurs, registre infalsifiable.",
        }

    def _mask(self, camera: Camera) -> Document:
        return self._paper(
            DocumentKind.MASK,
            camera.id,
            "L'installateur",
            scope=Scope(cameras=frozenset({camera.id})),
            fields={"author": "mainteneur", "reference_picture": f"masque/{camera.id}/1"},
        )

    def _assessment(self) -> dict[str, JsonValue]:
        return {
            "description": "Caméras de voie publique, vues en direct et enregistrées.",
            "necessity": "Agressions et vols relevés aux lieux filmés ; aucun moyen moins intrusif suffisant.",
            "risks": "Consultation sans motif, conservation trop longue, vue sur les habitations.",
            "measures": "Décision à chaque image, registre, chiffrement, masques, effacement prouvé.",
            "residual_risk": "low",
            "dpo_opinion": "favorable",
            "dpo_opinion_on": self._day(-400),
            "review_on": self._day(700),
        }

    def _paper(
        self,
        kind: DocumentKind,
        name: str,
        signatory: str,
        *,
        scope: Scope,
        fields: dict[str, JsonValue],
        until: date | datetime | None = None,
        endless: bool = False,
    ) -> Document:
        signed = self._today - timedelta(days=370)
        return Document(
            id=DocumentId(f"{kind.value}/{name}"),
            kind=kind,
            number=f"{signed.year}-{name}",
            signed_on=signed,
            signatory=signatory,
            valid_from=self._today - timedelta(days=365),
            valid_until=until if until is not None or endless else self._end,
            scope=scope,
            fields=fields,
        )

    def _day(self, offset_days: int) -> str:
        return (self._today + timedelta(days=offset_days)).isoformat()
