"""Is the register's word of a recorder the recorder's own, and the recorder's word of the register the register's?

Offline, from the files alone. What the register holds of the journal (acts, and its hash with the last act of each
batch) must be in the journal; the register's checkpoints that the recorder kept must be its beginning. What either side
has dropped at its term is no disagreement: its chain, its hashes and its roots stay.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note
from beffroi.ledger.sources import SignedRegister, Told
from beffroi.ledger.store import LedgerDamagedError
from beffroi.ledger.tiles import CHECKPOINT, WIDTH
from beffroi.vault.crossfindings import CrossFinding, CrossKind, CrossReport, Findings
from beffroi.vault.journal import ActKind
from beffroi.vault.journalentry import entry_of, says_the_same
from beffroi.vault.journalfile import Act, JournalFile

_LIVE_RETRIES: Final = 5
_GLANCE_BUNDLES: Final = 64
_GLANCE_HEADS: Final = 3
_HEADS: Final = frozenset({ActKind.REGISTER_HEAD.value, ActKind.REGISTER_ANEW.value})


def cross(directory: Path, verifier: Verifier, journal: Path, *, recorder: str, glance: bool = False) -> CrossReport:
    """Hold a recorder's journal and the register against one another.

    Args:
        directory: the register's folder.
        verifier: name and public key of the register.
        journal: the recorder's journal.sqlite.
        recorder: the name under which the register took it in.
        glance: only the newest of both, in a second: for a look every day.

    Raises:
        JournalUnreadableError: the file is not a journal.
    """
    for tries_left in reversed(range(_LIVE_RETRIES)):
        before = _note(directory)
        with JournalFile(journal) as opened:
            try:
                register = SignedRegister(directory, verifier)
                if tries_left and _note(directory) != before:
                    continue  # at work: it may have taken in acts that this view of the journal has not
                run = _Cross(register, opened, recorder)
                return run.glance() if glance else run.whole()
            except LedgerDamagedError as error:
                more = error.text.en
        if _note(directory) == before:
            break  # not merely a register at work, which removed meanwhile what reached its term
    return CrossReport(recorder, findings=(CrossFinding(CrossKind.REGISTER_UNREADABLE, more=more),))


class _Cross:
    def __init__(self, register: SignedRegister, journal: JournalFile, recorder: str) -> None:
        self._register = register
        self._journal = journal
        self._recorder = recorder
        self._found = Findings()
        self._heads: list[Act] = []
        self._acts = self._chained = self._agreed = self._pruned = self._before = self._kept = 0
        self._compared = (0, 0)
        self._head_told = 0

    def whole(self) -> CrossReport:
        to, carried = self._register.pruned()
        for first, last in self._journal.faults():
            self._found.span(CrossKind.JOURNAL_CHANGED, first, last)
        acts, restored, last_seq = self._watched(), False, carried.get(self._recorder, 0)
        self._pruned = max(0, min(last_seq, self._journal.last) - self._journal.opening)
        act = next(acts, None)
        for told in self._register.told_by(self._recorder, first=to):
            source = told.record.source
            if told.restored or source is None:
                restored = True
                continue
            if source.seq <= last_seq:
                self._found.add(CrossKind.ACTS_OUT_OF_ORDER, source.seq)
                continue
            self._found.span(CrossKind.ACT_NOT_IN_REGISTER, last_seq + 1, source.seq - 1)
            last_seq = source.seq
            while act is not None and act.seq < source.seq:
                act = next(acts, None)
            self._compare(told, act)
        for _ in acts:
            pass  # acts that the register did not take in yet; checkpoints among them are collected
        if last_seq > self._journal.last:
            self._found.add(CrossKind.JOURNAL_SHORT, self._journal.last, str(last_seq))
        self._found.span(CrossKind.ACT_NOT_IN_REGISTER, last_seq + 1, self._journal.acked)
        if 0 < self._head_told <= self._journal.opening and not self._heads:
            # A journal never drops the newest checkpoint that it kept: a hand did.
            self._found.add(CrossKind.ACT_NOT_IN_JOURNAL, self._head_told)
        if self._acts and not self._agreed:
            self._found.drop(CrossKind.ACT_DIFFERS, CrossKind.OFF_CHAIN)
            self._found.span(CrossKind.OTHER_JOURNAL, *self._compared)
        self._judge_heads(restored=restored)
        return self._report()

    def glance(self) -> CrossReport:
        """The newest hashes of the journal that the register holds, as they stand in the journal; the newest
        checkpoints that the recorder kept."""
        first = max(self._register.pruned()[0], self._register.head.size - _GLANCE_BUNDLES * WIDTH)
        restored, last_seq = False, 0
        for told in self._register.told_by(self._recorder, first=max(0, first)):
            source = told.record.source
            restored = restored or told.restored
            if told.restored or source is None:
                continue
            last_seq = source.seq
            chain = self._journal.chain_at(source.seq) if source.chain else None
            if chain is not None:
                self._chained += 1
                if chain.hex() != source.chain:
                    self._found.add(CrossKind.OFF_CHAIN, source.seq)
        if last_seq > self._journal.last:
            self._found.add(CrossKind.JOURNAL_SHORT, self._journal.last, str(last_seq))
        self._heads = self._journal.newest_heads(_GLANCE_HEADS)
        # A restoration long ago is not among these entries: whether there was one is the whole check's affair.
        self._judge_heads(restored=restored or first > 0)
        return self._report()

    def _watched(self) -> Iterator[Act]:
        for act in self._journal.acts():
            if act.kind in _HEADS:
                self._heads.append(act)
            yield act

    def _compare(self, told: Told, act: Act | None) -> None:
        source = told.record.source
        if source is None:
            return
        if told.record.outcome in _HEADS:
            self._head_told = source.seq
        if source.seq <= self._journal.opening:
            self._pruned += 1
            if source.seq == self._journal.opening and source.chain not in (None, self._journal.opening_hash.hex()):
                self._found.add(CrossKind.OFF_CHAIN, source.seq)
            return
        if source.seq > self._journal.last:
            return  # told once, at the end
        if act is None or act.seq != source.seq:
            self._found.add(CrossKind.ACT_NOT_IN_JOURNAL, source.seq)
            return
        self._acts += 1
        self._compared = (self._compared[0] or source.seq, source.seq)
        agreed = self._same(told, act)
        if not agreed:
            self._found.add(CrossKind.ACT_DIFFERS, source.seq)
        if source.chain is not None:
            self._chained += 1
            if source.chain != act.chain.hex():
                self._found.add(CrossKind.OFF_CHAIN, source.seq)
        self._agreed += agreed

    def _same(self, told: Told, act: Act) -> bool:
        if act.fields is None:
            return False
        try:
            entry = entry_of(self._recorder, act.seq, act.wall_us, act.kind, act.fields)
        except (RecursionError, ValueError):
            return False
        return says_the_same(told.record, entry)

    def _judge_heads(self, *, restored: bool) -> None:
        anew = max((act.seq for act in self._heads if act.kind == ActKind.REGISTER_ANEW.value), default=0)
        if anew and not restored:
            self._found.add(CrossKind.BEGUN_ANEW, anew)
        for act in self._heads:
            if act.kind != ActKind.REGISTER_HEAD.value:
                continue
            try:
                kept = self._opened(act)
            except (NoteError, ValueError, KeyError, TypeError) as error:
                self._found.add(CrossKind.HEAD_REFUSED, act.seq, str(error) or type(error).__name__)
                continue
            if self._register.goes_on_from(kept):
                self._kept += 1
            elif restored and act.seq < anew:
                self._before += 1
            else:
                longer = kept.size > self._register.head.size
                self._found.add(CrossKind.SET_BACK if longer else CrossKind.REWRITTEN, act.seq, str(kept.size))

    def _opened(self, act: Act) -> Checkpoint:
        fields = act.fields or {}
        note = fields["note"]
        if not isinstance(note, str):
            raise NoteError("not text")
        kept = open_note(note.encode(), self._register.verifier)
        if (kept.size, kept.root.hex()) != (fields["size"], fields["root"]):
            raise NoteError("the act says another size or root")
        return kept

    def _report(self) -> CrossReport:
        return CrossReport(
            self._recorder,
            acts=self._acts,
            chained=self._chained,
            heads=self._kept,
            before=self._before,
            pruned=self._pruned,
            findings=self._found.listed(),
        )


def _note(directory: Path) -> bytes | None:
    try:
        return (directory / CHECKPOINT).read_bytes()
    except OSError:
        return None
