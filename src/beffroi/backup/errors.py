"""Why a back-up was not made, or not taken."""

from beffroi.domain.errors import BadInputError, BrokenError, RefusedError
from beffroi.domain.text import Text


class BackupRefusedError(BadInputError):
    """An archive is not what it should be: nothing of it was used."""

    def __init__(self, name: str, why_fr: str, why_en: str) -> None:
        super().__init__(
            Text(
                fr=f"La sauvegarde « {name} » est refusée : {why_fr}. Rien n'a été restauré ; prenez-en une autre.",
                en=f"The back-up “{name}” is refused: {why_en}. Nothing was restored; take another one.",
            )
        )
        self.why = why_en


class BackupPassphraseError(RefusedError):
    """The passphrase does not open the archive (or its head was altered: the two cannot be told apart)."""

    def __init__(self, name: str) -> None:
        super().__init__(
            Text(
                fr=f"Cette phrase de passe n'ouvre pas « {name} », ou son en-tête a été altéré. Rien n'a été "
                "restauré : recommencez, ou prenez une autre sauvegarde.",
                en=f"This passphrase does not open “{name}”, or its head was altered. Nothing was restored; try again, "
                "or take another back-up.",
            )
        )


class BackupFailedError(BrokenError):
    """The back-up could not be made; the former ones are untouched."""

    def __init__(self, why_fr: str, why_en: str) -> None:
        super().__init__(
            Text(
                fr=f"La sauvegarde n'a pas été faite : {why_fr}. Les précédentes sont intactes.",
                en=f"The back-up was not made: {why_en}. The former ones are untouched.",
            )
        )


class RestoreFailedError(BrokenError):
    """The target cannot take a restoration; it is as it was."""

    def __init__(self, why_fr: str, why_en: str) -> None:
        super().__init__(
            Text(
                fr=f"La restauration n'a pas eu lieu : {why_fr}. La cible est restée telle quelle.",
                en=f"Nothing was restored: {why_en}. The target is as it was.",
            )
        )
