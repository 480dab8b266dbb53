"""`beffroi ledger`: verify the register from its leaves, prove an entry, print the head."""

import codecs
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from beffroi.cli import ledger_cross, ledger_signer, ledger_stamp, ledger_term
from beffroi.cli.usage import wrong_usage_is_2
from beffroi.domain.errors import BadInputError, BrokenError
from beffroi.domain.text import Text

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The tamper-evident register.")

Folder = Annotated[Path, typer.Argument(help="The register's folder (the one that holds `checkpoint` and `tile`).")]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="Verifier key (name+id+key) or a file that holds it. Default: <folder>.vkey beside, or ledger.vkey.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output.")]


app.command()(ledger_term.term)
app.command()(ledger_term.hold)
app.command()(ledger_term.prune)
app.command()(ledger_signer.signer)
app.command()(ledger_stamp.stamp)
app.command()(ledger_cross.cross)


@app.callback()
def _group() -> None:
    """The tamper-evident register."""


@app.command()
@wrong_usage_is_2("ledger")
def verify(
    directory: Folder,
    key: KeyOption = None,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="An older signed checkpoint, kept elsewhere.")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--day", help="Only the entries of one UTC day (YYYY-MM-DD), tied to the signed root.")
    ] = None,
    tsa_ca: Annotated[
        Path | None, typer.Option("--tsa-ca", help="Certificate (PEM) of the authority that stamped --checkpoint.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute the register from its entries. Exit code: 0 clean, 1 something was found, 2 wrong usage."""
    from beffroi.ledger.stretch import verify_stretch
    from beffroi.ledger.verify import verify as run

    verifier, from_beside = register_at(directory, key)
    older = _kept(checkpoint) if checkpoint else None
    stamped = ledger_stamp.told_of(checkpoint, older, tsa_ca) if checkpoint and older is not None else None
    if day is None:
        report = run(directory, verifier, older=older, payloads=directory.absolute().parent / "payloads.sqlite")
    else:
        report = verify_stretch(directory, verifier, _day(day), older=older)
    if as_json:
        told = {} if stamped is None else {"checkpoint_stamp": stamped.as_dict()}
        print(json.dumps(report.as_dict() | told, ensure_ascii=False, indent=2))
    else:
        for finding in report.findings:
            _say(finding.text)
        if report.clean:
            _say(_clean(report.entries, report.payloads_erased) if day is None else _clean_day(report.entries, day))
            if report.pruned:
                _say(_pruned(report.pruned))
        if from_beside:
            _say(_WEAK_KEY)
        if older is None:
            _say(_NO_OLDER)
        if stamped is not None:
            _say(stamped)
    if not report.clean:
        raise typer.Exit(1)


@app.command()
def sample(
    directory: Annotated[Path, typer.Argument(help="An empty folder, or one that does not exist yet.")],
    entries: Annotated[int, typer.Option("--entries", min=0, help="How many entries.")] = 10_000,
    as_json: JsonOption = False,
) -> None:
    """Write an honest register of invented acts, to try a verifier on. Its key is written beside, as `<name>.vkey`."""
    from beffroi.base.clock import SystemClock
    from beffroi.ledger.sample import write_sample

    verifier = write_sample(directory, entries, ends_us=SystemClock().wall_us())
    if as_json:
        print(json.dumps({"directory": str(directory), "entries": entries, "key": verifier.encode()}))
    else:
        _say(
            Text(
                fr=f"Registre d'essai écrit : {entries} écritures. Clé de vérification : {verifier.encode()}",
                en=f"Sample register written: {entries} entries. Verifier key: {verifier.encode()}",
            )
        )


@app.command()
def head(
    directory: Folder,
    key: KeyOption = None,
    qr: Annotated[bool, typer.Option("--qr", help="As a QR code too, to print and keep.")] = False,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write the QR code to this file, for a page.")] = None,
) -> None:
    """Check the signature of the checkpoint and print it: keep it elsewhere, it is the proof against a rewriting."""
    verifier, _ = verifier_of(directory, key)
    from beffroi.ledger.note import NoteError, open_note

    note = _bytes(directory / "checkpoint")
    try:
        open_note(note, verifier)
    except NoteError as error:
        raise _usage("le point de contrôle", "the checkpoint", str(error)) from error
    sys.stdout.write(note.decode())
    if qr or svg:
        import segno

        # The note as it is: what is read from the paper, saved to a file, is what `verify --checkpoint` takes.
        code = segno.make(note.decode(), encoding="utf-8", error="m", micro=False)
        if qr:
            code.terminal(compact=True)
        if svg:
            code.save(str(svg), scale=4, border=4)


@app.command()
@wrong_usage_is_2("ledger")
def prove(directory: Folder, index: Annotated[int, typer.Argument(help="Number of the entry.")]) -> None:
    """Print an offline proof that an entry is in the register, as JSON, with the checkpoint that it leads to.

    Exit code: 0 printed, 1 the register is damaged, 2 wrong usage, or no such entry (any more).
    """
    from beffroi.ledger.note import NoteError, parse_checkpoint
    from beffroi.ledger.proofs import Prover

    note = _bytes(directory / "checkpoint")
    try:
        size = parse_checkpoint(note).size
    except NoteError as error:
        raise BrokenError(
            Text(
                fr=f"Le point de contrôle du registre est abîmé ({error}) : lancez « beffroi ledger verify ».",
                en=f"The register's checkpoint is damaged ({error}): run `beffroi ledger verify`.",
            )
        ) from error
    try:
        proof = Prover(directory, size).inclusion(index)
    except ValueError as error:
        raise _usage("le numéro d'écriture", "the entry number", str(error)) from error
    print(
        json.dumps(
            {
                "index": proof.index,
                "size": proof.size,
                "leaf": proof.leaf.decode(),
                "path": [step.hex() for step in proof.path],
                "checkpoint": note.decode(),
            },
            ensure_ascii=False,
            indent=2,
        )
    )


@app.command()
@wrong_usage_is_2("ledger")
def check(
    proof: Annotated[Path, typer.Argument(help="What `prove` printed.")],
    key: Annotated[str, typer.Option("--key", help="Verifier key (name+id+key) or a file that holds it.")],
) -> None:
    """Check a proof away from the register. Exit code: 0 it holds, 1 it does not, 2 wrong usage."""
    from beffroi.ledger.note import NoteError, open_note
    from beffroi.ledger.proofs import InclusionProof

    verifier, _ = verifier_of(proof, key)
    try:
        fields = json.loads(_bytes(proof))
        checkpoint = open_note(fields["checkpoint"].encode(), verifier)
        path = tuple(bytes.fromhex(step) for step in fields["path"])
        found = InclusionProof(int(fields["index"]), int(fields["size"]), fields["leaf"].encode(), path)
    except NoteError as error:
        _say(_not_signed(str(error)))
        raise typer.Exit(1) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _usage("la preuve", "the proof", str(error) or type(error).__name__) from error
    if checkpoint.size != found.size or not found.holds(checkpoint.root):
        _say(_NOT_PROVEN)
        raise typer.Exit(1)
    _say(
        Text(
            fr=f"Prouvé : cette écriture est la n° {found.index} d'un registre de {found.size} écritures.",
            en=f"Proven: this is entry {found.index} of a register of {found.size} entries.",
        )
    )


_NOT_PROVEN = Text(
    fr="Non prouvé : cette écriture n'est pas à cette place dans le registre que ce point de contrôle signe.",
    en="Not proven: this entry is not at that place in the register that this checkpoint signs.",
)
_WEAK_KEY = Text(
    fr="La clé a été lue à côté du registre : qui a pu réécrire l'un a pu remplacer l'autre. Donnez --key.",
    en="The key was read beside the register: whoever could rewrite the one could replace the other. Give --key.",
)
_NO_OLDER = Text(
    fr="Sans point de contrôle gardé ailleurs (--checkpoint), un retour en arrière ou une réécriture par qui détient "
    "la clé ne se voit pas.",
    en="Without a checkpoint kept elsewhere (--checkpoint), a rollback, or a rewriting by whoever holds the key, does "
    "not show.",
)


def _not_signed(why: str) -> Text:
    return Text(
        fr=f"Non prouvé : le point de contrôle de cette preuve n'est pas signé par cette clé ({why}).",
        en=f"Not proven: the checkpoint of this proof is not signed by this key ({why}).",
    )


def _clean(entries: int, erased: int) -> Text:
    return Text(
        fr=f"Registre intact : {entries} écritures recalculées, {erased} annexes effacées.",
        en=f"The register is whole: {entries} entries recomputed, {erased} annexes erased.",
    )


def _pruned(entries: int) -> Text:
    return Text(
        fr=f"{entries} écritures ont été effacées à leur terme, comme le registre le dit lui-même ; leurs empreintes "
        "restent et donnent l'empreinte signée.",
        en=f"{entries} entries were pruned at their term, as the register itself says; their hashes remain and give "
        "the signed root.",
    )


def _clean_day(entries: int, day: str) -> Text:
    return Text(
        fr=f"Écritures du {day} intactes : {entries} relues et rattachées à l'empreinte signée. Les autres ne sont "
        "couvertes que par leurs empreintes : sans --day, tout est relu.",
        en=f"The entries of {day} are whole: {entries} read again and tied to the signed root. The others are covered "
        "by their hashes only: without --day, everything is read.",
    )


def _day(day: str) -> Any:
    from beffroi.domain.clock import to_wall_us
    from beffroi.ledger.stretch import Stretch

    try:
        begins = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise _usage("le jour (AAAA-MM-JJ)", "the day (YYYY-MM-DD)", day[:40]) from error
    return Stretch(from_us=to_wall_us(begins), to_us=to_wall_us(begins + timedelta(days=1)))


def _say(text: Text) -> None:
    print(text.fr)
    print(f"  {text.en}")


def _usage(fr: str, en: str, why: str) -> BadInputError:
    return BadInputError(Text(fr=f"Impossible de lire {fr} : {why}.", en=f"Cannot read {en}: {why}."))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _usage(str(path), str(path), error.strerror or "?") from error


def _kept(path: Path) -> bytes:
    """A checkpoint that was kept: a scanner, an editor or a terminal may have changed how its lines end, and put a byte
    order mark before it. A note has neither another end of line nor anything before it, and its signature decides."""
    note = _bytes(path).removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    return note.rstrip(b"\n") + b"\n"


def register_at(directory: Path, key: str | None) -> tuple[Any, bool]:
    """As `verifier_of`, of a register that is there: a mistyped path is no register whose checkpoint was removed.

    Raises:
        BadInputError: no such folder, or the key cannot be read.
    """
    if not directory.is_dir():
        raise BadInputError(
            Text(
                fr=f"Il n'y a pas de dossier {directory} : donnez celui du registre, qui contient « checkpoint » et "
                "« tile ».",
                en=f"There is no folder {directory}: give the register's, the one that holds `checkpoint` and `tile`.",
            )
        )
    return verifier_of(directory, key)


def verifier_of(directory: Path, key: str | None) -> tuple[Any, bool]:
    """The verifier key, and whether it was only found beside the register."""
    from beffroi.ledger.note import NoteError, parse_verifier

    beside = directory.absolute().with_name(f"{directory.absolute().name}.vkey")
    if not beside.exists():
        beside = beside.with_name("ledger.vkey")
    text = key if key is not None and "+" in key else _bytes(Path(key) if key else beside).decode(errors="replace")
    try:
        return parse_verifier(text), key is None
    except NoteError as error:
        raise _usage("la clé du registre", "the register's key", str(error)) from error
