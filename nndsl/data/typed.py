"""Tables whose columns have types and gaps, as parquet, arrow and frames have: numbers, booleans, text, vectors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nndsl.data.arrays import ELEMENTS, coded_array
from nndsl.data.table import Array, Coded, Index, Misfit, Table
from nndsl.data.wording import printable, quoted


@dataclass(frozen=True, eq=False)
class Cells:
    """A column's values `[rows, …]`: text as `Coded`, all else as an array.

    `missing`, of the same shape, is true where a value is none; what stands in the array there means nothing.
    """

    values: Array | Coded
    missing: Array | None = None

    @property
    def whole_shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = (self.values.codes if isinstance(self.values, Coded) else self.values).shape
        return shape

    @property
    def element_type(self) -> str:
        if isinstance(self.values, Coded):
            return "text"
        return ELEMENTS.get(self.values.dtype.kind, f"elements of NumPy's type {printable(self.values.dtype.name)}")

    @property
    def itemsize(self) -> int:
        return 8 if isinstance(self.values, Coded) else int(self.values.dtype.itemsize)

    def reshaped(self, shape: tuple[int, ...]) -> Cells:
        """The same elements as `[rows, *shape]`."""
        missing = None if self.missing is None else self.missing.reshape(-1, *shape)
        if isinstance(self.values, Coded):
            return Cells(Coded(self.values.codes.reshape(-1, *shape), self.values.distinct), missing)
        return Cells(self.values.reshape(-1, *shape), missing)

    def numbers(self) -> Array:
        """The values in their own type; with NaN, and so as floats, where some are missing."""
        assert not isinstance(self.values, Coded)
        if self.missing is None or not self.missing.any():
            return self.values
        kind = self.values.dtype if self.values.dtype.kind == "f" else np.dtype(np.float64)
        return np.where(self.missing, kind.type(np.nan), self.values.astype(kind))

    def coded(self) -> tuple[Coded, Array | None]:
        """The values as kinds; and where one cannot be a kind, if any."""
        if isinstance(self.values, Coded):
            return self.values, None
        present = self.values if self.missing is None else self.values[~self.missing]
        coded, misfit = coded_array(present)
        codes, distinct = coded.codes, coded.distinct
        wrong = None
        if misfit:
            wrong = np.isfinite(present) & (present != np.floor(present)) | np.isinf(present)
        if self.missing is None:
            return coded, wrong
        all_codes = np.full(self.values.shape, -1, np.int64)
        all_codes[~self.missing] = codes
        if wrong is not None:
            everywhere = np.zeros(self.values.shape, bool)
            everywhere[~self.missing] = wrong
            wrong = everywhere
        return Coded(all_codes, distinct), wrong


class TypedTable(Table):
    """Columns that are read when they are asked for. A piece of a table begins at the row `start` of its file."""

    what = "column"
    typed = True
    start: int = 0

    @abstractmethod
    def cells(self, names: Sequence[str]) -> list[Cells]:
        """The values of these columns."""

    def numbers(self, names: Sequence[str]) -> tuple[Array, Misfit | None]:
        arrays = [cells.numbers() for cells in self.cells(names)]
        return arrays[0][:, None] if len(arrays) == 1 else np.stack(arrays, axis=1), None

    def coded(self, names: Sequence[str]) -> tuple[Coded, Misfit | None]:
        """Each column is coded by itself, so that whole numbers of different types stay what they are."""
        columns = self.cells(names)
        parts = [cells.coded() for cells in columns]
        misfits = []
        for place, (cells, (_, wrong)) in enumerate(zip(columns, parts, strict=True)):
            if wrong is not None:
                assert not isinstance(cells.values, Coded)
                row, *rest = map(int, np.argwhere(wrong)[0])
                misfits.append(((row, place, *rest), str(cells.values[(row, *rest)]), int(wrong.sum())))
        coded = joined([coded for coded, _ in parts])
        misfit = None
        if misfits:
            index, text, _ = min(misfits)
            misfit = Misfit(index, text, sum(count for _, _, count in misfits) - 1)
        return coded, misfit

    def place(self, names: Sequence[str], index: Index) -> str:
        row, place, *rest = index
        if self.what == "array":
            return f"{self.path}, {printable(names[place])}[{', '.join(map(str, (self.start + row, *rest)))}]"
        element = f"[{', '.join(map(str, rest))}]" if rest else ""
        return f"{self.row_place(row)}, column {quoted(names[place])}{element}"

    def row_place(self, row: int) -> str:
        return f"{self.path}, row {self.start + row} (from 0)"


def joined(columns: Sequence[Coded]) -> Coded:
    """Columns side by side, `[rows, columns, …]`, with one list of distinct values."""
    if len(columns) == 1:
        return Coded(columns[0].codes[:, None], columns[0].distinct)
    kinds: dict[str | int, int] = {}
    codes = [recoded(column, kinds) for column in columns]
    return Coded(np.stack(codes, axis=1), tuple(kinds))


def recoded(coded: Coded, kinds: dict[str | int, int]) -> Array:
    """The codes as places in `kinds`, to which what it lacks is added."""
    table = np.array([*(kinds.setdefault(kind, len(kinds)) for kind in coded.distinct), -1], np.int64)
    codes: Array = table[coded.codes]
    return codes


def coded_text(texts: Iterable[Any]) -> Coded:
    """Text as kinds; None, and text that is blank, is missing."""
    kinds: dict[str | int, int] = {}
    codes = {text: kinds.setdefault(text, len(kinds)) if text and text.strip() else -1 for text in dict.fromkeys(texts)}
    return Coded(np.fromiter(map(codes.__getitem__, texts), np.int64), tuple(kinds))
