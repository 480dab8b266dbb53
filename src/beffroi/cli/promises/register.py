"""No image without its entry: on a disk that does not answer, and when the centre dies at any moment."""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Final

from websockets.exceptions import WebSocketException

from beffroi.cli.house import House
from beffroi.cli.promises.client import KIND_FRAGMENT, Person, ViewSocket
from beffroi.cli.promises.disk import RegisterOnDisk, held_disk
from beffroi.cli.promises.report import Figure, Kept, demand, kept
from beffroi.cli.promises.waiting import wait_until
from beffroi.ledger.entry import EntryKind
from beffroi.ledger.verify import verify

SEAT: Final = "supervisor"
"""Not the operator's: a one-time code serves once, and the console's checks use that one."""

CAMERA: Final = "bn-place-du-marche"
REFUSED_IN_S: Final = 3.0
SHORT_HOLD_S: Final = 0.6
"""Twice this (another entry's commit, then ours) is less than the gate waits."""

_FIRST_IMAGE_S: Final = 30.0
_TRIES: Final = 5


@dataclass
class Try:
    """One attempt to see a camera, as the viewer lived it. Bytes are image bytes; ``told``: the last words."""

    view: str = ""
    lease: str = field(default="", repr=False)
    status: int = 0
    bytes: int = 0
    answered_s: float = 0.0
    first_byte_s: float = 0.0
    told: str = ""


def no_byte_before_its_entry(house: House, *, camera: str = CAMERA, hold_s: float = 3.0) -> Kept:
    """The register's disk is held: nothing is shown until the entry is durable; then all works again.

    First every fsync for ``hold_s``, longer than the gate waits: refused, no byte. Then only the last fsync of a
    commit, shorter: the lease comes after it has come back, its entry already on disk.

    Raises:
        PromiseBrokenError: a lease or an image byte came before the entry was durable.
    """
    person, register = on_duty(house), RegisterOnDisk(house.data / "centre" / "ledger")
    pid = house.children.running["centre"].pid
    earlier = _try(person, camera)
    demand(earlier.bytes, "la vue ne s'ouvre pas avant l'essai", f"the view does not open before the trial: {earlier}")

    size = register.size()
    with held_disk(pid, house.data / "logs" / "held-all.strace", hold_s):
        began_s = time.monotonic()
        with person.socket() as socket:
            held = _ask(person, socket, camera, Try(), once=True)
            demand(
                held.status == 503 or held.view in register.views(EntryKind.VIEW_OPENED, size),
                "un bail est arrivé avant l'écriture",
                "a lease arrived before the entry",
            )
            refused_s = time.monotonic() - began_s
            _watch(socket, held, for_s=hold_s - refused_s)
            # whoever has no lease tries with that of an earlier view
            socket.send({"type": "lease", "lease": held.lease or earlier.lease})
            _watch(socket, held, for_s=1.0)
        entries = register.views(EntryKind.VIEW_OPENED, size)
    demand(held.bytes == 0 or held.view in entries, "une image est partie sans écriture", "an image left without entry")
    demand(held.status == 503, "le disque retenu n'a pas été remarqué", "the held disk was not noticed")

    again = _try(person, camera)
    demand(again.bytes, "la vue ne s'ouvre plus après l'essai", f"the view no longer opens after the trial: {again}")
    wait_until(
        lambda: again.view in register.views(EntryKind.VIEW_ENDED, size), "la fin de la vue", "the end of the view"
    )
    last_step = register.directory
    with held_disk(pid, house.data / "logs" / "held-last.strace", SHORT_HOLD_S, only=last_step) as disk:
        for _ in range(_TRIES):  # on a busy machine the gate may wait in vain, and refuse: that is its right
            size = register.size()
            began_wall_s = time.time()
            later = _try(person, camera, register=register, since=size)
            if later.status != 503:
                break
    durable = [one.done_s for one in disk.syncs() if one.path == str(last_step) and one.done_s > began_wall_s]
    demand(later.bytes, "un disque lent ne laisse plus rien voir", f"a slow disk shows nothing: {later.status}")
    demand(
        durable and durable[0] <= later.answered_s and later.answered_s - began_wall_s >= SHORT_HOLD_S,
        "un bail est parti avant la fin de l'écriture sur disque",
        "a lease left before the disk had confirmed",
    )
    clean = verify(register.directory, register.verifier, payloads=register.directory.parent / "payloads.sqlite").clean
    demand(clean, "le registre n'est pas intact", "the register is not whole")
    return kept(
        f"Disque du registre retenu {hold_s:g} s : aucune image sans écriture durable",
        Figure("images", held.bytes, "o", 0, timing=False),
        Figure("refus en", round(refused_s, 2), "s", REFUSED_IN_S),
        Figure("bail après le disque", round((later.answered_s - durable[0]) * 1000, 1), "ms"),
    )


