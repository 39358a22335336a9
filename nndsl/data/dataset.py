"""Examples as arrays ready for a session, and the three splits of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nndsl.data.columns import Column
from nndsl.data.table import Array
from nndsl.diagnostics import Diagnostic
from nndsl.model.network import Facts


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs and targets by name, `[rows, …]`: float32 for `f32` and `binary`, int64 for `class` and `i64`.

    Data too large for memory are columns, which read the rows that are asked for; `chunks` have arrays in any case.
    `numbers` are the rows' numbers in the source they came from, from 0 and over all of its files.
    """

    arrays: Mapping[str, Array | Column]
    numbers: Array

    @property
    def rows(self) -> int:
        return len(self.numbers)

    def __len__(self) -> int:
        return self.rows

    def chunks(self, size: int) -> Iterator[Dataset]:
        """The rows in order, `size` at a time, in memory."""
        for start in range(0, self.rows, size):
            part = slice(start, start + size)
            yield Dataset({name: array[part] for name, array in self.arrays.items()}, self.numbers[part])


@dataclass(frozen=True, eq=False)
class Splits:
    """What a program's `data` section gives; `facts` are what was read from them."""

    facts: Facts
    train: Dataset
    validation: Dataset | None = None
    test: Dataset | None = None
    warnings: tuple[Diagnostic, ...] = ()
    """What was dropped, and what looks wrong."""
