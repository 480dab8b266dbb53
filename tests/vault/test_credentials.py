"""Camera passwords: sealed to one recorder, never printed; addresses: validated, never with a secret."""

import copy
import json
import multiprocessing
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beffroi.domain.errors import BadInputError
from beffroi.vault.credentials import (
    CameraUrl,
    Credentials,
    CredentialsRefusedError,
    IdentityBrokenError,
    RecorderIdentity,
    SecretUrl,
    UrlRefusedError,
    open_credentials,
    read_identity_public,
    seal_credentials,
)
from beffroi.vault.signed import unb64

SECRET = "p@ss:wörd/é?"


@pytest.fixture
def identity(tmp_path: Path) -> RecorderIdentity:
    return RecorderIdentity.open_or_create(tmp_path)


def test_sealed_to_one_recorder_and_one_camera(identity: RecorderIdentity, tmp_path: Path) -> None:
    blob = seal_credentials(identity.public, Credentials("admin", SECRET), camera="cam-1")
    assert open_credentials(identity, blob, camera="cam-1") == Credentials("admin", SECRET)
    other = RecorderIdentity.open_or_create(tmp_path / "other")
    for who, text, camera in (
        (other, blob, "cam-1"),
        (identity, blob, "cam-2"),
        (identity, blob[:-8], "cam-1"),
        (identity, "not base64", "cam-1"),
    ):
        with pytest.raises(CredentialsRefusedError) as caught:
            open_credentials(who, text, camera=camera)
        assert SECRET not in str(caught.value)


def test_the_blob_does_not_tell_the_length_of_the_password(identity: RecorderIdentity) -> None:
    lengths = {len(unb64(seal_credentials(identity.public, Credentials("a", "b" * n), camera="c"))) for n in (0, 1, 60)}
    assert len(lengths) == 1


def test_identity_is_made_once_private_and_checked(tmp_path: Path) -> None:
    first = RecorderIdentity.open_or_create(tmp_path)
    assert (tmp_path / "identity.key").stat().st_mode & 0o777 == 0o600
    assert RecorderIdentity.open_or_create(tmp_path).public == first.public
    assert read_identity_public(tmp_path / "identity.pub") == first.public
    assert sorted(path.name for path in tmp_path.iterdir()) == ["identity.key", "identity.pub"]
    (tmp_path / "identity.key").chmod(0o640)
    with pytest.raises(IdentityBrokenError):
        RecorderIdentity.open_or_create(tmp_path)
    (tmp_path / "identity.key").chmod(0o600)
    (tmp_path / "identity.key").write_bytes(b"")
    with pytest.raises(IdentityBrokenError):
        RecorderIdentity.open_or_create(tmp_path)
    with pytest.raises(BadInputError):
        read_identity_public(tmp_path / "nowhere")


def _public(directory: Path) -> bytes:
    return RecorderIdentity.open_or_create(directory).public


def test_workers_that_start_together_share_one_identity(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert len(set(pool.map(_public, [tmp_path] * 8))) == 1


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("rtsp://10.0.0.1/live", "rtsp://10.0.0.1:554/live"),
        ("rtsps://Cam.Example.org:8322/a/b?x=1&y=2", "rtsps://cam.example.org:8322/a/b?x=1&y=2"),
        ("rtsp://[2001:db8::1]:8554/s", "rtsp://[2001:db8::1]:8554/s"),
        ("rtsp://host", "rtsp://host:554"),
        ("rtsp://host/Streaming/Channels/101/", "rtsp://host:554/Streaming/Channels/101/"),
    ],
)
def test_addresses_kept(text: str, kept: str) -> None:
    url = CameraUrl.parse(text)
    assert str(url) == kept
    assert CameraUrl.parse(str(url)) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file:///etc/passwd",
        "http://host/stream",
        "concat:rtsp://a|file:///etc/passwd",
        "rtsp:host/path",
        "rtsp:///path",
        "rtsp://",
        "//host/path",
        "rtsp://user:pass@host/",
        "rtsp://user@host/",
        "rtsp://@host/",
        "rtsp://host@evil.example/",
        "rtsp://host\\@evil/",
        "rtsp://host/a\nb",
        "rtsp://host/a\r\nSETUP x",
        "rtsp://host/ a",
        "rtsp://ho st/",
        "rtsp://host/\x00",
        "rtsp://hôte/",
        "rtsp://host:0/",
        "rtsp://host:99999/",
        "rtsp://host:5x/",
        "rtsp://host:/",
        "rtsp://-host/",
        "rtsp://[::1/",
        "rtsp://[fe80::1%25eth0]/",
        "rtsp://host/#fragment",
        "rtsp://host/?user=admin&password=secret",
        "rtsp://host/?token=abc",
        "rtsp+file://host/",
        "rtsp://" + "a" * 3000,
        "rtsp://a,b/",
        "rtsp://host|file:/x/",
    ],
)
def test_hostile_addresses_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(UrlRefusedError) as caught:
        CameraUrl.parse(text)
    if "pass" in text and "passwd" not in text:
        assert "secret" not in caught.value.text.fr
        assert "user:pass" not in caught.value.text.fr


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60).map(lambda tail: "rtsp://" + tail) | st.text(max_size=60))
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    try:
        url = CameraUrl.parse(text)
    except UrlRefusedError:
        return
    assert "@" not in str(url).split("/")[2]
    assert CameraUrl.parse(str(url)) == url


def test_a_secret_url_never_prints_its_secret() -> None:
    url = SecretUrl(CameraUrl.parse("rtsp://host/live"), "admin", SECRET)
    assert url.reveal() == "rtsp://admin:p%40ss%3Aw%C3%B6rd%2F%C3%A9%3F@host:554/live"
    shown = [
        str(url),
        repr(url),
        f"{url}",
        f"{url!r}",
        f"{url}",
        json.dumps({"u": str(url)}),
        str([url]),
        str({1: url}),
    ]
    shown.append(url.scrub(f"Connection refused: '{url.reveal()}' ({SECRET})"))
    shown.append(repr(Credentials("admin", SECRET)))
    assert not any(SECRET in text or "p%40ss" in text for text in shown)
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leave(url)


def test_a_camera_without_a_password(identity: RecorderIdentity) -> None:
    none = open_credentials(identity, "", camera="cam-1")
    assert SecretUrl(CameraUrl.parse("rtsp://host/x"), none.user, none.password).reveal() == "rtsp://host:554/x"


@pytest.mark.parametrize(
    ("user", "password"), [("a:b", "x"), ("a\n", "x"), ("a", "x\r\n"), ("a" * 129, ""), ("", "é" * 65)]
)
def test_credentials_that_no_camera_takes_are_refused(user: str, password: str) -> None:
    with pytest.raises(BadInputError):
        Credentials(user, password)
