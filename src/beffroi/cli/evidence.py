"""`beffroi evidence`: verify what was handed over, offline."""

import json
import sys
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from beffroi.cli.usage import wrong_usage_is_2
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

if TYPE_CHECKING:
    from beffroi.evidence.findings import Report
    from beffroi.evidence.verify import Trust
    from beffroi.ledger.note import Verifier
    from beffroi.ledger.quorum import Quorum

K = TypeVar("K")
app = typer.Typer(no_args_is_help=True, add_completion=False, help="What is handed over to a procedure.")

KEYS: Final = "verify/keys.txt"
_MOVING: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_EXIT: Final = {"valid": 0, "altered": 1, "unknown_key": 1, "incomplete": 3}


@app.callback()
def _group() -> None:
    """What is handed over to a procedure."""


@app.command("key")
def tell_key(
    data: Annotated[Path, typer.Option(help="data folder prepared by `beffroi init`")],
) -> None:
    """Tell the centre's evidence key and its register's, to be given to whoever verifies, by another way."""
    from beffroi.evidence.key import evidence_key, key_print, vkey
    from beffroi.ledger.ledger import VERIFIER_FILE
    from beffroi.ledger.note import parse_verifier

    secrets = data / "centre" / "secrets"
    if not secrets.is_dir():
        raise BadInputError(
            Text(
                fr="Ce dossier n'est pas préparé : lancez d'abord « beffroi init ».",
                en="This folder is not prepared: run `beffroi init` first.",
            )
        )
    told = [vkey(evidence_key(secrets))]
    if (data / "centre" / VERIFIER_FILE).exists():  # written when the register is first opened
        told.append((data / "centre" / VERIFIER_FILE).read_text().strip())
    for line in told:
        print(line)
        print(f"Empreinte / print: {key_print(parse_verifier(line))}", file=sys.stderr)  # what the viewer shows of it


@app.command()
def verify(
    package: Annotated[Path, typer.Argument(help="The folder that was handed over, or a zip file of it.")],
    key: Annotated[
        str | None, typer.Option("--key", help="The centre's evidence key (name+id+key) or its file.")
    ] = None,
    register: Annotated[str | None, typer.Option("--register", help="The register's key, likewise.")] = None,
    tsa_ca: Annotated[
        Path | None,
        typer.Option(
            "--tsa-ca", help="Certificate (PEM) of the time-stamp authority: verifies whose time stamp it is."
        ),
    ] = None,
    quorum: Annotated[
        Path | None, typer.Option("--quorum", help="Quorum file: the witnesses that must have countersigned.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output.")] = False,
) -> None:
    """Verify a package offline. Exit code: 0 valid, 1 altered or of an unknown key, 3 not all is proven, 2 usage."""
    with wrong_usage_is_2("evidence"):  # 1 would say that the package is altered
        trust = _trust(package, key, register, tsa_ca, quorum)
        report = _verified(package, trust)
    weak = not (key and register)
    if as_json:
        print(json.dumps({**report.as_dict(), "keys_from_package": weak}, ensure_ascii=False, indent=2))
    else:
        _show(report, weak=weak)
    raise typer.Exit(_EXIT[report.verdict.value])


_VERDICTS: Final = {
    "valid": Text(
        fr="VALIDE : les images sont bien celles qui ont été enregistrées, et rien n'a changé depuis la remise.",
        en="VALID: the pictures are those that were recorded, and nothing has changed since the delivery.",
    ),
    "altered": Text(fr="ALTÉRÉ : ne vous fiez pas à cette remise.", en="ALTERED: do not rely on this delivery."),
    "unknown_key": Text(
        fr="CLÉ INCONNUE : vérifiez auprès du centre, par un autre moyen, qu'il a bien signé cette remise.",
        en="UNKNOWN KEY: check with the centre, by another way, that it signed this delivery.",
    ),
    "incomplete": Text(
        fr="INCOMPLET : rien n'est altéré, mais tout n'est pas prouvé.",
        en="INCOMPLETE: nothing is altered, but not everything is proven.",
    ),
}
_WEAK: Final = Text(
    fr="Les clés ont été lues dans la remise elle-même : obtenez-les du centre par un autre moyen, et donnez --key et "
    "--register.",
    en="The keys were read in the delivery itself: get them from the centre by another way, then --key, --register.",
)


