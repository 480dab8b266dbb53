"""Honest packages for tests: real chunks, a real register that knows them, a real signature; and ways to forge them."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.chunks import START_US, Written, write_chunk
from tests.support.clips import clip
from tests.support.closedsource import ClosedSource
from tests.support.register import KEY as REGISTER_KEY
from tests.support.register import ORIGIN, fill, open_ledger

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.ids import CameraId
from beffroi.evidence.build import Materials, Papers, Spec, build
from beffroi.evidence.manifest import Asked, CameraFacts, Case, GapNote, Grounds, Manifest
from beffroi.evidence.registerproof import RegisterProof
from beffroi.evidence.seal import KEY_NAME, seal
from beffroi.evidence.verify import Trust
from beffroi.ledger import canonical
from beffroi.ledger.entry import Entry, EntryKind, Source, Trace
from beffroi.ledger.note import Verifier
from beffroi.ledger.proofs import Prover
from beffroi.media.frame import Frame
from beffroi.media.nal import Codec
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.reader import ChunkReader

EVIDENCE_KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))
EVIDENCE: Final = Verifier(KEY_NAME, EVIDENCE_KEY.public_key())
REGISTER: Final = Verifier(ORIGIN, REGISTER_KEY.public_key())
TRUST: Final = Trust(EVIDENCE, REGISTER)
PLACE, STATION = CameraId("place-mairie"), CameraId("gare")
SECOND_US: Final = 1_000_000
ASKED: Final = (
    Asked(PLACE, START_US, START_US + 10 * SECOND_US),
    Asked(STATION, START_US + SECOND_US * 3 // 2, START_US + 2 * SECOND_US),
)


@dataclass(frozen=True)
class Made:
    """A package, its statement and what was recorded."""

    folder: Path
    manifest: Manifest
    chunks: tuple[Written, ...]


def make_package(
    root: Path, *, extra: dict[str, bytes] | None = None, codec: Codec = "h264", keys: bool = True
) -> Made:
    """Two cameras: the first has two files of one run then, after a told gap of 2 s, another run; the second one.
    Without ``keys`` the first file of each camera has no key frame."""
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    source = clip(codec, count=75)
    other = clip(codec, count=50)
    first = source if keys else (source[0], tuple(replace(frame, key=False) for frame in source[1]))
    chunks = (
        write_chunk(root, catalogue, first, camera=PLACE),
        write_chunk(root, catalogue, source, camera=PLACE, wall_start_us=START_US + 3 * SECOND_US),
        write_chunk(root, catalogue, other, camera=PLACE, wall_start_us=START_US + 8 * SECOND_US, run="6f" * 16),
        write_chunk(root, catalogue, first, camera=STATION, run="7a" * 16),
    )
    ledger = open_ledger(root)
    fill(ledger, 30)
    indexes = [ledger.append(_closed(root, chunk)) for chunk in chunks]
    own, other_own = (ledger.append(_decided(one)) for one in ASKED)
    fill(ledger, 20)
    prover = Prover(ledger.directory, ledger.size)
    register = RegisterProof(
        ledger.checkpoint_note(), tuple(prover.inclusion(index) for index in [*indexes, own, other_own])
    )
    ledger.close()
    sources: dict[tuple[CameraId, str], list[ClosedSource]] = {}
    readers = [ChunkReader.open(chunk.path) for chunk in chunks]
    for chunk, reader in zip(chunks, readers, strict=True):
        sources.setdefault((chunk.header.camera, "main"), []).append(ClosedSource(reader, chunk.key))
    folder = root / "remise"
    materials = Materials(sources, register, [REGISTER.encode()], Papers(extra or {"LISEZMOI.txt": b"lisez-moi\n"}))
    manifest = build(folder, _spec(own), materials, EVIDENCE_KEY)
    for reader in readers:
        reader.close()
    catalogue.close()
    return Made(folder, manifest, chunks)


def make_minute(root: Path) -> Path:
    """A package of one minute of one camera at 4 Mbit/s, to be measured. Its pictures are noise: it costs the same."""
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    config, _ = clip(count=75)
    size, step = 4_000_000 // 8 // 25, 3600
    frames = tuple(
        Frame(
            (size - 4).to_bytes(4, "big") + b"\x65" + os.urandom(size - 5),
            n % 50 == 0,
            n * step,
            n * step,
            step,
            0,
            None,
        )
        for n in range(60 * 25)
    )
    chunk = write_chunk(root, catalogue, (config, frames), camera=PLACE)
    ledger = open_ledger(root)
    asked = (Asked(PLACE, START_US, START_US + 60 * SECOND_US),)
    indexes = [ledger.append(_closed(root, chunk)), ledger.append(_decided(asked[0]))]
    prover = Prover(ledger.directory, ledger.size)
    register = RegisterProof(ledger.checkpoint_note(), tuple(prover.inclusion(index) for index in indexes))
    ledger.close()
    spec = replace(_spec(indexes[1]), asked=asked, gaps=())
    with ChunkReader.open(chunk.path) as reader:
        sources = {(PLACE, "main"): [ClosedSource(reader, chunk.key)]}
        build(root / "minute", spec, Materials(sources, register, [REGISTER.encode()], Papers({})), EVIDENCE_KEY)
    catalogue.close()
    return root / "minute"


def _decided(asked: Asked) -> Entry:
    """The gate's entry: this extract was allowed."""
    return Entry(
        EntryKind.VIEW_OPENED,
        camera=CameraId(asked.camera),
        act=Act.EXTRACT,
        footage=asked.range,
        decision=Trace(Verdict.ALLOW, "G1", ("R1",), (), ("requisition/1",), "0" * 64, "1" * 64),
        outcome="allow",
    )


