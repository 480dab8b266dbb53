"""Real clips from a folder, and the command that serves them."""

import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from beffroi.cli.simulate import app
from beffroi.domain.errors import BadInputError
from simulate.clips import tiny
from simulate.config import Camera, Config, read_config
from simulate.faults import parse_fault
from simulate.folder import cameras_of
from simulate.packets import load_clip

MEDIA = os.environ.get("BEFFROI_TEST_MEDIA", "")


def test_a_folder_becomes_cameras(tmp_path: Path) -> None:
    shutil.copy(tiny("h265", seconds=1.0), tmp_path / "Place du Marché (2).mp4")
    shutil.copy(tiny("h264", seconds=1.0), tmp_path / "a.mp4")
    cameras = cameras_of(tmp_path)
    assert [camera.name for camera in cameras] == ["place-du-march-2", "a"]
    assert load_clip(cameras[0].main).codec == "h265"
    assert load_clip(cameras[0].sub).codec == "h264"


def test_an_empty_folder_and_a_false_clip_are_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        cameras_of(tmp_path)
    (tmp_path / "false.mp4").write_bytes(b"x" * 1000)
    with pytest.raises(BadInputError, match=r"false\.mp4"):
        cameras_of(tmp_path)


@pytest.mark.skipif(not Path(MEDIA, "caviar").is_dir() or not MEDIA, reason="BEFFROI_TEST_MEDIA is not set")
def test_real_clips_are_transcoded_once(tmp_path: Path) -> None:
    for name in ("caviar/OneLeaveShop1front.mpg", "tfl/3507_tooley_st.mp4"):
        (tmp_path / Path(name).name).symlink_to(Path(MEDIA, name))
    for camera in cameras_of(tmp_path):
        clip = load_clip(camera.main)
        assert clip.codec == "h264"
        assert len(clip.frames) > 100
    times = {path: path.stat().st_mtime_ns for path in (camera.main for camera in cameras_of(tmp_path))}
    assert times == {path: path.stat().st_mtime_ns for path in times}


def test_a_configuration_round_trips_and_is_private(tmp_path: Path) -> None:
    config = Config(
        cameras=(Camera(name="a", main=tmp_path / "m", sub=tmp_path / "s", password="p", audio=True),), port=7
    )
    path = tmp_path / "c.json"
    config.write(path)
    assert read_config(path) == config
    assert path.stat().st_mode & 0o077 == 0
    assert "p'" not in repr(config.cameras[0])
    for bad in ("", "[]", "{}", '{"cameras": [{"name": "A B", "main": "x"}]}', '{"cameras": [], "colour": 1}'):
        path.write_text(bad)
        with pytest.raises(BadInputError):
            read_config(path)


@pytest.mark.parametrize(
    "written", ["none", "stall", "drop:0.05", "corrupt:1", "burst:3", "clock-step:-60", "new-sps", "silent", "refuse"]
)
def test_faults_read_back_as_written(written: str) -> None:
    assert str(parse_fault(written)) == written


@pytest.mark.parametrize(
    "written", ["", "drop", "drop:", "drop:2", "drop:nan", "stall:1", "burst:-1", "burst:inf", "x:1"]
)
def test_wrong_faults_are_refused(written: str) -> None:
    with pytest.raises(BadInputError):
        parse_fault(written)


def test_the_command_prints_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = tiny(seconds=1.0)
    path = tmp_path / "c.json"
    Config(cameras=(Camera(name="rue", main=clip, sub=clip, user="u", password="hush"),), port=8554).write(path)
    monkeypatch.setattr("beffroi.cli.simulate.asyncio.run", lambda work: work.close())
    hidden = CliRunner().invoke(app, ["run", "--config", str(path)])
    assert "rtsp://u:***@127.0.0.1:8554/rue/main" in hidden.output
    assert "hush" not in hidden.output
    assert "hush" in CliRunner().invoke(app, ["run", "--config", str(path), "--show"]).output
