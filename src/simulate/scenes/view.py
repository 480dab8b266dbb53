"""The camera's geometry: a pinhole above a flat ground, verticals kept vertical (a shifted lens)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

WIDTH: Final = 1280
HEIGHT: Final = 720

Point = tuple[float, float, float]
Pixel = tuple[float, float]


@dataclass(frozen=True, slots=True)
class View:
    """Metres: x to the right, y up from the ground, z away from the camera. Pixels of a 1280×720 picture."""

    focal_px: float
    height_m: float
    horizon_px: float
    camera_x_m: float = 0.0

    def project(self, x: float, y: float, z: float) -> Pixel:
        """Where a point is seen. ``z`` must be positive."""
        scale = self.focal_px / z
        return WIDTH / 2 + (x - self.camera_x_m) * scale, self.horizon_px + (self.height_m - y) * scale

    def scale(self, z: float) -> float:
        """Pixels per metre at this distance."""
        return self.focal_px / z

    def ground(self, factor: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], int]:
        """x and z (metres) of every ground pixel of a picture ``factor`` times larger, and the first ground row."""
        first = int((self.horizon_px + 4) * factor)
        rows = (np.arange(first, HEIGHT * factor, dtype=np.float32) + 0.5) / factor
        columns = (np.arange(WIDTH * factor, dtype=np.float32) + 0.5) / factor
        z = self.focal_px * self.height_m / (rows - self.horizon_px)
        x = (columns[None, :] - WIDTH / 2) * z[:, None] / self.focal_px + self.camera_x_m
        return x.astype(np.float32), np.broadcast_to(z[:, None], x.shape), first
