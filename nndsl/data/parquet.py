"""`parquet("a.parquet")` and `arrow("a.arrow")`: files of typed columns, of which those that are bound are read.

Parquet is read by row groups, Arrow's IPC files (Feather 2 too) and streams by record batches. What a table holds is
known from its schema; values are read when they are asked for, a piece of rows at a time where that is wanted.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from nndsl.data.arrow_cells import OddLength, cells_of, element_words, is_vector, itemsize, list_shape
from nndsl.data.files import open_file
from nndsl.data.table import Table
from nndsl.data.typed import Cells, TypedTable
from nndsl.data.wording import quoted, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.data import NoRows
from nndsl.errors.sources import DamagedTable, OddList
from nndsl.extras import optional
from nndsl.source import Span

TOGETHER = 1 << 16
"""Rows of parquet that are decoded together."""

BUFFER = 1 << 16
"""Bytes of a column that are read ahead. Left to itself pyarrow keeps all that it has read of a file: going through one
of 1 GB takes 1.1 GB of memory then, like this 0.15 GB, and no longer."""

PARQUET_ADVICE = "`frame.to_parquet(path)` of pandas and `frame.write_parquet(path)` of polars write such a file"
ARROW_ADVICE = "`pyarrow.feather.write_feather(table, path)` and `frame.write_ipc(path)` of polars write such a file"


class ArrowColumns(TypedTable):
    """Columns of Arrow's types, wherever they lie."""

    def __init__(self, path: str, span: Span | None, schema: Any, rows: int):
        self.path = path
        self.span = span
        self.schema = schema
        self.names = tuple(schema.names)
        self.count = rows
        self._shapes: dict[str, tuple[int, ...]] = {}
        if not rows:
            raise Failure(NoRows(span, path))

    @abstractmethod
    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        """Record batches of these columns, from the first row to the last."""

    def rows(self, name: str) -> int:
        return self.count

    def shape(self, name: str) -> tuple[int, ...]:
        if name not in self._shapes:
            type = self.schema.field(name).type
            batches = self.batches([name]) if is_vector(type) else iter(())
            columns = (batch.column(0) for batch in batches)
            first: Any = next((column for column in columns if column.null_count < len(column)), None)
            try:
                if is_vector(type) and first is None:
                    raise OddLength(0, "no list")
                self._shapes[name] = list_shape(type, first)
            except OddLength as odd:
                raise self._odd(name, odd, "its lists have no length to go by") from None
        return self._shapes[name]

    def _odd(self, name: str, odd: OddLength, expected: str) -> Failure:
        place = f"{self.row_place(odd.row)}, column {quoted(name)}"
        return Failure(OddList(self.span, place, odd.found, expected))

    def itemsize(self, name: str) -> int:
        return itemsize(self.schema.field(name).type)

    def element_type(self, name: str) -> str:
        return element_words(self.schema.field(name).type)[0]

    def remedy(self, name: str) -> str:
        return element_words(self.schema.field(name).type)[1]

    def cells(self, names: Sequence[str]) -> list[Cells]:
        return self.converted(names, list(self.batches(names)))

    def converted(self, names: Sequence[str], batches: Sequence[Any], start: int = 0) -> list[Cells]:
        """The cells of record batches that begin at the row `start`."""
        cells = []
        for place, name in enumerate(names):
            shape = self.shape(name)
            try:
                cells.append(cells_of([batch.column(place) for batch in batches], shape))
            except OddLength as odd:
                odd.row += start
                raise self._odd(name, odd, f"the first list is of {' x '.join(map(str, shape))}") from None
        return cells

    def pieces(self, rows: int) -> Iterator[Table]:
        cursors: dict[tuple[str, ...], _Cursor] = {}
        for start in range(0, self.count, rows):
            yield _Piece(self, cursors, start, min(rows, self.count - start))


class _Cursor:
    """Some columns of a table, read from top to bottom by as many rows as each piece has."""

    def __init__(self, batches: Iterator[Any]):
        self.batches = batches
        self.row = 0
        self.left: list[Any] = []
        self.held: tuple[int, list[Any]] = (-1, [])

    def take(self, start: int, rows: int) -> list[Any]:
        """The batches of rows that begin at `start`; what lies before it and was not taken is passed over."""
        if self.held[0] != start:
            self._next(start - self.row)
            self.held = (start, self._next(rows))
        return self.held[1]

    def _next(self, rows: int) -> list[Any]:
        taken = []
        self.row += rows
        while rows:
            batch = self.left.pop() if self.left else next(self.batches)
            if len(batch) > rows:
                self.left.append(batch.slice(rows))
                batch = batch.slice(0, rows)
            taken.append(batch)
            rows -= len(batch)
        return taken


