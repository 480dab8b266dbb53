"""Two persons say that what the loss widened has been withdrawn again; then, and once it is an entry, images may open.

The statement is written into the mark first; whoever holds the register (the running centre, or the command when no
centre runs) enters it and only then takes the mark away. Both entries are taken in once, whatever is repeated.
"""

from collections.abc import Mapping
from typing import Any, Final

from beffroi.backup.compare import Found
from beffroi.domain.clock import Clock
from beffroi.domain.errors import RefusedError
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.gate.restored import RestoredMark
from beffroi.identity.accounts import Account
from beffroi.identity.roles import Role
from beffroi.ledger.entry import Entry, EntryKind, Source
from beffroi.ledger.ledger import Ledger

RESTORED: Final = "restored"
RECONCILED: Final = "reconciled"
_MAY: Final = frozenset({Role.ADMINISTRATOR, Role.DPO, Role.MAYOR})
_ANSWERS_FOR_IT: Final = frozenset({Role.DPO, Role.MAYOR})


class NotTwoPersonsError(RefusedError):
    """The two accounts cannot reconcile."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Il faut deux personnes différentes parmi l'administrateur, le délégué à la protection des données "
                "et les maires, dont un délégué ou un maire : les images restent fermées.",
                en="It takes two different persons among administrator, data protection officer and mayors, one of "
                "them an officer or a mayor: images stay shut.",
            )
        )


def check_two(first: Account, second: Account) -> None:
    """Whether these two may reconcile.

    Raises:
        NotTwoPersonsError: the same person, or not their office.
    """
    roles = {first.role, second.role}
    if first.person == second.person or not roles <= _MAY or not roles & _ANSWERS_FOR_IT:
        raise NotTwoPersonsError


def state(mark: RestoredMark, first: Account, second: Account, found: Found, clock: Clock) -> None:
    """Write the statement of two persons, whose factors were checked, into the mark.

    Raises:
        NotTwoPersonsError, MarkUnreadableError.
    """
    check_two(first, second)
    statement = {
        "at_us": clock.wall_us(),
        "first": first.person,
        "second": second.person,
        "roles": sorted({first.role.value, second.role.value}),
        "found": found.as_detail(),
    }
    mark.write(mark.read() | {RECONCILED: statement})


def settle(mark: RestoredMark, ledger: Ledger) -> bool:
    """Enter what the mark says in the register; take it away once the reconciliation is durable. Returns whether it
    still stands.

    Raises:
        MarkUnreadableError: it stands and cannot be read. BrokenError: the register does not write.
    """
    if not mark.standing():
        return False
    fields = mark.read()
    name = f"restoration/{fields.get('restored_us')}"
    kept = ("archive", "backup_us", "entries", "hours", "expired")
    detail = {key: fields[key] for key in kept if key in fields}
    ledger.append(Entry(EntryKind.RESTORED, outcome=RESTORED, source=Source(name, 1), detail=detail))
    said = fields.get(RECONCILED)
    if not isinstance(said, Mapping):
        return True
    ledger.append(_reconciled(name, said))
    mark.clear()
    return False


def _reconciled(name: str, said: Mapping[str, Any]) -> Entry:
    return Entry(
        EntryKind.RESTORED,
        actor=PersonId(str(said["first"])),
        outcome=RECONCILED,
        source=Source(name, 2),
        at_us=int(said["at_us"]),
        detail={"roles": list(said["roles"]), **said["found"]},
        payload={"second": str(said["second"])},
    )
