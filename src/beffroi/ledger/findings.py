"""What the verifier can find: a closed list, each with its sentence."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from beffroi.domain.text import Text
from beffroi.ledger.note import Checkpoint


class FindingKind(StrEnum):
    """Everything that can be wrong with a register."""

    CHECKPOINT_MISSING = "checkpoint_missing"
    CHECKPOINT_REFUSED = "checkpoint_refused"
    MISSING = "missing"
    ENTRY_EDITED = "entry_edited"
    ENTRIES_REORDERED = "entries_reordered"
    BUNDLE_MALFORMED = "bundle_malformed"
    LEAF_REFUSED = "leaf_refused"
    TILE_ALTERED = "tile_altered"
    ROOT_MISMATCH = "root_mismatch"
    BEYOND_CHECKPOINT = "beyond_checkpoint"
    STRAY_FILE = "stray_file"
    ROLLBACK = "rollback"
    FORK = "fork"
    OLD_CHECKPOINT_REFUSED = "old_checkpoint_refused"
    PAYLOAD_ALTERED = "payload_altered"
    PAYLOAD_MISSING = "payload_missing"
    PRUNING_REFUSED = "pruning_refused"


_SENTENCES: Final[dict[FindingKind, tuple[str, str]]] = {
    FindingKind.CHECKPOINT_MISSING: (
        "Le point de contrôle manque : rien ne dit jusqu'où va ce registre.",
        "The checkpoint is missing: nothing says how far this register goes.",
    ),
    FindingKind.CHECKPOINT_REFUSED: (
        "Le point de contrôle n'est pas signé par cette clé, ou est mal formé ({detail}).",
        "The checkpoint is not signed by this key, or is malformed ({detail}).",
    ),
    FindingKind.MISSING: (
        "Le fichier {where} manque : les écritures {detail} ont été supprimées.",
        "File {where} is missing: entries {detail} were deleted.",
    ),
    FindingKind.ENTRY_EDITED: (
        "L'écriture {where} a été modifiée après coup.",
        "Entry {where} was changed after it was written.",
    ),
    FindingKind.ENTRIES_REORDERED: (
        "L'écriture {where} n'est pas à sa place : c'est l'écriture {detail}.",
        "Entry {where} is not in its place: it is entry {detail}.",
    ),
    FindingKind.BUNDLE_MALFORMED: (
        "Le fichier {where} est illisible ({detail}) : ses écritures ont été supprimées ou altérées.",
        "File {where} cannot be read ({detail}): its entries were deleted or altered.",
    ),
    FindingKind.LEAF_REFUSED: (
        "L'écriture {where} n'a pas la forme d'une écriture de ce registre ({detail}).",
        "Entry {where} is not spelt as an entry of this register ({detail}).",
    ),
    FindingKind.TILE_ALTERED: (
        "Le fichier d'empreintes {where} ne correspond pas aux écritures.",
        "Hash file {where} does not match the entries.",
    ),
    FindingKind.ROOT_MISMATCH: (
        "Les écritures ne donnent pas l'empreinte signée : une au moins a été modifiée, déplacée ou remplacée.",
        "The entries do not give the signed root: at least one was changed, moved or replaced.",
    ),
    FindingKind.BEYOND_CHECKPOINT: (
        "Le fichier {where} dépasse le point de contrôle : une écriture a été interrompue, ou le registre a été "
        "ramené en arrière.",
        "File {where} goes beyond the checkpoint: a write was cut short, or the register was set back.",
    ),
    FindingKind.STRAY_FILE: (
        "Le fichier {where} n'appartient pas au registre.",
        "File {where} does not belong to the register.",
    ),
    FindingKind.ROLLBACK: (
        "Un point de contrôle plus ancien compte {detail} écritures, celui-ci {where} : le registre a été ramené en "
        "arrière.",
        "An older checkpoint counts {detail} entries, this one {where}: the register was set back.",
    ),
    FindingKind.FORK: (
        "Les {where} premières écritures ne sont pas celles qu'un point de contrôle plus ancien a signées : "
        "l'histoire a été réécrite.",
        "The first {where} entries are not those that an older checkpoint signed: history was rewritten.",
    ),
    FindingKind.OLD_CHECKPOINT_REFUSED: (
        "Le point de contrôle plus ancien n'est pas signé par cette clé, ou est mal formé ({detail}).",
        "The older checkpoint is not signed by this key, or is malformed ({detail}).",
    ),
    FindingKind.PAYLOAD_ALTERED: (
        "Ce qui était gardé à côté de l'écriture {where} (noms, motif) a été modifié.",
        "What was kept beside entry {where} (names, reason) was changed.",
    ),
    FindingKind.PAYLOAD_MISSING: (
        "Ce qui était gardé à côté de l'écriture {where} (noms, motif) a disparu sans avoir été effacé par Beffroi.",
        "What was kept beside entry {where} (names, reason) is gone without having been erased by Beffroi.",
    ),
    FindingKind.PRUNING_REFUSED: (
        "L'écriture {where} dit que des écritures ont été effacées à leur terme, mais cela ne tient pas ({detail}).",
        "Entry {where} says that entries were pruned at their term, but that does not hold ({detail}).",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``where`` is an entry's index, a file or a size; ``detail`` completes the sentence."""

    kind: FindingKind
    where: str = ""
    detail: str = ""

    @property
    def text(self) -> Text:
        """The sentence."""
        fr, en = _SENTENCES[self.kind]
        # replace, not format: a file's name may hold braces
        return Text(
            fr=fr.replace("{where}", self.where).replace("{detail}", self.detail),
            en=en.replace("{where}", self.where).replace("{detail}", self.detail),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification covered and found. ``checkpoint`` is None when it could not be read. ``entries`` were read;
    ``pruned`` more were removed at their term: their hashes were recomputed into the root."""

    checkpoint: Checkpoint | None
    entries: int
    files: int
    payloads_held: int
    payloads_erased: int
    findings: tuple[Finding, ...]
    pruned: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        head = self.checkpoint
        return {
            "clean": self.clean,
            "checkpoint": {"origin": head.origin, "size": head.size, "root": head.root.hex()} if head else None,
            "entries": self.entries,
            "pruned": self.pruned,
            "files": self.files,
            "payloads": {"held": self.payloads_held, "erased": self.payloads_erased},
            "findings": [
                {"kind": f.kind.value, "where": f.where, "detail": f.detail, "text": f.text.as_dict()}
                for f in self.findings
            ],
        }
