"""Who outside of the centre stands behind the checkpoint that a package rests on."""

from collections.abc import Collection, Iterable, Sequence

from beffroi.evidence.findings import Finding, Kind
from beffroi.evidence.told import Told, ToldKind
from beffroi.ledger.cosignature import WitnessKey, cosigned_at_s
from beffroi.ledger.note import NoteError, Verifier
from beffroi.ledger.quorum import Quorum


def outside(witnesses: Iterable[WitnessKey], own: Collection[Verifier]) -> list[WitnessKey]:
    """The witnesses, each key once, under the first name that is given it; the centre's own keys are nobody outside."""
    kept: dict[bytes, WitnessKey] = {}
    for witness in witnesses:
        kept.setdefault(witness.key.public_bytes_raw(), witness)
    for key in own:
        kept.pop(key.key.public_bytes_raw(), None)
    return list(kept.values())


def check_witnesses(
    note: bytes, named: Sequence[WitnessKey], quorum: Quorum | None, own: Collection[Verifier]
) -> tuple[list[Finding], list[Told]]:
    """Every countersignature by these witnesses must hold; a quorum file, when one is given, must have its quorum.

    ``note`` was opened with the register's key already. Lines of others are nobody's word, and skipped. ``own`` are the
    keys of the centre.
    """
    witnesses = outside(named, own)
    findings: list[Finding] = []
    names: list[str] = []
    for witness in witnesses:
        try:
            if cosigned_at_s(note, witness) is not None:
                names.append(witness.name)
        except NoteError:
            findings.append(Finding(Kind.WITNESS_WRONG, witness.name))
    share = f"{len(names)}/{len(witnesses)}"
    if quorum is not None and quorum.required is not None and quorum.met_at_s(note) is None:
        return [*findings, Finding(Kind.WITNESS_MISSING, detail=share)], []
    if not names:
        return findings, [Told(ToldKind.NO_WITNESS)]
    kind = ToldKind.WITNESSED if quorum is None else ToldKind.QUORUM_MET
    return findings, [Told(kind, f"{share} ({', '.join(sorted(names))})")]
