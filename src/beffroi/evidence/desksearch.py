"""From a place to cameras: a list of names and places. No image, no calendar: what was recorded is not told here."""

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from beffroi.domain.facts import Camera
from beffroi.domain.ids import BodyId

_EARTH_M: Final = 6_371_000.0
MAX_RADIUS_M: Final = 5_000.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look: a point (degrees WGS 84) and a radius in metres, or words of a name, a street or a commune."""

    latitude_deg: float | None = None
    longitude_deg: float | None = None
    radius_m: float = 300.0
    words: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """A camera found; the distance in metres, None for one whose coordinates nobody entered."""

    camera: Camera
    distance_m: float | None


def search(cameras: Iterable[Camera], communes: Mapping[BodyId, str], place: Place) -> list[Near]:
    """The cameras of a place, nearest first; those without coordinates are found by words alone.

    With a point and words, either is enough: at night nobody knows which of the two the register of cameras has.
    """
    wanted = _plain(place.words).split()
    found = []
    for camera in cameras:
        distance_m = _distance_m(camera, place)
        text = _plain(f"{camera.name} {camera.id} {communes.get(camera.commune, '')}")
        near = distance_m is not None and distance_m <= place.radius_m
        named = bool(wanted) and all(word in text for word in wanted)
        if near or named:
            found.append(Near(camera, distance_m))
    return sorted(found, key=lambda one: (one.distance_m is None, one.distance_m or 0.0, one.camera.name))


def _distance_m(camera: Camera, place: Place) -> float | None:
    if None in {place.latitude_deg, place.longitude_deg, camera.latitude_deg, camera.longitude_deg}:
        return None
    a, b = math.radians(place.latitude_deg or 0.0), math.radians(camera.latitude_deg or 0.0)
    across = math.radians((camera.longitude_deg or 0.0) - (place.longitude_deg or 0.0))
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(across / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(half))


def _plain(text: str) -> str:
    """Small letters without accents: « Église » is found by “eglise”."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in split if not unicodedata.combining(sign)).replace("-", " ")
