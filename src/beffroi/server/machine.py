"""The machine as its administrators and technicians see it in the console: notices, and the disk of the pictures.

Counts and bytes in all: which cameras give way is told by `beffroi doctor`, to those who may read the folder anyway.
"""

from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from beffroi.capture.client import RecorderGoneError
from beffroi.domain.errors import BeffroiError
from beffroi.domain.text import Text
from beffroi.server.centre import Centre
from beffroi.server.notices import Level, Notice
from beffroi.server.rendering import Json, notice_json

_SHOWN: Final = ("size", "free", "used_percent", "line", "alarm", "holds_days", "short")


async def machine(centre: Centre) -> Json:
    """``notices``, worst first, and ``disk`` (None: not known)."""
    told = await run_in_threadpool(centre.notices)
    disk: dict[str, Any] = {"known": False}
    try:
        disk = await centre.recorder.call("disk", {})
    except RecorderGoneError as error:
        told.insert(0, Notice("recorder-silent", Level.LOST, error.text))
    except BeffroiError as error:
        told.insert(0, Notice("recorder-other", Level.SOON, error.text))
    if not disk["known"]:
        return {"notices": [notice_json(one) for one in told], "disk": None}
    notices = sorted([*told, *disk_notices(disk)], key=lambda one: one.level)
    counts = {"stopped": len(disk["stopped"]), "refused": len(disk["refused"])}
    return {"notices": [notice_json(one) for one in notices], "disk": {name: disk[name] for name in _SHOWN} | counts}


def disk_notices(disk: dict[str, Any]) -> list[Notice]:
    """What there is to know of the disk, by the figures of `DiskGuard.figures`."""
    stopped, refused, found = len(disk["stopped"]), len(disk["refused"]), []
    if stopped:
        text = Text(
            fr=f"Disque plein : {_cameras(stopped).fr} à l'arrêt, par priorité. Libérez ou agrandissez le disque : "
            "l'enregistrement reprend seul. « beffroi doctor » dit lesquelles.",
            en=f"Disk full: {_cameras(stopped).en} not recorded, by priority. Free or enlarge the disk: recording "
            "starts again by itself. `beffroi doctor` says which.",
        )
        found.append(Notice("disk-stopped", Level.LOST, text))
    if refused:
        text = Text(
            fr=f"{_cameras(refused).fr} hors enregistrement : la durée minimale ne tient pas sur le disque. « beffroi "
            "doctor » dit lesquelles, et ce qui manque.",
            en=f"{_cameras(refused).en} not recorded: the minimum term does not fit on the disk. `beffroi doctor` says "
            "which, and what is missing.",
        )
        found.append(Notice("disk-refused", Level.LOST, text))
    if disk["alarm"] and not stopped:
        text = Text(
            fr=f"Le disque des images est plein à {disk['used_percent']:.0f} %. Prévoyez de la place.",
            en=f"The disk of the pictures is {disk['used_percent']:.0f}% full. Plan for more room.",
        )
        found.append(Notice("disk-fills", Level.SOON, text))
    if disk["short"]:
        days = f"{disk['holds_days']:.1f}"
        fr = f"Le disque tient environ {days.replace('.', ',')} jours de toutes les caméras, moins que leur durée de "
        fr += "conservation. Agrandissez-le, ou baissez débits ou durées."
        en = f"The disk holds about {days} days of all cameras, less than their term. Enlarge it, or lower rates or "
        en += "terms."
        found.append(Notice("disk-short", Level.SOON, Text(fr=fr, en=en)))
    return found


def _cameras(count: int) -> Text:
    return Text(fr=f"{count} caméra{'s' if count > 1 else ''}", en=f"{count} camera{'s' if count > 1 else ''}")
