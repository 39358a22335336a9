"""Tables of NumPy arrays: what they have in common wherever the arrays lie."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from nndsl.data.table import Array, Coded, Index, Misfit, Table, first_index
from nndsl.data.wording import printable

ELEMENTS = {"b": "true and false", "i": "whole numbers", "u": "whole numbers", "f": "numbers", "U": "text", "S": "text"}
"""What an array may hold, by the kind of its NumPy type."""


class ArrayTable(Table):
    """Arrays by name, whose first axis counts the rows."""

    what = "array"
    typed = True

    @abstractmethod
    def whole_shape(self, name: str) -> tuple[int, ...]:
        """An array's shape, rows first; a `Failure` if it has none."""

    @abstractmethod
    def dtype(self, name: str) -> np.dtype[Any]: ...

    @abstractmethod
    def array(self, name: str) -> Array: ...

    def rows(self, name: str) -> int:
        return self.whole_shape(name)[0]

    def shape(self, name: str) -> tuple[int, ...]:
        return self.whole_shape(name)[1:]

    def itemsize(self, name: str) -> int:
        return self.dtype(name).itemsize

    def element_type(self, name: str) -> str:
        dtype = self.dtype(name)
        return ELEMENTS.get(dtype.kind, f"elements of NumPy's type {printable(dtype.name)}")

    def numbers(self, names: Sequence[str]) -> tuple[Array, Misfit | None]:
        return self._side_by_side(names), None

    def coded(self, names: Sequence[str]) -> tuple[Coded, Misfit | None]:
        return coded_array(self._side_by_side(names))

    def _side_by_side(self, names: Sequence[str]) -> Array:
        """The arrays as `[rows, len(names), …]`."""
        arrays = [self.array(name) for name in names]
        return arrays[0][:, None] if len(arrays) == 1 else np.stack(arrays, axis=1)

    def place(self, names: Sequence[str], index: Index) -> str:
        row, place, *rest = index
        return f"{self.path}, {printable(names[place])}[{', '.join(map(str, (row, *rest)))}]"

    def row_place(self, row: int) -> str:
        return f"{self.path}, row {row} (from 0)"


def coded_array(values: Array) -> tuple[Coded, Misfit | None]:
    """Numbers, booleans or text as kinds; blank text and NaN are missing, a number with a fraction is a misfit."""
    distinct, codes = _unique(values)
    kinds: dict[str | int, int] = {}
    recode = np.full(len(distinct), -1, np.int64)
    fractions = []
    for code, value in enumerate(distinct.tolist()):
        if isinstance(value, bytes):
            value = value.decode("utf-8", "backslashreplace")
        if isinstance(value, str):
            if value.strip():
                recode[code] = kinds.setdefault(value, len(kinds))
        elif isinstance(value, float) and not value.is_integer():
            if value == value:
                fractions.append(code)
        else:
            recode[code] = kinds.setdefault(int(value), len(kinds))
    misfit = None
    if fractions:
        wrong = np.isin(codes, fractions)
        index = first_index(wrong)
        misfit = Misfit(index, str(values[index]), int(wrong.sum()) - 1)
    return Coded(recode[codes], tuple(kinds)), misfit


def _unique(values: Array) -> tuple[Array, Array]:
    """The distinct values in ascending order, and for each value its place among them."""
    if values.dtype.kind in "biu" and values.size:
        low, high = int(values.min()), int(values.max())
        if high - low < 1 << 16:  # by counting, which is many times faster than sorting
            wide = values if high >= 1 << 63 else values.astype(np.int64)  # where no difference overflows
            offsets = (wide - np.array(low, wide.dtype)).astype(np.int64, copy=False)
            present = np.zeros(high - low + 1, np.int64)
            present[offsets] = 1
            distinct = np.flatnonzero(present).astype(np.uint64 if high >= 1 << 63 else np.int64)
            return distinct + np.array(low, distinct.dtype), (present.cumsum() - 1)[offsets]
    distinct, codes = np.unique(values, return_inverse=True)
    return distinct, codes.reshape(values.shape)
