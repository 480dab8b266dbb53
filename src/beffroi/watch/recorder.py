"""The recorder as a live upstream: asks which worker has the stream, then opens that worker's socket."""

from beffroi.capture.client import LiveClient, RecorderClient
from beffroi.domain.errors import NotFoundError
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import STREAM_NAMES, CameraId, StreamName
from beffroi.domain.text import Text
from beffroi.watch.ports import Captured, LiveConnection


class NotCapturedError(NotFoundError):
    """The recorder does not capture this stream."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="L'enregistreur ne capte pas cette caméra : vérifiez sa fiche d'enregistrement.",
                en="The recorder does not capture this camera: check its recording sheet.",
            )
        )


class RecorderLive:
    """A `ports.LiveConnector` over one recorder."""

    def __init__(self, recorder: RecorderClient) -> None:
        self._recorder = recorder

    async def __call__(self, camera: CameraId, stream: StreamName, lease: str) -> LiveConnection:
        """Connect to the worker that has the stream.

        Raises:
            NotCapturedError: none has.
            RecorderGoneError: nobody answers.
        """
        for health in await self._recorder.streams():
            if health.get("camera") == camera and health.get("stream") == stream and health.get("live"):
                return await LiveClient.open(str(health["live"]), camera, stream, lease)
        raise NotCapturedError

    async def captured(self, camera: CameraId) -> Captured:
        """The streams of a camera that have begun, and those that are awaited.

        Raises:
            RecorderGoneError: nobody answers.
        """
        codecs: dict[StreamName, str] = {}
        awaited: dict[StreamName, GapCause | None] = {}
        for health in await self._recorder.streams():
            for name in STREAM_NAMES:
                if (health.get("camera"), health.get("stream")) != (camera, name):
                    continue
                if health.get("codec_string"):
                    codecs[name] = str(health["codec_string"])
                else:
                    awaited[name] = GapCause.told(health["cause"]) if health.get("cause") else None
        return Captured(codecs, awaited)
