"""The street's floor: asphalt, kerbs, slabs and markings, computed for every pixel from its place on the ground."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Street:
    """A street across the view (`axis` "x") or along it ("z"). Metres; the road is between two kerbs."""

    axis: str
    road: tuple[float, float]
    pavement: tuple[float, float]
    zebra: tuple[float, float]

    @property
    def middle(self) -> float:
        """Where the lanes meet."""
        return (self.road[0] + self.road[1]) / 2


def paint(street: Street, x: Floats, z: Floats, seed: int) -> Floats:
    """Colours (float RGB) of ground pixels at these places."""
    across, along = (z, x) if street.axis == "x" else (x, z)
    grain = _noise(x, z, 0.09, seed) * 9 + _noise(x, z, 0.9, seed + 1) * 10 + _noise(x, z, 4.0, seed + 2) * 8
    out = np.empty((*x.shape, 3), np.float32)
    out[...] = np.array((92, 94, 97), np.float32)
    low, high = street.road
    slabs = (across < low) | (across > high)
    out[slabs] = (172, 165, 153)
    joint = slabs & (((along / 0.9) % 1.0 < 0.05) | ((across / 0.6) % 1.0 < 0.06))
    out[joint] = (144, 137, 126)
    beyond = (across < street.pavement[0]) | (across > street.pavement[1])
    out[beyond] = (132, 128, 118)
    for edge, side in ((low, -1), (high, 1)):
        kerb = (across - edge) * side
        out[(kerb >= 0) & (kerb < 0.22)] = (196, 192, 184)
        out[(kerb < 0) & (kerb > -0.35)] = (78, 79, 82)
    paint_marks = np.zeros(x.shape, bool)
    dashes = (np.abs(across - street.middle) < 0.08) & (along % 4.5 < 2.2)
    near_zebra = (along > street.zebra[0] - 1.5) & (along < street.zebra[1] + 1.5)
    paint_marks |= dashes & ~near_zebra
    on_road = (across > low + 0.3) & (across < high - 0.3)
    paint_marks |= on_road & (along > street.zebra[0]) & (along < street.zebra[1]) & ((across - low) % 1.0 < 0.5)
    cycle = (np.abs(across - (high - 1.35)) < 0.06) & (along % 1.0 < 0.5) & ~near_zebra
    paint_marks |= cycle
    worn = _noise(x, z, 0.25, seed + 3)
    out[paint_marks] = 222
    out[paint_marks] += worn[paint_marks][:, None] * 16
    out += grain[..., None]
    return out


def _noise(x: Floats, z: Floats, size_m: float, seed: int) -> Floats:
    """Smooth noise in −1…1 on a grid of this size, repeating every 256 cells."""
    table = np.random.default_rng(seed).uniform(-1, 1, (256, 256)).astype(np.float32)
    u, v = x / size_m, z / size_m
    iu, iv = np.floor(u), np.floor(v)
    fu, fv = u - iu, v - iv
    i0, j0 = iu.astype(np.int32) & 255, iv.astype(np.int32) & 255
    i1, j1 = (i0 + 1) & 255, (j0 + 1) & 255
    near = table[j0, i0] * (1 - fu) + table[j0, i1] * fu
    far = table[j1, i0] * (1 - fu) + table[j1, i1] * fu
    smooth: Floats = near * (1 - fv) + far * fv
    return smooth
