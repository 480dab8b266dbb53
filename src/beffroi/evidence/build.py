"""Building a package: the clear files, their proofs, what the register says, the statement, its signature.

The folder is made under a passing name and renamed once it is whole and confirmed by the disk: nobody hands over half.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.files import fsync_dir, fsync_fd
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.evidence.frames import FrameSource, clear_file
from beffroi.evidence.manifest import (
    MANIFEST,
    SIGNATURE,
    TIMESTAMP,
    Asked,
    CameraFacts,
    Case,
    GapNote,
    Grounds,
    Manifest,
    MediaFile,
    OtherFile,
)
from beffroi.evidence.registerproof import PATH as LOG_PATH
from beffroi.evidence.registerproof import RegisterProof
from beffroi.evidence.seal import KEY_NAME, seal
from beffroi.ledger.note import Verifier
from beffroi.vault.rangeerrors import NoFootageError

KEYS: Final = "verify/keys.txt"
TimeStamper = Callable[[bytes], bytes | None]
"""The manifest → a time stamp over it (``.tsr``), None when the authority gives none."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a package says besides its pictures."""

    made_us: int
    software: str
    case: Case
    requested_by: str
    made_by: str
    agreed_by: str
    authority: str
    decision: Grounds
    cameras: tuple[CameraFacts, ...]
    asked: tuple[Asked, ...]
    gaps: tuple[GapNote, ...]
    zone: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Papers:
    """Files made elsewhere that go in: by name, their bytes (the viewer, the read-me). ``slip`` makes the printable
    paper out of the statement."""

    files: Mapping[str, bytes]
    slip: Callable[[Manifest], Mapping[str, bytes]] = lambda _: {}


@dataclass(frozen=True, slots=True)
class Materials:
    """What a package is made of.

    ``sources``: recorded files or frozen pieces by camera and stream; ``register``: what the register says of them, and
    of this package's own entry; ``keys``: the *vkeys* of the register and its witnesses; ``papers``: what goes in
    besides; ``timestamp`` asks a time-stamping authority, None leaves the package without.
    """

    sources: Mapping[tuple[CameraId, str], Sequence[FrameSource]]
    register: RegisterProof
    keys: Sequence[str]
    papers: Papers
    timestamp: TimeStamper | None = None


def build(out: Path, spec: Spec, materials: Materials, key: Ed25519PrivateKey) -> Manifest:
    """Write the package into the folder ``out``, which must not exist, signed with the centre's evidence key.

    Raises:
        NoFootageError: no picture at all.
        DamagedFootageError: what is stored is not what was recorded; nothing is left.
        OSError: the disk refuses; nothing is left.
    """
    making = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    making.mkdir(parents=True, mode=0o700)
    try:
        manifest = _Building(making, spec).run(materials, key)
        for folder, _, _ in os.walk(making):
            fsync_dir(Path(folder))
        making.rename(out)
        fsync_dir(out.parent)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return manifest


class _Building:
    def __init__(self, root: Path, spec: Spec) -> None:
        self._root = root
        self._spec = spec
        self._media: list[MediaFile] = []
        self._others: list[OtherFile] = []

    def run(self, materials: Materials, key: Ed25519PrivateKey) -> Manifest:
        for (camera, stream), files in sorted(materials.sources.items()):
            for asked in (one.range for one in self._spec.asked if one.camera == camera):
                for run in _runs(files):
                    self._add(camera, stream, run, asked)
        if not self._media:
            raise NoFootageError
        self._other(LOG_PATH, materials.register.encode())
        verifier = Verifier(KEY_NAME, key.public_key())
        self._other(KEYS, "\n".join([*materials.keys, verifier.encode(), ""]).encode())
        for name, data in materials.papers.files.items():
            self._other(name, data)
        for name, data in materials.papers.slip(self._statement()).items():
            self._other(name, data)
        manifest = self._statement()
        raw = manifest.encode()
        _write(self._root / MANIFEST, [raw])
        _write(self._root / SIGNATURE, [seal(raw, key)])
        stamp = None if materials.timestamp is None else materials.timestamp(raw)
        if stamp is not None:
            _write(self._root / TIMESTAMP, [stamp])
        return manifest

    def _statement(self) -> Manifest:
        told = {name: getattr(self._spec, name) for name in Spec.__dataclass_fields__}
        others = tuple(sorted(self._others, key=lambda one: one.path))
        return Manifest(**told, files=tuple(self._media), others=others)

    def _other(self, name: str, data: bytes) -> None:
        digest, _ = _write(self._root / name, [data])
        self._others.append(OtherFile(name, digest))

    def _add(self, camera: CameraId, stream: str, run: Sequence[FrameSource], asked: WallRange) -> None:
        """The file of one run, when the run has pictures of the range."""
        try:
            clear = clear_file(run, asked)
        except NoFootageError:
            return
        number = 1 + sum(one.camera == camera for one in self._media)
        name, proof = f"media/{camera}-{number}.mp4", f"proof/{camera}-{number}.json"
        digest, size = _write(self._root / name, clear.blocks())
        self._other(proof, clear.proof.encode())
        header, layout = clear.header, clear.layout
        made = MediaFile(
            path=name,
            sha256=digest,
            bytes=size,
            camera=camera,
            stream=stream,
            codec=header.codec_string,
            width=header.width,
            height=header.height,
            from_us=layout.footage.from_us,
            to_us=layout.footage.to_us,
            frames=layout.frames,
            proof=proof,
        )
        self._media.append(made)


def _runs(files: Sequence[FrameSource]) -> list[list[FrameSource]]:
    found: dict[str, list[FrameSource]] = {}
    for file in sorted(files, key=lambda item: item.chunk.header.wall_start_us):
        found.setdefault(file.chunk.header.run, []).append(file)
    return list(found.values())


def _write(path: Path, blocks: Iterable[bytes]) -> tuple[str, int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    hasher, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for block in blocks:
            file.write(block)
            hasher.update(block)
            size += len(block)
        file.flush()
        fsync_fd(file.fileno(), path)
    return hasher.hexdigest(), size
