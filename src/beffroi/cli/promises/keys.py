"""No picture of a stored file opens without its key; with it, through the releaser, it does; destroyed, never again."""

import json
import tempfile
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import av
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from beffroi.base.secrets import read_secret
from beffroi.capture.paths import RecorderPaths
from beffroi.cli.house import KEYRINGS_FILE, House
from beffroi.cli.promises.client import KIND_FRAGMENT, KIND_INIT, ViewSocket
from beffroi.cli.promises.keyhunt import Loot, gather, opens
from beffroi.cli.promises.pictures import SAME, UNLIKE, filmed, kinds_of_streams, likeness, shown
from beffroi.cli.promises.recording import RecorderDoor
from beffroi.cli.promises.report import Figure, Kept, PromiseBrokenError, demand, kept
from beffroi.cli.promises.stolen import take
from beffroi.cli.promises.waiting import wait_until
from beffroi.domain.ids import AuthorityId, authority_slug
from beffroi.media.parse import sample_bytes
from beffroi.media.repair import iterate
from beffroi.vault.chunkformat import ChunkHeader, DamagedChunkError
from beffroi.vault.hourkeys import HourKeyring, PublicHours
from beffroi.vault.keyerrors import HourDestroyedError
from beffroi.vault.reader import ChunkReader
from beffroi.vault.sealing import SealBrokenError, chunk_info, seal_content_key
from beffroi.vault.signed import load_public_keys

CAMERA: Final = "bn-place-du-marche"
"""One that offers sound."""

SEAT: Final = "supervisor"
_FRAGMENT_HEAD: Final = 17
_HEAD_BYTES: Final = 65_536
"""More than any head: what has no head and is larger was not copied too early."""

_BACK_US: Final = 20_000_000
_WANTED_FRAGMENTS: Final = 2
_WANTED_FRAMES: Final = 150
_REPLAY_S: Final = 60.0
_DRAWN: Final = 24
"""How many wrong keys are tried on a whole file, pictures looked at; all others are tried on its first picture."""


@dataclass
class Played:
    """What a replay brought: the key of the file, and its head and fragments as they are stored."""

    kid: bytes = b""
    key: bytes = b""
    media: bytes = b""
    fragments: int = 0


def no_key_no_picture(house: House, *, camera: str = CAMERA) -> Kept:
    """A recorder's folder is stolen, and everything in it tried; then the same file through the door, under a lease.

    Then, on copies, the hour key is destroyed before its term, and everything in centre and recorder tried again.

    Raises:
        PromiseBrokenError: a picture showed, or none did with the key, or there is a sound.
    """
    source = _simulated(house, camera)
    truth = filmed(Path(source["main"]))
    demand(_offers_sound(house, source), "la caméra n'offre pas de son", "the camera offers no sound")
    played = _replayed(house, camera)
    with_key = likeness(shown(played.media, played.key), truth)
    demand(with_key >= SAME, "la clé n'ouvre pas l'image", f"the key does not open the picture: {with_key:.2f}")
    with _stolen(house) as folder:
        path = _file_of(folder / "recorder", camera, played.kid)
        loot = gather([folder / "recorder", folder / "run"])
        strongest = _tried(path, loot, played, truth)
        after = _after_destruction(house, path, folder, played, loot)
        demand(
            {kind for one in _chunks(folder / "recorder") for kind in kinds_of_streams(one.read_bytes())} == {"video"},
            "un fichier a du son",
            "a file holds sound",
        )
    return kept(
        "Fichier volé : aucune image sans sa clé, ni avec tout ce que garde l'enregistreur, ni après destruction",
        Figure("ressemblance sans clé", round(strongest, 2), "", UNLIKE, timing=False),
        Figure("avec la clé", round(with_key, 3), ""),
        Figure("clés essayées", len(loot), ""),
        Figure("après destruction", after, ""),
        Figure("pistes son", 0, "", 0, timing=False),
    )


