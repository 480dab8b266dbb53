"""What a recorder's journal and the register may disagree about: a closed list, each with its sentence."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from beffroi.domain.text import Text


class CrossKind(StrEnum):
    """Everything that can be wrong between the two."""

    REGISTER_UNREADABLE = "register_unreadable"
    OTHER_JOURNAL = "other_journal"
    JOURNAL_CHANGED = "journal_changed"
    JOURNAL_SHORT = "journal_short"
    OFF_CHAIN = "off_chain"
    ACT_DIFFERS = "act_differs"
    ACT_NOT_IN_JOURNAL = "act_not_in_journal"
    ACT_NOT_IN_REGISTER = "act_not_in_register"
    ACTS_OUT_OF_ORDER = "acts_out_of_order"
    HEAD_REFUSED = "head_refused"
    SET_BACK = "set_back"
    REWRITTEN = "rewritten"
    BEGUN_ANEW = "begun_anew"


_SENTENCES: Final[dict[CrossKind, tuple[str, str]]] = {
    CrossKind.REGISTER_UNREADABLE: (
        "Le registre ne se vérifie pas ({more}) : lancez « beffroi ledger verify ».",
        "The register does not verify ({more}): run “beffroi ledger verify”.",
    ),
    CrossKind.OTHER_JOURNAL: (
        "Aucun des actes {where} n'est celui que le registre a repris : c'est le journal d'un autre enregistreur, ou "
        "il a été refait en entier.",
        "None of acts {where} is the one that the register took in: this is the journal of another recorder, or it was "
        "made anew as a whole.",
    ),
    CrossKind.JOURNAL_CHANGED: (
        "Au journal, l'acte {where} manque ou n'est plus tel qu'il a été écrit.",
        "In the journal, act {where} is missing, or is no longer as it was written.",
    ),
    CrossKind.JOURNAL_SHORT: (
        "Le journal s'arrête à l'acte {where}, le registre en a repris jusqu'au {more} : il a été raccourci, ou "
        "remplacé par une copie ancienne.",
        "The journal ends at act {where}, the register took in up to act {more}: it was cut short, or replaced by an "
        "old copy.",
    ),
    CrossKind.OFF_CHAIN: (
        "Les empreintes que le registre a gardées du journal aux actes {where} ne sont pas sur sa chaîne : le journal "
        "a été réécrit après coup.",
        "The hashes of the journal that the register holds at acts {where} are not on its chain: the journal was "
        "rewritten afterwards.",
    ),
    CrossKind.ACT_DIFFERS: (
        "L'acte {where} n'est pas le même au journal et au registre.",
        "Act {where} is not the same in the journal and in the register.",
    ),
    CrossKind.ACT_NOT_IN_JOURNAL: (
        "Le registre a repris l'acte {where}, que le journal n'a pas.",
        "The register took in act {where}, which the journal does not have.",
    ),
    CrossKind.ACT_NOT_IN_REGISTER: (
        "L'acte {where} manque au registre, qui en a accusé réception ou en a repris de plus récents.",
        "Act {where} is not in the register, which acknowledged it or took in later ones.",
    ),
    CrossKind.ACTS_OUT_OF_ORDER: (
        "Au registre, l'acte {where} est repris deux fois, ou après un plus récent.",
        "In the register, act {where} is taken in twice, or after a later one.",
    ),
    CrossKind.HEAD_REFUSED: (
        "Le point de contrôle gardé à l'acte {where} n'est pas signé par la clé du registre, ou est mal formé "
        "({more}).",
        "The checkpoint kept in act {where} is not signed by the register's key, or is malformed ({more}).",
    ),
    CrossKind.SET_BACK: (
        "Le point de contrôle gardé à l'acte {where} compte {more} écritures, plus que ce registre : il a été ramené "
        "en arrière.",
        "The checkpoint kept in act {where} counts {more} entries, more than this register: it was set back.",
    ),
    CrossKind.REWRITTEN: (
        "Les {more} premières écritures ne sont pas celles du point de contrôle gardé à l'acte {where} : le registre a "
        "été réécrit.",
        "The first {more} entries are not those of the checkpoint kept in act {where}: the register was rewritten.",
    ),
    CrossKind.BEGUN_ANEW: (
        "À l'acte {where}, l'enregistreur a repris le registre à neuf, et le registre ne dit aucune restauration.",
        "In act {where}, the recorder began anew with the register, and the register tells of no restoration.",
    ),
}


@dataclass(frozen=True, slots=True)
class CrossFinding:
    """One disagreement. ``where``: act numbers, ``first`` to ``last`` both included (0: none in particular)."""

    kind: CrossKind
    first: int = 0
    last: int = 0
    more: str = ""

    @property
    def where(self) -> str:
        """The acts, as they are printed."""
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"

    @property
    def text(self) -> Text:
        """The sentence."""
        fr, en = (one.replace("{where}", self.where).replace("{more}", self.more) for one in _SENTENCES[self.kind])
        return Text(fr=fr, en=en)


@dataclass(frozen=True, slots=True)
class CrossReport:
    """What was held against what. ``acts`` were compared one by one, ``chained`` of them with the journal's hash;
    ``heads`` of the register were found in the journal, ``before`` more from before a restoration that the register
    tells of. ``pruned``: acts that only one side still has, the other having dropped them at their term."""

    recorder: str
    acts: int = 0
    chained: int = 0
    heads: int = 0
    before: int = 0
    pruned: int = 0
    findings: tuple[CrossFinding, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether the two agree."""
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "recorder": self.recorder,
            "clean": self.clean,
            "acts": self.acts,
            "chained": self.chained,
            "heads": self.heads,
            "heads_before_restoration": self.before,
            "pruned": self.pruned,
            "findings": [
                {
                    "kind": one.kind.value,
                    "first": one.first,
                    "last": one.last,
                    "more": one.more,
                    "text": one.text.as_dict(),
                }
                for one in self.findings
            ],
        }


class Findings:
    """Collected, numbers that touch joined: a rewritten journal is one line, not ten thousand."""

    def __init__(self) -> None:
        self._found: list[CrossFinding] = []
        self._open: dict[CrossKind, int] = {}

    def add(self, kind: CrossKind, seq: int = 0, more: str = "") -> None:
        """One more; the same kind at the next number lengthens the last one. A hash that is off the chain tells of all
        acts before it: the stretch goes to the last such hash."""
        at = self._open.get(kind)
        if at is not None and not more and (kind is CrossKind.OFF_CHAIN or self._found[at].last + 1 == seq):
            self._found[at] = CrossFinding(kind, self._found[at].first, seq)
            return
        self._open[kind] = len(self._found)
        self._found.append(CrossFinding(kind, seq, seq, more))

    def span(self, kind: CrossKind, first: int, last: int) -> None:
        """A stretch of acts."""
        if first <= last:
            self._found.append(CrossFinding(kind, first, last))

    def count(self, kind: CrossKind) -> int:
        """How many acts a kind covers."""
        return sum(one.last - one.first + 1 for one in self._found if one.kind is kind)

    def drop(self, *kinds: CrossKind) -> None:
        """Forget what another finding says better."""
        self._found = [one for one in self._found if one.kind not in kinds]
        self._open.clear()

    def listed(self) -> tuple[CrossFinding, ...]:
        """All of them."""
        return tuple(self._found)
