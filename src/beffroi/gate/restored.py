"""A centre restored from a back-up shows no image until two persons have reconciled it.

What narrowed since the back-up (an accreditation suspended, an order withdrawn, an account locked) is lost with the
disk: the law would answer as it did before. So the mark of a restoration, a file beside the register, makes every
answer to the gate a denial. It goes when the reconciliation is an entry of the register (`beffroi.backup.reconcile`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from beffroi.base.files import unlink_durable, write_durable
from beffroi.domain.acts import Verdict
from beffroi.domain.clock import instant
from beffroi.domain.decision import ActRequest, Decider, Decision
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text

MARK_FILE: Final = "restored.json"
GROUND: Final = "restored"
_MAX_BYTES: Final = 1 << 20


class MarkUnreadableError(BrokenError):
    """The mark is there and cannot be read: images stay shut."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="La marque de restauration est illisible : les images restent fermées. Restaurez de nouveau le "
                "centre dans un dossier neuf.",
                en="The mark of the restoration is unreadable: images stay shut. Restore the centre again into a new "
                "folder.",
            )
        )


class RestoredMark:
    """The mark in a centre's folder. `standing` costs one look at the disk; in doubt it stands."""

    def __init__(self, centre: Path) -> None:
        self._path = centre / MARK_FILE

    def standing(self) -> bool:
        """Whether the centre was restored and not yet reconciled."""
        try:
            self._path.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def read(self) -> dict[str, Any]:
        """What the restoration wrote.

        Raises:
            MarkUnreadableError: no mark, or not one of ours.
        """
        try:
            with self._path.open("rb") as file:
                fields = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError, RecursionError) as error:
            raise MarkUnreadableError from error
        if not isinstance(fields, dict):
            raise MarkUnreadableError
        return fields

    def write(self, fields: Mapping[str, Any]) -> None:
        """Set the mark, durably."""
        write_durable(self._path, json.dumps(fields, ensure_ascii=True, sort_keys=True).encode())

    def clear(self) -> None:
        """Take the mark away, durably: images may be shown again."""
        unlink_durable(self._path)

    def sentence(self) -> Text:
        """What a person reads whose image is refused."""
        try:
            day = instant(int(self.read()["backup_us"])).strftime("%Y-%m-%d %H:%M UTC")
        except (MarkUnreadableError, KeyError, TypeError, ValueError, OverflowError):
            day = "?"
        return Text(
            fr=f"Ce centre a été restauré depuis une sauvegarde du {day} : ce qui a été suspendu ou retiré depuis n'y "
            "est plus, donc aucune image n'est montrée. L'enregistrement continue. Deux personnes doivent rétablir ces "
            "retraits puis lancer « beffroi restore reconcile » ; prévenez l'administrateur.",
            en=f"This centre was restored from a back-up of {day}: what was suspended or withdrawn since is not in it, "
            "so no image is shown. Recording goes on. Two persons must enter those withdrawals again, then run "
            "`beffroi restore reconcile`; tell the administrator.",
        )


class ShutWhileRestored:
    """A `Decider` that denies everything, without asking the law, while the mark stands."""

    def __init__(self, law: Decider, mark: RestoredMark) -> None:
        self._law = law
        self._mark = mark

    def decide(self, request: ActRequest) -> Decision:
        """The law's answer, or a denial that says why."""
        if not self._mark.standing():
            return self._law.decide(request)
        return Decision(
            verdict=Verdict.DENY,
            request=request,
            authority=None,
            ground=GROUND,
            rules=(),
            articles=(),
            documents=(),
            conditions=(),
            sentence=self._mark.sentence(),
            cure=None,
            disclosable=True,  # the same answer for every camera, existing or not: it tells nothing
            rule_set_hash="",
            facts_hash="",
        )

    def revision(self) -> int:
        """That of the law's facts."""
        return self._law.revision()
