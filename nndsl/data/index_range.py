"""Indices that an embedding has no row for, and classes that a loss has no score for, are refused before anything runs:
a negative one would count from the end, on some engines, and one that is too large would end the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nndsl.data.dataset import Dataset
from nndsl.data.wording import and_more
from nndsl.diagnostics import Diagnostics
from nndsl.errors.examples import IndexOutOfRange
from nndsl.model.index_range import IndexRange

TOGETHER = 1 << 14
"""Rows that are looked at together."""


def refuse_out_of_range(
    examples: Dataset,
    ranges: Mapping[str, Sequence[IndexRange]],
    place: Callable[[int], str] | None = None,
    before: int = 0,
) -> None:
    """Raise a `Failure` for `i64` inputs and targets whose values are out of one of their ranges, by their names.

    `place` says where a row stands, by its number in its source; without it rows are counted, after some `before`.
    """
    found = Diagnostics()
    for name, narrowing in ranges.items():
        for range_ in narrowing if name in examples.arrays else ():
            if error := _out_of_range(examples, name, range_, place, before):
                found.report(error)
                break
    found.raise_errors()


def _out_of_range(
    examples: Dataset, name: str, range_: IndexRange, place: Callable[[int], str] | None, before: int
) -> IndexOutOfRange | None:
    first, count = "", 0
    for start in range(0, examples.rows, TOGETHER):
        values = examples.arrays[name][start : start + TOGETHER]
        wrong = (values < 0) | (values >= range_.count)
        if range_.ignored is not None:
            wrong &= values != range_.ignored
        if wrong.any():
            index = np.unravel_index(int(wrong.argmax()), wrong.shape)
            row = int(start + index[0])
            where = place(int(examples.numbers[row])) if place else f"row {before + row} (from 0)"
            first = first or f"{where}: {values[index]}"
            count += int(wrong.sum())
    if not count:
        return None
    more = and_more(count - 1, "value")
    return IndexOutOfRange(range_.span, first, more, name, range_.taker, range_.count, range_.things, range_.count - 1)
