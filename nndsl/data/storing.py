"""Tables written as columns: every value is read and checked once, a piece of the table at a time.

numbers   float32, binaries too        indices   int64
classes   int32 codes of the distinct kinds, -1 where one is missing
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nndsl.data.binding import Bound
from nndsl.data.columns import Column
from nndsl.data.kinds import Missing, Values, WrongValue, read
from nndsl.data.stored import Room, Stored
from nndsl.data.table import Array, Coded, InFile
from nndsl.diagnostics import Diagnostics

F32: np.dtype[Any] = np.dtype(np.float32)
CODES: np.dtype[Any] = np.dtype(np.int32)

MOST_ROWS = 1 << 16
"""Rows of a piece, however few bytes they take: text costs more than what it becomes."""

Described = dict[str, Any]
"""What has to be known of a column to read it again; JSON can hold it."""


def store(bounds: Mapping[str, Bound], folder: Path, piece_bytes: int) -> Described:
    """Write what the names take from one table into a folder; gives what `stored_values` needs.

    What lies in its file as it is needed is checked only. Raises `Failure` for all values that are wrong, in words that
    are those of a table in memory.
    """
    table = next(iter(bounds.values())).table
    read_in_place = {name for name, bound in bounds.items() if in_place(bound)}
    checked = {name: bound for name, bound in bounds.items() if name not in read_in_place or _may_be_wrong(bound)}
    rows = 0 if checked else table.rows(next(iter(bounds.values())).names[0])
    wrong: dict[str, WrongValue] = {}
    with ExitStack() as files:
        writers = {}
        for i, name in enumerate(checked):
            path = folder / str(i)
            file = None if name in read_in_place else files.enter_context(open(path, "wb"))
            writers[name] = _Writer(file, path)
        for piece in table.pieces(_rows_together(bounds, piece_bytes)) if checked else ():
            count = piece.rows(next(iter(checked.values())).names[0])
            if not count:
                break  # another array of the file goes on
            for name, bound in checked.items():
                try:
                    values = read(replace(bound, table=piece))
                except WrongValue as failure:
                    wrong[name] = wrong[name].joined(failure) if name in wrong else failure
                else:
                    if not wrong:
                        writers[name].add(values, rows)
            rows += count
        if wrong:
            found = Diagnostics()
            for name in checked:
                if name in wrong:
                    found.extend(wrong[name].diagnostics)
            found.raise_errors()
        described = {name: writer.finish(rows) for name, writer in writers.items()}
    return {"rows": rows, "columns": described}


def stored_values(bounds: Mapping[str, Bound], folder: Path, stored: Described, room: Room) -> dict[str, Values]:
    """The values that `store` wrote for these names, or found in their files."""
    return {name: _values(bound, folder, stored, room) for name, bound in bounds.items()}


def files_of(stored: Described) -> dict[str, int]:
    """The files that belong to it, and their sizes."""
    files = {}
    for column in stored["columns"].values():
        if column["file"]:
            files[column["file"]] = prod(column["shape"]) * np.dtype(column["type"]).itemsize
        if column["missing"]:
            files[column["missing"]["file"]] = stored["rows"]
    return files


def _values(bound: Bound, folder: Path, stored: Described, room: Room) -> Values:
    column = stored["columns"].get(bound.declared.name)
    place = None if column and column["file"] else in_place(bound)
    if place:
        shape = (stored["rows"], *bound.found_shape)
        data: Column = Stored(place.path, shape, place.dtype, F32, room, place.offset)
    else:
        assert column
        dtype = np.dtype(column["type"])
        data = Stored(str(folder / column["file"]), tuple(column["shape"]), dtype, dtype, room)
    missing = None
    if column and column["missing"]:
        mask = np.fromfile(folder / column["missing"]["file"], np.bool_)
        missing = Missing(mask, tuple(column["missing"]["first"]), np.array(column["missing"]["counts"]))
    if column and column["kinds"] is not None:
        return Values(bound, Coded(data, tuple(column["kinds"])), missing)
    return Values(bound, data, missing)


def in_place(bound: Bound) -> InFile | None:
    """Where numbers lie in a file so that no copy of them is needed."""
    if bound.declared.kind != "f32" or bound.stacked:
        return None
    place = bound.table.in_file(bound.names[0])
    return place if place and place.dtype.kind in "biuf" else None


def _may_be_wrong(bound: Bound) -> bool:
    place = in_place(bound)
    return place is None or place.dtype.kind == "f"


def _rows_together(bounds: Mapping[str, Bound], piece_bytes: int) -> int:
    width = sum(prod(one.found_shape) * (one.table.itemsize(one.names[0]) + 8) for one in bounds.values())
    return max(1, min(piece_bytes // max(width, 1), MOST_ROWS))


class _Writer:
    """Writes a column piece by piece; without a file it only takes down what is missing."""

    def __init__(self, file: BinaryIO | None, path: Path):
        self.file, self.path = file, path
        self.kinds: dict[str | int, int] | None = None
        self.type: np.dtype[Any] | None = None
        self.shape: tuple[int, ...] = ()
        self.missing: list[tuple[int, Missing]] = []

    def add(self, values: Values, start: int) -> None:
        """The rows from `start` on."""
        if values.missing:
            self.missing.append((start, values.missing))
        data = values.data
        if isinstance(data, Coded):
            data = self._merged(data)
        assert isinstance(data, np.ndarray)
        self.type, self.shape = data.dtype, data.shape[1:]
        if self.file and data.size:
            self.file.write(np.ascontiguousarray(data).reshape(-1).view(np.uint8).data)

    def _merged(self, coded: Coded) -> Array:
        """Codes of all kinds that were found up to now."""
        kinds = self.kinds = {} if self.kinds is None else self.kinds
        table = np.array([*(kinds.setdefault(kind, len(kinds)) for kind in coded.distinct), -1], CODES)
        return np.asarray(table[coded.codes])

    def finish(self, rows: int) -> Described:
        """Everything on the disk; gives what `stored_values` needs."""
        missing: Described | None = None
        if self.missing:
            mask = np.zeros(rows, np.bool_)
            for start, one in self.missing:
                mask[start : start + len(one.rows)] = one.rows
            start, one = self.missing[0]
            path = self.path.with_suffix(".missing")
            path.write_bytes(mask.tobytes())
            counts = [one.counts for _, one in self.missing]
            first = [start + one.first[0], *one.first[1:]]
            missing = {"file": path.name, "first": first, "counts": np.sum(counts, axis=0).tolist()}
        if self.file:
            self.file.flush()
            os.fsync(self.file.fileno())
        return {
            "file": self.path.name if self.file else None,
            "type": self.type.str if self.type else None,
            "shape": [rows, *self.shape],
            "kinds": None if self.kinds is None else list(self.kinds),
            "missing": missing,
        }
