"""How long a forked register goes unseen: the centre's own thread at its own pace, a witness in its own process that
comes back just after it was asked in vain, and a dozen others that never say a word."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.commands import run
from tests.support.netspace import Netspace
from tests.support.ports import free_port, wait_for
from tests.support.register import KEY, ORIGIN, fill, open_ledger
from tests.support.townhalls import mute

from beffroi.base.clock import SystemClock
from beffroi.ledger.note import Verifier
from beffroi.server.witnessing import Witnessing
from beffroi.server.witnessstate import WitnessState

LOG = Verifier(ORIGIN, KEY.public_key())
BAR_S = 60.0
"""The number of the design: with one witness up."""
CUT_OFF = 12


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The witness's own program, until the block ends."""
    with Netspace.here() as here:
        process = here.beffroi("witness", "serve", str(folder), "--port", str(port))
        try:
            wait_for(lambda: here.answers(port), timeout_s=120, what="the witness")
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def centre(folder: Path, entries: int, person: str, *witnesses: str) -> Iterator[Witnessing]:
    """A register and what submits it to these witnesses."""
    clock = SystemClock()
    ledger = open_ledger(folder, clock=clock)
    fill(ledger, entries, person=person)
    (folder / "quorum.txt").write_text("\n".join((f"log {LOG.encode()}", *witnesses, "quorum hall", "")))
    made = Witnessing(ledger, folder, clock)
    try:
        yield made
    finally:
        made.stop()
        ledger.close()


def test_a_forked_register_is_refused_within_a_minute_of_one_witness_being_there(tmp_path: Path) -> None:
    hall, port = tmp_path / "hall", free_port()
    assert run("witness", "init", str(hall), "--name", "hall.example/witness").code == 0
    assert run("witness", "watch", str(hall), LOG.encode()).code == 0
    line = f"witness hall {(hall / 'witness.vkey').read_text().strip()} http://127.0.0.1:{port}"
    with serving(hall, port), centre(tmp_path / "honest", 60, "operateur-1", line) as true:
        wait_for(true.once, timeout_s=120, what="the witness to see the true register")
    with ExitStack() as stack:
        others = [stack.enter_context(mute(f"mute-{number}")).line for number in range(CUT_OFF)]
        forged = stack.enter_context(centre(tmp_path / "forged", 80, "someone-else", *others, line))
        # The worst moment to come back: it has just been asked, and whoever was there hung up.
        with socket.create_server(("127.0.0.1", port)) as nobody:
            nobody.settimeout(300)
            forged.start()
            nobody.accept()[0].close()
        stack.enter_context(serving(hall, port))
        assert forged.status().state is not WitnessState.REFUSED
        since = time.monotonic()
        wait_for(lambda: forged.status().state is WitnessState.REFUSED, timeout_s=300, what="the refusal")
        took = time.monotonic() - since
        assert [one.code for one in forged.notices()] == ["witness-refused"]
    print(f"a forked register was refused {took:.1f} s after its witness was back, {CUT_OFF} others mute")  # noqa: T201
    assert took <= BAR_S
