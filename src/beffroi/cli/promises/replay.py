"""Replay: half a minute back starts within a second, decrypted in the browser, and shows the frames of that time."""

import time
from datetime import UTC, datetime
from typing import Final

from beffroi.base.clock import SystemClock
from beffroi.cli.promises.browser import Desk, Truth
from beffroi.cli.promises.report import Figure, Kept, demand, kept
from beffroi.domain.clock import to_wall_us

CAMERA: Final = "bn-place-du-marche"
H265_CAMERA: Final = "bn-gare-parvis"
BACK_S: Final = 30.0
START_TARGET_MS: Final = 1000.0
OFF_TARGET_FRAMES: Final = 10
"""A picture is dated by the wall clock on arrival: 10 frames are 400 ms, what a loaded machine adds on the way."""

_SEEKS_BACK_S: Final = (24.0, 12.0, 28.0)
_READY_BACK_S: Final = 4.0
_STARTS: Final = 3
_TYPED_S: Final = 3.0
"""What is typed has whole seconds, and the picture plays on before it is read."""


def replay(
    desk: Desk, *, camera: str = CAMERA, back_s: float = BACK_S, seeks_back_s: tuple[float, ...] = _SEEKS_BACK_S
) -> Kept:
    """So far back, then seeks: each picture shows the number that the camera showed at that time.

    Thirty seconds back is the button of the live tile; another time is asked in the form.

    Raises:
        PromiseBrokenError: it does not start, or shows another time or another camera.
    """
    _wait_recorded(desk, camera, back_s + _READY_BACK_S)
    for _ in range(_STARTS):  # other work of the machine makes a start late: the first one in time counts
        clicked_us = _click_live_tile(desk, camera) if back_s == BACK_S else _fill_form(desk, camera, back_s)
        desk.until(lambda: desk.replaying().get("frames", 0) > 0, "la première image / the first picture", 60)
        started = desk.replaying()
        _began_there(started["atUs"], clicked_us, back_s)
        if started["startedMs"] <= START_TARGET_MS:
            break
    off, seeks_ms = [_read_paused(desk, camera)], []
    for seek_back_s in seeks_back_s:
        _seek(desk, clicked_us - round(seek_back_s * 1e6))
        seeks_ms.append(desk.replaying()["seekMs"])  # none when the pictures were there already
        off.append(_read_paused(desk, camera))
    return kept(
        f"Relecture de {camera} : {back_s:g} s en arrière puis {len(seeks_back_s)} saut(s), chaque fois la bonne image",
        Figure("du clic à l'image", started["startedMs"], "ms", START_TARGET_MS),
        Figure("saut", min(filter(None, seeks_ms), default=0), "ms", START_TARGET_MS),
        Figure("écart", max(abs(frames) for frames in off), "images", OFF_TARGET_FRAMES),
    )


def _began_there(at_us: int, clicked_us: int, back_s: float) -> None:
    """It began so far before the click, and has only played on since: however long click and first picture took."""
    now_us = SystemClock().wall_us()
    early_s, late_s = (clicked_us - at_us) / 1e6 - back_s, (at_us - now_us) / 1e6 + back_s
    demand(
        early_s < _TYPED_S and late_s < _TYPED_S,
        f"La relecture commence {early_s:.1f} s trop tôt ou {late_s:.1f} s trop tard",
        f"The replay begins {early_s:.1f} s too early or {late_s:.1f} s too late",
    )


def replay_h265(desk: Desk) -> Kept:
    """A camera whose main stream is H.265 replays through its H.264 sub-stream where the browser has no H.265."""
    told = replay(desk, camera=H265_CAMERA, seeks_back_s=(15.0,))
    plays = desk.page.evaluate("() => MediaSource.isTypeSupported('video/mp4; codecs=\"hvc1.1.6.L93.B0\"')")
    size = desk.page.locator(".player video").evaluate("video => video.videoWidth")
    demand(
        plays or size < 1280,
        f"{H265_CAMERA} joue un flux de {size} px",
        f"{H265_CAMERA} plays a stream of {size} px",
    )
    return Kept(f"Relecture d'une caméra H.265, par son flux de {size} px", told.figures)


