"""Predictions on their way into a file, a piece of rows at a time: CSV, JSON lines, NumPy archives and Parquet.

Numbers are written as short as they read back the same. In tables, an output of one value a row (of any rank) is a
column `NAME`, a larger one columns `NAME_0`, `NAME_1`, `NAME_1_2`…; JSON lines and archives keep its shape.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from itertools import product
from typing import IO, Any, BinaryIO, Protocol

import numpy as np

from nndsl.diagnostics import Failure
from nndsl.errors.commands import CannotWrite
from nndsl.extras import optional

Array = np.ndarray[Any, Any]
Rows = Mapping[str, Array]
"""Outputs by name, `[rows, …]`, and columns kept beside them; text has None where it is missing."""

FORMATS = ("csv", "jsonl", "npz", "parquet")
ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".npz": "npz", ".parquet": "parquet", ".pq": "parquet"}
TEXTS = ("csv", "jsonl")
"""The formats that a terminal can show."""


class Writer(Protocol):
    """Takes pieces of predictions in order."""

    def write(self, rows: Rows) -> None: ...

    def finish(self) -> None:
        """After the last piece; the file is then whole."""
        ...


def writer(kind: str, file: BinaryIO) -> Writer:
    """The writer of a format, one of `FORMATS`; raises `Failure` (NN507) where a library for it is not installed."""
    made: Mapping[str, Callable[[BinaryIO], Writer]] = {
        "csv": CsvWriter,
        "jsonl": JsonLinesWriter,
        "npz": NpzWriter,
        "parquet": ParquetWriter,
    }
    return made[kind](file)


def columns_of(rows: Rows) -> dict[str, Array]:
    """Outputs as columns of one value a row."""
    columns: dict[str, Array] = {}
    for name, values in rows.items():
        indices = list(product(*(range(length) for length in values.shape[1:])))
        if len(indices) == 1:
            indices = [()]
        taken, mark = {*columns, *(rows.keys() - {name})}, "_"
        while any(_column(name, mark, index) in taken for index in indices):
            mark += "_"  # `y` of two values beside an output that is called `y_0`
        for index, column in zip(indices, values.reshape(len(values), len(indices)).T, strict=True):
            columns[_column(name, mark, index)] = column
    return columns


def _column(name: str, mark: str, index: tuple[int, ...]) -> str:
    return mark.join([name, *map(str, index)])


class CsvWriter:
    """A header, then a line a row."""

    def __init__(self, file: BinaryIO):
        self.file = file
        self.begun = False

    def write(self, rows: Rows) -> None:
        columns = columns_of(rows)
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        if not self.begun:
            lines.writerow(columns)
            self.begun = True
        lines.writerows(zip(*map(_cells, columns.values()), strict=True))
        self.file.write(text.getvalue().encode())

    def finish(self) -> None: ...


def _cells(column: Array) -> list[Any]:
    """What the cells of a column say; None is an empty one."""
    cells: list[Any] = (column.astype("U") if column.dtype.kind == "f" else column).tolist()
    return cells


class JsonLinesWriter:
    """A JSON object a row; a number that is not finite is null."""

    def __init__(self, file: BinaryIO):
        self.file = file

    def write(self, rows: Rows) -> None:
        columns = [_plain(values) for values in rows.values()]
        lines = (
            json.dumps(dict(zip(rows, row, strict=True)), ensure_ascii=False) for row in zip(*columns, strict=True)
        )
        self.file.write("".join(f"{line}\n" for line in lines).encode())

    def finish(self) -> None: ...


def _plain(values: Array) -> list[Any]:
    if values.dtype.kind == "f":
        exact = values.astype("U").astype(np.float64)  # 0.1 for a float32, and not 0.10000000149011612
        finite = np.isfinite(exact)
        values = exact if finite.all() else np.where(finite, exact, None)  # type: ignore[call-overload]
    plain: list[Any] = values.tolist()
    return plain


class NpzWriter:
    """A NumPy archive with an array for each output. How long they are is known at the end: until then each lies in a
    temporary file."""

    def __init__(self, file: BinaryIO):
        self.file = file
        self.stored: dict[str, tuple[np.dtype[Any], tuple[int, ...], IO[bytes]]] = {}
        self.texts: dict[str, list[Array]] = {}
        self.rows = 0

    def write(self, rows: Rows) -> None:
        for name, values in rows.items():
            if values.dtype == object:  # as wide as the longest text, which is known at the end too
                self.texts.setdefault(name, []).append(np.where(values == None, "", values).astype("U"))  # noqa: E711
                continue
            if name not in self.stored:
                self.stored[name] = values.dtype, values.shape[1:], tempfile.TemporaryFile()  # noqa: SIM115
            dtype, _, content = self.stored[name]
            content.write(np.ascontiguousarray(values, dtype).data)
        self.rows += len(next(iter(rows.values())))

    def finish(self) -> None:
        with zipfile.ZipFile(self.file, "w") as archive:
            for name, pieces in self.texts.items():
                with _member(archive, name) as member:
                    np.lib.format.write_array(member, np.concatenate(pieces), allow_pickle=False)
            for name, (dtype, shape, content) in self.stored.items():
                with _member(archive, name) as member, content:
                    description = np.lib.format.dtype_to_descr(dtype)
                    header = {"descr": description, "fortran_order": False, "shape": (self.rows, *shape)}
                    np.lib.format.write_array_header_1_0(member, header)
                    content.seek(0)
                    shutil.copyfileobj(content, member, 1 << 20)


def _member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A member of an archive to write to; it has no date, so that the same arrays give the same bytes."""
    return archive.open(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), "w", force_zip64=True)


class ParquetWriter:
    """A Parquet file, a row group for each piece; its columns have the types of the first."""

    def __init__(self, file: BinaryIO):
        purpose = "writing parquet files"
        self.arrow, self.parquet = optional("pyarrow", "arrow", purpose), optional("pyarrow.parquet", "arrow", purpose)
        self.file = file
        self.made: Any = None

    def write(self, rows: Rows) -> None:
        columns = columns_of(rows)
        try:
            if self.made is None:
                schema = self.arrow.schema([(name, self._type(values)) for name, values in columns.items()])
                self.made = self.parquet.ParquetWriter(self.file, schema)
            arrays = [
                self.arrow.array(_cells_of_text(values) if field.type == self.arrow.string() else values, field.type)
                for field, values in zip(self.made.schema, columns.values(), strict=True)
            ]
            self.made.write_table(self.arrow.Table.from_arrays(arrays, schema=self.made.schema))
        except self.arrow.ArrowInvalid as error:
            raise Failure(CannotWrite(None, "the parquet file", str(error).splitlines()[0].lower())) from None

    def _type(self, values: Array) -> Any:
        return self.arrow.string() if values.dtype.kind in "OU" else self.arrow.from_numpy_dtype(values.dtype)

    def finish(self) -> None:
        if self.made is not None:
            self.made.close()


def _cells_of_text(values: Array) -> list[Any]:
    return [None if value is None else str(value) for value in values.tolist()]