def entry_before_byte_whatever_dies(
    house: House, *, kills: int = 3, viewers: int = 4, camera: str = CAMERA, seed: int = 1
) -> Kept:
    """Kill the centre while views open, at random instants: an entry without byte may be left, never the reverse.

    Each viewer asks at an instant of their own, so that one kill falls at another point of each opening. The first
    kill falls exactly between the entry and the first byte, the last at the first byte seen.

    Raises:
        PromiseBrokenError: a view got a lease or a byte and has no entry, or the register is not whole.
    """
    chance = random.Random(seed)  # noqa: S311  instants of a trial
    register = RegisterOnDisk(house.data / "centre" / "ledger")
    person = on_duty(house)
    usual_s = _Round(person, camera, [0.0] * viewers).run(None)
    asked = with_bytes = entries_alone = 0
    try:
        for number in range(kills):
            size, older = register.size(), register.checkpoint()
            late_s = [chance.uniform(0, usual_s) for _ in range(viewers)]
            one = _Round(person, camera, late_s, ask_only=number == 0, at_first_byte=number == kills - 1)
            one.run(lambda: house.children.stop("centre", kill=True), after_s=chance.uniform(0, 2 * usual_s))
            opened = register.views(EntryKind.VIEW_OPENED, size)
            seen = [each for each in one.tries if each.bytes]
            demand(
                all(each.view in opened for each in one.tries if each.bytes or each.lease),
                "une vue a reçu un bail ou une image sans écriture",
                "a view got a lease or an image without an entry",
            )
            asked, with_bytes = asked + viewers, with_bytes + len(seen)
            entries_alone += len(opened - {each.view for each in seen})
            house.start_centre()
            person = on_duty(house)
            report = verify(
                register.directory,
                register.verifier,
                older=older,
                payloads=register.directory.parent / "payloads.sqlite",
            )
            demand(
                report.clean, "le registre n'est pas intact après la mort", "the register is not whole after the death"
            )
            demand(opened <= register.views(EntryKind.VIEW_OPENED, size), "une écriture a disparu", "an entry is gone")
    finally:
        if "centre" not in house.children.running:
            house.start_centre()
    demand(_try(person, camera).bytes, "rien ne se rouvre", "nothing opens again")
    demand(entries_alone and with_bytes, "les instants n'ont rien éprouvé", "the instants have tried nothing")
    return kept(
        f"Centre tué {kills} fois à l'ouverture : jamais d'image sans écriture",
        Figure("vues demandées", asked, ""),
        Figure("avec images", with_bytes, ""),
        Figure("écritures sans image", entries_alone, ""),
        Figure("images sans écriture", 0, "", 0, timing=False),
    )


def on_duty(house: House) -> Person:
    """A person at work, whose views these promises open."""
    person = house.login(SEAT)
    answer = person.duty()
    demand(answer.status == 200, "la prise de service a échoué", f"taking duty failed: {answer.body}")
    return person


