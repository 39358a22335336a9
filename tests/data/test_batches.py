"""Batches: every row once an epoch, in an order that only seed and epoch decide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndsl.data.batches import count_batches, epoch_batches
from nndsl.diagnostics import Failure


@given(st.integers(1, 300), st.one_of(st.none(), st.integers(1, 400)), st.booleans(), st.integers(0, 5))
def test_every_row_is_in_one_batch(rows: int, batch_size: int | None, shuffle: bool, epoch: int) -> None:
    batches = list(epoch_batches(rows, batch_size, shuffle=shuffle, seed=3, epoch=epoch))
    assert sorted(np.concatenate(batches).tolist()) == list(range(rows))
    assert len(batches) == count_batches(rows, batch_size)
    assert all(len(batch) == (batch_size or rows) for batch in batches[:-1])


def test_without_shuffling_rows_are_in_order() -> None:
    batches = epoch_batches(5, 2, shuffle=False, seed=0, epoch=7)
    assert [batch.tolist() for batch in batches] == [[0, 1], [2, 3], [4]]


def test_the_short_batch_can_be_dropped() -> None:
    batches = list(epoch_batches(5, 2, shuffle=True, seed=0, epoch=0, drop_last=True))
    assert [len(batch) for batch in batches] == [2, 2]


def test_an_epoch_can_be_repeated_and_epochs_differ() -> None:
    first, again, other, seeded = (
        np.concatenate(list(epoch_batches(50, 8, shuffle=True, seed=seed, epoch=epoch))).tolist()
        for seed, epoch in ((0, 4), (0, 4), (0, 5), (1, 4))
    )
    assert first == again
    assert first != other
    assert first != seeded


def test_the_same_order_for_ever() -> None:
    """Pinned: a run that is resumed on another release must see the same batches."""
    assert [batch.tolist() for batch in epoch_batches(8, 4, shuffle=True, seed=7, epoch=0)] == [
        [6, 1, 3, 4],
        [0, 7, 2, 5],
    ]


def test_no_whole_batch_is_refused() -> None:
    with pytest.raises(Failure) as failure:
        count_batches(5, 8, drop_last=True)
    assert failure.value.diagnostics[0].message == "`drop_last` leaves no batch: there are 5 rows, and a batch has 8"
