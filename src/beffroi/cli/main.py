"""The `beffroi` command: each sub-command's module is imported only when it is called.

`beffroi recorder` therefore never loads the web server, the centre's database or the policy engine.
"""

import importlib
import sys
from typing import Final

from beffroi import __version__
from beffroi.domain.errors import BeffroiError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    # name: (module with a typer `app`, one line of help)
    "init": ("beffroi.cli.init", "prepare a data folder: first administrator, keyrings, certificates"),
    "serve": ("beffroi.cli.serve", "the centre: what people touch"),
    "recorder": ("beffroi.cli.recorder", "the recorder: captures and writes, needs nothing else"),
    "camera": ("beffroi.cli.camera", "add a camera, list cameras"),
    "documents": ("beffroi.cli.documents", "bring documents in, list them, see what ends, write them out"),
    "person": ("beffroi.cli.person", "record a person, list persons"),
    "body": ("beffroi.cli.body", "record a body, set its members, list bodies"),
    "keyring": ("beffroi.cli.keyring", "create, open and serve an authority's keyring"),
    "vault": ("beffroi.cli.vault", "check the files, decrypt a range under a lease"),
    "ledger": ("beffroi.cli.ledger", "verify the register"),
    "report": ("beffroi.cli.report", "the monthly report of a commune"),
    "backup": ("beffroi.cli.backup", "save documents, register and keyrings in one archive"),
    "restore": ("beffroi.cli.restore", "bring a centre back from a back-up; reconcile it"),
    "evidence": ("beffroi.cli.evidence", "verify what was handed over to a procedure, offline"),
    "witness": ("beffroi.cli.witness", "the witness of a town hall: remembers the register's last checkpoint, cosigns"),
    "doctor": ("beffroi.cli.doctor", "what is wrong on this machine, or soon will be, and what to do"),
    "profile": ("beffroi.cli.profile", "the deployments: who may see what, what is missing, the way to a lawful form"),
    "law": ("beffroi.cli.law", "ask the law, print its rules"),
    "demo": ("beffroi.cli.demo", "INGEAGGLO on this machine: simulated cameras, real everything else"),
    "simulate": ("beffroi.cli.simulate", "simulated cameras alone"),
    "bench": ("beffroi.cli.bench", "measured figures, with ratios"),
}


def main() -> None:
    """Entry point: dispatch, and turn a Beffroi error into its sentence and exit code 1."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        _help()
        return
    if arguments[0] == "--version":
        print(__version__)
        return
    name = arguments[0]
    if name not in COMMANDS:
        print(f"beffroi: « {name} » n'existe pas / no such command. Voir/see: beffroi --help", file=sys.stderr)
        raise SystemExit(2)
    module = importlib.import_module(COMMANDS[name][0])
    try:
        module.app(args=arguments[1:], prog_name=f"beffroi {name}")
    except BeffroiError as error:
        print(f"beffroi {name}: {error.text.fr}\nbeffroi {name}: {error.text.en}", file=sys.stderr)
        raise SystemExit(1) from error


def _help() -> None:
    print("Usage: beffroi COMMAND [--help]\n")
    for name, (_, summary) in COMMANDS.items():
        print(f"  {name:<10} {summary}")


if __name__ == "__main__":
    main()
