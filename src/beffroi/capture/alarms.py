"""The alarms of a recorder: a closed list, each with its sentence. They are journal acts: the register has them.
What to do is in docs/guide/troubleshooting.md, by the same names."""

from enum import StrEnum
from typing import Final

from beffroi.domain.text import Text


class Alarm(StrEnum):
    """The ``what`` of an act of kind ``alarm``."""

    ACCOUNT = "account"
    ACTS_NOT_ENTERED = "acts_not_entered"
    CAMERA_CLOCK = "camera_clock"
    CAMERA_CLOCK_RIGHT = "camera_clock_right"
    CAMERA_REFUSED_DISK = "camera_refused_disk"
    CAMERAS_STOPPED_DISK = "cameras_stopped_disk"
    DESTROYED_EARLY = "destroyed_early"
    DISK_80 = "disk_80"
    DISK_90 = "disk_90"
    DISK_95 = "disk_95"
    DISK_SHORT = "disk_short"
    DUTY_FAILED = "duty_failed"
    NOT_RECORDED = "not_recorded"
    OVERRUN = "overrun"
    REGISTER_DISAGREES = "register_disagrees"
    RTP_LOST = "rtp_lost"

    @property
    def text(self) -> Text:
        """The alarm in words."""
        return _TEXTS[self]


_TEXTS: Final[dict[Alarm, Text]] = {
    Alarm.ACCOUNT: Text(
        fr="Le compte n'est pas bon : ce qui était ordonné, enregistré, présent, détruit et perdu ne s'accorde pas.",
        en="It does not add up: what was ordered, recorded, held, destroyed and lost does not agree.",
    ),
    Alarm.ACTS_NOT_ENTERED: Text(
        fr="Des actes de l'enregistreur n'ont pas pu être inscrits à son journal : le disque les a refusés.",
        en="Acts of the recorder could not be entered in its journal: the disk refused them.",
    ),
    Alarm.CAMERA_CLOCK: Text(
        fr="L'horloge d'une caméra s'écarte de plus d'une seconde de celle de l'enregistreur.",
        en="A camera's clock is more than a second away from the recorder's.",
    ),
    Alarm.CAMERA_CLOCK_RIGHT: Text(
        fr="L'horloge de la caméra est de nouveau à l'heure.", en="The camera's clock is right again."
    ),
    Alarm.CAMERA_REFUSED_DISK: Text(
        fr="Une caméra n'est pas enregistrée : le disque ne tiendrait pas la durée minimale.",
        en="A camera is not recorded: the disk would not hold the minimum term.",
    ),
    Alarm.CAMERAS_STOPPED_DISK: Text(
        fr="Le disque est plein : les caméras les moins prioritaires ne sont plus enregistrées.",
        en="The disk is full: the cameras of the lowest priority are no longer recorded.",
    ),
    Alarm.DESTROYED_EARLY: Text(
        fr="Le disque est plein : des images ont été détruites avant leur terme, comme l'arrêté le prévoit.",
        en="The disk is full: images were destroyed before their term, as the order says.",
    ),
    Alarm.DISK_80: Text(fr="Le disque est plein à 80 %.", en="The disk is 80% full."),
    Alarm.DISK_90: Text(fr="Le disque est plein à 90 %.", en="The disk is 90% full."),
    Alarm.DISK_95: Text(fr="Le disque est plein à 95 %.", en="The disk is 95% full."),
    Alarm.DISK_SHORT: Text(
        fr="Le disque ne tiendra pas la durée de conservation de toutes les caméras.",
        en="The disk will not hold the whole term of all cameras.",
    ),
    Alarm.DUTY_FAILED: Text(
        fr="Une tâche de l'enregistreur a échoué ; il la reprend. L'enregistrement continue.",
        en="A duty of the recorder failed; it is taken up again. Recording goes on.",
    ),
    Alarm.NOT_RECORDED: Text(
        fr="Des images reçues n'ont pas pu être écrites.", en="Pictures that came in could not be written."
    ),
    Alarm.OVERRUN: Text(
        fr="Le disque était trop lent : des images ont été perdues avant l'écriture.",
        en="The disk was too slow: pictures were lost before they were written.",
    ),
    Alarm.REGISTER_DISAGREES: Text(
        fr="Le registre du centre ne prolonge pas celui que l'enregistreur a connu, ou n'est pas signé par sa clé.",
        en="The centre's register does not go on from the one that the recorder knew, or is not signed by its key.",
    ),
    Alarm.RTP_LOST: Text(
        fr="Des paquets d'une caméra ne sont jamais arrivés : les images touchées sont enregistrées telles quelles.",
        en="Packets of a camera never came: the pictures they belonged to are recorded as they are.",
    ),
}
