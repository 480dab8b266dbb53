"""What a verifier can find in a package: a closed list, the same for the viewer's own verifier, with its sentences."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from beffroi.domain.text import Text
from beffroi.evidence.told import Told


class Kind(StrEnum):
    """Everything that can be wrong with a package."""

    MANIFEST_MISSING = "manifest_missing"
    MANIFEST_MALFORMED = "manifest_malformed"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_WRONG = "signature_wrong"
    KEY_UNKNOWN = "key_unknown"
    FILE_MISSING = "file_missing"
    FILE_ALTERED = "file_altered"
    FILE_STRAY = "file_stray"
    PROOF_MALFORMED = "proof_malformed"
    PROOF_WRONG = "proof_wrong"
    FRAMES_ALTERED = "frames_altered"
    HEAD_ALTERED = "head_altered"
    OUT_OF_SCOPE = "out_of_scope"
    STATEMENT_WRONG = "statement_wrong"
    GAP_UNTOLD = "gap_untold"
    REGISTER_WRONG = "register_wrong"
    REGISTER_SILENT = "register_silent"
    DECISION_SILENT = "decision_silent"
    TIMESTAMP_MALFORMED = "timestamp_malformed"
    TIMESTAMP_REFUSED = "timestamp_refused"
    TIMESTAMP_WRONG = "timestamp_wrong"
    TIMESTAMP_UNTRUSTED = "timestamp_untrusted"
    TIMESTAMP_MISSING = "timestamp_missing"
    WITNESS_WRONG = "witness_wrong"
    WITNESS_MISSING = "witness_missing"


class Verdict(StrEnum):
    """``INCOMPLETE``: nothing is altered, and something is not proven."""

    VALID = "valid"
    ALTERED = "altered"
    INCOMPLETE = "incomplete"
    UNKNOWN_KEY = "unknown_key"


_NOT_PROVEN: Final = frozenset(
    {Kind.REGISTER_SILENT, Kind.DECISION_SILENT, Kind.TIMESTAMP_UNTRUSTED, Kind.TIMESTAMP_MISSING, Kind.WITNESS_MISSING}
)

_SENTENCES: Final[dict[Kind, tuple[str, str]]] = {
    Kind.MANIFEST_MISSING: (
        "Le fichier manifest.json manque : ce dossier n'est pas une remise de Beffroi, ou il est incomplet.",
        "The file manifest.json is missing: this folder is not a delivery of Beffroi, or it is incomplete.",
    ),
    Kind.MANIFEST_MALFORMED: (
        "Le manifeste ne se lit pas ({detail}) : demandez une nouvelle remise au centre.",
        "The manifest cannot be read ({detail}): ask the centre for a new delivery.",
    ),
    Kind.SIGNATURE_MISSING: (
        "Le manifeste n'est pas signé : rien ne dit de qui il vient.",
        "The manifest is not signed: nothing says whom it comes from.",
    ),
    Kind.SIGNATURE_WRONG: (
        "La signature ne correspond pas au manifeste : l'un des deux a été modifié.",
        "The signature does not match the manifest: one of the two was changed.",
    ),
    Kind.KEY_UNKNOWN: (
        "Signé par une autre clé que celle du centre ({detail}) : vérifiez auprès de lui, par un autre moyen.",
        "Signed by another key than the centre's ({detail}): check with the centre, by another way.",
    ),
    Kind.FILE_MISSING: ("Le fichier {where} manque.", "The file {where} is missing."),
    Kind.FILE_ALTERED: (
        "Le fichier {where} a été modifié depuis la remise.",
        "The file {where} was changed since the delivery.",
    ),
    Kind.FILE_STRAY: (
        "Le fichier {where} n'appartient pas à la remise.",
        "The file {where} does not belong to the delivery.",
    ),
    Kind.PROOF_MALFORMED: (
        "La preuve {where} ne se lit pas ({detail}).",
        "The proof {where} cannot be read ({detail}).",
    ),
    Kind.PROOF_WRONG: (
        "La preuve {where} ne mène pas à l'empreinte du fichier enregistré ({detail}).",
        "The proof {where} does not lead to the root of the recorded file ({detail}).",
    ),
    Kind.FRAMES_ALTERED: (
        "Les images de {where} ne sont pas celles qui ont été enregistrées (groupe {detail}).",
        "The pictures of {where} are not those that were recorded (group {detail}).",
    ),
    Kind.HEAD_ALTERED: (
        "L'en-tête de {where} (durée, début, format) n'est pas celui que donnent les images.",
        "The head of {where} (duration, start, format) is not the one that its pictures give.",
    ),
    Kind.OUT_OF_SCOPE: (
        "{where} contient des images hors des caméras et des minutes demandées.",
        "{where} holds pictures outside the cameras and minutes asked for.",
    ),
    Kind.STATEMENT_WRONG: (
        "Ce que le manifeste dit de {where} n'est pas ce que donnent les images enregistrées ({detail}).",
        "What the manifest says of {where} is not what the recorded pictures give ({detail}).",
    ),
    Kind.GAP_UNTOLD: (
        "Il manque des images de {where} ({detail}) et aucun trou n'est déclaré.",
        "Pictures of {where} are missing ({detail}) and no gap is told.",
    ),
    Kind.REGISTER_WRONG: (
        "La preuve du registre ne tient pas ({where} : {detail}).",
        "The proof of the register does not hold ({where}: {detail}).",
    ),
    Kind.REGISTER_SILENT: (
        "Rien ne prouve quand {where} a été enregistré : le registre n'en parle pas dans cette remise.",
        "Nothing proves when {where} was recorded: the register does not speak of it in this delivery.",
    ),
    Kind.DECISION_SILENT: (
        "Le registre ne montre pas, dans cette remise, la décision de remettre les minutes demandées ({where}).",
        "The register does not show, in this delivery, the decision to hand over the minutes asked for ({where}).",
    ),
    Kind.TIMESTAMP_MALFORMED: (
        "L'horodatage (manifest.tsr) ne se lit pas ({detail}).",
        "The time stamp (manifest.tsr) cannot be read ({detail}).",
    ),
    Kind.TIMESTAMP_REFUSED: (
        "L'horodatage ne tient pas : il a été modifié, ou son certificat ne permet pas d'horodater ({detail}).",
        "The time stamp does not hold: it was changed, or its certificate is not one for time stamps ({detail}).",
    ),
    Kind.TIMESTAMP_WRONG: (
        "L'horodatage couvre autre chose que ce manifeste.",
        "The time stamp covers something else than this manifest.",
    ),
    Kind.TIMESTAMP_UNTRUSTED: (
        "L'horodatage ne vient pas de l'autorité dont vous avez donné le certificat ({detail}).",
        "The time stamp is not from the authority whose certificate you gave ({detail}).",
    ),
    Kind.TIMESTAMP_MISSING: (
        "Vous avez donné le certificat d'une autorité d'horodatage, et la remise n'a pas d'horodatage.",
        "You gave the certificate of a time-stamp authority, and the delivery has no time stamp.",
    ),
    Kind.WITNESS_WRONG: (
        "La contresignature du témoin {where} ne correspond pas au registre de cette remise.",
        "The countersignature of the witness {where} does not match the register of this delivery.",
    ),
    Kind.WITNESS_MISSING: (
        "Les témoins que demande le fichier de quorum n'ont pas contresigné ({detail}).",
        "The witnesses that the quorum file asks for did not countersign ({detail}).",
    ),
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing found, and where."""

    kind: Kind
    where: str = ""
    detail: str = ""

    @property
    def text(self) -> Text:
        """The sentence."""
        fr, en = _SENTENCES[self.kind]
        return Text(
            fr=fr.replace("{where}", self.where).replace("{detail}", self.detail),
            en=en.replace("{where}", self.where).replace("{detail}", self.detail),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified and found. ``frames`` counts the pictures of the files whose proof holds. ``told`` are facts
    that change no verdict (no time stamp, not witnessed…)."""

    findings: tuple[Finding, ...]
    files: int
    frames: int
    told: tuple[Told, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Altered wins over an unknown key, which wins over incomplete."""
        kinds = {finding.kind for finding in self.findings}
        if kinds - _NOT_PROVEN - {Kind.KEY_UNKNOWN}:
            return Verdict.ALTERED
        if Kind.KEY_UNKNOWN in kinds:
            return Verdict.UNKNOWN_KEY
        return Verdict.INCOMPLETE if kinds else Verdict.VALID

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "verdict": self.verdict.value,
            "files": self.files,
            "frames": self.frames,
            "told": [{"kind": one.kind.value, "detail": one.detail, "text": one.text.as_dict()} for one in self.told],
            "findings": [
                {"kind": one.kind.value, "where": one.where, "detail": one.detail, "text": one.text.as_dict()}
                for one in self.findings
            ],
        }
