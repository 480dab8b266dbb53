"""A commune's list of cameras, as a spreadsheet has it, read into cameras and their sheets."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from beffroi.domain.acts import Origin, Purpose
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Camera, CameraKind
from beffroi.domain.ids import BodyId, CameraId, PersonId, camera_id
from beffroi.law.audit.model import CameraSheet, View
from beffroi.law.audit.table import Row, read_table, slug, wrong

COLUMNS: Final = {
    "id": ("identifiant", "id", "camera", "numero", "n", "code", "reference", "ref", "identifier", "camera id"),
    "name": ("nom", "libelle", "name", "designation", "emplacement", "intitule"),
    "commune": ("commune", "ville", "municipality", "town"),
    "insee": ("insee", "code insee", "commune insee", "code commune", "insee code"),
    "address": ("adresse", "address", "lieu", "voie", "rue"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng", "long"),
    "origin": ("origine", "origin", "domaine", "implantation", "situation", "nature du lieu"),
    "system": ("systeme", "system", "dispositif", "perimetre", "systeme video"),
    "controller": ("responsable", "responsable du systeme", "responsable de traitement", "controller"),
    "kind": ("type", "kind", "type de camera"),
    "resolution": ("resolution", "definition", "resolution enregistree", "recorded resolution"),
    "rate": ("ips", "images s", "images par seconde", "fps", "cadence", "frame rate"),
    "view": ("plan", "champ", "cadrage", "view", "field of view", "plan de prise de vue"),
    "purposes": ("finalites", "finalite", "purposes", "purpose", "codes de finalite"),
    "retention": ("conservation", "duree de conservation", "retention", "conservation jours", "retention days"),
    "sound": ("son", "audio", "sound", "micro"),
}
"""What a column is called, in French and English, once accents, case and brackets are set aside."""

_ORIGINS: Final = {
    Origin.PUBLIC_WAY: ("v", "voie publique", "rue", "public way", "vp", "domaine public communal"),
    Origin.DEPARTMENTAL: ("d", "route departementale", "domaine departemental", "rd", "departmental road"),
    Origin.OPEN_PLACE: ("e", "lieu ouvert au public", "erp", "open place", "place open to the public"),
    Origin.COMMON_PARTS: ("h", "parties communes", "hall d immeuble", "common parts"),
    Origin.MERCHANT: ("m", "commercant", "commerce", "abords de commerce", "merchant"),
    Origin.L223_1: ("t", "l223 1", "l 223 1", "site l223 1", "site l 223 1"),
    Origin.NON_PUBLIC: ("n", "lieu non ouvert au public", "non public", "locaux prives", "non public premises"),
}
_KINDS: Final = {
    CameraKind.FIXED: ("fixe", "fixed", "tube", "bullet"),
    CameraKind.DOME: ("dome", "ptz", "dome ptz", "motorisee", "mobile motorisee"),
    CameraKind.PANORAMIC: ("panoramique", "panoramic", "multicapteur", "360"),
    CameraKind.MOBILE: ("nomade", "mobile", "deplacable"),
}
_VIEWS: Final = {
    View.NARROW: ("etroit", "plan etroit", "champ etroit", "serre", "narrow"),
    View.WIDE: ("large", "plan large", "champ large", "wide"),
}
_YES, _NO = ("oui", "o", "yes", "y", "vrai", "true", "1", "x"), ("non", "n", "no", "faux", "false", "0")
_NAMED_SIZES: Final = {
    "cif": (352, 288), "2cif": (704, 288), "4cif": (704, 576), "d1": (720, 576), "vga": (640, 480),
    "720p": (1280, 720), "hd": (1280, 720), "1080p": (1920, 1080), "full-hd": (1920, 1080), "fullhd": (1920, 1080),
    "1440p": (2560, 1440), "2160p": (3840, 2160), "4k": (3840, 2160), "uhd": (3840, 2160),
}  # fmt: skip
_SIZE: Final = re.compile(r"(\d{2,5})\s*[x×*]\s*(\d{2,5})", re.IGNORECASE)
_LARGEST_PX: Final = 20_000
T = TypeVar("T")
_INSEE: Final = re.compile(r"(?:\d{2}|2[AB])\d{3}")


@dataclass(frozen=True, slots=True)
class CameraLine:
    """One line of the list: the camera, its sheet, and the words that name its commune and its controller."""

    camera: Camera
    sheet: CameraSheet
    commune_name: str
    controller: str


def read_cameras(data: bytes, source: str, *, placed_by: PersonId, commune: BodyId | None = None) -> list[CameraLine]:
    """Cameras of a CSV list; a place given by address or coordinates counts as confirmed by ``placed_by``.

    Args:
        data: the bytes of the file.
        source: how the file is called in sentences.
        placed_by: who speaks for the list (the mayor whose list it is).
        commune: the commune of lines that name none.

    Raises:
        BadInputError: a line is not understood; the sentence names file, line, and what to write.
    """
    rows = read_table(data, source, COLUMNS)
    if not rows:
        raise wrong(source, 1, "aucune caméra dans la liste.", "no camera in the list.")
    if "id" not in rows[0].cells:
        raise wrong(source, 1, "il manque la colonne « identifiant ».", "the column “identifier” is missing.")
    lines: dict[str, CameraLine] = {}
    for row in rows:
        line = _line(row, placed_by, commune)
        if line.camera.id in lines:
            first = lines[line.camera.id].sheet.line
            raise row.wrong(
                f"« {row.cells['id']} » est déjà à la ligne {first} : donnez un identifiant à chaque caméra.",
                f"“{row.cells['id']}” is already on line {first}: give each camera its identifier.",
            )
        lines[line.camera.id] = line
    return list(lines.values())


def _line(row: Row, placed_by: PersonId, commune: BodyId | None) -> CameraLine:
    cells = row.cells
    latitude, longitude = _number(row, "latitude", -90, 90), _number(row, "longitude", -180, 180)
    located = bool(cells.get("address")) or (latitude is not None and longitude is not None)
    where = _commune(row, commune)
    width, height = _size(row)
    camera = Camera(
        id=_identifier(row),
        name=cells.get("name") or cells.get("address") or cells["id"],
        commune=where,
        origin=_chosen(row, "origin", _ORIGINS) or Origin.PUBLIC_WAY,
        system=slug(cells.get("system", "")) or f"vp-{where.lower()}",
        kind=_chosen(row, "kind", _KINDS) or CameraKind.FIXED,
        placement_confirmed_by=placed_by if located else None,
        latitude_deg=latitude,
        longitude_deg=longitude,
    )
    sheet = CameraSheet(
        line=row.line,
        identifier=cells["id"],
        view=_chosen(row, "view", _VIEWS),
        width_px=width,
        height_px=height,
        rate_fps=_number(row, "rate", 0, 1000),
        purposes=_purposes(row),
        retention_days=_days(row),
        sound=_sound(row),
    )
    return CameraLine(camera, sheet, cells.get("commune", ""), cells.get("controller", ""))


def _identifier(row: Row) -> CameraId:
    given = row.cells["id"]
    if not slug(given):
        raise row.wrong("la caméra n'a pas d'identifiant.", "the camera has no identifier.")
    try:
        return camera_id(slug(given))
    except BadInputError as error:
        raise row.wrong(error.text.fr, error.text.en) from error


def _commune(row: Row, default: BodyId | None) -> BodyId:
    for name in ("insee", "commune"):
        code = row.cells.get(name, "").upper().replace(" ", "")
        if _INSEE.fullmatch(code):
            return BodyId(code)
        if name == "insee" and code:
            raise row.wrong(
                f"« {row.cells[name][:40]} » n'est pas un code INSEE : cinq caractères, comme 99001.",
                f"“{row.cells[name][:40]}” is not an INSEE code: five characters, like 99001.",
            )
    if default is None:
        raise row.wrong(
            "la commune n'est pas connue : ajoutez une colonne « commune » avec son code INSEE.",
            "the commune is not known: add a column “commune” with its INSEE code.",
        )
    return default


def _chosen(row: Row, column: str, words: Mapping[T, Sequence[str]]) -> T | None:
    given = row.cells.get(column, "")
    if not given:
        return None
    plain = slug(given).replace("-", " ")
    for value, several in words.items():
        if plain in several:
            return value
    accepted = ", ".join(several[min(1, len(several) - 1)] for several in words.values())
    raise row.wrong(
        f"« {given[:60]} » n'est pas une valeur de « {COLUMNS[column][0]} » : {accepted}.",
        f"“{given[:60]}” is not a value of “{COLUMNS[column][0]}”: {accepted}.",
    )


def _number(row: Row, column: str, least: float, most: float) -> float | None:
    given = row.cells.get(column, "")
    if not given:
        return None
    try:
        value = float(given.replace(",", ".").replace("°", "").split()[0])
    except (ValueError, IndexError):
        value = float("nan")
    if not least <= value <= most:
        raise row.wrong(
            f"« {given[:40]} » n'est pas un nombre possible pour « {COLUMNS[column][0]} ».",
            f"“{given[:40]}” is not a possible number for “{COLUMNS[column][0]}”.",
        )
    return value


def _days(row: Row) -> int | None:
    days = _number(row, "retention", 0, 3_660)
    return None if days is None else round(days)


def _size(row: Row) -> tuple[int | None, int | None]:
    given = row.cells.get("resolution", "")
    if not given:
        return None, None
    size = size_of(given)
    if size is None:
        raise row.wrong(
            f"« {given[:40]} » n'est pas une résolution : écrivez par exemple 1920x1080.",
            f"“{given[:40]}” is not a resolution: write for instance 1920x1080.",
        )
    return size


def size_of(text: str) -> tuple[int, int] | None:
    """Width and height in pixels as people write them (`1920 x 1080`, `4CIF`, `720p`); None when it is neither."""
    if slug(text) in _NAMED_SIZES:
        return _NAMED_SIZES[slug(text)]
    found = _SIZE.search(text)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    return size if all(0 < side <= _LARGEST_PX for side in size) else None


def _purposes(row: Row) -> tuple[str, ...]:
    codes = re.findall(r"[A-Za-z0-9]+", row.cells.get("purposes", ""))
    for code in codes:
        if code.upper() not in set(Purpose):
            raise row.wrong(
                f"« {code[:20]} » n'est pas une finalité de CSI L.251-2 : F1 à F11, FE, FC.",
                f"“{code[:20]}” is not a purpose of CSI L.251-2: F1 to F11, FE, FC.",
            )
    return tuple(dict.fromkeys(code.upper() for code in codes))


def _sound(row: Row) -> bool | None:
    given = slug(row.cells.get("sound", ""))
    if not given:
        return None
    if given in _YES or given in _NO:
        return given in _YES
    raise row.wrong("la colonne « son » se remplit par oui ou non.", "the column “sound” takes yes or no.")
