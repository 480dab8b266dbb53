"""How far the register can be believed beyond this machine: the states, their words, and when each is said."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from beffroi.domain.clock import Clock
from beffroi.domain.text import Text
from beffroi.ledger.quorum import Quorum, QuorumRefusedError
from beffroi.server.notices import Level, Notice

BANNER_S: Final = 15 * 60
ALARM_S: Final = 24 * 3600


class WitnessState(StrEnum):
    """How far the register can be believed beyond this machine."""

    WITNESSED = "witnessed"
    LATE = "late"
    MISSING = "missing"
    NONE = "none"
    HERE = "here"
    REFUSED = "refused"
    UNREAD = "unread"


_TEXTS: Final = {
    WitnessState.WITNESSED: Text(
        fr="Registre contresigné par ses témoins.", en="The register is countersigned by its witnesses."
    ),
    WitnessState.LATE: Text(
        fr="Les témoins n'ont pas contresigné le registre depuis plus de 15 minutes : vérifiez le réseau et leurs "
        "machines.",
        en="The witnesses have not countersigned the register for more than 15 minutes: check the network and their "
        "machines.",
    ),
    WitnessState.MISSING: Text(
        fr="Les témoins n'ont pas contresigné le registre depuis plus de 24 heures : prévenez le délégué à la "
        "protection des données.",
        en="The witnesses have not countersigned the register for more than 24 hours: tell the data protection "
        "officer.",
    ),
    WitnessState.NONE: Text(
        fr="Registre sans témoin : qui tient cette machine pourrait le réécrire. Installez un témoin dans une mairie "
        "(docs/guide/witness.md).",
        en="The register has no witness: whoever holds this machine could rewrite it. Set up a witness in a town hall "
        "(docs/guide/witness.md).",
    ),
    WitnessState.HERE: Text(
        fr="Le témoin est sur cette machine : il ne prouve rien contre qui la tient. Installez-le ailleurs.",
        en="The witness is on this machine: it proves nothing against whoever holds it. Set it up elsewhere.",
    ),
    WitnessState.REFUSED: Text(
        fr="Un témoin refuse de contresigner : le registre ne prolonge pas celui qu'il a connu. Ne supprimez rien, "
        "lancez « beffroi ledger verify » avec son point de contrôle et prévenez le délégué à la protection "
        "des données.",
        en="A witness refuses to countersign: the register does not go on from the one it knew. Delete nothing, run "
        "“beffroi ledger verify” with its checkpoint and tell the data protection officer.",
    ),
}


_GONE: Final = Text(
    fr="Le fichier des témoins (quorum.txt) a disparu : plus personne ne contresigne le registre. Remettez-le dans le "
    "dossier du centre ; pour renoncer aux témoins, écrivez-y « quorum none » (docs/guide/witness.md).",
    en="The witnesses' file (quorum.txt) is gone: nobody countersigns the register any more. Put it back in the "
    "centre's folder; to give up witnesses, write “quorum none” in it (docs/guide/witness.md).",
)

_LEVELS: Final = {
    WitnessState.LATE: Level.SOON,
    WitnessState.HERE: Level.LESS,
    WitnessState.MISSING: Level.LOST,
    WitnessState.REFUSED: Level.LOST,
    WitnessState.UNREAD: Level.SOON,
}
"""A register without any witness is told in its own room: whoever set it up knows."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last quorum: when it was had (wall time; None: never), and how many entries it covers."""

    at_us: int | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class WitnessStatus:
    """What the console says. ``since_us`` is when the quorum was last had (wall time), ``size`` what it covers."""

    state: WitnessState
    since_us: int | None
    size: int
    text: Text
    level: Level | None
    """How bad; None when nobody has to be told."""

    @property
    def witnessed(self) -> bool:
        """Whether somebody outside stands behind the register."""
        return self.state is WitnessState.WITNESSED

    def notices(self) -> list[Notice]:
        """What those who look after the machine should know."""
        return [] if self.level is None else [Notice(f"witness-{self.state.value}", self.level, self.text)]


def status_of(
    quorum: Quorum | QuorumRefusedError | None, last: Last, clock: Clock, *, here: Collection[str], refused: bool
) -> WitnessStatus:
    """What can be said now.

    Args:
        quorum: the quorum file, why it is refused, or None when there is none.
        last: the last quorum, `uncounted` witnesses left out.
        clock: how long ago that is.
        here: the names of the witnesses on this machine.
        refused: whether a witness of the file (of the last one that could be read) knows another history.
    """
    if isinstance(quorum, Quorum):
        idle = quorum.required is None
    else:  # nobody is asked, and nobody chose that: what was had before grows old
        idle = quorum is None and last.at_us is None and not refused
    if idle:
        return _status(WitnessState.NONE, Last())
    if refused:
        return _status(WitnessState.REFUSED, last)
    age = _age(last, clock)
    if isinstance(quorum, QuorumRefusedError):
        level = Level.LOST if age is WitnessState.MISSING else Level.SOON
        return WitnessStatus(WitnessState.UNREAD, last.at_us, last.size, _unread(quorum), level)
    if age is not WitnessState.WITNESSED:
        return _status(age, last, _GONE if quorum is None else None)
    proves_nothing = quorum is not None and here and not uncounted(quorum, here)
    return _status(WitnessState.HERE if proves_nothing else age, last)


def uncounted(quorum: Quorum, here: Collection[str]) -> frozenset[str]:
    """The witnesses whose word is left out: those ``here``, as soon as those elsewhere can have the quorum without
    them. Where they cannot, it is counted as written, and `WitnessState.HERE` says what it is worth."""
    silent = {name for name, one in quorum.witnesses.items() if name in here or not one.address}
    return frozenset(here) if quorum.can_be_met(ignoring=silent) else frozenset()


def _status(state: WitnessState, last: Last, text: Text | None = None) -> WitnessStatus:
    return WitnessStatus(state, last.at_us, last.size, text or _TEXTS[state], _LEVELS.get(state))


def _unread(error: QuorumRefusedError) -> Text:
    return Text(
        fr=f"Plus aucun témoin n'est appelé à contresigner le registre. {error.text.fr}",
        en=f"No witness is asked to countersign the register any more. {error.text.en}",
    )


def _age(last: Last, clock: Clock) -> WitnessState:
    age_s = (clock.wall_us() - (last.at_us or 0)) / 1_000_000
    if last.at_us is None or age_s > ALARM_S:
        return WitnessState.MISSING
    return WitnessState.LATE if age_s > BANNER_S else WitnessState.WITNESSED