def _tried(path: Path, loot: Loot, played: Played, truth: Any) -> float:
    """Try all of it; the best likeness that any wrong key made."""
    media = path.read_bytes()
    demand(likeness(shown(media, played.key), truth) >= SAME, "le fichier volé n'est pas lisible", "unreadable copy")
    iv, cipher, clear = _first_bytes(path, played.key)
    with ChunkReader.open(path) as reader:
        header = reader.header
    public = _public_half(path, header)
    found = opens(loot, header, public, iv, cipher, clear)
    demand(not found, "une clé traînait chez l'enregistreur", f"a key lay with the recorder: {found[:3]}")
    # the hunt can find: with the key among the loot it does
    demand(
        opens(Loot({played.key}), header, public, iv, cipher, clear), "la recherche est aveugle", "the hunt is blind"
    )
    own = X25519PrivateKey.generate()
    half = own.public_key().public_bytes_raw()
    ours = replace(header, sealed_key=seal_content_key(half, played.key, info=chunk_info(header)))
    seen = opens(Loot(privates={own.private_bytes_raw()}), ours, half, iv, cipher, clear)
    demand(seen, "la recherche ne voit pas une clé privée", "the hunt is blind to a private half")
    identity = (path.parents[3] / "identity.key").read_bytes()
    named = [identity[at : at + 16] for at in range(0, len(identity) - 15, 8)]
    sealed = [header.sealed_key[at : at + 16] for at in range(0, len(header.sealed_key), 16)]
    wrong = [header.kid, bytes(16), *sealed, *named, *sorted(loot.keys)][:_DRAWN]
    return max(likeness(shown(media, key), truth) for key in (None, *wrong))


def _after_destruction(house: House, path: Path, folder: Path, played: Played, tried: Loot) -> int:
    """On copies: the hour key opens, is destroyed, opens no more, nor does what is left. How much was tried."""
    with ChunkReader.open(path) as reader:
        header = reader.header
    slug = authority_slug(AuthorityId(header.authority))
    centre, taken = house.data / "centre", folder / "centre"
    take(centre, taken, deep=False)
    for part in (Path("secrets"), Path("keyrings") / slug):
        take(centre / part, taken / part)
    passphrase = read_secret(house.data / KEYRINGS_FILE).decode()
    ring = HourKeyring.open(folder / "centre" / "keyrings" / slug, passphrase)
    key = ring.unseal(header.term_days, header.hour, header.sealed_key, info=chunk_info(header))
    demand(key == played.key, "la copie du trousseau n'ouvre pas", "the copied keyring does not open")
    public = _public_half(path, header)
    own = ring.public_keys(header.term_days, header.hour, 1)
    demand(own == [public], "ce n'est pas la clé de cette heure", "this is not the key of this hour")
    ring.destroy(header.term_days, header.hour, before_term=True)
    again = HourKeyring.open(folder / "centre" / "keyrings" / slug, passphrase)
    try:
        again.unseal(header.term_days, header.hour, header.sealed_key, info=chunk_info(header))
    except HourDestroyedError:
        pass
    else:
        demand(False, "une clé détruite ouvre encore", "a destroyed key still opens")
    ours = folder / "centre" / "keyrings" / slug
    kept_files = [one for one in (folder / "centre").iterdir() if one.is_file()]
    loot = gather([folder / "recorder", folder / "run", folder / "centre" / "secrets", ours, *kept_files])
    found = opens(loot.without(tried), header, public, *_first_bytes(path, played.key))
    demand(not found, "le fichier détruit s'ouvre encore", f"the destroyed file still opens: {found[:3]}")
    held = again.held_hours(header.term_days)
    for hour in held:
        try:
            again.unseal(header.term_days, hour, header.sealed_key, info=chunk_info(header))
        except SealBrokenError:
            continue
        demand(False, "la clé d'une autre heure l'ouvre", "the key of another hour opens it")
    return len(loot) + len(held)


def _simulated(house: House, camera: str) -> dict[str, Any]:
    cameras = json.loads((house.data / "cameras.json").read_text())["cameras"]
    found: dict[str, Any] = next(one for one in cameras if one["name"] == camera)
    return found


def _offers_sound(house: House, source: dict[str, Any]) -> bool:
    login = f"{source['user']}:{quote(source['password'], safe='')}"
    address = f"rtsp://{login}@127.0.0.1:{house.rtsp_port}/{source['name']}/main"
    with av.open(address, options={"rtsp_transport": "tcp", "timeout": "5000000"}) as camera:
        return bool(camera.streams.audio)


