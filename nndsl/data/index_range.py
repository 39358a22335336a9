"""Indices that an embedding has no row for are refused before it is asked for them: a negative one would count from the
end, on some engines, and one that is too large would end the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nndsl.data.dataset import Dataset
from nndsl.data.wording import and_more
from nndsl.diagnostics import Diagnostics
from nndsl.errors.examples import IndexOutOfRange
from nndsl.model.index_range import IndexRange

TOGETHER = 1 << 14
"""Rows that are looked at together."""


def refuse_out_of_range(
    examples: Dataset, ranges: Mapping[str, IndexRange], place: Callable[[int], str] | None = None, before: int = 0
) -> None:
    """Raise a `Failure` for `i64` inputs whose values are out of these ranges, by the input's name.

    `place` says where a row stands, by its number in its source; without it rows are counted, after some `before`.
    """
    found = Diagnostics()
    for name, range_ in ranges.items():
        if name not in examples.arrays:
            continue
        first, count = "", 0
        for start in range(0, examples.rows, TOGETHER):
            values = examples.arrays[name][start : start + TOGETHER]
            wrong = (values < 0) | (values >= range_.count)
            if wrong.any():
                index = np.unravel_index(int(wrong.argmax()), wrong.shape)
                row = int(start + index[0])
                where = place(int(examples.numbers[row])) if place else f"row {before + row} (from 0)"
                first = first or f"{where}: {values[index]}"
                count += int(wrong.sum())
        if count:
            found.report(
                IndexOutOfRange(range_.span, first, and_more(count - 1, "value"), name, range_.count, range_.count - 1)
            )
    found.raise_errors()
