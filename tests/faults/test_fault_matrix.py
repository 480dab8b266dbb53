"""The page of faults says what the tests declare, no more and no less; records are refused when they do not fit."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support import faultmatrix


def test_the_page_names_exactly_the_declared_rows_each_with_a_figure() -> None:
    declared = faultmatrix.rows()
    lines = [line for line in faultmatrix.PAGE.read_text().splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row.fault for row in declared.values()] == list(dict.fromkeys(row[0] for row in cells))
    for fault, must, bar, seen, runs, _, test in cells:
        row = next(item for item in declared.values() if item.fault == fault)
        assert (must, bar) == (row.must, row.bar)
        assert any(letter.isdigit() for letter in seen), fault
        assert int(runs) > 0
        assert test.split(" ")[0] in row.tests


def test_the_tests_of_a_row_exist_and_record_it() -> None:
    for row in faultmatrix.rows().values():
        for test in row.tests:
            source = (faultmatrix.HERE.parent / test).read_text()
            assert f'"{row.name}"' in source, f"{test} does not record {row.name}"


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEFFROI_FAULTS", str(tmp_path))


@pytest.mark.usefixtures("_elsewhere")
def test_a_record_must_fit_its_declaration() -> None:
    with pytest.raises(KeyError):
        faultmatrix.record("no-such-row", seen="0", runs=1, seed=1)
    with pytest.raises(ValueError, match="otherwise"):
        faultmatrix.record("worker-hang", must="something else", seen="0", runs=1, seed=1)
    with pytest.raises(ValueError, match="does not name"):
        faultmatrix.record("worker-hang", seen="0", runs=1, seed=1)
    with pytest.raises(LookupError, match="worker-hang"):
        faultmatrix.page()


HERE = "tests/faults/test_fault_matrix.py"


@pytest.fixture
def _a_kept_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of this file, and a seed of it that once failed."""
    (tmp_path / "rows.toml").write_text(f'[cut]\nfault = "f"\nmust = "m"\nbar = "b"\ntests = ["{HERE}"]\n')
    (tmp_path / "seeds.txt").write_text("cut 17  # found something\n")
    monkeypatch.setattr(faultmatrix, "ROWS", tmp_path / "rows.toml")
    monkeypatch.setattr(faultmatrix, "SEEDS", tmp_path / "seeds.txt")


@pytest.mark.usefixtures("_elsewhere", "_a_kept_seed")
@pytest.mark.parametrize("asks", [faultmatrix.draws, lambda row: faultmatrix.seeds(row, 1)], ids=["draws", "seeds"])
def test_a_kept_seed_that_the_rows_test_never_draws_is_refused(asks: Callable[[str], list[int]]) -> None:
    with pytest.raises(ValueError, match="does not draw"):
        faultmatrix.record("cut", seen="0", runs=1, seed=1)
    assert asks("cut")[0] == 17
    faultmatrix.record("cut", seen="0", runs=1, seed=1)


@pytest.mark.usefixtures("_elsewhere", "_a_kept_seed")
@pytest.mark.parametrize("words", ["-1 h", "a (call) b"])
def test_a_test_keeps_its_whole_name(words: str) -> None:
    faultmatrix.draws("cut")
    faultmatrix.record("cut", seen="0", runs=1, seed=1)
    (seen,) = faultmatrix.last_run()["cut"]
    assert seen.test == f"{HERE}::test_a_test_keeps_its_whole_name[{words}]"


def test_seeds_are_kept_for_declared_rows_only() -> None:
    assert faultmatrix.kept_rows() <= set(faultmatrix.rows())


def test_seeds_that_failed_come_first_and_the_rest_repeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "seeds.txt"
    kept.write_text("# why\ncut 17  # found something\nother 3\n\ncut 99\n")
    monkeypatch.setattr(faultmatrix, "SEEDS", kept)
    assert faultmatrix.seeds("cut", 2, base=5)[:2] == [17, 99]
    assert faultmatrix.seeds("cut", 2, base=5) == faultmatrix.seeds("cut", 2, base=5)
    assert faultmatrix.seeds("cut", 2, base=5) != faultmatrix.seeds("cut", 2, base=6)
