"""One stream: call the camera, take what it sends, call again when it stops, until the sheet ends.

A state machine that the capture loop drives; it never waits. Everything here is called by the loop's thread, but for
`renew`.
"""

import contextlib
import select
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from beffroi.capture.backoff import Backoff
from beffroi.capture.ends import RunEnd
from beffroi.capture.health import StreamHealth, StreamState
from beffroi.capture.intake import Intake
from beffroi.capture.link import Link, Target
from beffroi.capture.live_stream import LiveStream
from beffroi.capture.mandate import Mandate
from beffroi.capture.recording import StreamRecording, cause_of
from beffroi.capture.rotation import NO_KEY_US
from beffroi.capture.rtsp import Address, Session, SourceError
from beffroi.capture.sink import StreamSink
from beffroi.capture.writers import WriterPool
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError

_log = structlog.get_logger(__name__)

SILENT_S: Final = 5.0
"""A camera that sends nothing for so long, at any moment of the session, is taken for gone."""

CONNECT_S: Final = 2.0
"""A connection that is not there by then is given up, and tried anew: the first packet and its repetition after 1 s
went unanswered. The kernel would send the next ones after 3 and 7 s: a camera that returns meanwhile would wait."""

NO_KEY_S: Final = NO_KEY_US / 1e6
"""A camera that plays, and for so long sends no key frame for a run to begin with, is called again: some send one at
the beginning of each session and no other."""

_LOOK_S: Final = 0.5
_MAX_READS: Final = 16
"""Reads of one stream before the others have their turn: 16 × 256 KiB."""

_LOSS_AGAIN_S: Final = 600.0
_FOR_EVER_S: Final = float("inf")


class Reactor(Protocol):
    """What a stream asks of the loop."""

    def watch(self, fd: int, events: int, stream: "CameraStream") -> None:
        """Have `ready` called when this socket is; replaces what was asked for it before."""
        ...

    def unwatch(self, fd: int) -> None:
        """No more; before the socket is closed."""
        ...

    def resolve(self, address: Address, found: Callable[[Target | None], None]) -> None:
        """Look a name up without waiting; ``found`` is called by the loop."""
        ...


