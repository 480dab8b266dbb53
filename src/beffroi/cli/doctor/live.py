"""What a running recorder says of itself: its streams, its disk, its version."""

import asyncio
import re
from pathlib import Path
from typing import Any, Final

from beffroi import __version__
from beffroi.base.clock import SystemClock
from beffroi.capture.client import RecorderClient, RecorderGoneError
from beffroi.capture.paths import RecorderPaths
from beffroi.cli.doctor.findings import Code, Finding, bad, ok, warn
from beffroi.domain.errors import BeffroiError
from beffroi.domain.gaps import GapCause

ASK_S: Final = 3.0
LONG_US: Final = 3_600_000_000
OFFSET_MS: Final = 1000
_VERSION: Final = re.compile(r'beffroi_recorder_info\{version="([^"]*)"\}')
_UNDOING: Final = re.compile(r"^beffroi_recorder_destruction_(paused|failed)_files (\d+)", re.M)


def recorder(data: Path) -> list[Finding]:
    """Whether the recorder answers; its cameras, its disk, its version."""
    socket = RecorderPaths(data).control
    try:
        streams, disk, metrics = asyncio.run(_ask(socket))
    except RecorderGoneError:
        if not socket.exists():
            return [
                bad(
                    Code.RECORDER,
                    "L'enregistreur est arrêté : rien n'est enregistré. systemctl start beffroi-recorder.",
                    "The recorder is stopped: nothing is recorded. systemctl start beffroi-recorder.",
                )
            ]
        return [
            bad(
                Code.RECORDER,
                "L'enregistreur ne répond pas : il est bloqué ou s'est interrompu. journalctl -u beffroi-recorder, "
                "puis systemctl restart beffroi-recorder.",
                "The recorder does not answer: it hangs or has ended. journalctl -u beffroi-recorder, then systemctl "
                "restart beffroi-recorder.",
            )
        ]
    except BeffroiError as error:
        return [warn(Code.RECORDER, error.text.fr, error.text.en)]
    return [*_streams(streams), *_disk(disk), *_version(metrics), *_destruction(metrics)]


async def _ask(socket: Path) -> tuple[list[dict[str, Any]], dict[str, Any], str]:
    async with RecorderClient(socket, timeout_s=ASK_S) as client:
        streams = await client.streams()
        disk = await client.call("disk", {})
        metrics = await client.call("metrics", {})
    return streams, disk, str(metrics["text"])


def _streams(streams: list[dict[str, Any]]) -> list[Finding]:
    now_us = SystemClock().wall_us()
    good = sum(one["state"] == "recording" for one in streams)
    found = [
        ok(Code.RECORDER, "L'enregistreur répond.", "The recorder answers."),
        ok(Code.CAMERAS, f"{good} flux enregistrés sur {len(streams)}.", f"{good} of {len(streams)} streams recorded."),
    ]
    for one in streams:
        name = f"{one['camera']}/{one['stream']}"
        if one["state"] == "down":
            found.append(_down(name, one, now_us))
        offset_ms = one.get("camera_offset_ms")
        if offset_ms is not None and abs(offset_ms) > OFFSET_MS:
            found.append(
                warn(
                    Code.CAMERA_CLOCK,
                    f"L'horloge de {name} s'écarte de {offset_ms / 1000:+.1f} s : réglez son NTP. L'heure "
                    "enregistrée reste celle de l'enregistreur.",
                    f"The clock of {name} is {offset_ms / 1000:+.1f} s off: set its NTP. The time recorded remains "
                    "the recorder's.",
                    name,
                )
            )
        lost = int(one.get("rtp_lost") or 0) + int(one.get("dropped_groups") or 0)
        if lost:
            found.append(
                warn(
                    Code.CAMERA_LOSS,
                    f"{name} a perdu {one.get('rtp_lost') or 0} paquets et {one.get('dropped_groups') or 0} groupes "
                    "d'images : vérifiez le réseau, puis le disque.",
                    f"{name} lost {one.get('rtp_lost') or 0} packets and {one.get('dropped_groups') or 0} groups of "
                    "pictures: check the network, then the disk.",
                    name,
                )
            )
    return found


def _down(name: str, one: dict[str, Any], now_us: int) -> Finding:
    since_us = now_us - int(one.get("since_us") or now_us)
    minutes = since_us // 60_000_000
    cause = GapCause(one.get("cause") or GapCause.UNKNOWN.value).text
    say = bad if since_us > LONG_US else warn
    return say(
        Code.CAMERA_DOWN,
        f"{name} n'est plus enregistré depuis {minutes} min. {cause.fr} Vérifiez alimentation, câble, adresse et "
        "identifiants.",
        f"{name} has not been recorded for {minutes} min. {cause.en} Check power, cable, address and credentials.",
        name,
    )


def _disk(disk: dict[str, Any]) -> list[Finding]:
    found = []
    if disk.get("stopped"):
        stopped = disk["stopped"]
        names = ", ".join(stopped[:8]) + (f" (+ {len(stopped) - 8})" if len(stopped) > 8 else "")
        found.append(
            bad(
                Code.DISK_STOPPED,
                f"Disque plein. Caméras qui ne sont plus enregistrées : {names}. Libérez ou agrandissez le disque : "
                "elles reprennent seules.",
                f"Disk full. Cameras that are not recorded: {names}. Free or enlarge the disk: they start again by "
                "themselves.",
            )
        )
    text = disk.get("text")
    if disk.get("refused") and text:
        found.append(bad(Code.DISK_REFUSED, text["fr"], text["en"]))
    elif disk.get("short") and text:
        found.append(warn(Code.DISK_SHORT, text["fr"], text["en"]))
    elif text:
        found.append(ok(Code.DISK_SHORT, text["fr"], text["en"]))
    return found


def _version(metrics: str) -> list[Finding]:
    seen = _VERSION.search(metrics)
    if seen is None or seen[1] == __version__:
        return [ok(Code.VERSION, f"Version {__version__}.", f"Version {__version__}.")]
    return [
        warn(
            Code.VERSION,
            f"L'enregistreur tourne en version {seen[1]}, ce programme est en {__version__} : relancez-le quand "
            "l'enregistrement peut s'interrompre un instant.",
            f"The recorder runs version {seen[1]}, this program is {__version__}: restart it when recording may pause "
            "for a moment.",
        )
    ]


def _destruction(metrics: str) -> list[Finding]:
    counts = {kind: int(number) for kind, number in _UNDOING.findall(metrics)}
    if counts.get("failed"):
        return [
            bad(
                Code.DESTRUCTION,
                f"{counts['failed']} fichiers à leur terme n'ont pas pu être effacés : leurs clés sont détruites, mais "
                "vérifiez le disque et ses droits.",
                f"{counts['failed']} files at their term could not be removed: their keys are destroyed, but check the "
                "disk and its permissions.",
            )
        ]
    if counts.get("paused"):
        return [
            warn(
                Code.DESTRUCTION,
                f"La destruction de {counts['paused']} fichiers attend : l'horloge est douteuse (24 h au plus).",
                f"The destruction of {counts['paused']} files waits: the clock is in doubt (24 h at most).",
            )
        ]
    return [ok(Code.DESTRUCTION, "La destruction au terme est à jour.", "Destruction at term is up to date.")]