def _click_live_tile(desk: Desk, camera: str) -> int:
    """Thirty seconds back, from the tile that plays. Gives the instant of the click."""
    desk.empty_wall()
    desk.put(camera)
    desk.until(lambda: desk.tiles().get(camera, {}).get("frames", 0) > 0, "le direct / the live picture", 60)
    desk.tile(camera).hover()
    clicked_us = SystemClock().wall_us()
    desk.tile(camera).get_by_role("button", name="Relire").click()
    return clicked_us


def _fill_form(desk: Desk, camera: str, back_s: float) -> int:
    """A camera, a time and a reason, in the room of the replay. Gives the instant of the click."""
    desk.take_duty()
    desk.room(2)
    desk.put(camera)
    now_us = SystemClock().wall_us()
    from_us = now_us - round(back_s * 1e6)
    desk.page.locator("#day").fill(_legal_day(desk, from_us))  # the form begins half an hour back: perhaps yesterday
    desk.page.locator("#from").fill(_civil(desk, from_us))
    desk.page.locator("#to").fill(_civil(desk, now_us))
    desk.page.get_by_role("button", name="Ouvrir la relecture").click()
    return now_us


def _civil(desk: Desk, wall_us: int) -> str:
    """A time as people of the centre write it, to the second."""
    local: str = desk.page.evaluate(
        "us => new Date(us / 1000).toLocaleTimeString('fr-FR', { timeZone: 'Europe/Paris' })", wall_us
    )
    return local


def _legal_day(desk: Desk, wall_us: int) -> str:
    """The day of an instant in legal time, as a date field takes it."""
    day: str = desk.page.evaluate(
        "us => new Date(us / 1000).toLocaleDateString('sv-SE', { timeZone: 'Europe/Paris' })", wall_us
    )
    return day


def _wait_recorded(desk: Desk, camera: str, wanted_s: float) -> None:
    """Until the recorder has what is going to be asked."""

    def recorded_s() -> float:
        for commune in desk.person().get("/api/cameras").body["communes"]:
            for one in commune["cameras"]:
                since = one["health"]["since"] if one["id"] == camera else None
                if since:
                    return time.time() - to_wall_us(datetime.fromisoformat(since).astimezone(UTC)) / 1e6
        return 0

    desk.until(lambda: recorded_s() > wanted_s, f"{wanted_s:g} s enregistrées / recorded", wanted_s + 60)


def _seek(desk: Desk, to_us: int) -> None:
    """Type the time into the box, as a person does; seconds are what it takes."""
    desk.page.keyboard.press("t")
    desk.page.keyboard.type(_civil(desk, to_us))
    desk.page.keyboard.press("Enter")
    whole_us = to_us // 1_000_000 * 1_000_000
    desk.until(lambda: abs((desk.replaying()["atUs"] or 0) - whole_us) < 2e6 and _shows(desk), "le saut / the seek")


def _shows(desk: Desk) -> bool:
    ready: bool = desk.page.locator(".player video").evaluate("video => !video.seeking && video.readyState >= 2")
    return ready


def _read_paused(desk: Desk, camera: str) -> int:
    """Pause, read the number on the screen, compare with the one of that wall time. Gives the frames apart."""
    truth, video = Truth.of(desk.house), desk.page.locator(".player video")
    if desk.replaying()["state"] != "paused":
        desk.until(lambda: desk.replaying()["state"] in {"playing", "paused"}, "la lecture / playing")
    if desk.replaying()["state"] == "playing":
        desk.page.keyboard.press("k")
    desk.until(lambda: desk.replaying()["state"] == "paused" and _shows(desk), "la pause / the pause")
    desk.composed()
    scene, frame = desk.number(video)
    at_us = int(desk.replaying()["fromUs"] + video.evaluate("video => video.currentTime") * 1e6)
    demand(scene == truth.scene(camera), f"{camera} rejoue la scène {scene}", f"{camera} replays scene {scene}")
    return Truth.behind(truth.frame(camera, at_us), frame)
