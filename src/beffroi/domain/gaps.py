"""Gaps: why a camera has no picture for a while. A gap is a stored fact, never an empty space."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text


class GapCause(StrEnum):
    """Closed list of causes."""

    CAMERA_UNREACHABLE = "camera_unreachable"
    STREAM_STALLED = "stream_stalled"
    STREAM_CLOSED = "stream_closed"
    REFUSED_BY_CAMERA = "refused_by_camera"
    NO_ORDER = "no_order"
    RECORDER_STOPPED = "recorder_stopped"
    RECORDER_KILLED = "recorder_killed"
    DISK_FULL = "disk_full"
    DISK_ERROR = "disk_error"
    CLOCK_STEP = "clock_step"
    TIMESTAMPS_JUMPED = "timestamps_jumped"
    PARAMETERS_CHANGED = "parameters_changed"
    OVERRUN = "overrun"
    UNKNOWN = "unknown"

    @property
    def text(self) -> Text:
        """The cause in words."""
        return _TEXTS[self]

    @classmethod
    def told(cls, word: object) -> "GapCause":
        """The cause that another program named; `UNKNOWN` for a word that is none."""
        return cls(word) if isinstance(word, str) and word in set(cls) else cls.UNKNOWN


_TEXTS: Final[dict[GapCause, Text]] = {
    GapCause.CAMERA_UNREACHABLE: Text(
        fr="La caméra ne répondait pas sur le réseau.", en="The camera did not answer on the network."
    ),
    GapCause.STREAM_STALLED: Text(
        fr="La caméra n'envoyait plus d'images.", en="The camera had stopped sending pictures."
    ),
    GapCause.STREAM_CLOSED: Text(fr="La caméra a fermé le flux.", en="The camera closed the stream."),
    GapCause.REFUSED_BY_CAMERA: Text(
        fr="La caméra a refusé la connexion (identifiants ou flux).",
        en="The camera refused the connection (credentials or stream).",
    ),
    GapCause.NO_ORDER: Text(
        fr="Aucune fiche d'enregistrement en cours de validité : l'enregistrement n'était pas autorisé.",
        en="No recording sheet in force: recording was not authorised.",
    ),
    GapCause.RECORDER_STOPPED: Text(fr="L'enregistreur était arrêté.", en="The recorder was stopped."),
    GapCause.RECORDER_KILLED: Text(
        fr="L'enregistreur s'est interrompu brutalement.", en="The recorder ended abruptly."
    ),
    GapCause.DISK_FULL: Text(fr="Le disque était plein.", en="The disk was full."),
    GapCause.DISK_ERROR: Text(fr="Le disque a refusé l'écriture.", en="The disk refused the write."),
    GapCause.CLOCK_STEP: Text(
        fr="L'horloge de l'enregistreur a été remise à l'heure.", en="The recorder's clock was set to another time."
    ),
    GapCause.TIMESTAMPS_JUMPED: Text(
        fr="Les horodatages de la caméra ont sauté.", en="The camera's timestamps jumped."
    ),
    GapCause.PARAMETERS_CHANGED: Text(
        fr="La caméra a changé de réglages vidéo.", en="The camera changed its video settings."
    ),
    GapCause.OVERRUN: Text(
        fr="Le disque était trop lent : des images ont été perdues avant l'écriture.",
        en="The disk was too slow: pictures were lost before they were written.",
    ),
    GapCause.UNKNOWN: Text(fr="Cause inconnue.", en="Unknown cause."),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """No picture in this range, for this cause."""

    range: WallRange
    cause: GapCause
