"""Pictures opened to be drawn upon, and the derived copy made from them.

Clear pictures exist in memory alone, while a view of act extract is open, under its lease of the moment; what is
written to the disk is masked. One view from the opening of the editor to its end: an entry each.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from beffroi import __version__
from beffroi.base.background import Background
from beffroi.base.files import unlink_durable
from beffroi.domain.acts import Act
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.ids import CameraId, ConnectionId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.evidence.blur import Masking, masking_from
from beffroi.evidence.blurcopy import MARK, Group, Picture, jpeg, masked, pictures, write_copy
from beffroi.evidence.derived import Derived, pack
from beffroi.evidence.subjectstore import RequestFile, minutes_of_copy
from beffroi.gate.answers import Cut, OpenedView
from beffroi.gate.gate import Gate
from beffroi.ledger.entry import Sent
from beffroi.registry.desktables import DeskHoldRow
from beffroi.registry.subjecttables import SubjectCopyRow
from beffroi.server.asking import question
from beffroi.server.centre import Centre
from beffroi.server.deskbuild import holding
from beffroi.server.deskdelivery import Maker
from beffroi.server.duty import purpose_for
from beffroi.server.heldreader import HeldReader
from beffroi.server.session import Caller
from beffroi.server.subjectcopy import DONE, NOT_GRANTED, NOT_HELD, Copies
from beffroi.server.viewing import Viewing, screen_id
from beffroi.vault.rangeerrors import NoFootageError

IDLE_S: Final = 300.0
"""Pictures that nobody has asked for so long are closed."""

_MOST_TOLD: Final = 64
"""Of so many closed by the centre itself the reason is remembered, for the page that still shows them."""

_NOT_OPEN: Final = Text(
    fr="Les images ne sont pas ouvertes : ouvrez-les de nouveau.", en="The pictures are not open: open them again."
)
_IDLE: Final = Text(
    fr="Personne n'a demandé d'image depuis un moment : elles sont fermées. Fermez l'éditeur, qui garde vos cadres, "
    "puis ouvrez-les de nouveau.",
    en="Nobody has asked for a picture for a while: they are closed. Close the editor, which keeps your boxes, then "
    "open them again.",
)
_OPENING: Final = Text(
    fr="Les images de cette copie sont en cours d'ouverture : attendez un instant, puis réessayez.",
    en="The pictures of this copy are being opened: wait a moment, then try again.",
)


@dataclass(eq=False)
class Editing:
    """Pictures open for drawing: one view, one session."""

    copy: str
    request: RequestFile
    row: SubjectCopyRow
    caller: Caller
    view: OpenedView
    hold: DeskHoldRow
    asked: WallRange
    used_s: float
    shown: int = 0
    shown_bytes: int = 0
    cut: Cut | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Editings:
    """What is open for drawing in this process. Use as a context, in the event loop."""

    centre: Centre
    copies: Copies
    gate: Gate
    viewing: Viewing
    idle_s: float = IDLE_S
    _open: dict[str, Editing] = field(default_factory=dict)
    _opening: set[str] = field(default_factory=set)
    _why: dict[str, tuple[str, Text]] = field(default_factory=dict)
    """Closed by the centre itself, by copy: whose session it was, and why."""

    async def __aenter__(self) -> "Editings":
        await asyncio.to_thread(self.copies.tidy)
        self._sweeping = Background(self._sweep, "subject-copies")
        self._sweeping.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._sweeping.stop()
        for one in list(self._open.values()):
            await self.close(one, "stopped")

    async def open(self, request: RequestFile, name: str, maker: Maker) -> Editing:
        """Open the pictures: decided, registered, leased, as any extract.

        Raises:
            RefusedError: not agreed, not the preparer. GateRefusedError: the law. NoFootageError: nothing is held.
        """
        row, caller = request.copy(name), maker.caller
        self.copies.only(caller, row.prepared_by)
        if row.agreed_us is None or row.built_us is not None:
            raise RefusedError(NOT_GRANTED if row.agreed_us is None else DONE)
        self.copies.check_title(request, row)
        case = await self.copies.subjects.desk.holds.secure(request.row.case)
        hold = holding(case, minutes_of_copy(row))
        if hold is None or not hold.complete:
            raise RefusedError(NOT_HELD)
        before = self._open.get(name)
        if before is not None:
            await self.close(before)
        if name in self._opening:
            raise BadInputError(_OPENING)
        self._opening.add(name)
        try:
            view = await self._view(row, maker, request.row.id)
        finally:
            self._opening.discard(name)
        asked = minutes_of_copy(row).range
        editing = Editing(name, request, row, caller, view, hold, asked, self.centre.clock.monotonic_s())
        self._open[name] = editing
        self._why.pop(name, None)
        self.gate.subscribe(view.id, lambda _, cut: setattr(editing, "cut", cut))
        self.viewing.restate()
        return editing

    def find(self, name: str, caller: Caller) -> Editing:
        """What this session has open.

        Raises:
            RefusedError: nothing, or it was cut: the sentence says why.
        """
        found = self._mine(name, caller)
        found.used_s = self.centre.clock.monotonic_s()
        return found

    def still(self, name: str, caller: Caller) -> None:
        """Whether what this session has open may still be on its screen. To ask does not keep it open.

        Raises:
            RefusedError: no longer: the sentence says why.
        """
        found = self._mine(name, caller)
        self.copies.check_title(found.request, found.row)
        if self.gate.current_lease(found.view.id) is None:
            raise RefusedError(_NOT_OPEN)

    def _mine(self, name: str, caller: Caller) -> Editing:
        found = self._open.get(name)
        if found is None or found.caller.session != caller.session:
            session, why = self._why.get(name, ("", _NOT_OPEN))
            raise RefusedError(why if session == caller.session else _NOT_OPEN)
        if found.cut is not None:
            raise RefusedError(found.cut.text)
        return found

    async def picture(self, editing: Editing, at_us: int, masking: Masking | None) -> tuple[int, bytes]:
        """The last picture at or before an instant (the first one when none is), as JPEG; masked, when boxes are given.

        Raises:
            BadInputError: outside of the minutes. LeaseRefusedError: withdrawn. BeffroiError: recorder, keys, pictures.
        """
        if not editing.asked.from_us <= at_us < editing.asked.to_us:
            raise BadInputError(NOT_HELD)
        self.copies.check_title(editing.request, editing.row)
        async with editing.lock:
            picture = await asyncio.to_thread(self._one_picture, editing, at_us)
            data = await asyncio.to_thread(jpeg, picture if masking is None else masked(picture, masking))
            if self.gate.current_lease(editing.view.id) is None:
                raise RefusedError(editing.cut.text if editing.cut else _NOT_OPEN)
            editing.shown, editing.shown_bytes = editing.shown + 1, editing.shown_bytes + len(data)
        return picture.wall_us, data

    async def build(self, request: RequestFile, editing: Editing) -> RequestFile:
        """Make the derived copy with the boxes as they are kept. The view of the editor ends with it.

        Raises:
            LeaseRefusedError: withdrawn; nothing is left. NoFootageError: no picture. BeffroiError, OSError: nothing is
                left either.
        """
        name = editing.copy
        if name in self.copies.making:
            raise BadInputError(DONE)
        self.copies.making.add(name)  # until the row says so: what the second person looks over is never made again
        try:
            return await self._build(self.copies.subjects.store.request(request.row.id), name, editing)
        finally:
            self.copies.making.discard(name)

    async def _build(self, request: RequestFile, name: str, editing: Editing) -> RequestFile:
        row = request.copy(name)
        if row.built_us is not None:
            raise BadInputError(DONE)
        masking, outcome = masking_from(row.masking), "not_built"
        async with editing.lock:
            try:
                made = await asyncio.to_thread(self._make, request, row, editing, masking)
                outcome = "ended"
            finally:
                await self.close(editing, outcome)
        derived, (size, sha256, manifest) = made
        told = {"copy": name, "manifest": manifest, "sha256": sha256, "pictures": derived.pictures, "bytes": size}
        done = {"pictures": derived.pictures, "size_bytes": size, "sha256": sha256, "manifest_sha256": manifest}
        try:
            await self.copies.subjects.enter("subject_copy_built", request, editing.caller, told)
            return self.copies.set(request, name, built_us=self.centre.clock.wall_us(), **done)
        except BaseException:
            unlink_durable(self.copies.path(name))  # no row speaks of it: nothing would destroy it before a restart
            raise

    async def stop(self, request: RequestFile) -> bool:
        """Close all that is open of a request. Whether a copy of it is still being made: without its lease it ends."""
        for one in [one for one in self._open.values() if one.request.row.id == request.row.id]:
            await self.close(one, "stopped")
        return any(one.id in self.copies.making for one in request.copies)

    async def close(self, editing: Editing, outcome: str = "ended") -> None:
        """The pictures are closed: the register is told how many were shown."""
        if self._open.get(editing.copy) is not editing:  # closed already; the same copy may be open anew
            return
        del self._open[editing.copy]
        self.viewing.others.pop(editing.view.connection, None)
        shown = editing.asked if editing.shown else None
        await self.gate.end(editing.view.id, Sent(editing.shown, editing.shown_bytes, shown), outcome=outcome)

    async def _view(self, row: SubjectCopyRow, maker: Maker, request: str) -> OpenedView:
        asked = question(
            self.centre,
            maker.caller,
            CameraId(row.camera),
            Act.EXTRACT,
            maker.reason.purpose,
            footage=minutes_of_copy(row).range,
            second=PersonId(row.second),
            post=maker.post,
        )
        decide = self.centre.decider.decide
        asked = replace(
            asked, purpose=purpose_for(maker.reason, lambda one: decide(replace(asked, purpose=one)).allowed)
        )
        connection = ConnectionId(secrets.token_urlsafe(18))
        self.viewing.others[connection] = (maker.caller, maker.post)
        try:
            return await self.gate.open(
                asked,
                connection,
                maker.payload,
                session=screen_id(maker.caller.session),
                detail={"case": request, "copy": row.id},
            )
        except BaseException:
            self.viewing.others.pop(connection, None)
            raise

    def _reader(self, editing: Editing) -> HeldReader:
        still = partial(self.copies.check_title, editing.request, editing.row)
        return HeldReader(self.centre, self.gate, editing.hold, editing.view, still=still)

    def _one_picture(self, editing: Editing, at_us: int) -> Picture:
        """In a thread: only the groups that this picture needs are read."""
        reader = self._reader(editing)
        try:
            found = None
            span = WallRange(at_us, min(at_us + 1_000_000, editing.asked.to_us))
            for picture in pictures((group for group, _ in reader.groups(span)), editing.asked):
                if found is not None and picture.wall_us > at_us:
                    break
                found = picture
            if found is None:
                raise NoFootageError
            return found
        finally:
            reader.close()

    def _make(
        self, request: RequestFile, row: SubjectCopyRow, editing: Editing, masking: Masking
    ) -> tuple[Derived, tuple[int, str, str]]:
        """In a thread: read, mask, encode, pack. What is clear never touches the disk."""
        out = self.copies.path(row.id)
        out.parent.mkdir(mode=0o700, exist_ok=True)
        film, hasher, groups = out.with_suffix(".making"), hashlib.sha256(), list[str]()
        reader = self._reader(editing)

        def read() -> Iterator[Group]:
            for group, stored_sha256 in reader.groups(editing.asked):
                hasher.update(group.data)
                groups.append(stored_sha256)
                yield group

        try:
            count = write_copy(film, pictures(read(), editing.asked), masking, f"{MARK}, {request.row.id}")
            if not count:
                raise NoFootageError
            derived = Derived(
                request=request.row.id,
                copy=row.id,
                camera=row.camera,
                from_us=row.from_us,
                to_us=row.to_us,
                groups=groups,
                clear_sha256=hasher.hexdigest(),
                masking=masking,
                pictures=count,
                made_by=row.prepared_by,
                agreed_by=row.second,
                made_us=self.centre.clock.wall_us(),
                software=f"beffroi {__version__}",
            )
            return derived, pack(film, out, derived, self.centre.evidence_key)
        finally:
            reader.close()
            film.unlink(missing_ok=True)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            at_s = self.centre.clock.monotonic_s()
            for one in list(self._open.values()):
                gone = self.centre.identity.session_of_key(one.caller.session) is None
                over = one.cut is not None or at_s - one.used_s > self.idle_s
                # what reads or builds meets the end of its view by itself; an idle one is not idle while it does
                if gone or (over and not one.lock.locked()):
                    if not gone:
                        self._tell(one, _IDLE if one.cut is None else one.cut.text)
                    with suppress(RefusedError):
                        await self.close(one, "disconnected" if gone and one.cut is None else "ended")

    def _tell(self, editing: Editing, why: Text) -> None:
        self._why[editing.copy] = (editing.caller.session, why)
        while len(self._why) > _MOST_TOLD:
            del self._why[next(iter(self._why))]
