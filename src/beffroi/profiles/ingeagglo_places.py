"""INGEAGGLO as data: a fictional communauté d'agglomération of 20 communes and 80 000 inhabitants, in no real place.

INSEE codes are in département 99, which does not exist.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

from beffroi.domain.acts import Form, Origin
from beffroi.domain.facts import Body, BodyKind, Camera, CameraKind
from beffroi.domain.ids import BodyId, CameraId

EPCI: Final = BodyId("200099999")
STATE: Final = BodyId("etat-99")
CONTRACTOR: Final = BodyId("mainteneur")
DEPARTEMENT: Final = "99"
EPCI_NAME: Final = "INGEAGGLO"

CENTRE_LATITUDE_DEG: Final = 46.60
CENTRE_LONGITUDE_DEG: Final = 2.50
_KM_PER_DEGREE: Final = 111.32


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune; offsets are from the centre of the agglomération, in kilometres."""

    code: BodyId
    name: str
    inhabitants: int
    east_km: float
    north_km: float


COMMUNES: Final = tuple(
    Commune(BodyId(f"990{number:02d}"), name, inhabitants, east_km, north_km)
    for number, (name, inhabitants, east_km, north_km) in enumerate(
        [
            ("Bourg-Neuf", 25_000, 0.0, 0.0),
            ("Saint-Aubin-des-Bois", 10_900, 4.2, 2.8),
            ("Villeneuve-la-Rivière", 10_600, -4.6, 1.9),
            ("Les Trois-Moulins", 10_400, 1.8, -5.1),
            ("Grandval", 10_200, -3.4, -4.4),
            ("Orme-le-Vieux", 980, 8.9, 6.4),
            ("La Chapelle-aux-Prés", 1_150, -9.1, 5.2),
            ("Fontclaire", 1_420, 6.8, -7.9),
            ("Hautes-Landes", 870, -11.4, -2.0),
            ("Clos-Marchand", 760, 10.9, -1.3),
            ("Rochebrune-le-Haut", 640, 2.9, 10.7),
            ("Le Plessis-Gris", 910, -2.3, 9.6),
            ("Vaux-Dormant", 520, 12.6, 3.7),
            ("Sainte-Odile-du-Lac", 1_310, -7.7, -8.8),
            ("Pierrelongue-en-Plaine", 700, 0.9, -11.2),
            ("Montfroid", 430, -12.8, 8.1),
            ("Bellecombe-l'Étang", 880, 5.3, 8.2),
            ("Champ-Rond", 590, -6.1, -12.0),
            ("Les Essarts-Neufs", 1_020, 9.4, -10.6),
            ("Noirval", 720, -10.2, 10.4),
        ],
        start=1,
    )
)

PATCHY: Final = "patchy"
"""A camera on a mobile link that drops out now and then."""


@dataclass(frozen=True, slots=True)
class Place:
    """A camera to be: where it stands, what it sends. ``link`` ``patchy``: it drops out now and then."""

    id: CameraId
    commune: int
    name: str
    east_m: int
    north_m: int
    origin: Origin = Origin.PUBLIC_WAY
    main_codec: Literal["h264", "h265"] = "h264"
    link: Literal["fibre", "patchy"] = "fibre"


PLACES: Final = (
    Place(CameraId("bn-place-du-marche"), 1, "Place du Marché", 40, 60),
    Place(CameraId("bn-gare-parvis"), 1, "Parvis de la gare", 620, -310, main_codec="h265"),
    Place(CameraId("bn-rue-des-tanneurs"), 1, "Rue des Tanneurs", -180, 220),
    Place(CameraId("bn-pont-neuf"), 1, "Pont-Neuf", 310, 480),
    Place(CameraId("bn-mediatheque"), 1, "Abords de la médiathèque", -420, -150),
    Place(CameraId("sa-place-de-la-mairie"), 2, "Place de la Mairie", 0, 30),
    Place(CameraId("sa-rue-de-l-ecole"), 2, "Rue de l'École", 210, -90),
    Place(CameraId("vr-quai-nord"), 3, "Quai nord", -60, 140),
    Place(CameraId("vr-rd12-pont"), 3, "RD 12, pont de la Rivière", 350, 260, origin=Origin.DEPARTMENTAL),
    Place(CameraId("tm-rond-point-des-meules"), 4, "Rond-point des Meules", 90, 0),
    Place(CameraId("tm-salle-des-fetes"), 4, "Abords de la salle des fêtes", -230, 120),
    Place(CameraId("gv-halle"), 5, "Halle couverte", 20, -40, main_codec="h265"),
    Place(CameraId("gv-stade"), 5, "Entrée du stade", 540, 330),
    Place(CameraId("ov-entree-du-bourg"), 6, "Entrée du bourg", -80, 50, link="patchy"),
    Place(CameraId("ca-place-de-l-eglise"), 7, "Place de l'Église", 15, 10),
    Place(CameraId("fc-point-d-apport"), 8, "Point d'apport volontaire", 160, -200),
)

MORE_STREETS: Final = (
    "Rue des Lilas",
    "Avenue du Lavoir",
    "Rue du Four",
    "Chemin des Vignes",
    "Rue Basse",
    "Rue Neuve",
)
"""For worlds of more than sixteen cameras."""

EXPIRED_AGREEMENT: Final = COMMUNES[7].code
"""Fontclaire's agreement (D3) ended: the pooled operator is refused there; its own mayor is not."""

LAPSING_CAMERA: Final = CameraId("sa-rue-de-l-ecole")
"""The camera whose order (D2) lapses while somebody watches."""

SHORT_TERM: Final = COMMUNES[3].code
"""Les Trois-Moulins: an order of 15 days, where the others have 30."""


def system_of(commune: Commune) -> str:
    """The name of a commune's video system."""
    return f"vp-{commune.code}"


def bodies() -> list[Body]:
    """The communauté, its communes, the State and the contractor."""
    return [
        Body(EPCI, BodyKind.EPCI, EPCI_NAME, DEPARTEMENT, Form.C, frozenset(commune.code for commune in COMMUNES)),
        *(Body(commune.code, BodyKind.COMMUNE, commune.name, DEPARTEMENT) for commune in COMMUNES),
        Body(STATE, BodyKind.STATE, "État", DEPARTEMENT),
        Body(CONTRACTOR, BodyKind.COMPANY, "Le mainteneur"),
    ]


def camera_of(place: Place) -> Camera:
    """The camera of a place; its commune has confirmed nothing yet."""
    commune = COMMUNES[place.commune - 1]
    north_km, east_km = commune.north_km + place.north_m / 1000, commune.east_km + place.east_m / 1000
    latitude_deg = CENTRE_LATITUDE_DEG + north_km / _KM_PER_DEGREE
    return Camera(
        id=place.id,
        name=place.name,
        commune=commune.code,
        origin=place.origin,
        system=system_of(commune),
        kind=CameraKind.FIXED,
        latitude_deg=round(latitude_deg, 6),
        longitude_deg=round(
            CENTRE_LONGITUDE_DEG + east_km / (_KM_PER_DEGREE * math.cos(math.radians(latitude_deg))), 6
        ),
    )
