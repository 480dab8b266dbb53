"""What a simulator serves: cameras and ports, as JSON on disk."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

Join = Literal["live", "key"]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A simulated camera with its `main` and `sub` streams.

    ``offset_s`` moves it along the loop, so that two cameras of one scene differ. ``join``: a viewer begins at the
    frame of the moment (``live``, as most cameras do: nothing decodes before the next key frame) or is first sent
    the current group of pictures at once (``key``). ``password`` empty: no authentication. ``alternate`` is what
    ``new-sps`` switches to; by default the other stream of the camera, when it has the same codec.
    """

    name: str
    main: Path
    sub: Path
    user: str = ""
    password: str = field(default="", repr=False)
    offset_s: float = 0.0
    audio: bool = False
    join: Join = "live"
    alternate: Path | None = None

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise _bad(f"name {self.name!r}")
        if self.join not in ("live", "key"):
            raise _bad(f"join {self.join!r}")

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "main": str(self.main),
            "sub": str(self.sub),
            "user": self.user,
            "password": self.password,
            "offset_s": self.offset_s,
            "audio": self.audio,
            "join": self.join,
            "alternate": str(self.alternate) if self.alternate else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole simulator. Port 0 means any free one. ``epoch_us`` is when frame 0 was shown, for every camera."""

    cameras: tuple[Camera, ...]
    host: str = "127.0.0.1"
    port: int = 0
    control_port: int = 0
    epoch_us: int = 0

    def write(self, path: Path) -> None:
        """As JSON, readable by its owner only: it holds passwords."""
        data = {
            "host": self.host,
            "port": self.port,
            "control_port": self.control_port,
            "epoch_us": self.epoch_us,
            "cameras": [camera.as_dict() for camera in self.cameras],
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(data, indent=1), encoding="utf-8")


def read_config(path: Path) -> Config:
    """Read what `Config.write` wrote, or a person did. Relative clips are relative to the file.

    Raises:
        BadInputError: not JSON, an unknown or a missing field, a name used twice.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        cameras = []
        for raw in data.pop("cameras"):
            entry = dict(raw)
            for key in ("main", "sub", "alternate"):
                if entry.get(key):
                    entry[key] = path.parent / entry[key]
            entry.setdefault("sub", entry["main"])
            cameras.append(Camera(**entry))
        config = Config(cameras=tuple(cameras), **data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _bad(str(error)) from error
    if len({camera.name for camera in config.cameras}) != len(config.cameras):
        raise _bad("two cameras of one name")
    return config


def _bad(why: str) -> BadInputError:
    return BadInputError(
        Text(
            fr=f"La configuration du simulateur ne se lit pas ({why}) : voir docs/design/simulate.md.",
            en=f"The simulator's configuration cannot be read ({why}): see docs/design/simulate.md.",
        )
    )
