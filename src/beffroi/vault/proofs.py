"""What a destruction proves, in fields (for the journal and the register) and in sentences (for the papers)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from beffroi.domain.text import Text
from beffroi.vault.remanence import Remanence


class Cause(StrEnum):
    """Why images were destroyed."""

    TERM = "term"
    DISK_FULL = "disk_full"
    HOLD_ENDED = "hold_ended"


class KeyFate(StrEnum):
    """What became of the private half that opens the images."""

    ELSEWHERE = "elsewhere"  # destroyed at its own term by whoever holds the keyring, with a proof of its own
    DESTROYED = "destroyed"


class FileFate(StrEnum):
    """What became of the file."""

    UNLINKED = "unlinked"
    ALREADY_GONE = "already_gone"


class LogFate(StrEnum):
    """What became of the catalogue's write-ahead log."""

    TRUNCATED = "truncated"
    BUSY = "busy"
    NONE = "none"


def proof_fields(
    cause: Cause, *, file: FileFate, log: LogFate, remains: tuple[Remanence, ...], case: bool = False
) -> dict[str, Any]:
    """The fields that say what was done. ``sealed_key``: overwritten in the file's head, the one place it lay."""
    return {
        "cause": cause.value,
        "hour_key": KeyFate.ELSEWHERE.value,
        **({"case_key": KeyFate.ELSEWHERE.value} if case else {}),
        "sealed_key": "overwritten" if file is FileFate.UNLINKED else "gone_with_file",
        "journal": log.value,
        "file": file.value,
        "remanence": [item.value for item in remains],
    }


_CAUSES: Final = {
    Cause.TERM: Text(fr="Arrivées au terme de leur conservation.", en="At the end of their term."),
    Cause.DISK_FULL: Text(
        fr="Détruites avant leur terme, le disque étant plein, comme l'arrêté le permet.",
        en="Destroyed before their term, the disk being full, as the order allows.",
    ),
    Cause.HOLD_ENDED: Text(fr="Le gel qui les gardait est terminé.", en="The hold that kept them has ended."),
}
_DONE: Final[dict[tuple[str, str], Text]] = {
    ("hour_key", "elsewhere"): Text(
        fr="La clé privée de l'heure est détruite à son terme là où est le trousseau : voir sa propre preuve.",
        en="The hour's private key is destroyed at its term where the keyring is: see its own proof.",
    ),
    ("case_key", "elsewhere"): Text(
        fr="La clé privée du dossier est détruite à la fin du gel là où est le trousseau : voir sa propre preuve.",
        en="The case's private key is destroyed at the end of the hold where the keyring is: see its own proof.",
    ),
    ("sealed_key", "overwritten"): Text(
        fr="La clé scellée du fichier a été écrasée sur place, et le disque l'a confirmé.",
        en="The file's sealed key was overwritten in place, and the disk confirmed it.",
    ),
    ("sealed_key", "gone_with_file"): Text(
        fr="La clé scellée est partie avec le fichier, déjà absent.",
        en="The sealed key went with the file, which was gone already.",
    ),
    ("journal", "truncated"): Text(
        fr="Le journal interne du catalogue a été vidé.", en="The catalogue's own log was emptied."
    ),
    ("journal", "busy"): Text(
        fr="Le journal interne du catalogue était lu à cet instant : il est vidé à un passage suivant. Il ne contient "
        "aucune clé.",
        en="The catalogue's own log was being read at that instant: it is emptied at a later pass. It holds no key.",
    ),
    ("file", "unlinked"): Text(
        fr="Le fichier a été retiré du disque, et le disque l'a confirmé.",
        en="The file was removed from the disk, and the disk confirmed it.",
    ),
    ("file", "already_gone"): Text(
        fr="Le fichier n'était déjà plus là quand la destruction a repris.",
        en="The file was gone already when the destruction was taken up again.",
    ),
}
_REMAINS: Final = {
    Remanence.SSD: Text(
        fr="Ne prouve pas ce qu'un disque à mémoire (SSD) garde dans des cellules réaffectées.",
        en="Does not prove what a solid-state disk (SSD) keeps in remapped cells.",
    ),
    Remanence.COPY_ON_WRITE: Text(
        fr="Ce système de fichiers n'écrase pas sur place : d'anciens blocs peuvent rester jusqu'à leur réemploi.",
        en="This file system does not overwrite in place: old blocks may remain until they are used again.",
    ),
    Remanence.SNAPSHOTS: Text(
        fr="Ne prouve pas l'absence d'un instantané du volume.",
        en="Does not prove that no snapshot of the volume exists.",
    ),
    Remanence.BACKUPS: Text(
        fr="Ne prouve pas l'absence d'une copie du fichier : aucune ne s'ouvre sans la clé privée détruite.",
        en="Does not prove that no copy of the file exists: none opens without the destroyed private key.",
    ),
}


def sentences(fields: Mapping[str, Any]) -> list[Text]:
    """What a DESTRUCTION act says, for a reader: the cause, what was done, what it cannot prove. Values that are not
    known (an act of another version) are left out, never guessed."""
    cause = fields.get("cause")
    said = [_CAUSES[Cause(cause)]] if cause in set(Cause) else []
    for name in ("hour_key", "case_key", "sealed_key", "journal", "file"):
        text = _DONE.get((name, str(fields.get(name))))
        if text:
            said.append(text)
    remains = fields.get("remanence")
    for item in remains if isinstance(remains, list) else []:
        if item in set(Remanence):
            said.append(_REMAINS[Remanence(item)])
    return said
