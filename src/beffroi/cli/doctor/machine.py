"""The machine: is its clock synchronised, do the services run?"""

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Final

from beffroi.cli.doctor.findings import Code, Finding, bad, ok, warn

_UNSYNCHRONISED: Final = 5  # TIME_ERROR of adjtimex(2)
_TIMEX_BYTES: Final = 512  # struct timex is 208 bytes; its first field, modes, stays 0: nothing is set
_MAX_ERROR_AT: Final = 24  # modes (padded), offset, freq, then maxerror, in microseconds
_WAIT_S: Final = 3.0


def clock(data: Path) -> list[Finding]:
    """What the kernel says of the clock."""
    del data
    state, error_us = adjtimex()
    if state is None:
        return [
            warn(
                Code.CLOCK,
                "Le noyau ne dit pas si l'heure est synchronisée : vérifiez « timedatectl ».",
                "The kernel does not say whether the time is synchronised: check `timedatectl`.",
            )
        ]
    if state == _UNSYNCHRONISED:
        return [
            warn(
                Code.CLOCK,
                "L'heure de la machine n'est pas synchronisée : installez ou réparez NTP (systemd-timesyncd, chrony). "
                "Les images portent l'heure de cette machine.",
                "The machine's time is not synchronised: install or repair NTP (systemd-timesyncd, chrony). Pictures "
                "bear this machine's time.",
            )
        ]
    return [
        ok(
            Code.CLOCK,
            f"L'heure est synchronisée (erreur d'au plus {error_us / 1000:.0f} ms).",
            f"The time is synchronised (error of {error_us / 1000:.0f} ms at most).",
        )
    ]


def adjtimex() -> tuple[int | None, int]:
    """The kernel's clock state (5: not synchronised; None: it does not tell) and its greatest error, microseconds."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
        state = int(libc.adjtimex(buffer))
    except (OSError, AttributeError):
        return None, 0
    if state < 0:
        return None, 0
    return state, int.from_bytes(buffer.raw[_MAX_ERROR_AT : _MAX_ERROR_AT + 8], "little")


def services(*, recorder: bool, centre: bool) -> list[Finding]:
    """The two units, where systemd knows them."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return []
    units = (["beffroi-recorder"] if recorder else []) + (["beffroi-serve"] if centre else [])
    found = []
    for unit in units:
        state = _show(systemctl, unit)
        if state.get("LoadState") != "loaded":
            continue
        active = state.get("ActiveState", "")
        if active == "active":
            found.append(ok(Code.SERVICE, f"Le service {unit} tourne.", f"Service {unit} runs.", unit))
        else:
            found.append(
                bad(
                    Code.SERVICE,
                    f"Le service {unit} est « {active} » : journalctl -u {unit}, puis systemctl restart {unit}.",
                    f"Service {unit} is “{active}”: journalctl -u {unit}, then systemctl restart {unit}.",
                    unit,
                )
            )
    return found


def _show(systemctl: str, unit: str) -> dict[str, str]:
    command = [systemctl, "show", unit, "--property=LoadState,ActiveState"]
    try:
        done = subprocess.run(  # noqa: S603  our own arguments, no shell
            command, capture_output=True, text=True, timeout=_WAIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(line.partition("=")[::2] for line in done.stdout.splitlines())
