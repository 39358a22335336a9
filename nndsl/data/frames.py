"""What a Python program hands over: arrays by name, and frames of columns, from any library and without importing it.

    GivenArrays({"x": …, "y": …})    anything that `numpy.asarray` takes, columns of frames, columns of Arrow
    given_frame(frame)               pandas' and polars' frames by their columns; what else gives Arrow's memory (tables
                                     of pyarrow, relations of duckdb, …) through pyarrow

A column says where it has gaps (`isna` or `is_null`), a masked array has a mask; so whole numbers with gaps stay exact,
and text, categories, booleans and nullable numbers are what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from nndsl.data.parquet import GivenArrow
from nndsl.data.table import Array, Coded, Table
from nndsl.data.typed import Cells, TypedTable, coded_text
from nndsl.data.wording import printable, quoted
from nndsl.diagnostics import Failure
from nndsl.errors.data import BadArray, NoRows
from nndsl.errors.sources import MixedColumn
from nndsl.extras import optional
from nndsl.graph.sizes import Dim
from nndsl.source import Span

GIVEN = "the given data"
"""What messages call it."""

GAPS = ("NAType", "NaTType", "NoneType")
"""The types of what stands for nothing, besides NaN."""

MOMENTS = "write what the network is to learn from as numbers: the year, the weekday, seconds since a moment"
REMEDIES = {
    **dict.fromkeys(("date", "datetime", "time", "timedelta", "Timestamp", "Timedelta", "Period"), MOMENTS),
    "Decimal": "convert it to floats (or, to keep it exact for a class, to text)",
    "bytes": "decode it to text, or convert it to lists of numbers",
    "dict": "make columns of their own of its fields",
}
"""What helps, by the name of a Python type that is no value for a network."""


class Given(TypedTable):
    """Columns or arrays in memory; each is converted when it is first asked for."""

    path = GIVEN

    def __init__(self, what: str, columns: Sequence[tuple[str, Callable[[], Any]]], span: Span | None = None):
        self.what = what
        self.span = span
        self.names = tuple(name for name, _ in columns)
        self._columns = dict(columns)
        self._cells: dict[str, Cells] = {}

    def cells(self, names: Sequence[str]) -> list[Cells]:
        return [self._cell(name) for name in names]

    def _cell(self, name: str) -> Cells:
        if name not in self._cells:
            cells = self._converted(name)
            if not cells.whole_shape or not cells.whole_shape[0]:
                raise Failure(NoRows(self.span, f"{self.path}, {quoted(name)}"))
            self._cells[name] = cells
        return self._cells[name]

    def _converted(self, name: str) -> Cells:
        value = self._columns[name]()
        if _is_arrow(value):
            pa = optional("pyarrow", "arrow", "data in Arrow's memory", self.span)
            table = GivenArrow(pa.table({name: pa.chunked_array(value)}), self.span)
            return table.cells([name])[0]
        missing = gaps(value)
        if isinstance(value, np.ma.MaskedArray):
            missing = np.ma.getmaskarray(value)
            value = value.data.astype(object) if value.dtype.kind in "US" else value.data
        try:
            array = np.asarray(value)
        except (ValueError, TypeError, OverflowError):
            raise Failure(BadArray(self.span, quoted(name), "its rows have different shapes")) from None
        if array.dtype.kind == "O" and not array.ndim:
            lazy = " (collect it first)" if hasattr(value, "collect") else ""
            raise Failure(BadArray(self.span, quoted(name), f"it is of type {printable(type(value).__name__)}{lazy}"))
        dtype = str(getattr(value, "dtype", ""))
        if array.dtype.kind == "f" and "int" in dtype.lower():
            array = np.array(value.to_list(), object)  # NumPy has whole numbers with gaps as floats
        if dtype.startswith("Struct"):
            array = np.array([{}] * len(array), object)  # NumPy has its fields side by side
        if array.dtype.kind == "O":
            return self._objects(name, array, missing)
        if array.dtype.kind in "US":
            texts = array if array.dtype.kind == "U" else np.char.decode(array, "utf-8", "backslashreplace")
            return Cells(coded_text(texts.reshape(-1).tolist())).reshaped(array.shape[1:])
        if missing is not None and missing.shape != array.shape:  # a row has a vector, or none
            missing = np.broadcast_to(missing.reshape(-1, *[1] * (array.ndim - 1)), array.shape)
        return Cells(array, missing if missing is not None and missing.any() else None)

    def _objects(self, name: str, array: Array, missing: Array | None) -> Cells:
        """Python objects that are all of one sort, gaps apart."""
        flat = array.reshape(-1).tolist()
        if missing is None or missing.shape != array.shape:
            missing = np.fromiter(map(_is_gap, flat), bool, len(flat)).reshape(array.shape)
        there = ~missing.reshape(-1)
        present = [value for value, is_there in zip(flat, there.tolist(), strict=True) if is_there]
        sorts = {_sort(type) for type in set(map(type, present))}
        if sorts == {"text"}:
            words = coded_text(present)
            codes = np.full(len(flat), -1, np.int64)
            codes[there] = words.codes
            return Cells(Coded(codes.reshape(array.shape), words.distinct))
        if sorts == {"vector"} and array.ndim == 1:
            values = self._vectors(name, present)
        elif sorts <= {"whole"}:
            values = self._whole(name, present)
        elif sorts <= {"whole", "number"} or sorts == {"truth"}:
            values = np.array(present, bool if sorts == {"truth"} else float)
        else:
            raise self._mixed(name, array, missing)
        full = np.zeros((*array.shape, *values.shape[1:]), values.dtype)
        full[~missing] = values
        missing = np.broadcast_to(missing.reshape(*array.shape, *[1] * (values.ndim - 1)), full.shape)
        return Cells(full, missing if missing.any() else None)

    def _whole(self, name: str, numbers: list[int]) -> Array:
        for dtype in (np.int64, np.uint64):
            try:
                return np.array(numbers, dtype)
            except OverflowError:
                continue
        place = f"{self.what} {quoted(name)} of {self.path}"
        raise Failure(MixedColumn(self.span, place, "of whole numbers beyond 64 bits", "convert it to text"))

    def _vectors(self, name: str, rows: list[Any]) -> Array:
        """Rows that each hold an array."""
        try:
            values = np.array([np.asarray(row) for row in rows])
        except ValueError:
            values = np.array(None)
        if values.dtype.kind not in "biuf":
            raise Failure(BadArray(self.span, quoted(name), "its rows have different shapes"))
        return values

    def _mixed(self, name: str, array: Array, missing: Array) -> Failure:
        """The first value that is of another sort than the first, or of none."""
        places = np.argwhere(~missing).tolist()
        first, *others = [(place, type(array[tuple(place)])) for place in places]
        odd, odd_type = next((other for other in others if _sort(other[1]) != _sort(first[1])), first)
        if not _sort(first[1]):
            odd, odd_type = first
        shown = printable(odd_type.__name__)
        found = f"of Python's type {shown}, which is no value for a network"
        if _sort(odd_type) and odd != first[0]:
            found = f"of Python's type {shown}, but {self.place([name], _index(first[0]))} is of type "
            found += printable(first[1].__name__)
        hint = REMEDIES.get(odd_type.__name__, "convert the column to numbers or to text")
        return Failure(MixedColumn(self.span, self.place([name], _index(odd)), found, hint))

    def rows(self, name: str) -> int:
        return self._cell(name).whole_shape[0]

    def shape(self, name: str) -> tuple[int, ...]:
        return self._cell(name).whole_shape[1:]

    def itemsize(self, name: str) -> int:
        return self._cell(name).itemsize

    def element_type(self, name: str) -> str:
        return self._cell(name).element_type

    def remedy(self, name: str) -> str:
        values = self._cell(name).values
        return MOMENTS if not isinstance(values, Coded) and values.dtype.kind in "mM" else ""


class GivenArrays(Given):
    """Arrays or columns by name."""

    def shape_remedy(self, name: str, shape: Sequence[Dim]) -> str:
        return "`array.ravel()` is without the axis of 1" if not shape and self.shape(name) == (1,) else ""

    def __init__(self, arrays: Mapping[str, Any], span: Span | None = None):
        super().__init__("array", [(str(name), partial(_itself, value)) for name, value in arrays.items()], span)


def given_frame(value: Any, span: Span | None = None) -> Table | None:
    """The columns of a frame; None for what is no frame."""
    if isinstance(value, Mapping) or hasattr(value, "dtype"):
        return None
    if hasattr(value, "__array__") and hasattr(value, "columns") and not _is_arrow(value):
        return Given("column", [(str(label), partial(value.__getitem__, label)) for label in value.columns], span)
    if hasattr(value, "__arrow_c_stream__") and not hasattr(value, "type"):  # which single columns of Arrow have
        return GivenArrow(optional("pyarrow", "arrow", "data in Arrow's memory", span).table(value), span)
    return None


def gaps(column: Any) -> Array | None:
    """Where a column of a frame says that it has no value; None where it does not say."""
    for method in ("isna", "is_null"):
        if callable(getattr(column, method, None)):
            return np.asarray(getattr(column, method)()).astype(bool)
    return None


def _itself(value: Any) -> Any:
    return value


def _is_arrow(value: Any) -> bool:
    """Whether only Arrow's own library knows best what a column or table holds: NumPy would lose its gaps."""
    own = type(value).__module__.partition(".")[0] == "pyarrow"
    return own or (hasattr(value, "__arrow_c_stream__") and gaps(value) is None and not hasattr(value, "__array__"))


def _is_gap(value: Any) -> bool:
    return type(value).__name__ in GAPS or (isinstance(value, float | np.floating) and value != value)


def _sort(type: type) -> str:
    """What values of a Python type are: `text`, `truth`, `whole`, `number` or `vector`; empty for no values."""
    for sort, types in SORTS.items():
        if issubclass(type, types):
            return sort
    return ""


SORTS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "truth": (bool, np.bool_),
    "whole": (int, np.integer),
    "number": (float, np.floating),
    "vector": (np.ndarray, list, tuple),
}


def _index(place: Sequence[int]) -> tuple[int, ...]:
    """The place of an element of one column, as `Table.place` takes it."""
    row, *rest = place
    return (row, 0, *rest)