class _Piece(TypedTable):
    """Consecutive rows of a table."""

    def __init__(self, whole: ArrowColumns, cursors: dict[tuple[str, ...], _Cursor], start: int, rows: int):
        self.whole = whole
        self.path, self.span, self.names = whole.path, whole.span, whole.names
        self.start = start
        self.count = rows
        self._cursors = cursors

    def rows(self, name: str) -> int:
        return self.count

    def shape(self, name: str) -> tuple[int, ...]:
        return self.whole.shape(name)

    def itemsize(self, name: str) -> int:
        return self.whole.itemsize(name)

    def element_type(self, name: str) -> str:
        return self.whole.element_type(name)

    def cells(self, names: Sequence[str]) -> list[Cells]:
        key = tuple(names)
        if key not in self._cursors:
            self._cursors[key] = _Cursor(self.whole.batches(names))
        return self.whole.converted(names, self._cursors[key].take(self.start, self.count), self.start)


class ParquetTable(ArrowColumns):
    """A parquet file."""

    def __init__(self, path: str, span: Span | None):
        self.file = os.path.abspath(path)
        self.path, self.span = shown_path(path), span
        pq = optional("pyarrow.parquet", "arrow", "reading parquet files", span)
        with open_file(path, span) as (file, _):
            encrypted = file.read(4) == b"PARE"
        with self._reading():
            if encrypted:
                raise OSError("encrypted")
            self.reader = pq.ParquetFile(self.file, pre_buffer=False, buffer_size=BUFFER)
            schema, rows = self.reader.schema_arrow, self.reader.metadata.num_rows
        super().__init__(self.path, span, schema, rows)
        self.origins, self.reading = (path,), "parquet"

    def _reading(self) -> AbstractContextManager[None]:
        return _reading(self.path, self.span, "parquet file", PARQUET_ADVICE)

    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        with self._reading():
            for batch in self.reader.iter_batches(min(TOGETHER, self.count), columns=list(names)):
                yield batch.select(list(names))


class ArrowTable(ArrowColumns):
    """A file or a stream of record batches, of which one at a time is in memory where pieces are asked for."""

    def __init__(self, path: str, span: Span | None):
        self.file = os.path.abspath(path)
        self.path, self.span = shown_path(path), span
        self.pa = optional("pyarrow", "arrow", "reading Arrow files", span)
        self.ipc = optional("pyarrow.ipc", "arrow", "reading Arrow files", span)
        with open_file(path, span) as (file, size):
            magic = file.read(6)
        self.is_file = magic == b"ARROW1"
        if magic.startswith(b"FEA1"):
            reason = "it is of the first version of Feather, which Arrow has given up"
            raise Failure(DamagedTable(span, self.path, reason, ARROW_ADVICE))
        if not size:
            raise Failure(NoRows(span, self.path))
        with self._reading(), self.pa.OSFile(self.file) as source:
            schema = self._reader(source).schema
            source.seek(0)
            rows = sum(map(len, self._batches(source, [0] if len(schema) else [])))
        super().__init__(self.path, span, schema, rows)
        self.origins, self.reading = (path,), "arrow"

    def _reading(self) -> AbstractContextManager[None]:
        return _reading(self.path, self.span, "Arrow file", ARROW_ADVICE)

    def _reader(self, source: Any, **options: Any) -> Any:
        chosen = self.ipc.IpcReadOptions(**options)
        return (self.ipc.open_file if self.is_file else self.ipc.open_stream)(source, options=chosen)

    def _batches(self, source: Any, fields: Sequence[int]) -> Iterator[Any]:
        """The record batches, with these columns of the schema only."""
        reader = self._reader(source, included_fields=sorted(fields))
        if self.is_file:
            yield from map(reader.get_batch, range(reader.num_record_batches))
        else:
            yield from reader

    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        with self._reading(), self.pa.OSFile(self.file) as source:
            for batch in self._batches(source, [self.names.index(name) for name in names]):
                yield batch.select(list(names))


class GivenArrow(ArrowColumns):
    """What a Python program hands over in Arrow's memory."""

    def __init__(self, table: Any, span: Span | None = None):
        self.table = table
        super().__init__("the given data", span, table.schema, table.num_rows)

    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        yield from self.table.select(list(names)).to_batches()


@contextmanager
def _reading(place: str, span: Span | None, what: str, advice: str) -> Iterator[None]:
    """What pyarrow raises for damaged files as a `Failure`."""
    pa = optional("pyarrow", "arrow", f"reading a {what}", span)
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        reason = f"it is no {what}, or damaged"
        if "encrypt" in str(error):
            reason, advice = "it is encrypted", "write it without encryption"
        elif isinstance(error, pa.ArrowNotImplementedError):
            reason = f"it holds what pyarrow {pa.__version__} cannot read"
        raise Failure(DamagedTable(span, place, reason, advice)) from None


def open_parquet(path: str, span: Span | None, limit: int) -> ParquetTable:
    """Read a parquet file's schema and the number of its rows; its columns are read when they are asked for."""
    return ParquetTable(path, span)


def open_arrow(path: str, span: Span | None, limit: int) -> ArrowTable:
    """Read the schema of a file or stream of Arrow's and the number of its rows."""
    return ArrowTable(path, span)
