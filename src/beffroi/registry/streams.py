"""How recorders reach cameras: addresses without secrets, credentials sealed to the recorder. Not facts of law."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Engine, delete, select

from beffroi.base.db import session_scope
from beffroi.domain.ids import CameraId, StreamName
from beffroi.registry.tables import StreamRow
from beffroi.vault.cameraurl import CameraUrl
from beffroi.vault.sheet import CodecHint, SheetStream


@dataclass(frozen=True, slots=True)
class CameraStreams:
    """The streams of a camera, and the credentials that open them (sealed to one recorder; "" for none)."""

    camera: CameraId
    streams: tuple[SheetStream, ...]
    credentials: str = ""


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
                    )
                )


def all_streams(engine: Engine) -> dict[CameraId, CameraStreams]:
    """The streams of every camera that has some; main before sub."""
    found: dict[CameraId, CameraStreams] = {}
    with session_scope(engine, read_only=True) as session:
        for row in session.scalars(select(StreamRow).order_by(StreamRow.camera, StreamRow.name)):
            stream = SheetStream(cast(StreamName, row.name), row.url, cast(CodecHint, row.codec))
            former = found.get(CameraId(row.camera))
            streams = (*former.streams, stream) if former else (stream,)
            found[CameraId(row.camera)] = CameraStreams(CameraId(row.camera), streams, row.credentials)
    return found
