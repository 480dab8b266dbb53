"""The disk itself, asked without the recorder."""

import os
from pathlib import Path

from beffroi.capture.diskpolicy import ALARMS_PERCENT
from beffroi.capture.paths import RecorderPaths
from beffroi.cli.doctor.findings import Code, Finding, bad, ok, warn
from beffroi.vault.capacity import Disk, size_words
from beffroi.vault.diskmark import Mark, WrongDiskError


def disk(data: Path) -> list[Finding]:
    """Room, and whether it can be written to at all. Nothing is written to find out."""
    folder = RecorderPaths(data).root
    found = Disk.read(folder)
    percent, left, reserved = found.used_percent, size_words(found.free), size_words(found.reserve)
    fr = f"Le disque des images est plein à {percent:.0f} % ; il reste {left[0]}, dont {reserved[0]} en réserve."
    en = f"The disk of the pictures is {percent:.0f}% full; {left[1]} are left, {reserved[1]} of them reserved."
    if found.free <= found.reserve or percent >= ALARMS_PERCENT[1]:
        cure = "Agrandissez-le, ou baissez débits et durées.", "Enlarge it, or lower rates and terms."
        said = bad(Code.DISK, f"{fr} {cure[0]}", f"{en} {cure[1]}")
    elif percent >= ALARMS_PERCENT[0]:
        said = warn(Code.DISK, f"{fr} Prévoyez de la place.", f"{en} Plan for more.")
    else:
        said = ok(Code.DISK, fr, en)
    wrong = _wrong(folder)
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return [
            said,
            *wrong,
            bad(
                Code.DISK_READ_ONLY,
                "Le disque des images est en lecture seule : rien n'est enregistré. Lisez dmesg, remplacez ou réparez "
                "le disque, puis relancez l'enregistreur.",
                "The disk of the pictures is read-only: nothing is recorded. Read dmesg, replace or repair the disk, "
                "then restart the recorder.",
            ),
        ]
    return [said, *wrong]


def _wrong(folder: Path) -> list[Finding]:
    """Whether the folder of the files is on the disk that it was on (`beffroi.vault.diskmark`)."""
    try:
        own, files = Mark.read(folder), Mark.read(folder / "streams")
    except WrongDiskError as error:
        return [bad(Code.DISK_WRONG, error.text.fr, error.text.en)]
    if own is None or (files is not None and (files.vault, files.recorder) == (own.vault, own.recorder)):
        return []
    return [
        bad(
            Code.DISK_WRONG,
            f"Le disque monté sur {folder / 'streams'} n'est pas celui de cet enregistreur, ou n'est pas monté : "
            "montez le bon disque, puis relancez l'enregistreur.",
            f"The disk mounted on {folder / 'streams'} is not this recorder's, or is not mounted: mount the right "
            "disk, then restart the recorder.",
        )
    ]
