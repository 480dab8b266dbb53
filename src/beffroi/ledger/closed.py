"""The register takes no entry: said in one place, for all who can say it."""

from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text


class LedgerClosedError(BrokenError):
    """The register takes no entry: it failed, is closing, or the disk refused this one."""

    def __init__(self, why: str) -> None:
        super().__init__(
            Text(
                fr=f"Le registre ne peut rien écrire ({why}) : aucune vue ne s'ouvre. Prévenez l'exploitant.",
                en=f"The register cannot write ({why}): no view is opened. Tell the operator of the system.",
            )
        )
