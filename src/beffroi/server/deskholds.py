"""Placing the desk's holds: decided and registered one camera at a time, then secured with recorder and keyring, away
from the event loop. What a recorder is still writing is secured again by the desk's round (`beffroi.server.deskround`).
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.orm import Session

from beffroi.capture.client import RecorderClient
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import AuthorityId, CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.evidence.deskrules import Minutes, beyond_us, refusal_to_hold, until_us
from beffroi.evidence.deskstore import CaseClosedError, CaseFile, DeskStore, minutes_of
from beffroi.gate.keeping import Keep, Keeper, Kept
from beffroi.law.packs.fr.links import authority_of
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.registry.desktables import DeskHoldRow
from beffroi.server.centre import Centre
from beffroi.vault.hold import HoldEndingError, hold_name
from beffroi.vault.keyerrors import CaseMissingError
from beffroi.watch.holds import HoldWish, Secured, secure

_log = structlog.get_logger(__name__)

Parts = tuple[WallRange, ...]
"""Parts of a hold's minutes."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks, from which session; what they may watch now, by camera that they may know of."""

    person: PersonId
    session: str
    strong: bool
    known: dict[CameraId, bool]


class DeskHolds:
    """Places, renews, secures and ends holds."""

    def __init__(self, centre: Centre, store: DeskStore) -> None:
        self._centre = centre
        self._store = store
        self.keeper = Keeper(centre.ledger, centre.gate_key, centre.clock)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """One at a time for a case: who reads what it holds and then adds to it, or closes it, does so on what they
        read. In the centre's loop only."""
        turn = self._turns.setdefault(name, asyncio.Lock())
        async with turn:
            yield

    def check_open(self, case: CaseFile, wanted: Collection[Minutes] = ()) -> None:
        """Whether a case takes holds still, and these: asked before any entry. One whose every hold has ended is being
        closed, whatever its closing waits for: a key of it may be destroyed already, and nothing could be sealed.

        Raises:
            CaseClosedError: nothing of it is left. HoldEndingError: it is being destroyed.
        """
        if case.row.closed_us is not None:
            raise CaseClosedError
        over = [one for one in case.holds if one.ended_us is not None or self._ending(one)]
        again = any(one.ended_us is None and minutes_of(one) in wanted for one in over)
        if again or (over and len(over) == len(case.holds)):
            raise HoldEndingError(case.row.id)

    async def place(self, case: CaseFile, wanted: Sequence[Minutes], who: Who, payload: dict[str, Any]) -> None:
        """Hold these minutes, which the case does not hold: called in the `turn` in which it was read; `secure` it
        after. Every camera is decided before the first is held: a refusal leaves nothing half done. Each row follows
        its entry at once: what the register says is held has a row, wherever this stops.

        Raises:
            HoldRefusedError: this person may not; it is in the register. GateClosedError: the register is silent.
            CaseClosedError, HoldEndingError: nothing is held for it any more.
        """
        self.check_open(case)
        facts, now_us = self._centre.registry.facts(), self._centre.clock.wall_us()
        beyond = beyond_us(case.kind, case.call, paper=False)
        for one in wanted:
            refusal = refusal_to_hold(one.camera, who.known, strong=who.strong)
            if refusal is not None:
                camera = facts.cameras.get(one.camera) if one.camera in who.known else None
                authority = authority_of(camera) if camera else AuthorityId("")
                keep = Keep(who.person, case.row.id, one.camera, authority, one.range, who.session)
                await self.keeper.write(keep, "refused", {}, payload, refusal=refusal)
        for one in wanted:
            camera = facts.cameras[one.camera]
            until = until_us(one.range, beyond, now_us, paper=False)
            keep = Keep(who.person, case.row.id, one.camera, authority_of(camera), one.range, who.session)
            kept = await self.keeper.write(
                keep, "held", {**_ends(until, beyond), "rules": ["CSI-R253-4"], "frame": case.call.frame.value}, payload
            )
            self._add(_row(kept, camera.commune, until, beyond))

    async def renew(
        self, case: CaseFile, rows: Sequence[tuple[DeskHoldRow, Parts]], person: PersonId | None, session: str | None
    ) -> CaseFile:
        """The requisition for these parts of holds is there: the files that have any of it wait for their hand-over, no
        longer for paper; the other files keep their own life."""
        now_us, beyond = self._centre.clock.wall_us(), beyond_us(case.kind, case.call, paper=True)
        for row, parts in rows:
            until = until_us(minutes_of(row).range, beyond, now_us, paper=True)
            keep = replace(keep_of(row), person=person, session=session)  # None: the centre's own round
            minutes = [[one.from_us, one.to_us] for one in parts]
            kept = await self.keeper.write(keep, "renewed", {**_ends(until, beyond), "minutes": minutes}, {})
            changed = {"until_us": until, "beyond_us": beyond, "entry": kept.ledger_index}
            changed |= {"complete": False, "lengthened": True}
            self._change(row, changed)
        return await self.secure(case.row.id)

    def lengthened(self, row: DeskHoldRow) -> Parts:
        """What of a hold a requisition lengthened, as its entry says it; none when none did."""
        if not row.lengthened:
            return ()
        told: Any = self._centre.ledger.record(row.entry).detail.get("minutes")
        return tuple(WallRange(one[0], one[1]) for one in told or [[row.from_us, row.to_us]])

    async def secure(self, name: str, again: Collection[Minutes] = ()) -> CaseFile:
        """Have recorder and keyring hold what the case's rows say; what is complete is left alone, unless a file of it
        is torn (it may have been put back since) or somebody asks for it ``again``: what the recorder lost is placed
        anew. Each hold in a `turn` of the case's own: never call it in one."""
        for one in [minutes_of(row) for row in self._store.case(name).holds]:
            async with self.turn(name):  # what ends it comes before or after: the recorder would hold anew, for nobody
                await self._secure_one(name, one, asked=one in again)
        return self._store.case(name)

    async def _secure_one(self, name: str, minutes: Minutes, *, asked: bool) -> None:
        case = self._store.case(name)
        row = next((one for one in case.holds if minutes_of(one) == minutes), None)
        # An end is tried again until the recorder has done it: nothing is held for it any more.
        if row is None or case.row.closed_us is not None or row.ended_us is not None or self._ending(row):
            return
        if row.complete and not row.damaged and not asked:
            return
        try:
            done = await asyncio.to_thread(self._secure, row)
            never = {"damaged": done.damaged, "past_term": done.past_term}
            if never != {"damaged": row.damaged, "past_term": row.past_term}:
                # Before the row says so: what could not be held is in the register, or is told at the next try.
                await self.keeper.write(replace(keep_of(row), person=None), "not_all_held", never, {})
        except BeffroiError as error:
            _log.error("a hold is not in place", case=row.case, camera=row.camera, reason=error.text.en)
            self._change(row, {"waiting": max(1, row.waiting)})
            return
        at_us = row.placed_us if row.placed_us is not None else self._centre.clock.wall_us()
        told = {"held": done.held, "growing": done.growing, "waiting": done.waiting}
        told |= {"refused": len(done.refused), "complete": done.complete}
        told |= never
        self._change(row, {**told, "name": done.hold, "placed_us": at_us})
        for wrong in done.refused:
            _log.error("a key is not held", case=row.case, camera=row.camera, reason=wrong.text.en)

    async def end(self, row: DeskHoldRow, person: PersonId | None, why: str) -> int:
        """End one hold: its pieces are destroyed by the recorder, each with its proof. Returns how many.

        Raises:
            BeffroiError: the recorder does not answer, or the register is silent: to be tried again.
        """
        destroyed = 0
        async with RecorderClient(self._centre.recorder_socket) as recorder:
            # Asked before the entry is written: a recorder that is away would have one more entry at each try.
            told, keep = await recorder.call("holds", {}), keep_of(row)
            kept = Kept(keep, row.entry)
            if not self._ending(row):
                kept = await self.keeper.write(replace(keep, person=person), "ended", {"why": why}, {})
                self._change(row, {"entry": kept.ledger_index})
            # By its own name, not the row's: a recorder that fell silent while it placed the hold told none.
            name = hold_name(keep.case, keep.authority, keep.camera, keep.footage)
            if name in {*(one["hold"] for one in told["holds"]), *told.get("damaged", [])}:
                asked = {"hold": name, "case": row.case, "camera": row.camera, "lease": self.keeper.lease(kept)}
                destroyed = int((await recorder.call("hold_end", asked))["destroyed"])
        self._change(row, {"ended_us": self._centre.clock.wall_us()})
        return destroyed

    async def end_case(self, row: DeskHoldRow) -> None:
        """Destroy the case key of one authority, its proof in the register. One that is not there is no error.

        Raises:
            BeffroiError: the keyring does not answer: to be tried again.
        """
        lease, now_us = self.keeper.lease(Kept(keep_of(row), row.entry)), self._centre.clock.wall_us()
        try:
            proof = await asyncio.to_thread(self._centre.cases.end_case, row.authority, row.case, lease, now_us=now_us)
        except CaseMissingError:
            return
        fields = proof.as_fields()
        await self._centre.ledger.append_async(
            Entry(EntryKind.DESTRUCTION, authority=proof.authority, outcome=proof.outcome, detail=fields)
        )

    def _ending(self, row: DeskHoldRow) -> bool:
        """Whether the register has the end of this hold already: what is tried again is no second entry."""
        return self._centre.ledger.record(row.entry).outcome == "ended"

    def _secure(self, row: DeskHoldRow) -> Secured:
        """In a thread: keyrings are asked while it waits."""
        case, longer = self._store.case(row.case), self.lengthened(row) or None
        own_us = beyond_us(case.kind, case.call, paper=False)
        wish = HoldWish(row.case, row.camera, row.from_us, row.to_us, row.until_us, row.beyond_us, longer, own_us)
        kept = Kept(keep_of(row), row.entry)

        async def work() -> Secured:
            async with RecorderClient(self._centre.recorder_socket) as recorder:
                lease = lambda: self.keeper.lease(kept)  # noqa: E731  a callable is what `secure` takes
                return await secure(recorder, self._centre.cases, wish, lease, self._centre.clock)

        return asyncio.run(work())

    def _add(self, row: DeskHoldRow) -> None:
        def step(case: CaseFile, session: Session) -> None:
            case.row.search_until_us = case.row.search_until_us or self._centre.clock.wall_us()
            for one in case.holds:
                if minutes_of(one) == minutes_of(row) and one.ended_us is not None:
                    session.delete(one)  # held before, and ended: the register has both
            session.flush()
            session.add(row)

        self._store.change(row.case, step)

    def _change(self, row: DeskHoldRow, values: dict[str, Any]) -> None:
        def step(case: CaseFile, _: Session) -> None:
            for one in case.holds:
                if minutes_of(one) == minutes_of(row):
                    for key, value in values.items():
                        setattr(one, key, value)

        self._store.change(row.case, step)


def keep_of(row: DeskHoldRow) -> Keep:
    """What a row keeps."""
    footage = WallRange(row.from_us, row.to_us)
    return Keep(PersonId(row.person), row.case, CameraId(row.camera), AuthorityId(row.authority), footage)


def _row(kept: Kept, commune: str, until: int, beyond: int) -> DeskHoldRow:
    keep = kept.keep
    return DeskHoldRow(
        case=keep.case,
        camera=keep.camera,
        from_us=keep.footage.from_us,
        to_us=keep.footage.to_us,
        authority=keep.authority,
        commune=commune,
        person=keep.person or "",
        until_us=until,
        beyond_us=beyond,
        entry=kept.ledger_index,
    )


def _ends(until: int, beyond: int) -> dict[str, Any]:
    return {"until_us": until, "beyond_us": beyond}
