"""What a keyring answers when it cannot give, make or destroy a key."""

from beffroi.domain.errors import BrokenError, NotFoundError, RefusedError
from beffroi.domain.text import Text


class RingLockedError(RefusedError):
    """The act needs the passphrase and the ring was opened without."""

    def __init__(self, authority: str) -> None:
        super().__init__(
            Text(
                fr=f"Le trousseau de {authority} est fermé : ouvrez-le avec sa phrase de passe.",
                en=f"The keyring of {authority} is locked: open it with its passphrase.",
            )
        )


class HourMissingError(NotFoundError):
    """No key was ever made for this hour."""

    def __init__(self, authority: str, hour: int) -> None:
        super().__init__(
            Text(
                fr=f"Le trousseau de {authority} n'a pas de clé pour l'heure {hour} : "
                "lancez `beffroi keyring prepare`.",
                en=f"The keyring of {authority} has no key for hour {hour}: run `beffroi keyring prepare`.",
            )
        )


class HourDestroyedError(RefusedError):
    """The key of this hour was destroyed: its images are gone."""

    def __init__(self, authority: str, hour: int) -> None:
        super().__init__(
            Text(
                fr=f"La clé de {authority} pour l'heure {hour} est détruite : "
                "ces images n'existent plus pour personne.",
                en=f"The key of {authority} for hour {hour} is destroyed: these images no longer exist for anyone.",
            )
        )


class HourDamagedError(BrokenError):
    """The slot of this hour is unreadable."""

    def __init__(self, authority: str, hour: int) -> None:
        super().__init__(
            Text(
                fr=f"La clé de {authority} pour l'heure {hour} est abîmée sur le disque : "
                "vérifiez le disque du trousseau.",
                en=f"The key of {authority} for hour {hour} is damaged on disk: check the keyring's disk.",
            )
        )


class NotDueError(RefusedError):
    """Destruction asked before the term, without saying that this is meant."""

    def __init__(self, hour: int) -> None:
        super().__init__(
            Text(
                fr=f"L'heure {hour} n'est pas à son terme : sa clé n'a pas été détruite.",
                en=f"Hour {hour} is not at its term: its key was not destroyed.",
            )
        )


class CaseMissingError(NotFoundError):
    """No hold was ever made under this case."""

    def __init__(self, case: str) -> None:
        super().__init__(
            Text(
                fr=f"Aucun gel n'a été fait pour le dossier {case} : vérifiez son numéro.",
                en=f"No hold was made for case {case}: check its number.",
            )
        )


class CaseEndedError(NotFoundError):
    """The hold has ended: its key was destroyed."""

    def __init__(self, case: str) -> None:
        super().__init__(
            Text(
                fr=f"Le gel du dossier {case} est terminé et sa clé détruite : ses images ne s'ouvrent plus, et un "
                "nouveau gel demande un nouveau numéro de dossier.",
                en=f"The hold of case {case} has ended and its key is destroyed: its images no longer open, and a new "
                "hold needs a new case number.",
            )
        )


class CaseDamagedError(BrokenError):
    """The case's slot on disk is damaged."""

    def __init__(self, case: str) -> None:
        super().__init__(
            Text(
                fr=f"La clé du dossier {case} est abîmée sur le disque : restaurez le trousseau, ou mettez fin au gel.",
                en=f"The key of case {case} is damaged on disk: restore the keyring, or end the hold.",
            )
        )