def _replayed(house: House, camera: str) -> Played:
    """The last seconds through the door: a replay under a lease, as the console plays it."""
    door = RecorderDoor(house.data)
    since_us = time.time_ns() // 1000
    wait_until(
        lambda: door.stored(since_us - _BACK_US).get((camera, "main"), 0) > _WANTED_FRAMES,
        "quelques images sur disque",
        "some pictures on disk",
    )
    person = house.login(SEAT)
    demand(person.duty().status == 200, "la prise de service a échoué", "taking duty failed")
    to_us = time.time_ns() // 1000
    asked = {"from": _iso(to_us - _BACK_US), "to": _iso(to_us), "reason": "watch"}
    with person.socket() as socket:
        answer = person.obtain_view(socket.connection_id, camera, "replay", **asked)
        demand(answer.status == 201, "la relecture est refusée", f"replay is refused: {answer.body}")
        socket.send({"type": "lease", "lease": answer.body["lease"]})
        socket.send({"type": "seek", "seek": 1, "at_us": to_us - _BACK_US, "speed": 1})
        return _collect(socket)


def _collect(socket: ViewSocket) -> Played:
    played = Played()
    deadline = time.monotonic() + _REPLAY_S
    while played.fragments < _WANTED_FRAGMENTS and socket.closed is None and time.monotonic() < deadline:
        message = socket.receive(1.0)
        if isinstance(message, tuple):
            kind, data = message
            if kind == KIND_INIT:
                played.media, played.fragments = data, 0
            elif kind == KIND_FRAGMENT and played.media:
                played.media += data[_FRAGMENT_HEAD:]
                played.fragments += 1
        elif message and message["type"] == "init":
            played.kid, played.key = _unb64(message["kid"]), _unb64(message["key"])
    demand(played.fragments, "la relecture n'a rien envoyé", f"replay sent nothing: {socket.closed}")
    return played


@contextmanager
def _stolen(house: House) -> Iterator[Path]:
    """A copy of all files under DIR/recorder and DIR/run, taken while it records."""
    with tempfile.TemporaryDirectory(prefix="stolen-") as name:
        folder = Path(name)
        for part in ("recorder", "run"):
            take(house.data / part, folder / part)
        yield folder


def _chunks(recorder: Path) -> list[Path]:
    return sorted(path for path in (recorder / "streams").rglob("*.mp4") if _begun(path))


def _begun(path: Path) -> bool:
    """Whether it has its head: one that was copied just after its creation has nothing yet that could show or sound."""
    try:
        with ChunkReader.open(path, trust_footer=False):
            return True
    except DamagedChunkError:
        size = path.stat().st_size
        demand(size < _HEAD_BYTES, "un fichier n'a pas d'en-tête", f"{path.name} has no head, and {size} bytes")
        return False


def _file_of(recorder: Path, camera: str, kid: bytes) -> Path:
    for path in _chunks(recorder):
        if path.parent.parent.name == camera:
            with ChunkReader.open(path) as reader:
                if reader.header.kid == kid:
                    return path
    raise PromiseBrokenError("le fichier rejoué n'est pas sur le disque", "the replayed file is not on disk")


def _public_half(path: Path, header: ChunkHeader) -> bytes:
    """The half that this file's key was sealed to, as the recorder that wrote it holds it."""
    recorder = RecorderPaths(path.parents[4])
    hours = PublicHours.load(recorder.hours, load_public_keys(recorder.sheet_trust))
    return hours.public_for(header.authority, header.term_days, header.hour)


def _first_bytes(path: Path, key: bytes) -> tuple[bytes, bytes, bytes]:
    """(IV, stored, true): the first sixteen protected bytes of the first picture."""
    with ChunkReader.open(path) as reader:
        gop = reader.gops[0]
        raw = reader.read(gop.offset, gop.length)
    fragment = next(item for item, _ in iterate(raw) if item is not None)
    sample = fragment.samples[0]
    stored = raw[fragment.start + sample.offset :][: sample.size]
    true = sample_bytes(raw, fragment, sample, key)
    clear = sample.subsamples[0][0]
    return sample.iv, stored[clear : clear + 16], true[clear : clear + 16]


def _iso(wall_us: int) -> str:
    return datetime.fromtimestamp(wall_us / 1e6, UTC).isoformat()


def _unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
