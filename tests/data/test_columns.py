"""Columns give what arrays give, wherever their rows lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndsl.data import stored
from nndsl.data.columns import Chosen, Column, Joined, Looked
from nndsl.data.stored import Room, Stored
from nndsl.data.table import Array
from nndsl.diagnostics import Failure

VALUES = np.arange(60, dtype=np.float32).reshape(20, 3) / 7


def in_file(values: Array, folder: Path, dtype: str = "f4", offset: int = 0, room: int = 0) -> Stored:
    path = folder / f"{len(list(folder.iterdir()))}"
    path.write_bytes(bytes(offset) + values.tobytes())
    return Stored(str(path), values.shape, values.dtype, np.dtype(dtype), Room(room), offset)


@pytest.fixture(params=["stored", "in memory", "of another type", "behind a header", "chosen", "joined", "looked up"])
def column(request: pytest.FixtureRequest, tmp_path: Path) -> Column:
    """`VALUES`, in each way that a column can have them."""
    match request.param:
        case "stored":
            return in_file(VALUES, tmp_path)
        case "in memory":
            return in_file(VALUES.astype(">f8"), tmp_path, room=10**6)
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


def test_columns_share_the_room_in_memory(tmp_path: Path) -> None:
    """Four columns of 240 bytes, and 500 bytes of room."""
    room = Room(500)
    path = tmp_path / "values"
    path.write_bytes(VALUES.tobytes())
    columns = [Stored(str(path), VALUES.shape, VALUES.dtype, VALUES.dtype, room) for _ in range(4)]
    assert [column.values is not None for column in columns] == [True, True, False, False]
    for column in columns:
        np.testing.assert_array_equal(column[np.array([3, 1])], VALUES[[3, 1]])


def test_rows_side_by_side_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    column = in_file(VALUES, tmp_path)
    reads = []
    original = stored.read_at

    def read_at(file: Any, start: int, length: int) -> bytes:
        reads.append((start, length))
        return original(file, start, length)

    monkeypatch.setattr(stored, "read_at", read_at)
    for rows in ([2, 3, 5, 6], [2, 19], [3, 2], [4]):
        np.testing.assert_array_equal(column[np.array(rows)], VALUES[rows])
    assert reads == [(24, 60), (24, 12), (228, 12), (36, 12), (24, 12), (48, 12)]


def test_a_file_that_has_become_shorter_is_told(tmp_path: Path) -> None:
    column = in_file(VALUES, tmp_path)
    (tmp_path / "0").write_bytes(VALUES[:10].tobytes())
    assert (column[np.array([9, 2])] == VALUES[[9, 2]]).all()
    for rows in (np.array([12, 2]), slice(5, 12)):
        with pytest.raises(Failure, match="0 changed while it was read"):
            column[rows]


def test_long_reads_come_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MOST", 7)
    np.testing.assert_array_equal(in_file(VALUES, tmp_path)[:], VALUES)
