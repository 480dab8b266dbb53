"""Verifying a package offline: nothing that it says of itself is believed before it is shown.

Order: the statement's form → its signature → every file's hash, and no other file → the pictures against what was
recorded → what the register says → the time stamp → that what was asked is there, or told to be missing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

from cryptography.x509 import Certificate

from beffroi.domain.ranges import WallRange
from beffroi.evidence import folder, registerproof
from beffroi.evidence.decided import check_decided
from beffroi.evidence.fields import FieldError
from beffroi.evidence.findings import Finding, Kind, Report
from beffroi.evidence.frames import MAX_PROOF, FileProof, check_file, parse_proof
from beffroi.evidence.holes import untold
from beffroi.evidence.manifest import MANIFEST, MAX_MANIFEST, OUTSIDE, SIGNATURE, TIMESTAMP, Manifest, MediaFile, parse
from beffroi.evidence.seal import check_seal
from beffroi.evidence.stamped import check_stamp
from beffroi.evidence.timestamp import MAX_TOKEN
from beffroi.evidence.told import Told
from beffroi.evidence.witnessed import check_witnesses
from beffroi.ledger.cosignature import WitnessKey
from beffroi.ledger.note import Verifier
from beffroi.ledger.quorum import Quorum
from beffroi.vault.chunkformat import ChunkHeader, DamagedChunkError

LEAD_IN_US: Final = 20_000_000
"""Pictures before the asked start that are there to be decoded only: a group of pictures is no longer."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What a package is verified against, each had by another way than the package: the centre's evidence key, the key
    of its register, its witnesses, their quorum file when it must be met, the certificates of time-stamp authorities
    (none: the authority stays unverified, which is told)."""

    evidence: Verifier
    register: Verifier
    witnesses: Sequence[WitnessKey] = ()
    quorum: Quorum | None = None
    authorities: Sequence[Certificate] = ()


def verify_package(path: Path, trust: Trust) -> Report:
    """Verify the folder or zip file at ``path``.

    Args:
        path: what was handed over.
        trust: the keys.

    Raises:
        OSError: it cannot be read at all.
    """
    try:
        package = folder.open_package(path)
    except BadZipFile:
        return Report((Finding(Kind.MANIFEST_MISSING),), 0, 0)
    raw = package.read(MANIFEST, most=MAX_MANIFEST)
    if raw is None:
        return Report((Finding(Kind.MANIFEST_MISSING),), 0, 0)
    try:
        manifest = parse(raw)
    except (FieldError, ValueError) as error:
        return Report((Finding(Kind.MANIFEST_MALFORMED, detail=str(error)[:200]),), 0, 0)
    return _Verification(package, manifest, raw).run(trust)


class _Verification:
    def __init__(self, package: folder.FilePackage, manifest: Manifest, raw: bytes) -> None:
        self._package = package
        self._manifest = manifest
        self._raw = raw
        self._findings: list[Finding] = []
        self._told: list[Told] = []
        self._frames = 0
        self._bad: set[str] = set()
        self._roots: list[tuple[str, str, str]] = []
        self._held: dict[str, list[WallRange]] = {}
        self._asked: dict[str, set[WallRange]] = {}
        for one in manifest.asked:
            self._asked.setdefault(one.camera, set()).add(one.range)

    def run(self, trust: Trust) -> Report:
        self._findings += check_seal(self._raw, self._package.read(SIGNATURE, most=65_536), trust.evidence)
        self._files()
        for file in self._manifest.files:
            self._media(file)
        self._register(trust)
        self._stamp(trust.authorities)
        self._findings += self._holes()
        return Report(tuple(sorted(set(self._findings))), len(self._package.names), self._frames, tuple(self._told))

    def _find(self, kind: Kind, where: str = "", detail: str = "") -> None:
        self._findings.append(Finding(kind, where, detail))

    def _files(self) -> None:
        named = [(file.path, file.sha256) for file in self._manifest.files]
        named += [(file.path, file.sha256) for file in self._manifest.others]
        for name, digest in named:
            if name not in self._package.names:
                self._bad.add(name)
                self._find(Kind.FILE_MISSING, name)
            elif self._package.sha256(name) != digest:
                self._bad.add(name)
                self._find(Kind.FILE_ALTERED, name)
        for name in sorted(self._package.names - {name for name, _ in named} - OUTSIDE):
            self._find(Kind.FILE_STRAY, name)
        for name in self._package.strange:
            self._find(Kind.FILE_STRAY, name)

    def _media(self, file: MediaFile) -> None:
        raw = self._package.read(file.proof, most=MAX_PROOF)
        if raw is None:
            if file.proof not in self._bad:
                self._find(Kind.FILE_MISSING, file.proof)
            return
        try:
            proof = parse_proof(raw)
        except (FieldError, ValueError) as error:
            self._find(Kind.PROOF_MALFORMED, file.proof, str(error)[:200])
            return
        if file.path in self._package.names:
            wrong = check_file(file.path, self._package.opened(file.path), proof)
            self._findings += wrong
            if not wrong:
                self._frames += sum(fragment.entry.frames for fragment in proof.fragments)
        self._scope(file, proof)

    def _scope(self, file: MediaFile, proof: FileProof) -> None:
        """The pictures are of the camera that the statement says, and of the minutes that were asked."""
        try:
            headers = [chunk.header for chunk in proof.chunks]
        except (DamagedChunkError, ValueError):
            return  # `check_file` says so
        for chunk, header in zip(proof.chunks, headers, strict=True):
            self._roots.append((file.path, file.camera, chunk.root.hex()))
            if (header.camera, header.stream) != (file.camera, file.stream):
                self._find(Kind.OUT_OF_SCOPE, file.path)
        if wrong := self._misstated(file, proof, headers[0]):
            self._find(Kind.STATEMENT_WRONG, file.path, wrong)
        if proof.asked not in self._asked.get(file.camera, ()):
            self._find(Kind.OUT_OF_SCOPE, file.path)
        held = self._held.setdefault(file.camera, [])
        for fragment in proof.fragments:
            entry = fragment.entry
            own = WallRange(entry.wall_us, max(entry.wall_us, entry.end_us))
            held.append(own)
            near = WallRange(max(0, proof.asked.from_us - LEAD_IN_US), proof.asked.to_us)
            if not own.overlaps(near):
                self._find(Kind.OUT_OF_SCOPE, file.path)

    def _misstated(self, file: MediaFile, proof: FileProof, header: ChunkHeader) -> str:
        """What the statement says otherwise than the pictures and what their recorder wrote of them."""
        entries = [fragment.entry for fragment in proof.fragments]
        shown = {
            "bytes": len(self._package.opened(file.path)) if file.path in self._package.names else file.bytes,
            "codec": header.codec_string,
            "width": header.width,
            "height": header.height,
            "from_us": entries[0].wall_us,
            "to_us": max(entries[0].wall_us, *(entry.end_us for entry in entries)),
            "frames": sum(entry.frames for entry in entries),
        }
        return ", ".join(name for name, value in shown.items() if getattr(file, name) != value)

    def _register(self, trust: Trust) -> None:
        raw = self._package.read(registerproof.PATH, most=registerproof.MAX_LOG)
        if raw is None:
            self._find(Kind.REGISTER_SILENT, MANIFEST)
            return
        try:
            proof = registerproof.parse_register(raw)
        except (FieldError, ValueError) as error:
            self._find(Kind.PROOF_MALFORMED, registerproof.PATH, str(error)[:200])
            return
        told = registerproof.check_register(proof, trust.register)
        self._findings += told.findings
        if told.checkpoint is None:
            return
        self._findings += registerproof.silent(told, self._roots)
        self._findings += check_decided(self._manifest, told.records)
        findings, witnessed = check_witnesses(
            proof.note, trust.witnesses, trust.quorum, (trust.evidence, trust.register)
        )
        self._findings += findings
        self._told += witnessed

    def _stamp(self, authorities: Sequence[Certificate]) -> None:
        there = TIMESTAMP in self._package.names
        raw = self._package.read(TIMESTAMP, most=MAX_TOKEN) if there else None
        findings, told = check_stamp(there, raw, hashlib.sha256(self._raw).digest(), authorities)
        self._findings += findings
        self._told += told

    def _holes(self) -> Iterator[Finding]:
        for gap in self._manifest.gaps:
            self._held.setdefault(gap.camera, []).append(WallRange(gap.from_us, gap.to_us))
        for camera, asked in self._asked.items():
            for hole in untold(asked, self._held.get(camera, [])):
                yield Finding(Kind.GAP_UNTOLD, camera, f"{hole.from_us}-{hole.to_us}")
