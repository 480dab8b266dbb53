"""The statement that a package makes: what was asked, by whom, what it holds, where pictures are missing."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from beffroi.domain.ranges import WallRange
from beffroi.evidence.fields import FieldError, Fields
from beffroi.ledger import canonical

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
TIMESTAMP: Final = "manifest.tsr"
OUTSIDE: Final = frozenset({MANIFEST, SIGNATURE, TIMESTAMP})
"""The files that a manifest does not name."""

MAX_MANIFEST: Final = 4 << 20


ZONES: Final = frozenset(
    {
        *("Europe/Paris", "America/Cayenne", "America/Guadeloupe", "America/Marigot", "America/Martinique"),
        *("America/Miquelon", "America/St_Barthelemy", "Indian/Kerguelen", "Indian/Mayotte", "Indian/Reunion"),
        *("Pacific/Gambier", "Pacific/Marquesas", "Pacific/Noumea", "Pacific/Tahiti", "Pacific/Wallis"),
    }
)
"""Legal times of the places where a centre can be: any other zone would show a time that is nobody's legal time."""


@dataclass(frozen=True, slots=True)
class Case:
    """Why it was made. ``kind``: requisition, resident, inspection, safeguard; ``frame`` as the requisition says."""

    id: str
    kind: str
    article: str
    number: str
    service: str
    frame: str
    date: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """The law's answer: rules, documents, hash of the rule set, the register's entry (its index)."""

    rules: tuple[str, ...]
    documents: tuple[str, ...]
    rule_set: str
    entry: int


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera. ``clock_offset_ms``: its own clock minus the recorder's, None when it never told it."""

    id: str
    name: str
    place: str
    commune: str
    authority: str
    clock_offset_ms: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of one camera (wall time, µs)."""

    camera: str
    from_us: int
    to_us: int

    @property
    def range(self) -> WallRange:
        """As a range."""
        return WallRange(self.from_us, self.to_us)


@dataclass(frozen=True, slots=True)
class GapNote:
    """No picture of a camera, and why; never of no length."""

    camera: str
    from_us: int
    to_us: int
    cause: str


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One file of pictures and its proof."""

    path: str
    sha256: str
    bytes: int
    camera: str
    stream: str
    codec: str
    width: int
    height: int
    from_us: int
    to_us: int
    frames: int
    proof: str


@dataclass(frozen=True, slots=True)
class OtherFile:
    """Any other file of the package."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole statement. ``made_by``, ``agreed_by`` are agents by number; ``zone`` is the legal time of the place."""

    made_us: int
    software: str
    case: Case
    requested_by: str
    made_by: str
    agreed_by: str
    authority: str
    decision: Grounds
    cameras: tuple[CameraFacts, ...]
    asked: tuple[Asked, ...]
    files: tuple[MediaFile, ...]
    gaps: tuple[GapNote, ...]
    others: tuple[OtherFile, ...]
    zone: str
    note: str = ""

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical.dump({"format": FORMAT, **_plain(asdict(self))})


def parse(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        FieldError: too long, in another spelling, another format, or a field that is not what it must be.
    """
    top = Fields.read(data, "manifest", most=MAX_MANIFEST)
    if top.whole("format") != FORMAT:
        raise FieldError("manifest.format")
    found = Manifest(
        made_us=top.whole("made_us"),
        software=top.text("software"),
        case=_texts(Case, top.object("case")),
        requested_by=top.text("requested_by"),
        made_by=top.text("made_by"),
        agreed_by=top.text("agreed_by"),
        authority=top.text("authority"),
        decision=_grounds(top.object("decision")),
        cameras=tuple(_camera(item) for item in top.objects("cameras")),
        asked=tuple(_asked(item) for item in top.objects("asked")),
        files=tuple(_media(item) for item in top.objects("files")),
        gaps=tuple(_gap(item) for item in top.objects("gaps")),
        others=tuple(_texts(OtherFile, item) for item in top.objects("others")),
        zone=top.text("zone"),
        note=top.text("note"),
    )
    top.done()
    if found.zone not in ZONES:
        raise FieldError("manifest.zone")
    named = [*(one.path for one in found.files), *(one.path for one in found.others)]
    if len(set(named)) != len(named):
        raise FieldError("manifest.files")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _texts(kind: Any, item: Fields) -> Any:
    found = kind(**{field.name: item.text(field.name) for field in fields(kind)})
    item.done()
    return found


def _grounds(item: Fields) -> Grounds:
    found = Grounds(item.texts("rules"), item.texts("documents"), item.text("rule_set"), item.whole("entry"))
    item.done()
    return found


def _camera(item: Fields) -> CameraFacts:
    named = {name: item.text(name) for name in ("id", "name", "place", "commune", "authority")}
    found = CameraFacts(**named, clock_offset_ms=item.signed("clock_offset_ms"))
    item.done()
    return found


def _asked(item: Fields) -> Asked:
    found = Asked(item.text("camera"), item.whole("from_us"), item.whole("to_us"))
    item.done()
    if found.to_us <= found.from_us:
        raise FieldError("manifest.asked")
    return found


def _gap(item: Fields) -> GapNote:
    found = GapNote(item.text("camera"), item.whole("from_us"), item.whole("to_us"), item.text("cause"))
    item.done()
    if found.to_us <= found.from_us:
        raise FieldError("manifest.gaps")
    return found


def _media(item: Fields) -> MediaFile:
    found = MediaFile(
        path=item.text("path"),
        sha256=item.text("sha256"),
        bytes=item.whole("bytes"),
        camera=item.text("camera"),
        stream=item.text("stream"),
        codec=item.text("codec"),
        width=item.whole("width"),
        height=item.whole("height"),
        from_us=item.whole("from_us"),
        to_us=item.whole("to_us"),
        frames=item.whole("frames"),
        proof=item.text("proof"),
    )
    item.done()
    return found
