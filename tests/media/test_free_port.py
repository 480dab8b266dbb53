"""A free port lies outside those that the kernel gives to outgoing connections, wherever these begin."""

from pathlib import Path

import pytest

from beffroi.base import ports


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("32768\t60999\n", 32_768, 60_999),
        ("11000 60999", 11_000, 60_999),
        ("10500 60999", 10_500, 60_999),
        ("10000 65535", 10_000, 65_535),
        ("1024 60999", 1024, 60_999),
        ("", 32_768, 60_999),
        ("x y", 32_768, 60_999),
        ("1", 32_768, 60_999),
    ],
)
def test_it_lies_outside(said: str, first: int, last: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "range").write_text(said)
    monkeypatch.setattr(ports, "_RANGE", tmp_path / "range")
    drawn = [ports.free_port() for _ in range(200)]
    assert [port for port in drawn if first <= port <= last] == []
    assert all(1024 <= port <= 65_535 for port in drawn)


def test_where_there_is_no_room_it_is_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "range").write_text("1024 65535")
    monkeypatch.setattr(ports, "_RANGE", tmp_path / "range")
    assert 10_000 <= ports.free_port() <= 65_535


def test_none_is_given_out_twice_while_there_are_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked first may not listen on it yet."""
    (tmp_path / "range").write_text("11000 60999")
    monkeypatch.setattr(ports, "_RANGE", tmp_path / "range")
    monkeypatch.setattr(ports, "_given", set())
    drawn = [ports.free_port() for _ in range(300)]
    assert len(set(drawn)) == len(drawn)


def test_one_that_was_given_out_is_better_than_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "range").write_text("11000 60999")
    monkeypatch.setattr(ports, "_RANGE", tmp_path / "range")
    monkeypatch.setattr(ports, "_given", set(range(10_000, 11_000)))
    assert 10_000 <= ports.free_port() < 11_000
