"""How recorders reach cameras: addresses without secrets, credentials sealed to the recorder. Not facts of law."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from sqlalchemy import Engine, delete, select, update

from beffroi.base.db import session_scope
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.ids import CameraId, StreamName
from beffroi.domain.text import Text
from beffroi.registry.tables import StreamRow
from beffroi.vault.cameraurl import CameraUrl
from beffroi.vault.sheet import CodecHint, SheetStream

USUAL_PRIORITY: Final = 100
MAX_PRIORITY: Final = 999
MAX_KBIT_S: Final = 100_000


@dataclass(frozen=True, slots=True)
class CameraStreams:
    """The streams of a camera, and the credentials that open them (sealed to one recorder; "" for none). A camera of
    higher ``priority`` is recorded longer when the disk cannot take all."""

    camera: CameraId
    streams: tuple[SheetStream, ...]
    credentials: str = ""
    priority: int = USUAL_PRIORITY


def set_streams(engine: Engine, several: Sequence[CameraStreams]) -> None:
    """Replace the streams of these cameras.

    Raises:
        UrlRefusedError: an address that is malformed or holds a password.
    """
    with session_scope(engine) as session:
        for one in several:
            session.execute(delete(StreamRow).where(StreamRow.camera == one.camera))
            for stream in one.streams:
                session.add(
                    StreamRow(
                        camera=one.camera,
                        name=stream.name,
                        url=str(CameraUrl.parse(stream.url)),
                        codec=stream.codec_hint,
                        credentials=one.credentials,
                        kbit_s=stream.kbit_s,
                        priority=one.priority,
                    )
                )


def all_streams(engine: Engine) -> dict[CameraId, CameraStreams]:
    """The streams of every camera that has some; main before sub."""
    found: dict[CameraId, CameraStreams] = {}
    with session_scope(engine, read_only=True) as session:
        for row in session.scalars(select(StreamRow).order_by(StreamRow.camera, StreamRow.name)):
            stream = SheetStream(cast(StreamName, row.name), row.url, cast(CodecHint, row.codec), row.kbit_s)
            former = found.get(CameraId(row.camera))
            streams = (*former.streams, stream) if former else (stream,)
            found[CameraId(row.camera)] = CameraStreams(CameraId(row.camera), streams, row.credentials, row.priority)
    return found


def check_share(priority: int, rates: Iterable[int]) -> None:
    """Whether a priority (1 to `MAX_PRIORITY`) and rates (0 to `MAX_KBIT_S`, kbit/s) may be set.

    Raises:
        BadInputError: a value outside its bounds.
    """
    if not 1 <= priority <= MAX_PRIORITY or any(not 0 <= rate <= MAX_KBIT_S for rate in rates):
        raise BadInputError(
            Text(
                fr=f"Une priorité va de 1 à {MAX_PRIORITY}, un débit de 0 (non déclaré) à {MAX_KBIT_S} kbit/s : "
                "corrigez la valeur.",
                en=f"A priority goes from 1 to {MAX_PRIORITY}, a rate from 0 (not declared) to {MAX_KBIT_S} kbit/s: "
                "correct the value.",
            )
        )


def set_share(
    engine: Engine,
    camera: CameraId,
    *,
    priority: int | None = None,
    kbit_s: Mapping[StreamName, int] | None = None,
) -> None:
    """Change what a camera may take of the disk: its priority (1 to `MAX_PRIORITY`), the rates it is set to (kbit/s; 0:
    not declared). What is not given stays. Its next sheet says so.

    Raises:
        BadInputError: a value outside its bounds.
        NotFoundError: the camera has no such stream.
    """
    rates = dict(kbit_s or {})
    check_share(USUAL_PRIORITY if priority is None else priority, rates.values())
    with session_scope(engine) as session:
        held = set(session.scalars(select(StreamRow.name).where(StreamRow.camera == camera)))
        if not held or not rates.keys() <= held:
            raise NotFoundError(
                Text(
                    fr=f"La caméra « {camera} » n'a pas ce flux : « beffroi camera list » montre celles qui en ont.",
                    en=f"Camera “{camera}” has no such stream: `beffroi camera list` shows those that have some.",
                )
            )
        if priority is not None:
            session.execute(update(StreamRow).where(StreamRow.camera == camera).values(priority=priority))
        for name, rate in rates.items():
            row = (StreamRow.camera == camera, StreamRow.name == name)
            session.execute(update(StreamRow).where(*row).values(kbit_s=rate))
