"""Every check, each on its own and within its time: one that hangs or fails is a finding, and the others still run."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from beffroi.cli.doctor import centre, crosssigned, disk, live, machine, papers
from beffroi.cli.doctor.findings import Code, Finding, bad, warn

CHECK_S: Final = 8.0

Check = Callable[[Path], list[Finding]]


@dataclass
class _Run:
    check: Check
    thread: threading.Thread
    found: list[Finding] | None = None


def look(data: Path, *, within_s: float = CHECK_S) -> list[Finding]:
    """What is to be said of a data folder and its machine. Never asks for a passphrase, never writes."""
    here, there = (data / "recorder").is_dir(), (data / "centre").is_dir()
    if not here and not there:
        return [
            bad(
                Code.FOLDER,
                f"{data} n'est pas un dossier de Beffroi, ou n'est pas lisible par ce compte : donnez --data, ou "
                "relancez avec sudo.",
                f"{data} is no folder of Beffroi, or this account may not read it: give --data, or use sudo.",
            )
        ]
    checks: list[Check] = [machine.clock, lambda _: machine.services(recorder=here, centre=there)]
    if here:
        checks += [live.recorder, disk.disk, papers.sheets, papers.hour_keys, papers.clock_doubt, papers.alarms]
    if here and there:
        checks += [papers.journal, crosssigned.register_and_journal]
    if there:
        checks += [centre.certificate, centre.documents, centre.backup, centre.restored]
    runs = [_started(check, data) for check in checks]
    found: list[Finding] = []
    for run in runs:
        run.thread.join(within_s)
        found += run.found if run.found is not None else [_unanswered(run.check, data)]
    return found


def _started(check: Check, data: Path) -> _Run:
    def work() -> None:
        try:
            run.found = check(data)
        except PermissionError as error:
            run.found = [
                warn(
                    Code.FOLDER,
                    f"{error.filename} n'est pas lisible par ce compte : relancez avec sudo.",
                    f"{error.filename} cannot be read by this account: use sudo.",
                )
            ]
        except Exception as error:  # noqa: BLE001  whatever it is, the other checks still say what they have to say
            run.found = [_failed(check, error)]

    run = _Run(check, threading.Thread(target=work, daemon=True))
    run.thread.start()
    return run


def _failed(check: Check, error: Exception) -> Finding:
    name, kind = getattr(check, "__name__", "check"), type(error).__name__
    return warn(
        Code.NO_ANSWER,
        f"La vérification « {name} » n'a pas abouti ({kind}) : lisez le journal système de la machine.",
        f"The check “{name}” did not come to an end ({kind}): read the machine's system log.",
    )


def _unanswered(check: Check, data: Path) -> Finding:
    name = getattr(check, "__name__", "check")
    return bad(
        Code.NO_ANSWER,
        f"Rien n'a répondu à la vérification « {name} » : le disque de {data} est peut-être bloqué. Lisez dmesg.",
        f"Nothing answered the check “{name}”: the disk of {data} may hang. Read dmesg.",
    )