def _closed(root: Path, chunk: Written) -> Entry:
    with ChunkReader.open(chunk.path) as reader:
        assert reader.footer is not None
        proven = reader.footer.root.hex()
    path = chunk.path.relative_to(root).as_posix()
    detail = {"path": path, "root": proven, "stream": "main"}
    head = chunk.header  # as a journal's last act of a batch is taken in: with the hash of the journal
    source = Source(f"recorder-{head.camera}", head.wall_start_us, "ab" * 32)
    return Entry(EntryKind.RECORDER, camera=head.camera, outcome="chunk_closed", source=source, detail=detail)


def _spec(own: int) -> Spec:
    return Spec(
        made_us=START_US + 3600 * SECOND_US,
        software="beffroi test",
        case=Case("dossier-1", "requisition", "CPP 60-1", "PV 2026/17", "commissariat", "flagrance", "2026-02-02"),
        requested_by="commissariat",
        made_by="agent 12",
        agreed_by="agent 7",
        authority="maire/99001",
        decision=Grounds(("R1",), ("requisition/1",), "0" * 64, own),
        cameras=(
            CameraFacts(PLACE, "Place de la mairie", "place", "Bourg-Neuf", "maire/99001", 1300),
            CameraFacts(STATION, "Gare", "parvis", "Bourg-Neuf", "maire/99001", None),
        ),
        asked=ASKED,
        gaps=(GapNote(PLACE, START_US + 6 * SECOND_US, START_US + 8 * SECOND_US, "stream_closed"),),
        zone="Europe/Paris",
    )


def forge(made: Made, to: Path) -> Path:
    """A copy of a package to be forged."""
    return Path(shutil.copytree(made.folder, to))


def resign(folder: Path, change: Callable[[dict[str, Any]], None], key: Ed25519PrivateKey = EVIDENCE_KEY) -> None:
    """Change the statement, put right every hash that it holds, and sign it again: what a thief of the key can do."""
    path = folder / "manifest.json"
    statement = json.loads(path.read_bytes())
    change(statement)
    for item in [*statement["files"], *statement["others"]]:
        file = folder / item["path"]
        if file.is_file():
            item["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    raw = canonical.dump(statement)
    path.write_bytes(raw)
    (folder / "manifest.sig").write_bytes(seal(raw, key))
