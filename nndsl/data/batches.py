"""The batches of an epoch, as row numbers: a pure function of seed and epoch, so a resumed run sees the same ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nndsl.data.shuffling import row_numbers, shuffled
from nndsl.data.table import Array
from nndsl.data.wording import counted
from nndsl.diagnostics import Failure
from nndsl.errors.values import NoWholeBatch
from nndsl.source import Span

AT_ONCE = 1 << 20
"""Up to so many row numbers are widened together, which takes less time than batch by batch, and hardly any memory."""


def count_batches(rows: int, batch_size: int | None, *, drop_last: bool = False, span: Span | None = None) -> int:
    """Batches of an epoch, the short last one included unless it is dropped; None is one batch of all rows.

    Raises `Failure` if that leaves none; `span` is where the program says `drop_last`.
    """
    size = batch_size or rows
    if drop_last and rows < size:
        raise Failure(NoWholeBatch(span, counted(rows, "row"), size))
    return rows // size if drop_last else -(-rows // size)


def epoch_batches(
    rows: int, batch_size: int | None, *, shuffle: bool, seed: int, epoch: int, drop_last: bool = False
) -> Iterator[Array]:
    """Row numbers (intp) of each batch in turn; epochs count from 0, and shuffle by `seed` and their number."""
    size = batch_size or rows
    count = count_batches(rows, batch_size, drop_last=drop_last)
    order = shuffled(seed, "shuffle", epoch, rows) if shuffle else row_numbers(rows)
    whole = rows // size
    together = max(1, AT_ONCE // size)
    for first in range(0, whole, together):
        part = order[first * size : min(first + together, whole) * size]
        yield from part.astype(np.intp).reshape(-1, size)
    if count > whole:
        yield order[whole * size :].astype(np.intp)