_COHERENT: Final = Text(
    fr="COHÉRENTE, CLÉS NON VÉRIFIÉES : rien ne se contredit dans cette remise, mais qui l'aurait forgée en entier y "
    "aurait mis ses propres clés.",
    en="CONSISTENT, KEYS NOT VERIFIED: nothing in this delivery contradicts the rest, but whoever forged all of it "
    "would have put their own keys.",
)
"""What « valid » is by keys that come out of the package."""


def _show(report: "Report", *, weak: bool) -> None:
    coherent = weak and report.verdict.value == "valid"
    if coherent:
        _say(_COHERENT)
    for finding in report.findings:
        _say(finding.text)
    for told in report.told:
        _say(told.text)
    if not coherent:
        _say(_VERDICTS[report.verdict.value])
    if weak:
        _say(_WEAK)


def _say(text: Text) -> None:
    print(_plain(text.fr))
    print(f"  {_plain(text.en)}")


def _plain(text: str) -> str:
    """Names come out of the package: what would move the cursor of a terminal, or hide the verdict, becomes a mark."""
    return "".join("\ufffd" if unicodedata.category(letter) in _MOVING else letter for letter in text)


def _verified(package: Path, trust: "Trust") -> "Report":
    from beffroi.evidence.verify import verify_package

    try:
        return verify_package(package, trust)
    except OSError as error:
        raise _unreadable(package, error.strerror or type(error).__name__) from error


def _trust(package: Path, key: str | None, register: str | None, tsa_ca: Path | None, quorum: Path | None) -> "Trust":
    from beffroi.evidence.timestamp_trust import read_authorities
    from beffroi.evidence.verify import Trust
    from beffroi.ledger.cosignature import parse_witness_key
    from beffroi.ledger.note import parse_verifier

    lines = _beside(package)
    beside: dict[str, Verifier] = {}
    for one in _parsed(lines, parse_verifier):
        beside.setdefault(one.name, one)  # the first of a name, as the page takes it
    asked = None if quorum is None else _quorum(quorum)
    witnesses = _parsed(lines, parse_witness_key) if asked is None else [one.key for one in asked.witnesses.values()]
    return Trust(
        _key(key, beside, "beffroi/evidence"),
        _key(register, beside, ""),
        witnesses,
        asked,
        () if tsa_ca is None else read_authorities(tsa_ca),
    )


def _quorum(path: Path) -> "Quorum":
    from beffroi.ledger.quorum import parse_quorum

    try:
        return parse_quorum(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            Text(
                fr=f"Le fichier de quorum ne se lit pas : {path}. Donnez celui des témoins (docs/guide/witness.md).",
                en=f"The quorum file cannot be read: {path}. Give the witnesses' (docs/guide/witness.md).",
            )
        ) from error


def _beside(package: Path) -> list[str]:
    from zipfile import BadZipFile

    from beffroi.evidence.folder import open_package

    try:
        raw = open_package(package).read(KEYS, most=1 << 16) or b""
    except OSError as error:
        raise _unreadable(package, error.strerror or type(error).__name__) from error
    except BadZipFile:
        raw = b""
    return raw.decode(errors="replace").split("\n")


def _parsed(lines: list[str], read: Callable[[str], K]) -> list[K]:
    """The keys of one kind; a line may be of another kind, or nonsense: the verdict does not rest on it."""
    from beffroi.ledger.note import NoteError

    found = []
    for line in lines:
        with suppress(NoteError):
            found.append(read(line))
    return found


def _key(given: str | None, beside: "dict[str, Verifier]", name: str) -> "Verifier":
    from beffroi.ledger.note import NoteError, parse_verifier

    if given is None:
        found = [one for key, one in beside.items() if (key == name if name else key != "beffroi/evidence")]
        if not found:
            raise BadInputError(
                Text(
                    fr="Il faut la clé du centre et celle de son registre : donnez --key et --register.",
                    en="The centre's key and its register's key are needed: give --key and --register.",
                )
            )
        return found[0]
    try:
        return parse_verifier(given if "+" in given else Path(given).read_text())
    except (NoteError, OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            Text(
                fr=f"Cette clé ne se lit pas ({error}) : recopiez la ligne que donne le centre.",
                en=f"This key cannot be read ({error}): copy the line that the centre gives.",
            )
        ) from error


def _unreadable(package: Path, why: str) -> BadInputError:
    return BadInputError(
        Text(
            fr=f"Impossible de lire {package} : {why}. Donnez le dossier remis, ou son fichier zip.",
            en=f"Cannot read {package}: {why}. Give the folder that was handed over, or its zip file.",
        )
    )
