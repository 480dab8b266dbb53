"""The set of cameras served when nobody says otherwise: one per scene, then the same at other moments."""

import secrets
from pathlib import Path
from typing import Final

from simulate.config import Camera
from simulate.scenes import Rendered

_APART_S: Final = 13.0


def default_cameras(
    rendered: dict[str, Rendered], count: int, *, user: str = "beffroi", password: str | None = None
) -> tuple[Camera, ...]:
    """``count`` cameras named ``<scene>-<n>``; one random password for all when none is given."""
    secret = secrets.token_urlsafe(12) if password is None else password
    scenes = list(rendered.values())
    return tuple(
        Camera(
            name=f"{scenes[n % len(scenes)].name}-{n // len(scenes) + 1}",
            main=Path(scenes[n % len(scenes)].main),
            sub=Path(scenes[n % len(scenes)].sub),
            user=user,
            password=secret,
            offset_s=n // len(scenes) * _APART_S,
        )
        for n in range(count)
    )