class CameraStream:
    """Captures one stream for ever. ``due_s``: when `timer` is to be called, monotonic. ``finished``: it has stopped,
    and hands in no more groups."""

    def __init__(
        self,
        *,
        mandate: Mandate,
        recording: StreamRecording,
        pool: WriterPool,
        live: LiveStream,
        clock: Clock,
    ) -> None:
        self.mandate = mandate
        self.live = live
        self.recording = recording
        self.health = StreamHealth()
        self.due_s = 0.0
        self.finished = False
        self.closing = False
        self.stop_end = RunEnd.STOPPED
        self._pool = pool
        self._clock = clock
        self._backoff = Backoff()
        sink = StreamSink(
            name=str(mandate.key), recording=recording, pool=pool, live=live, health=self.health, clock=clock
        )
        self._intake = Intake(sink, clock, recording.accounted_us)
        self._reactor: Reactor | None = None
        self._session: Session | None = None
        self._link: Link | None = None
        self._events = 0
        self._call = 0  # number of the attempt: an answer of the resolver for an earlier one is passed over
        self._told = False
        self._unheard = False  # called at an address, and nothing was heard yet
        self._began_s = self._dialled_s = self._heard_s = 0.0
        self._frames_before = 0
        self._lost_before = self._lost_told = self._torn = 0
        self._loss_told_s = -_LOSS_AGAIN_S

    @property
    def calling(self) -> bool:
        """Whether a camera that has said something is being called, and does not play yet. One that is away or mute is
        called all the time, and nothing comes that would wait for a tick."""
        here = self._link is not None and not self._unheard
        return here and self._session is not None and not self._session.playing

    @property
    def _connecting(self) -> bool:
        return self._link is not None and not self._link.reached

    def begin(self, reactor: Reactor) -> None:
        """The loop takes this stream."""
        self._reactor = reactor
        self.health.enter(StreamState.CONNECTING, self._clock.wall_us())

    def renew(self, mandate: Mandate) -> None:
        """The same stream under a renewed sheet. Its credentials serve at the next call. From any thread."""
        self.mandate = mandate
        self.recording.mandate = mandate

    def stop(self, end: RunEnd) -> None:
        """End now: what has come is handed to the writers."""
        self.stop_end = end
        if self._session is not None:
            self._over(end, stopping=True)
        self.due_s = _FOR_EVER_S
        self.finished = True

    def timer(self, now_s: float) -> None:
        """Time has passed: call the camera, keep the session alive, see that it is not silent."""
        if not self.mandate.in_force(self._clock.wall_us()):
            self._out_of_force(now_s)
        elif self._session is None:
            self._begin_call(now_s)
        elif self._connecting and now_s - self._dialled_s >= CONNECT_S:
            self._over(RunEnd.REFUSED)
        elif now_s - self._heard_s > SILENT_S or (self._told and self._intake.without_run_s(now_s) > NO_KEY_S):
            self._over(RunEnd.STALLED)
        else:
            self.due_s = now_s + _LOOK_S
            if self._connecting:
                self.due_s = min(self.due_s, self._dialled_s + CONNECT_S)
            self._guarded(self._keep_alive, now_s)

    def ready(self, events: int, buffer: memoryview, now_s: float) -> None:
        """Its socket is ready. ``buffer`` is the loop's, free again afterwards."""
        if self._session is not None and not self.mandate.in_force(self._clock.wall_us()):
            self._out_of_force(now_s)
        else:
            self._guarded(self._advance, events, buffer, now_s)

    def _advance(self, events: int, buffer: memoryview, now_s: float) -> None:
        link, session = self._link, self._session
        if link is None or session is None:
            return
        if not link.open:
            if link.advance():
                self._heard_s = now_s
                link.send(session.to_send())
            self._listen()
            return
        if events & select.EPOLLOUT:
            link.flush()
        for _ in range(_MAX_READS):
            count = link.receive(buffer)
            if not count:
                break
            self._heard_s = now_s
            self._unheard = False
            units = session.receive(buffer[:count], now_s)
            if units:
                if not self._told and session.codec is not None:
                    self._told = True
                    self._intake.session(session.codec, session.sets)
                for unit in units:
                    if unit.lost:
                        self._torn += 1
                self._intake.units(units)
            if count < len(buffer) and not link.buffered:
                break
        self._answer(link, session)

    def _answer(self, link: Link, session: Session) -> None:
        waiting = session.to_send()
        if waiting:
            link.send(waiting)
        self._listen()

    def _keep_alive(self, now_s: float) -> None:
        if self._session is None:
            return
        self._session.tick(now_s)
        self._count_lost(self._session.rtp_lost, now_s)
        if self._link is not None and self._link.open:
            self._answer(self._link, self._session)

    def _count_lost(self, in_session: int, now_s: float, *, over: bool = False) -> None:
        """Packets that never came: counted at once, told in the journal now and then, with the pictures that they tore:
        the first of these is known once it is whole (or the session is ``over``)."""
        health = self.health
        health.rtp_lost = self._lost_before + in_session
        known = health.rtp_lost > self._lost_told and (self._torn or over)
        if known and now_s - self._loss_told_s >= _LOSS_AGAIN_S:
            recording, packets, pictures = self.recording, health.rtp_lost - self._lost_told, self._torn
            self._lost_told, self._torn, self._loss_told_s = health.rtp_lost, 0, now_s
            self._pool.order(str(self.mandate.key), lambda: recording.packets_lost(packets, pictures))

    def _begin_call(self, now_s: float) -> None:
        assert self._reactor is not None  # noqa: S101  `begin` comes first
        self._began_s = self._heard_s = now_s
        self._frames_before = self.health.frames
        self._call += 1
        self._told = self._unheard = False
        self.due_s = now_s + _LOOK_S
        self._guarded(self._dial, now_s)

    def _dial(self, now_s: float) -> None:
        assert self._reactor is not None  # noqa: S101  `begin` comes first
        self._session = Session(self._url(), now_s=now_s)
        address = self._session.address
        target = Target.literal(address)
        if target is not None:
            self._connect(address, target)
            return
        call = self._call

        def found(target: Target | None) -> None:
            if call == self._call and self._session is not None and self._link is None:
                if target is None:
                    self._over(RunEnd.REFUSED)
                else:
                    self._guarded(self._connect, address, target)

        self._reactor.resolve(address, found)

    def _connect(self, address: Address, target: Target) -> None:
        self._unheard, self._dialled_s = True, self._clock.monotonic_s()
        self._link = Link(target, address)
        self._listen()

    def _listen(self) -> None:
        link = self._link
        if link is not None and self._reactor is not None and link.events != self._events:
            self._events = link.events
            self._reactor.watch(link.fileno(), link.events, self)

    def _guarded(self, act: Callable[..., None], *args: object) -> None:
        """Do something that a camera may make fail: the session then ends, and nothing else."""
        try:
            act(*args)
        except SourceError as error:
            self._over(error.end)
        except Exception as error:  # noqa: BLE001  a camera sends what it likes: the other streams must go on
            _log.error("a session failed", stream=str(self.mandate.key), error=type(error).__name__, exc_info=True)
            self._unheard = False  # ours to mend: no use in trying each second
            self._over(RunEnd.UNREADABLE)

    def _over(self, end: RunEnd, *, stopping: bool = False) -> None:
        """The session, or the attempt at one, ended: say so and plan the next."""
        if end is RunEnd.CLOSED and not (self._session and self._session.playing):
            end = RunEnd.REFUSED  # it never agreed to play
        self._hang_up()
        self._intake.end(end)
        now_s = self._clock.monotonic_s()
        delivered = self.health.frames > self._frames_before
        if stopping:
            return
        if not delivered:
            recording = self.recording
            self._pool.order(str(self.mandate.key), lambda: recording.attempt_failed(end))
        self._down(end)
        lasted_s = now_s - self._began_s
        wait_s = 0.0
        if end not in {RunEnd.SHEET, RunEnd.DISK}:
            wait_s = self._backoff.after(lasted_s if delivered else 0.0, lasted_s if self._unheard else None)
        self.due_s = now_s + wait_s

    def _hang_up(self) -> None:
        session, self._session = self._session, None
        link, self._link = self._link, None
        if session is not None:
            self._count_lost(session.rtp_lost, self._clock.monotonic_s(), over=True)
            self._lost_before = self.health.rtp_lost
        self._events = 0
        self._call += 1
        if link is None:
            return
        if self._reactor is not None:
            self._reactor.unwatch(link.fileno())
        if session is not None and link.open:
            with contextlib.suppress(SourceError):  # a camera that does not take its farewell is no matter
                link.send(session.close())
        link.close()

    def _url(self) -> str:
        try:
            return self.mandate.open_url()
        except BeffroiError as error:
            _log.error("camera credentials do not open", stream=str(self.mandate.key), error=type(error).__name__)
        raise SourceError(RunEnd.UNREADABLE, "credentials")

    def _down(self, end: RunEnd) -> None:
        state = self.health.state
        self.health.enter(StreamState.DOWN, self._clock.wall_us(), cause_of(end).value)
        if state is not StreamState.DOWN:
            _log.warning("stream lost", stream=str(self.mandate.key), end=end.value)

    def _out_of_force(self, now_s: float) -> None:
        recording, end = self.recording, self.mandate.out_of_force()
        cause = cause_of(end)
        if self._session is not None:
            self._over(end)
        if self.health.state is not StreamState.STOPPED or self.health.cause != cause.value:
            self._pool.order(str(self.mandate.key), lambda: recording.close(cause))
            _log.warning("recording stopped", stream=str(self.mandate.key), cause=cause.value)
        elif end is RunEnd.DISK:
            self._pool.order(str(self.mandate.key), lambda: recording.attempt_failed(end))
        self.health.enter(StreamState.STOPPED, self._clock.wall_us(), cause.value)
        self.due_s = now_s + 1.0
