"""The recording sheet: the signed, dated paper that lets a recorder record one camera.

Drawn from the prefect's order by the centre, renewed daily, valid at most 31 days, revocable. A recorder holds it and
needs nothing else to go on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Literal, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from beffroi.domain.acts import Origin, Purpose
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import STREAM_NAMES, AuthorityId, BodyId, CameraId, DocumentId, StreamName, camera_id
from beffroi.domain.termrule import minimum_fits
from beffroi.vault.cameraurl import CameraUrl
from beffroi.vault.signed import PaperRefusedError, open_paper, sign_paper
from beffroi.vault.term import check_term_days, legal_zone

SHEET_LIFE_US: Final = 31 * 86_400 * 1_000_000
"""A sheet ends at most 31 days after its issue: an order that is not renewed stops by itself."""

_SHEET: Final = "recording-sheet/1"
_REVOCATION: Final = "sheet-revocation/1"
_MAX_TEXT: Final = 4096

_YOUNGER: Final[dict[str, Any]] = {"when_full": "stop_lowest"}
_YOUNGER_OF_STREAM: Final[dict[str, Any]] = {"kbit_s": 0}
"""Fields that sheets drawn before them lack, and what their absence means."""

CodecHint = Literal["", "h264", "h265"]


class WhenFull(StrEnum):
    """What the order says to do when the disk is full although everything past its term is gone."""

    STOP_LOWEST = "stop_lowest"
    """Cameras of the lowest priority stop being recorded; nothing is destroyed before its term."""
    DESTROY_OLDEST = "destroy_oldest"
    """The oldest footage of this camera is destroyed before its term. Only where the order sets no minimum."""


@dataclass(frozen=True, slots=True)
class SheetStream:
    """One stream to record: its address without secrets, the codec expected ("" when unknown) and the rate that the
    camera is set to, in kbit/s (0: not declared)."""

    name: StreamName
    url: str
    codec_hint: CodecHint = ""
    kbit_s: int = 0


@dataclass(frozen=True, slots=True)
class RecordingSheet:
    """What may be recorded, for whom, for how long.

    ``term_days`` is the maximum (CSI L.252-5), ``min_days`` the minimum the order sets (0: none); ``order`` is the
    prefect's order (D2); ``credentials`` is sealed to the recorder ("" when the camera asks none); a higher
    ``priority`` is recorded longer when the disk cannot take all, and ``when_full`` says what gives way then; of two
    sheets the higher ``serial`` wins. Instants are wall time in microseconds.
    """

    camera: CameraId
    authority: AuthorityId
    commune: BodyId
    term_days: int
    min_days: int
    priority: int
    streams: tuple[SheetStream, ...]
    credentials: str
    origin: Origin
    order: DocumentId
    purposes: tuple[Purpose, ...]
    legal_tz: str
    issued_us: int
    valid_from_us: int
    valid_until_us: int
    serial: int
    when_full: WhenFull = WhenFull.STOP_LOWEST

    def valid_at(self, now_us: int) -> bool:
        """Whether the sheet covers this instant."""
        return self.valid_from_us <= now_us < self.valid_until_us

    def body(self) -> dict[str, Any]:
        """The signed fields. Those younger than the format are left out at their default: a recorder that is not
        upgraded yet, which refuses what it does not know, goes on recording."""
        streams = [_less(asdict(stream), _YOUNGER_OF_STREAM) for stream in self.streams]
        return _less({**asdict(self), "streams": streams, "purposes": list(self.purposes)}, _YOUNGER)


@dataclass(frozen=True, slots=True)
class Revocation:
    """Signed notice: every sheet of this camera up to this serial is without effect."""

    camera: CameraId
    up_to_serial: int
    issued_us: int
    reason: str


class SheetSigner:
    """Signs sheets and revocations. Held by the centre alone."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def sign(self, sheet: RecordingSheet) -> bytes:
        """The file to hand to a recorder.

        Raises:
            PaperRefusedError: the sheet would be refused by a recorder; it is not signed.
        """
        body = sheet.body()
        _checked(body, f"{sheet.camera}.json")
        return sign_paper(_SHEET, body, self._key)

    def revoke(self, camera: CameraId, *, up_to_serial: int, issued_us: int, reason: str) -> bytes:
        """A signed notice that ends every sheet of a camera up to a serial."""
        body = asdict(Revocation(camera_id(camera), up_to_serial, issued_us, reason))
        return sign_paper(_REVOCATION, body, self._key)


def open_sheet(raw: bytes, trusted: Sequence[Ed25519PublicKey], *, name: str = "sheet") -> RecordingSheet:
    """Verify a sheet: signature first, then every field.

    Raises:
        PaperRefusedError: with the reason.
    """
    return _checked(open_paper(_SHEET, raw, trusted, name=name), name)


