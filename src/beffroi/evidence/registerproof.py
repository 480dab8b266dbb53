"""What the register says of a package: each recorded file's closing entry, the package's own, under one checkpoint."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from beffroi.evidence.fields import FieldError, Fields
from beffroi.evidence.findings import Finding, Kind
from beffroi.ledger import canonical, leaf, merkle
from beffroi.ledger.entry import LeafError, Record
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note
from beffroi.ledger.proofs import InclusionProof

PATH: Final = "proof/log.json"
MAX_LOG: Final = 64 << 20
_CLOSED: Final = "chunk_closed"


@dataclass(frozen=True, slots=True)
class RegisterProof:
    """A checkpoint as signed (witnesses' lines included) and the entries proven under it."""

    note: bytes
    entries: tuple[InclusionProof, ...]

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical.dump(
            {
                "format": 1,
                "checkpoint": self.note.decode(),
                "entries": [
                    {"index": one.index, "leaf": one.leaf.decode(), "path": [step.hex() for step in one.path]}
                    for one in self.entries
                ],
            }
        )


def parse_register(data: bytes) -> RegisterProof:
    """Read what the register says.

    Raises:
        FieldError: not what it must be.
    """
    top = Fields.read(data, "log", most=MAX_LOG)
    if top.whole("format") != 1:
        raise FieldError("log.format")
    note = top.text("checkpoint", most=65_536).encode()
    try:
        size = int(note.split(b"\n")[1])
    except (ValueError, IndexError) as error:
        raise FieldError("log.checkpoint") from error
    entries = []
    for item in top.objects("entries"):
        index, text, path = item.whole("index"), item.text("leaf", most=32_768), item.hexes("path", 32)
        item.done()
        entries.append(InclusionProof(index, size, text.encode(), path))
    top.done()
    return RegisterProof(note, tuple(entries))


@dataclass(frozen=True, slots=True)
class Told:
    """What a register's proof established. ``roots`` are the roots of closed files, with the camera of each."""

    checkpoint: Checkpoint | None
    roots: dict[str, Record]
    records: dict[int, Record]
    findings: tuple[Finding, ...]


def check_register(proof: RegisterProof, key: Verifier) -> Told:
    """Verify the checkpoint and each entry's place under it."""
    try:
        head = open_note(proof.note, key)
    except NoteError as error:
        return Told(None, {}, {}, (Finding(Kind.REGISTER_WRONG, "checkpoint", str(error)),))
    findings: list[Finding] = []
    records: dict[int, Record] = {}
    for one in proof.entries:
        if not merkle.verify_inclusion(merkle.leaf_hash(one.leaf), one.index, head.size, one.path, head.root):
            findings.append(Finding(Kind.REGISTER_WRONG, f"entry {one.index}", "inclusion"))
            continue
        try:
            records[one.index] = leaf.parse(one.leaf, one.index)
        except LeafError as error:
            findings.append(Finding(Kind.REGISTER_WRONG, f"entry {one.index}", str(error)))
    return Told(head, _roots(records.values()), records, tuple(findings))


def _roots(records: Iterable[Record]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for record in records:
        root = record.detail.get("root")
        if record.outcome == _CLOSED and isinstance(root, str):
            found[root] = record
    return found


def silent(told: Told, roots: Sequence[tuple[str, str, str]]) -> list[Finding]:
    """Recorded files of which the register says nothing. Each is (where, camera, root in hexadecimal)."""
    findings = []
    for where, camera, root in roots:
        record = told.roots.get(root)
        if record is None:
            findings.append(Finding(Kind.REGISTER_SILENT, where))
        elif record.camera != camera:
            findings.append(Finding(Kind.REGISTER_WRONG, where, "camera"))
    return findings
