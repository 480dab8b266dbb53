"""The commands, as a person or a service runs them."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.support import commands
from tests.support.chunks import CAMERA, feed, header_for
from tests.support.clips import clip, gops
from tests.support.keys import PASSPHRASE, KeyWorld, key_world
from tests.support.ports import wait_for

from beffroi.base.clock import SystemClock
from beffroi.cli.passphrase import CREDENTIAL, read_passphrase
from beffroi.domain.clock import instant
from beffroi.domain.errors import BadInputError
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import ChunkWriter, CloseReason
from beffroi.vault.hourkeys import HourKeyring, PublicHours, chunk_info, hour_of, seal_content_key
from beffroi.vault.keyring_remote import RemoteKeyring
from beffroi.vault.reader import ChunkReader

BEFFROI = [sys.executable, "-c", "from beffroi.cli.main import main; main()"]
TERM = 15


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BEFFROI, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def phrase(tmp_path: Path) -> Path:
    path = tmp_path / "phrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def world(tmp_path: Path) -> KeyWorld:
    return key_world(tmp_path / "data", SystemClock(), term_days=TERM)


def ring_dir(world: KeyWorld) -> Path:
    return world.data / "centre" / "keyrings" / "maire-99001"


def write_chunk(world: KeyWorld) -> tuple[Path, int]:
    """A real chunk in the present hour, and its first instant."""
    root = world.data / "recorder"
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    config, frames = clip(count=50)
    start_us = hour_of(world.clock.wall_us()) * 3_600_000_000 + 1_000_000
    key = secrets.token_bytes(16)
    header = header_for(config, wall_start_us=start_us)
    public = world.hours.public_for(header.authority, TERM, header.hour)
    header = replace(header, sealed_key=seal_content_key(public, key, info=chunk_info(header)))
    writer = ChunkWriter.create(root, header, config, key, catalogue)
    feed(writer, gops(frames))
    writer.close(CloseReason.ROTATED)
    catalogue.close()
    return writer.path, start_us


def test_create_prepare_bundle_list(tmp_path: Path, phrase: Path, world: KeyWorld) -> None:
    ring = tmp_path / "ring"
    made = run("keyring", "create", "--ring", ring, "--authority", "maire/99002", "--passphrase-file", phrase)
    assert made.returncode == 0, made.stderr
    made = run("keyring", "prepare", "--ring", ring, "--term", "30", "--days", "2", "--passphrase-file", phrase)
    assert made.stdout.startswith("48 "), made.stderr
    key = tmp_path / "sheet.key"
    key.write_bytes(world.sheet_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    out = tmp_path / "hours" / "x.json"
    out.parent.mkdir()
    arguments: list[str | Path] = ["--ring", ring, "--term", "30", "--days", "2", "--sheet-key", key, "--out", out]
    made = run("keyring", "bundle", *arguments, "--passphrase-file", phrase)
    assert made.returncode == 0, made.stderr
    hours = PublicHours.load(out.parent, (world.sheet_key.public_key(),))
    assert hours.public_for("maire/99002", 30, hour_of(SystemClock().wall_us()))
    listed = json.loads(run("keyring", "list", "--ring", ring, "--json").stdout)
    assert listed["authority"] == "maire/99002"
    assert (listed["terms"][0]["held"], listed["terms"][0]["past_term"]) == (48, 0)
    assert PASSPHRASE.encode() not in b"".join(path.read_bytes() for path in ring.rglob("*") if path.is_file())


def test_a_wrong_passphrase_is_a_sentence_and_code_1(world: KeyWorld, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("pas la bonne phrase")
    wrong.chmod(0o600)
    result = run("keyring", "prepare", "--ring", ring_dir(world), "--term", "15", "--passphrase-file", wrong)
    assert result.returncode == 1
    assert "phrase de passe" in result.stderr
    assert "Traceback" not in result.stderr


def test_vault_check_counts_what_it_finds(world: KeyWorld) -> None:
    path, _ = write_chunk(world)
    good = run("vault", "check", "--data", world.data, "--level", "hash")
    assert good.returncode == 0, good.stdout + good.stderr
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    assert run("vault", "check", "--data", world.data, "--level", "size").returncode == 0
    bad = run("vault", "check", "--data", world.data, "--level", "hash")
    assert bad.returncode == 1
    assert path.name in bad.stdout


@pytest.fixture
def served(world: KeyWorld, tmp_path: Path, phrase: Path) -> Iterator[Path]:
    """`beffroi keyring serve` as the commune runs it, the passphrase on a descriptor."""
    socket = tmp_path / "ring.sock"
    read_end, write_end = os.pipe()
    os.write(write_end, PASSPHRASE.encode())
    os.close(write_end)
    command = [*BEFFROI, "keyring", "serve", "--ring", str(ring_dir(world)), "--socket", str(socket), "--gate-key"]
    command += [str(world.data / "recorder" / "trust" / "gate.pub"), "--passphrase-fd", str(read_end)]
    process = subprocess.Popen(command, pass_fds=[read_end], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    os.close(read_end)
    wait_for(socket.is_socket, timeout_s=60, what="the keyring's socket")
    yield socket
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert not socket.exists()


def test_decrypt_under_a_lease_only(world: KeyWorld, served: Path, tmp_path: Path) -> None:
    path, start_us = write_chunk(world)
    end_us = start_us + 2_000_000
    span = f"{instant(start_us).isoformat()}/{instant(end_us).isoformat()}"
    common: list[str | Path] = ["vault", "decrypt", path, "--range", span, "--socket", served, "--gate-key"]
    common.append(world.data / "recorder" / "trust" / "gate.pub")
    out = tmp_path / "clear.mp4"
    now_us = world.clock.wall_us()
    # Here and not in a process of its own: a lease lives three seconds, and starting one may take as long.
    lease = world.lease(CAMERA, from_us=start_us, to_us=end_us)
    good = commands.run(*map(str, (*common, "--out", out, "--lease", lease)))
    assert good.code == 0, good.output
    with av.open(str(out)) as media:
        assert sum(1 for _ in media.decode(video=0)) == 50
    assert out.stat().st_mode & 0o777 == 0o600
    for lease in (
        world.lease(CAMERA, from_us=start_us, to_us=end_us - 1),
        world.lease("cam-2", from_us=start_us, to_us=end_us),
        world.lease(CAMERA, from_us=start_us, to_us=end_us, issued_us=now_us - 4_000_000),
    ):
        other = tmp_path / "refused.mp4"
        refused = run(*common, "--out", other, "--lease", lease)
        assert refused.returncode == 1
        assert "droit de vue" in refused.stderr
        assert not other.exists()


def test_the_served_ring_answers_and_destroys_what_is_due(world: KeyWorld, tmp_path: Path, phrase: Path) -> None:
    """A ring left alone past its terms: the first act of the serving process is to destroy them, with proofs."""
    late = SystemClock().wall_us() - 40 * 86_400_000_000

    class Past:
        def wall_us(self) -> int:
            return late

        def monotonic_s(self) -> float:
            return 0.0

    ring = HourKeyring.open(ring_dir(world), PASSPHRASE, clock=Past())
    first = hour_of(late)
    assert ring.prepare(TERM, first, 5) == 5
    socket = tmp_path / "late.sock"
    command = [*BEFFROI, "keyring", "serve", "--ring", str(ring_dir(world)), "--socket", str(socket), "--gate-key"]
    command += [str(world.data / "recorder" / "trust" / "gate.pub"), "--passphrase-file", str(phrase)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    proofs = ring_dir(world) / "destroyed.jsonl"
    try:
        wait_for(lambda: proofs.exists() and proofs.read_bytes().count(b"\n") >= 5, what="proofs of destruction")
        lines = [json.loads(line) for line in proofs.read_text().splitlines()]
        assert [line["hour"] for line in lines] == list(range(first, first + 5))
        assert not any(ring.has(TERM, hour) for hour in range(first, first + 5))
        path, start_us = write_chunk(world)
        token = world.lease(CAMERA, from_us=start_us, to_us=start_us + 1)
        with ChunkReader.open(path) as reader:
            assert len(RemoteKeyring(socket).release(reader.header, token, now_us=0)) == 16
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_passphrases_come_from_private_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phrase: Path) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert read_passphrase(phrase, None) == PASSPHRASE
    phrase.chmod(0o644)
    with pytest.raises(BadInputError, match="chmod"):
        read_passphrase(phrase, None)
    with pytest.raises(BadInputError):
        read_passphrase(tmp_path / "none", None)
    with pytest.raises(BadInputError):
        read_passphrase(None, 987)
    with pytest.raises(BadInputError, match="No passphrase"):
        read_passphrase(None, None)
    (tmp_path / CREDENTIAL).write_text("depuis systemd, en mémoire")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_passphrase(None, None) == "depuis systemd, en mémoire"
    for bad in (b"", b"\n", b"a\nb", b"\xff\xff", b"x" * 5000):
        (tmp_path / CREDENTIAL).write_bytes(bad)
        with pytest.raises(BadInputError):
            read_passphrase(None, None)


def test_another_passphrase_opens_the_same_keys(tmp_path: Path, phrase: Path) -> None:
    ring, fresh = tmp_path / "ring", tmp_path / "fresh"
    fresh.write_text("une tout autre phrase de passe")
    fresh.chmod(0o600)
    old: list[str | Path] = ["--ring", ring, "--passphrase-file", phrase]
    assert run("keyring", "create", *old, "--authority", "maire/99002").returncode == 0
    assert run("keyring", "prepare", *old, "--term", "30", "--days", "1").stdout.startswith("24 ")
    before = HourKeyring.open(ring, PASSPHRASE)
    first = before.held_hours(30)[0]
    keys = before.public_keys(30, first, 24)
    assert len(set(keys) - {None}) == 24
    wrong = run("keyring", "passphrase", "--ring", ring, "--passphrase-file", fresh, "--new-passphrase-file", fresh)
    assert wrong.returncode == 1
    changed = run("keyring", "passphrase", *old, "--new-passphrase-file", fresh)
    assert changed.returncode == 0, changed.stderr
    assert "maire/99002" in changed.stdout
    assert run("keyring", "prepare", *old, "--term", "30", "--days", "1").returncode == 1
    made = run("keyring", "prepare", "--ring", ring, "--passphrase-file", fresh, "--term", "30", "--days", "1")
    assert made.stdout.startswith(("0 ", "1 ")), f"none, or one where the hour has turned; {made.stderr}"
    after = HourKeyring.open(ring, fresh.read_text())
    assert after.public_keys(30, first, 24) == keys
