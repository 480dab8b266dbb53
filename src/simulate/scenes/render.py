"""Clips of the scenes with their ground truth: rendered once, atomically, on two processes, kept under a hash."""

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Final

import av

import simulate
from simulate.clips import Encoder, atomic, cache_dir, digest
from simulate.nal import Codec
from simulate.scenes.catalogue import FPS, FRAMES, GOP, SCENES, Scene
from simulate.scenes.stage import Stage
from simulate.scenes.view import HEIGHT, WIDTH

_MAIN_KBIT_S: Final = 2000
_SUB_KBIT_S: Final = 400
_WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class Rendered:
    """Files of one scene. ``truth`` is JSON lines: a header, then per frame its number, second and objects."""

    name: str
    caption: str
    main: Path
    sub: Path
    truth: Path

    @property
    def complete(self) -> bool:
        """True when all three files are there."""
        return self.main.exists() and self.sub.exists() and self.truth.exists()


@lru_cache(maxsize=1)
def _generator() -> str:
    """A hash of the generator's own source: a changed drawing is another version."""
    folder = Path(simulate.__file__).parent
    sources = [*sorted((folder / "scenes").glob("*.py")), folder / "marks.py", folder / "clips.py"]
    return digest({path.name: path.read_text(encoding="utf-8") for path in sources})


def files(scene: Scene, folder: Path | None = None, *, frames: int = FRAMES) -> Rendered:
    """Where the files of a scene are, or will be."""
    version = digest({"generator": _generator(), "frames": frames, "scene": scene.name, "codec": scene.codec})
    base = (folder or cache_dir()) / f"{scene.name}-{version}"
    return Rendered(
        scene.name,
        scene.caption,
        base.with_name(base.name + f"-main-{scene.codec}.mp4"),
        base.with_name(base.name + "-sub-h264.mp4"),
        base.with_name(base.name + "-truth.jsonl"),
    )


def render_scene(scene: Scene, folder: Path | None = None, *, frames: int = FRAMES) -> Rendered:
    """Render a scene when it is not already there. Files appear whole or not at all, the truth last."""
    made = files(scene, folder, frames=frames)
    if made.complete:
        return made
    stage = Stage(scene)
    with ExitStack() as drafts:
        truth = drafts.enter_context(atomic(made.truth))
        sub = drafts.enter_context(atomic(made.sub))
        main = drafts.enter_context(atomic(made.main))
        with truth.open("w", encoding="utf-8") as lines:
            head = {"scene": scene.name, "caption": scene.caption, "mark": scene.number, "fps": FPS, "frames": frames}
            lines.write(json.dumps(head | {"width": WIDTH, "height": HEIGHT}, ensure_ascii=False) + "\n")
            big = _encoder(main, scene.codec, WIDTH, HEIGHT, _MAIN_KBIT_S)
            small = _encoder(sub, "h264", WIDTH // 2, HEIGHT // 2, _SUB_KBIT_S)
            drawn = av.VideoFrame(WIDTH, HEIGHT, "rgb24")
            # Encoding leaves Python's lock: it runs beside the drawing, on whatever core is free, a frame behind.
            aside = drafts.enter_context(ThreadPoolExecutor(1))
            behind: Future[None] | None = None
            for number in range(frames):
                picture, seen = stage.draw(number)
                drawn.planes[0].update(picture)  # type: ignore[arg-type]  # any buffer is accepted
                frame = drawn.reformat(format="yuv420p", interpolation="POINT")
                if behind is not None:
                    behind.result()
                behind = aside.submit(_encode, big, small, frame)
                objects = [{"id": one.number, "class": one.kind, "box": one.box} for one in seen]
                lines.write(json.dumps({"frame": number, "t_s": number / FPS, "objects": objects}) + "\n")
            if behind is not None:
                behind.result()
            big.close()
            small.close()
    return made


def _encode(big: Encoder, small: Encoder, frame: av.VideoFrame) -> None:
    small.add(frame.reformat(WIDTH // 2, HEIGHT // 2, interpolation="FAST_BILINEAR"))
    big.add(frame)


def _encoder(path: Path, codec: Codec, width: int, height: int, kbit_s: int) -> Encoder:
    return Encoder(path, codec, width, height, Fraction(FPS), gop=GOP, bframes=0, kbit_s=kbit_s)


def render_all(
    folder: Path | None = None, *, say: Callable[[str], None] = lambda _: None, frames: int = FRAMES
) -> dict[str, Rendered]:
    """Every scene, rendered where missing, and older versions removed. ``say`` is told what happens."""
    started = time.monotonic()
    missing = [scene for scene in SCENES if not files(scene, folder, frames=frames).complete]
    missing.sort(key=lambda scene: scene.codec != "h265")  # the slowest first
    if missing:
        say(f"{len(missing)} scène(s) à calculer, {frames} images chacune, {_WORKERS} processus")
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(_WORKERS, len(missing)), mp_context=spawn) as pool:
            jobs = {pool.submit(render_scene, scene, folder, frames=frames): scene for scene in missing}
            for count, job in enumerate(as_completed(jobs), 1):
                job.result()
                say(f"  {count}/{len(missing)} {jobs[job].caption} : {time.monotonic() - started:.1f} s")
    done = {scene.name: files(scene, folder, frames=frames) for scene in SCENES}
    if frames == FRAMES:
        _forget_older(folder or cache_dir(), done)
    return done


def _forget_older(folder: Path, done: dict[str, Rendered]) -> None:
    kept = {path for one in done.values() for path in (one.main, one.sub, one.truth)}
    for one in done.values():
        for path in folder.glob(f"{one.name}-????????????-*"):
            if path not in kept:
                path.unlink(missing_ok=True)


def truth(made: Rendered) -> Iterator[dict[str, object]]:
    """Ground truth of a scene, frame by frame: ``{"frame", "t_s", "objects": [{"id", "class", "box"}]}``."""
    with made.truth.open(encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            entry: dict[str, object] = json.loads(line)
            yield entry
