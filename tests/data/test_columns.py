"""Columns give what arrays give, and hold little memory while they do."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from nndsl.data import stored
from nndsl.data.columns import Chosen, Column, Joined, Looked
from nndsl.data.stored import Residency, Stored
from nndsl.data.table import Array

VALUES = np.arange(60, dtype=np.float32).reshape(20, 3) / 7


def in_file(values: Array, folder: Path, dtype: str = "f4", offset: int = 0, budget: int = 1) -> Stored:
    path = folder / f"{len(list(folder.iterdir()))}"
    path.write_bytes(bytes(offset) + values.tobytes())
    return Stored(str(path), values.shape, values.dtype, np.dtype(dtype), Residency(budget), offset)


@pytest.fixture(params=["stored", "of another type", "behind a header", "chosen", "joined", "looked up"])
def column(request: pytest.FixtureRequest, tmp_path: Path) -> Column:
    """`VALUES`, in each way that a column can have them."""
    match request.param:
        case "stored":
            return in_file(VALUES, tmp_path)
        case "of another type":
            return in_file(VALUES.astype(">f8"), tmp_path)
        case "behind a header":
            return in_file(VALUES, tmp_path, offset=13)
        case "chosen":
            order = np.random.default_rng(0).permutation(20)
            return Chosen(in_file(VALUES[np.argsort(order)], tmp_path), order)
        case "joined":
            return Joined([in_file(part, tmp_path) for part in (VALUES[:7], VALUES[7:8], VALUES[8:])])
    codes = np.arange(60, dtype=np.int32).reshape(20, 3)
    codes[3, 1] = -1
    table = np.append(VALUES.reshape(-1), VALUES[3, 1]).astype(np.float32)
    return Looked(in_file(codes, tmp_path, "i4"), table)


def test_a_column_is_like_its_array(column: Column) -> None:
    assert (column.shape, column.dtype, column.ndim, column.size, len(column)) == ((20, 3), np.float32, 2, 60, 20)
    for rows in (slice(None), slice(2, 9), slice(15, 99), slice(5, 5), np.array([19, 0, 7, 7]), np.array([], np.int64)):
        found = column[rows]
        assert isinstance(found, np.ndarray)
        np.testing.assert_array_equal(found, VALUES[rows])
        assert found.dtype == np.float32


def test_rows_are_copied_into_a_buffer(column: Column) -> None:
    buffer = np.full((3, 3), -1, np.float32)
    column.take(np.array([4, 19, 4], np.int32), buffer)
    np.testing.assert_array_equal(buffer, VALUES[[4, 19, 4]])


def test_a_column_without_elements(tmp_path: Path) -> None:
    column = in_file(np.zeros((20, 0), np.float32), tmp_path)
    assert column[np.array([3, 2])].shape == (2, 0)


@pytest.mark.parametrize("is_told", [True, False])
def test_what_is_mapped_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_told: bool) -> None:
    """Rows of 4 kB, 40 MB in all, and a budget of 1 MB: also where the system does not say what is mapped."""
    values = np.random.default_rng(0).random((10_000, 1000), np.float32)
    column = in_file(values, tmp_path, budget=10**6)
    if not is_told:
        monkeypatch.setattr(stored, "mapped_bytes", lambda: None)
    gone = 0
    original = column.residency.let_go

    def let_go() -> None:
        nonlocal gone
        gone += 1
        original()

    monkeypatch.setattr(column.residency, "let_go", let_go)
    for start in range(0, 10_000, 50):
        rows = np.arange(start, start + 50) * 7919 % 10_000
        assert (column[rows] == values[rows]).all()
    assert gone >= 10


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say how much is mapped")
def test_letting_go_takes_pages_out_of_the_process(tmp_path: Path) -> None:
    column = in_file(np.ones((20_000, 1000), np.float32), tmp_path, budget=10**9)
    before = stored.mapped_bytes() or 0
    assert column[:].sum() == 20_000_000
    assert (stored.mapped_bytes() or 0) - before > 70 * 10**6
    column.residency.let_go()
    assert (stored.mapped_bytes() or 0) - before < 5 * 10**6
