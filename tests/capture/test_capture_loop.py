"""One loop for all cameras: whatever one of them does, the others lose no picture, and a stop is seen at once."""

import contextlib
import datetime
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.support.cameras import CameraSpec, SimulatedCameras, simulated_cameras
from tests.support.capturing import Capturing, capturing
from tests.support.ports import busy, wait_for

from beffroi.capture import stream as stream_module
from beffroi.capture.ends import RunEnd
from beffroi.capture.rtsp import Session
from beffroi.capture.stream import SILENT_S
from beffroi.media.rtp import AccessUnit


@pytest.fixture(scope="module")
def sim() -> Iterator[SimulatedCameras]:
    with simulated_cameras([CameraSpec("rue-1", user="u", password="p"), CameraSpec("rue-2")]) as running:
        yield running


@contextlib.contextmanager
def mute_server() -> Iterator[int]:
    """Accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        for one in held:
            one.close()


def certificate(folder: Path) -> Path:
    """What a camera has: self-signed, for no name, with a short key."""
    key = rsa.generate_private_key(65_537, 1024)  # noqa: S505  as old cameras have them
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    path = folder / "camera.pem"
    path.write_bytes(
        builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    return path


@contextlib.contextmanager
def tls_before(port: int, pem: Path) -> Iterator[int]:
    """A camera's TLS in front of a plain one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def copy(source: socket.socket, target: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65_536):
                    target.sendall(data)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    outside = context.wrap_socket(listener.accept()[0], server_side=True)
                    inside = socket.create_connection(("127.0.0.1", port))
                    for pair in ((outside, inside), (inside, outside)):
                        threading.Thread(target=copy, args=pair, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _gapless(capture: Capturing, name: str) -> None:
    frames = [frame for group in capture.kept[name].groups for frame in group.frames]
    steps = {after.pts_90k - before.pts_90k for before, after in pairwise(frames)}
    assert steps == {3600}
    assert capture.kept[name].ends == []


def test_a_camera_behind_tls_with_a_short_key_is_captured(sim: SimulatedCameras, tmp_path: Path) -> None:
    with tls_before(sim.port, certificate(tmp_path)) as port, capturing() as capture:
        capture.add("tls", f"rtsps://u:p@127.0.0.1:{port}/rue-1/main")
        capture.wait_frames("tls", 60)
        _gapless(capture, "tls")


def test_a_camera_known_by_name_is_captured(sim: SimulatedCameras) -> None:
    with capturing() as capture:
        capture.add("named", sim.url("rue-2").replace("127.0.0.1", "localhost"))
        capture.wait_frames("named", 30)


def test_cameras_that_are_mute_closed_or_unknown_take_nothing_from_the_others(
    sim: SimulatedCameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung = threading.Event()
    real = socket.getaddrinfo

    def resolver(host: str, port: int, *, type: int) -> object:  # noqa: A002  as the loop calls it
        if host == "slow.invalid":
            hung.wait(60)
        if host == "camera.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")  # at once, whatever network this machine has
        return real(host, port, type=type)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    monkeypatch.setattr(stream_module, "SILENT_S", 2.5 * busy())  # a busy machine is silent as well
    with mute_server() as port, capturing() as capture:
        good = capture.add("good", sim.url("rue-1"))
        capture.wait_frames("good", 10)
        capture.add("mute", f"rtsp://127.0.0.1:{port}/x")
        capture.add("mute-tls", f"rtsps://127.0.0.1:{port}/x")
        capture.add("closed", "rtsp://127.0.0.1:1/x")
        capture.add("unknown", "rtsp://camera.invalid/x")
        capture.add("slow", "rtsp://slow.invalid/x")
        capture.add("nonsense", "http://127.0.0.1/x")
        others = [kept for name, kept in capture.kept.items() if name != "good"]
        wait_for(lambda: all(kept.failed for kept in others), timeout_s=60, what="each of them to be given up for now")
        capture.wait_frames("good", 25)
        failed = {name: set(kept.failed) for name, kept in capture.kept.items()}
        _gapless(capture, "good")
        hung.set()
    assert good.failed == []
    assert failed["mute"] == failed["mute-tls"] == {RunEnd.STALLED}
    assert failed["closed"] == failed["unknown"] == {RunEnd.REFUSED}
    assert failed["nonsense"] == {RunEnd.UNREADABLE}
    assert failed["slow"] == {RunEnd.STALLED}


def test_a_fault_in_one_session_ends_that_session_only(sim: SimulatedCameras, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Session.receive
    broken: list[str] = []

    def receive(self: Session, data: bytes | memoryview, now_s: float) -> list[AccessUnit]:
        units = real(self, data, now_s)
        if self.address.url.endswith("/rue-2/main") and self.playing and len(broken) < 2:
            broken.append("before a picture of it was taken")
            raise RuntimeError("a fault of ours")
        return units

    monkeypatch.setattr(Session, "receive", receive)
    with capturing() as capture:
        capture.add("good", sim.url("rue-1"))
        capture.add("bad", sim.url("rue-2"))
        capture.wait_frames("bad", 10)
        capture.wait_frames("good", 10)
        _gapless(capture, "good")
        assert capture.kept["bad"].failed == [RunEnd.UNREADABLE] * 2
    assert len(broken) == 2


def test_a_camera_that_sends_no_key_frame_after_a_run_ended_is_called_again(
    sim: SimulatedCameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its times leap, so its run ends; the next one begins at a key frame, and a camera of periodic intra refresh sends
    one for each call only."""
    real = Session.receive
    sessions: list[Session] = []
    seen: list[int] = []

    def receive(self: Session, data: bytes | memoryview, now_s: float) -> list[AccessUnit]:
        units = real(self, data, now_s)
        if self not in sessions:
            sessions.append(self)
        if self is sessions[0]:
            for unit in units:
                if seen or unit.key:  # from its first key frame on
                    unit.key = unit.key and not seen
                    unit.rtp_time = (unit.rtp_time + (0 if len(seen) < 30 else 20 * 90_000)) % (1 << 32)
                    seen.append(unit.rtp_time)
        return units

    monkeypatch.setattr(Session, "receive", receive)
    monkeypatch.setattr(stream_module, "NO_KEY_S", 2.0 * busy())
    with capturing() as capture:
        kept = capture.add("rue-2", sim.url("rue-2"))
        wait_for(lambda: len(seen) > 40, timeout_s=60, what="its times to leap")
        capture.wait_frames("rue-2", 60)
        runs = list(dict.fromkeys(group.run.id for group in kept.groups))
        frames = Counter(group.run.id for group in kept.groups for _ in group.frames)
        assert kept.ends == [RunEnd.TIMESTAMP], "said once"
        assert kept.failed == [], "the call that ended had given pictures"
    assert len(sessions) == 2
    assert len(runs) == 2
    assert 0 < frames[runs[0]] <= 30


def test_a_stop_hands_in_what_had_come_even_from_a_stalled_camera(sim: SimulatedCameras) -> None:
    with capturing() as capture:
        kept = capture.add("rue-2", sim.url("rue-2"))
        capture.wait_frames("rue-2", 20)
        sim.fault("rue-2", "stall")
        try:
            time.sleep(1.5)  # a stall is made of time
            before = kept.frames
            began_s = time.monotonic()
            stream = capture.streams["rue-2"]
            capture.loop.end(stream, RunEnd.SHEET)
            wait_for(lambda: stream.finished, what="the stream to be finished")
            wait_for(lambda: kept.ends, what="the run to end")
            took_s = time.monotonic() - began_s
        finally:
            sim.fault("rue-2", "none")
    sys.stdout.write(f"stopped in {took_s * 1000:.0f} ms, {kept.frames - before} pictures of the last part group\n")
    assert kept.ends == [RunEnd.SHEET]
    assert took_s < SILENT_S - 2, "long before its silence would have ended the run"


def test_a_machine_that_stood_still_takes_no_camera_for_gone(
    sim: SimulatedCameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent_s = 2.5 * busy()  # so long a silence of the camera itself would be told rightly
    monkeypatch.setattr(stream_module, "SILENT_S", silent_s)
    with capturing() as capture:
        kept = capture.add("rue-1", sim.url("rue-1"))
        capture.wait_frames("rue-1", 10)
        capture.loop._order(lambda: time.sleep(silent_s + 1))
        capture.wait_frames("rue-1", 25 * 5)
        _gapless(capture, "rue-1")
        assert kept.failed == []


def test_lost_packets_are_counted_and_told_once_in_ten_minutes(sim: SimulatedCameras) -> None:
    with capturing() as capture:
        kept = capture.add("rue-2", sim.url("rue-2"))
        capture.wait_frames("rue-2", 20)
        sim.fault("rue-2", "drop:0.3")
        try:
            wait_for(lambda: capture.streams["rue-2"].health.rtp_lost > 20, what="packets to be lost")
            wait_for(lambda: kept.lost, what="the loss to be told")
        finally:
            sim.fault("rue-2", "none")
        assert len(kept.lost) == 1
        packets, pictures = kept.lost[0]
        assert packets >= 1
        assert 1 <= pictures <= 2 * packets, "the last packet of one picture may be missed by the next one as well"
        assert kept.ends == [], "a loss is no end"


def test_the_recorder_carries_no_codec_library() -> None:
    """FFmpeg, NumPy and the centre's libraries stay out of the recorder's programs: memory, and attack surface."""
    heavy = {"av", "numpy", "sqlalchemy", "fastapi", "pydantic", "cedarpy", "PIL", "pygments"}
    for module in ("beffroi.capture.worker", "beffroi.capture.supervisor", "beffroi.cli.recorder"):
        code = (
            f"from beffroi.capture.lean import lean; lean(); import sys, {module}; "
            f"print(*sorted({{name.partition('.')[0] for name in sys.modules}} & {heavy!r}))"
        )
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert found.stdout.split() == [], module
