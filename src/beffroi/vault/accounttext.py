"""What does not add up, in words: each sentence names the file, the row, the entry or the sheet."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from beffroi.domain.text import Text


class Fault(StrEnum):
    """Closed list of what can be wrong."""

    FILE_MISSING = "file_missing"
    FILE_DIFFERS = "file_differs"
    FILE_DAMAGED = "file_damaged"
    FILE_STILL_THERE = "file_still_there"
    FILE_UNTOLD = "file_untold"
    ROW_MISSING = "row_missing"
    ROW_DIFFERS = "row_differs"
    ROW_ALONE = "row_alone"
    ROW_BROKEN = "row_broken"
    ENTRY_MISSING = "entry_missing"
    ENTRY_CHANGED = "entry_changed"
    ENTRY_ALONE = "entry_alone"
    BALANCE_CHANGED = "balance_changed"
    SHEET_MISSING = "sheet_missing"
    SHEET_REFUSED = "sheet_refused"
    SOURCE_MISSING = "source_missing"
    TIME_UNTOLD = "time_untold"
    TIME_UNORDERED = "time_unordered"
    TIME_MISSING = "time_missing"
    TIME_UNRECORDED = "time_unrecorded"


_WORDS: Final[dict[Fault, tuple[str, str]]] = {
    Fault.FILE_MISSING: (
        "Le fichier {name} a été enregistré ({more}) et n'est plus là, sans preuve de destruction.",
        "The file {name} was recorded ({more}) and is no longer there, without a proof of destruction.",
    ),
    Fault.FILE_DIFFERS: (
        "Le fichier {name} n'est plus celui qui a été enregistré ({more}).",
        "The file {name} is no longer the one that was recorded ({more}).",
    ),
    Fault.FILE_DAMAGED: (
        "Le fichier {name} ne se lit plus ({more}) : lancez « beffroi vault check ».",
        "The file {name} can no longer be read ({more}): run “beffroi vault check”.",
    ),
    Fault.FILE_STILL_THERE: (
        "Le fichier {name} est encore là alors que {more} dit qu'il a été détruit.",
        "The file {name} is still there while {more} says that it was destroyed.",
    ),
    Fault.FILE_UNTOLD: (
        "Le fichier {name} est là, et aucun acte du journal ne dit qu'il a été enregistré.",
        "The file {name} is there, and no act of the journal says that it was recorded.",
    ),
    Fault.ROW_MISSING: (
        "Le catalogue n'a plus la ligne {name} ({more}) : reconstruisez-le depuis les fichiers.",
        "The catalogue no longer has the row {name} ({more}): rebuild it from the files.",
    ),
    Fault.ROW_DIFFERS: (
        "La ligne {name} du catalogue ne dit pas la même chose que le fichier ou le journal ({more}).",
        "The row {name} of the catalogue does not say the same as the file or the journal ({more}).",
    ),
    Fault.ROW_ALONE: (
        "La ligne {name} du catalogue n'a ni fichier ni acte au journal ({more}).",
        "The row {name} of the catalogue has neither a file nor an act in the journal ({more}).",
    ),
    Fault.ROW_BROKEN: (
        "Le catalogue a perdu la ligne {name} dont d'autres dépendent ({more}).",
        "The catalogue lost the row {name} on which others depend ({more}).",
    ),
    Fault.ENTRY_MISSING: (
        "Le journal n'a plus {name} : une main l'a ôté. Le registre en a la copie.",
        "The journal no longer has {name}: a hand took it out. The register has the copy.",
    ),
    Fault.ENTRY_CHANGED: (
        "Le journal a été modifié : {name} n'est plus tel qu'il a été écrit. Le registre en a la copie.",
        "The journal was changed: {name} is no longer as it was written. The register has the copy.",
    ),
    Fault.ENTRY_ALONE: (
        "Au journal, {name} parle d'un fichier dont rien ne dit qu'il a été enregistré ({more}).",
        "In the journal, {name} tells of a file that nothing says was recorded ({more}).",
    ),
    Fault.BALANCE_CHANGED: (
        "La balance d'ouverture du journal a été modifiée : {name}.",
        "The journal's opening balance was changed: {name}.",
    ),
    Fault.SHEET_MISSING: (
        "La fiche {name} manque ({more}) : ce qui était ordonné ne peut plus être prouvé. Redemandez-la au centre.",
        "The sheet {name} is missing ({more}): what was ordered can no longer be proven. Ask the centre for it again.",
    ),
    Fault.SHEET_REFUSED: (
        "La fiche {name} gardée par l'enregistreur n'est pas valable ({more}).",
        "The sheet {name} that the recorder keeps is not valid ({more}).",
    ),
    Fault.SOURCE_MISSING: (
        "{name} n'existe pas : sans lui rien ne peut être compté. Restaurez-le.",
        "{name} does not exist: without it nothing can be accounted for. Restore it.",
    ),
    Fault.TIME_UNTOLD: (
        "{name} : {more} ordonnés, ni enregistrés ni déclarés manquants.",
        "{name}: {more} ordered, neither recorded nor told as missing.",
    ),
    Fault.TIME_UNORDERED: (
        "{name} : {more} enregistrés sans qu'aucune fiche l'ordonne.",
        "{name}: {more} recorded while no sheet ordered it.",
    ),
    Fault.TIME_MISSING: (
        "{name} : {more} enregistrés, ni présents, ni détruits, ni déclarés perdus.",
        "{name}: {more} recorded, neither present, destroyed nor told as lost.",
    ),
    Fault.TIME_UNRECORDED: (
        "{name} : {more} présents ou détruits, que le journal ne dit pas enregistrés.",
        "{name}: {more} present or destroyed, which the journal does not say were recorded.",
    ),
}


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One thing that is wrong. ``name`` is the file, row, entry or sheet, or the span of time; ``day`` "" for what
    concerns no day in particular."""

    kind: Fault
    name: str
    text: Text
    camera: str = ""
    stream: str = ""
    day: str = ""


def discrepancy(
    kind: Fault, name: str | Text, more: str | Text = "-", *, camera: str = "", stream: str = "", day: str = ""
) -> Discrepancy:
    """Make one; what differs between the two languages is given as a `Text`."""
    fr, en = _WORDS[kind]
    names, mores = (item if isinstance(item, Text) else Text(fr=item, en=item) for item in (name, more))
    text = Text(fr=fr.format(name=names.fr, more=mores.fr), en=en.format(name=names.en, more=mores.en))
    return Discrepancy(kind, names.en, text, camera, stream, day)


def act(seq: int) -> Text:
    """An entry of the journal by its number."""
    return Text(fr=f"l'acte n° {seq}", en=f"act no. {seq}")


_NUMBERED: Final = {"fr": (re.compile(r"l'acte n° \d+"), "un acte"), "en": (re.compile(r"act no\. \d+"), "an act")}


def without_numbers(text: Mapping[str, str]) -> dict[str, str]:
    """A sentence by language, without the numbers of acts: they count the acts of every commune of the recorder."""
    return {language: seq.sub(word, text[language]) for language, (seq, word) in _NUMBERED.items()}
