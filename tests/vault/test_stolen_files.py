"""The files of a recorder carried off while it records: one copied between its creation and its head is no find."""

import os
from pathlib import Path

import pytest
from tests.support.chunks import CAMERA, Written, write_chunk

from beffroi.cli.promises.keys import _chunks, _file_of
from beffroi.cli.promises.report import PromiseBrokenError
from beffroi.vault.catalogue import Catalogue


@pytest.fixture
def stolen(tmp_path: Path, catalogue: Catalogue) -> Written:
    return write_chunk(tmp_path, catalogue)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_file_copied_before_its_head_was_whole_is_passed_over(tmp_path: Path, stolen: Written, share: float) -> None:
    media = stolen.path.read_bytes()
    cut = stolen.path.with_name("0000-begun.mp4")  # before the other in any order
    cut.write_bytes(media[: round(share * head_of(media))])
    assert _chunks(tmp_path) == [stolen.path]
    assert _file_of(tmp_path, CAMERA, stolen.header.kid) == stolen.path


def test_a_file_with_its_head_and_nothing_more_is_none_of_these(tmp_path: Path, stolen: Written) -> None:
    media = stolen.path.read_bytes()
    begun = stolen.path.with_name("zzzz-begun.mp4")
    begun.write_bytes(media[: head_of(media)])
    assert _chunks(tmp_path) == [stolen.path, begun]


def test_a_large_file_without_a_head_is_not_passed_over(tmp_path: Path, stolen: Written) -> None:
    stolen.path.with_name("foreign.mp4").write_bytes(os.urandom(65_536))
    with pytest.raises(PromiseBrokenError, match=r"foreign\.mp4|en-tête"):
        _chunks(tmp_path)


def head_of(media: bytes) -> int:
    """How long the head is: all before the first fragment."""
    return media.index(b"moof") - 4
