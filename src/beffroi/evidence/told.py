"""What a verification says besides its findings: facts that change no verdict. A closed list, the same for the viewer's
own verifier (console/evidence/verify/told.ts; a test compares), so that both use the same words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from beffroi.domain.text import Text


class ToldKind(StrEnum):
    """Everything that can be told."""

    NO_TIMESTAMP = "no_timestamp"
    TIMESTAMP_CLAIMED = "timestamp_claimed"
    TIMESTAMP_VERIFIED = "timestamp_verified"
    NO_WITNESS = "no_witness"
    WITNESSED = "witnessed"
    QUORUM_MET = "quorum_met"


_SENTENCES: Final[dict[ToldKind, tuple[str, str]]] = {
    ToldKind.NO_TIMESTAMP: (
        "Aucun tiers n'a horodaté la remise : sa date est celle que donne le centre.",
        "No third party time-stamped the delivery: its date is the one that the centre gives.",
    ),
    ToldKind.TIMESTAMP_CLAIMED: (
        "Un horodatage couvre cette remise et dit : {detail} (UTC). Non vérifié ici : de quelle autorité il vient. "
        "Pour le savoir : beffroi evidence verify --tsa-ca, avec le certificat qu'elle publie.",
        "A time stamp covers this delivery and says: {detail} (UTC). Not verified here: which authority it comes from. "
        "To know: beffroi evidence verify --tsa-ca, with the certificate that it publishes.",
    ),
    ToldKind.TIMESTAMP_VERIFIED: (
        "La remise existait le {detail} (UTC) : horodatage vérifié avec le certificat donné.",
        "The delivery existed on {detail} (UTC): time stamp verified with the certificate given.",
    ),
    ToldKind.NO_WITNESS: (
        "Aucun témoin extérieur n'a contresigné le registre dans cette remise.",
        "No outside witness countersigned the register in this delivery.",
    ),
    ToldKind.WITNESSED: (
        "Le registre est contresigné par des témoins extérieurs : {detail}. C'est la remise qui les nomme : pour en "
        "être sûr, demandez-leur leur clé.",
        "The register is countersigned by outside witnesses: {detail}. It is the delivery that names them: to be sure, "
        "ask them for their key.",
    ),
    ToldKind.QUORUM_MET: (
        "Le registre est contresigné par les témoins du fichier de quorum donné : {detail}.",
        "The register is countersigned by the witnesses of the quorum file given: {detail}.",
    ),
}


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """One fact. ``detail``: a time (UTC), or ``N/M (names)``."""

    kind: ToldKind
    detail: str = ""

    @property
    def text(self) -> Text:
        """The sentence."""
        fr, en = _SENTENCES[self.kind]
        return Text(fr=fr.replace("{detail}", self.detail), en=en.replace("{detail}", self.detail))
