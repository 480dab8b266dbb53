"""What one server carries: figures for 8 to 128 streams, and a model fitted to them.

``cpu_ms_s = fixed + per_stream * streams + per_mbit * Mbit/s``, by least squares over runs of main and of sub streams;
memory the same way. The rates are those on disk.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np

from beffroi.cli.benchclip import QUALITIES, Kind
from beffroi.cli.benchrecord import measure

STEPS: Final = (8, 16, 32, 64, 128)
_SHARE: Final = 0.7
"""Of two cores, what recording may take: the rest is for the centre, viewers and bursts."""


def measure_sweep(folder: Path, *, seconds: float, steps: tuple[int, ...] = STEPS) -> dict[str, Any]:
    """Record main and sub streams, more and more of them, without the peer; figures of each run and the model."""
    runs = []
    kinds: tuple[Kind, ...] = ("main", "sub")
    for kind in kinds:
        for streams in steps:
            found = measure(folder, streams=streams, seconds=seconds, kind=kind, rounds=1, peer=False)
            figures = found["beffroi"]
            runs.append(
                {
                    "kind": kind,
                    "streams": streams,
                    "mbit_s": streams * QUALITIES[kind].kbit_s / 1000,
                    "cpu_ms_s": round(figures["cpu_ms_per_s_per_stream"] * streams, 1),
                    "pss_mib": round(figures["pss_mib_per_stream"] * streams, 1),
                    "switches_s": round(figures["context_switches_per_s_per_stream"] * streams),
                    "generator_ms_s": round(figures["generator_cpu_ms_per_s_per_stream"] * streams),
                    "missing": found["frames_missing"],
                }
            )
    return {
        "frames_missing": sum(int(run["missing"]) for run in runs),
        **{f"{run['kind']} × {run['streams']}": _line(run) for run in runs},
        "runs": runs,
        "model": {"cpu_ms_s": fit(runs, "cpu_ms_s"), "pss_mib": fit(runs, "pss_mib")},
        "one_core_carries": {kind: _carried(fit(runs, "cpu_ms_s"), kind) for kind in kinds},
    }


def fit(runs: list[dict[str, Any]], what: str) -> dict[str, float]:
    """Least squares of a figure on one, streams and Mbit/s, each run weighing the same by its relative error."""
    figures = np.array([float(run[what]) for run in runs])
    known = np.array([[1.0, run["streams"], run["mbit_s"]] for run in runs])
    found, *_ = np.linalg.lstsq(known / figures[:, None], np.ones(len(runs)), rcond=None)
    error = np.abs(known @ found / figures - 1)
    names = ("fixed", "per_stream", "per_mbit_s")
    out = {name: round(float(value), 3) for name, value in zip(names, found, strict=True)}
    return {**out, "worst_relative_error": round(float(error.max()), 2)}


def _carried(model: dict[str, float], kind: Kind) -> int:
    """Streams that use `_SHARE` of one core."""
    each = model["per_stream"] + model["per_mbit_s"] * QUALITIES[kind].kbit_s / 1000
    return int((1000 * _SHARE - model["fixed"]) / each)


def _line(run: dict[str, Any]) -> str:
    return (
        f"{run['cpu_ms_s'] / run['streams']:.2f} ms/s, {run['pss_mib'] / run['streams']:.2f} MiB, "
        f"{run['switches_s'] / run['streams']:.1f} switches/s per stream, {run['missing']} missing"
    )
