"""``python -m simulate.scenes [--dir DIR]``: render all scenes, and say how long it took."""

import argparse
import sys
import time
from pathlib import Path

from simulate.scenes.render import render_all


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Render what is missing."""
    parser = argparse.ArgumentParser(prog="python -m simulate.scenes", description="Render the street scenes")
    parser.add_argument("--dir", type=Path, help="folder of the clips (default: $BEFFROI_SCENES or .scenes)")
    folder: Path | None = parser.parse_args().dir
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    for made in render_all(folder, say=_say).values():
        _say(f"{made.main.stat().st_size / 7.5e6:5.2f} + {made.sub.stat().st_size / 7.5e6:4.2f} Mbit/s  {made.main}")
    _say(f"{time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
