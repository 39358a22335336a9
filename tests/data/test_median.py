"""Medians by counting digits: equal to NumPy's, whatever the numbers, the chunks and the room for counters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nndsl.data import median
from nndsl.data.median import Median
from nndsl.data.table import Array

FLOATS = st.floats(width=32, allow_infinity=False, min_value=-(2.0**126), max_value=2.0**126)


def counted(values: Array, chunks: int) -> tuple[Array, int]:
    """The median, and how many passes it took."""
    fit = Median(values.shape[1:])
    passes = 0
    while True:
        passes += 1
        for chunk in np.array_split(values, chunks):
            fit.add(chunk)
        if not fit.needs_more():
            return fit.result(), passes


@given(
    values=st.integers(1, 9).flatmap(lambda rows: arrays(np.float32, (rows, 3), elements=FLOATS | st.just(np.nan))),
    chunks=st.integers(1, 4),
)
def test_medians_are_those_of_numpy(values: Array, chunks: int) -> None:
    """In float64, where the sum of two float32 is exact: so is the mean of the two in the middle."""
    for element in range(3):
        column = values[:, element : element + 1]
        there = column[~np.isnan(column)]
        found, _ = counted(column, chunks)
        expected = np.median(there.astype(np.float64)) if len(there) else np.nan
        np.testing.assert_array_equal(found, [expected])


@pytest.mark.parametrize(("counters", "passes"), [(2**20, 3), (2**12, 7), (1, 32)])
def test_little_room_takes_more_passes_for_the_same_median(
    monkeypatch: pytest.MonkeyPatch, counters: int, passes: int
) -> None:
    monkeypatch.setattr(median, "COUNTERS", counters)
    values = np.random.default_rng(0).normal(size=(101, 2, 20)).astype(np.float32)
    values[:50] *= 1e-30
    found, taken = counted(values, 7)
    np.testing.assert_array_equal(found, np.median(values.astype(np.float64), axis=0))
    assert taken == passes


def test_zeros_of_both_signs_are_one_number() -> None:
    found, _ = counted(np.array([[-0.0], [0.0], [-0.0], [1e-45]], np.float32), 2)
    np.testing.assert_array_equal(found, [0.0])
