"""The order of an epoch's rows: `permutation`'s numbers, which the NumPy module draws, by a leaner way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndsl.data import shuffling
from nndsl.data.shuffling import row_numbers, shuffled
from nndsl.ops.helpers import permutation


@given(seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 1000), rows=st.integers(0, 300))
def test_shuffles_are_permutations_of_the_helpers(seed: int, epoch: int, rows: int) -> None:
    np.testing.assert_array_equal(shuffled(seed, "shuffle", epoch, rows), permutation(seed, "shuffle", epoch, rows))


@pytest.mark.parametrize("rows", [1, 256, 257, 5461, 5462, 8192, 8193])
@pytest.mark.parametrize("epoch", [0, 1, 2, 3, 63, 64, 200])
def test_epochs_that_are_drawn_together_are_what_they_are_alone(rows: int, epoch: int) -> None:
    """Some number of them up to 8192 rows: 64 up to 256 rows, 3 up to 5461."""
    np.testing.assert_array_equal(shuffled(3, "shuffle", epoch, rows), permutation(3, "shuffle", epoch, rows))


def test_an_order_cannot_be_changed() -> None:
    """It may be given again."""
    with pytest.raises(ValueError, match="read-only"):
        shuffled(3, "shuffle", 0, 10)[0] = 1


@pytest.mark.parametrize("rows", [65_536, 65_537, 300_001])
def test_so_are_those_of_rows_whose_keys_are_cut(rows: int) -> None:
    """From 65 537 rows on, 48 bits of a key and the row's number no longer fit in 64 bits."""
    np.testing.assert_array_equal(shuffled(3, "shuffle", 1, rows), permutation(3, "shuffle", 1, rows))


def test_and_those_whose_shortened_keys_are_often_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if numbers took 56 bits: 8 bits are left of a key, so that each is equal to some 40 others."""
    monkeypatch.setattr(shuffling, "places_for", lambda rows: 56)
    monkeypatch.setattr(shuffling, "TOGETHER", 1000)
    np.testing.assert_array_equal(shuffled(5, "split", 0, 10_000), permutation(5, "split", 0, 10_000))


def test_rows_are_numbered_in_four_bytes() -> None:
    assert row_numbers(3).dtype == np.int32
    assert shuffled(0, "split", 0, 3).dtype == np.int32
    assert shuffling.row_type(2**31) == np.int64