def open_revocation(raw: bytes, trusted: Sequence[Ed25519PublicKey], *, name: str = "revocation") -> Revocation:
    """Verify a revocation.

    Raises:
        PaperRefusedError: with the reason.
    """
    body = open_paper(_REVOCATION, raw, trusted, name=name)
    try:
        if set(body) != set(Revocation.__dataclass_fields__):
            raise _refused(name, "des champs manquent ou sont inconnus", "fields are missing or unknown")
        return Revocation(
            camera=camera_id(_text(body, "camera")),
            up_to_serial=_whole(body, "up_to_serial"),
            issued_us=_whole(body, "issued_us"),
            reason=_text(body, "reason"),
        )
    except ValueError as error:
        raise _refused(name, f"champ {error} mal formé", f"field {error} is malformed") from error
    except BadInputError as error:
        raise _from(name, error) from error


def _checked(body: dict[str, Any], name: str) -> RecordingSheet:
    if set(_YOUNGER | body) != set(RecordingSheet.__dataclass_fields__):
        raise _refused(name, "des champs manquent ou sont inconnus", "fields are missing or unknown")
    try:
        sheet = _sheet(_YOUNGER | body)
    except ValueError as error:
        raise _refused(name, f"champ {error} mal formé", f"field {error} is malformed") from error
    except PaperRefusedError:
        raise
    except BadInputError as error:
        raise _from(name, error) from error
    if not sheet.issued_us <= sheet.valid_until_us <= sheet.issued_us + SHEET_LIFE_US:
        raise _refused(name, "elle vaut plus de 31 jours", "it is valid for more than 31 days")
    if sheet.valid_from_us >= sheet.valid_until_us:
        raise _refused(name, "elle finit avant de commencer", "it ends before it starts")
    if not minimum_fits(sheet.min_days, sheet.term_days):
        raise _refused(
            name,
            "la durée minimale n'est pas plus courte que la maximale d'une heure au moins, à toute date de l'année",
            "the minimum term is not shorter than the maximum by an hour at least, on every date of the year",
        )
    if sheet.min_days and sheet.when_full is WhenFull.DESTROY_OLDEST:
        raise _refused(
            name,
            "elle fixe une durée minimale et ordonne de détruire avant le terme",
            "it sets a minimum term and orders to destroy before the term",
        )
    names = [stream.name for stream in sheet.streams]
    if not names or len(set(names)) != len(names):
        raise _refused(name, "aucun flux, ou deux fois le même", "no stream, or the same one twice")
    if not sheet.purposes or len(set(sheet.purposes)) != len(sheet.purposes):
        raise _refused(name, "aucune finalité, ou deux fois la même", "no purpose, or the same one twice")
    return sheet


def _sheet(body: dict[str, Any]) -> RecordingSheet:
    legal_zone(_text(body, "legal_tz"))
    order = _text(body, "order")
    if not order:
        raise ValueError("order")
    return RecordingSheet(
        camera=camera_id(_text(body, "camera")),
        authority=AuthorityId(_text(body, "authority")),
        commune=BodyId(_text(body, "commune")),
        term_days=check_term_days(body["term_days"]),
        min_days=_whole(body, "min_days"),
        priority=_whole(body, "priority"),
        streams=tuple(_stream(item) for item in _items(body, "streams")),
        credentials=_text(body, "credentials"),
        origin=Origin(_text(body, "origin")),
        order=DocumentId(order),
        purposes=tuple(Purpose(item) for item in _items(body, "purposes")),
        legal_tz=_text(body, "legal_tz"),
        issued_us=_whole(body, "issued_us"),
        valid_from_us=_whole(body, "valid_from_us"),
        valid_until_us=_whole(body, "valid_until_us"),
        serial=_whole(body, "serial"),
        when_full=WhenFull(_text(body, "when_full")),
    )


def _stream(item: object) -> SheetStream:
    if not isinstance(item, dict) or set(_YOUNGER_OF_STREAM | item) != set(SheetStream.__dataclass_fields__):
        raise ValueError("streams")
    item = {**_YOUNGER_OF_STREAM, **item}
    if item["name"] not in STREAM_NAMES or item["codec_hint"] not in ("", "h264", "h265"):
        raise ValueError("streams")
    CameraUrl.parse(_text(item, "url"))
    name, hint = cast(StreamName, item["name"]), cast(CodecHint, item["codec_hint"])
    return SheetStream(name, item["url"], hint, _whole(item, "kbit_s"))


def _less(body: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in defaults or value != defaults[key]}


def _text(body: dict[str, Any], key: str) -> str:
    value = body[key]
    if not isinstance(value, str) or len(value) > _MAX_TEXT or any(ord(char) < 32 for char in value):
        raise ValueError(key)
    return str(value)


def _whole(body: dict[str, Any], key: str) -> int:
    value = body[key]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
        raise ValueError(key)
    return value


def _items(body: dict[str, Any], key: str) -> list[Any]:
    value = body[key]
    if not isinstance(value, list | tuple) or len(value) > 16:
        raise ValueError(key)
    return list(value)


def _refused(name: str, why_fr: str, why_en: str) -> PaperRefusedError:
    return PaperRefusedError(name, why_fr, why_en)


def _from(name: str, error: BadInputError) -> PaperRefusedError:
    return PaperRefusedError(name, error.text.fr.rstrip("."), error.text.en.rstrip("."))