def _try(
    person: Person,
    camera: str,
    *,
    register: RegisterOnDisk | None = None,
    since: int = 0,
) -> Try:
    """Open one view and look, on a socket of its own; with a register, the entry must be there with the answer, and a
    refusal is for the caller to judge."""
    one = Try()
    with person.socket() as socket:
        _ask(person, socket, camera, one, once=register is not None)
        if register is not None and one.lease:
            demand(
                one.view in register.views(EntryKind.VIEW_OPENED, since),
                "un bail est arrivé avant l'écriture",
                "a lease arrived before the entry",
            )
        if one.lease:
            socket.send({"type": "lease", "lease": one.lease})
            _watch(socket, one, for_s=_FIRST_IMAGE_S, until_bytes=True)
    return one


def _ask(person: Person, socket: ViewSocket, camera: str, one: Try, *, once: bool = False) -> Try:
    answer = (person.open_view if once else person.obtain_view)(socket.connection_id, camera)
    one.answered_s, one.status = time.time(), answer.status
    if answer.status == 201:
        one.view, one.lease = answer.body["view"], answer.body["lease"]
    return one


def _watch(socket: ViewSocket, one: Try, *, for_s: float, until_bytes: bool = False) -> None:
    deadline = time.monotonic() + for_s
    while socket.closed is None and (left_s := deadline - time.monotonic()) > 0:
        message = socket.receive(left_s)
        if isinstance(message, dict) and message["type"] in {"state", "cut"}:
            one.told = str(message)
        if isinstance(message, tuple):
            one.bytes += len(message[1])
            if message[0] == KIND_FRAGMENT and not one.first_byte_s:
                one.first_byte_s = time.time()
                if until_bytes:
                    return


@dataclass
class _Round:
    """Several viewers, each of whom asks so late (seconds after the start), and what kills the centre meanwhile.

    With ``ask_only`` the centre is killed when all have their lease and before any has sent it; with
    ``at_first_byte``, as soon as one has an image.
    """

    person: Person
    camera: str
    late_s: list[float]
    ask_only: bool = False
    at_first_byte: bool = False
    tries: list[Try] = field(default_factory=list)

    def run(self, kill: Callable[[], None] | None, after_s: float = 0.0) -> float:
        """Returns the seconds from the start to the last viewer's first image (no kill), else to the kill."""
        self.tries = [Try() for _ in self.late_s]
        ready, leased = threading.Barrier(len(self.tries) + 1), threading.Barrier(len(self.tries) + 1)
        threads = [
            threading.Thread(target=self._view, args=(one, late_s, ready, leased, kill))
            for one, late_s in zip(self.tries, self.late_s, strict=True)
        ]
        for thread in threads:
            thread.start()
        ready.wait(_FIRST_IMAGE_S)
        began_s = time.time()
        if kill is not None:
            if self.ask_only:
                leased.wait(_FIRST_IMAGE_S)
            elif self.at_first_byte:
                wait_until(lambda: any(one.bytes for one in self.tries), "une image", "an image", poll_s=0.001)
            else:
                time.sleep(after_s)  # the instant drawn: nothing is awaited
            kill()
        for thread in threads:
            thread.join()
        seen_s = [one.first_byte_s for one in self.tries if one.first_byte_s]
        demand(kill is not None or seen_s, "la vue ne s'ouvre pas avant l'essai", "no view opens before the trial")
        return max(seen_s) - began_s if kill is None else time.time() - began_s

    def _view(
        self,
        one: Try,
        late_s: float,
        ready: threading.Barrier,
        leased: threading.Barrier,
        kill: Callable[[], None] | None,
    ) -> None:
        with contextlib.suppress(OSError, HTTPException, WebSocketException), self.person.socket() as socket:
            ready.wait(_FIRST_IMAGE_S)
            time.sleep(late_s)  # the instant drawn: nothing is awaited
            _ask(self.person, socket, self.camera, one)
            if self.ask_only:
                leased.wait(_FIRST_IMAGE_S)
            elif one.lease:
                socket.send({"type": "lease", "lease": one.lease})
                _watch(socket, one, for_s=_FIRST_IMAGE_S, until_bytes=kill is None)
