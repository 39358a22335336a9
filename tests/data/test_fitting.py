"""Fitted statistics: those of all training values at once, however they are cut into chunks and wherever they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nndsl.data.fitting import Moments, fit_states
from nndsl.diagnostics import Failure
from nndsl.library.arguments import Initial
from nndsl.library.building import State


def state(name: str, fit: str, *shape: int) -> State:
    return State(name, shape, "statistic", Initial("zeros", {}), fit=fit)


@given(
    arrays(np.float32, st.tuples(st.integers(1, 40), st.just(3)), elements=st.floats(-1e6, 1e6, width=32)),
    st.lists(st.integers(0, 40), max_size=5),
)
@settings(deadline=None)
def test_moments_do_not_depend_on_the_chunks(values: np.ndarray, cuts: Sequence[int]) -> None:
    moments = Moments((3,))
    for chunk in np.split(values, sorted(cut for cut in cuts if cut <= len(values))):
        moments.add(chunk)
    exact = values.astype(np.float64)
    # Both sums round in float64: some 1e-15 of the values, so 1e-12 of their range is far above it.
    scale = np.abs(exact).max() + 1
    np.testing.assert_allclose(moments.mean, exact.mean(axis=0), atol=1e-12 * scale)
    np.testing.assert_allclose(moments.variance, exact.var(axis=0), rtol=1e-9, atol=1e-12 * scale**2)


def test_a_small_spread_far_from_zero_is_not_lost() -> None:
    """The textbook formula, mean of squares minus square of mean, gives -0.5 or 128 or anything here."""
    moments = Moments((1,))
    values = 1e9 + np.tile([0.0, 1.0], 500)[:, None]
    for chunk in np.array_split(values, 7):
        moments.add(chunk)
    # A mean of 1e9 is rounded to 1e-7, and is off by that much from chunks whose means differ by up to 0.01.
    np.testing.assert_allclose(moments.variance, 0.25, rtol=1e-8)


def test_axes_before_the_last_count_as_rows() -> None:
    values = np.arange(24.0).reshape(2, 3, 4)
    fitted = fit_states(
        [state("n.mean", "mean", 4), state("n.variance", "variance", 4)], [{"n.mean": values, "n.variance": values}]
    )
    np.testing.assert_allclose(fitted["n.mean"], values.mean(axis=(0, 1)))
    np.testing.assert_allclose(fitted["n.variance"], values.var(axis=(0, 1)))
    assert fitted["n.mean"].dtype == np.float32


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    """compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 0, 0, 1, 1, 2]) is [2/3, 1, 2]."""
    chunks = [{"w": np.array([0, 0, 1])}, {"w": np.array([0, 2, 1])}]
    np.testing.assert_allclose(fit_states([state("w", "class_weights", 3)], chunks)["w"], [2 / 3, 1, 2], rtol=1e-7)


def test_a_class_without_rows_has_no_weight() -> None:
    with pytest.raises(Failure) as failure:
        fit_states([state("w", "class_weights", 4)], [{"w": np.array([0, 2])}])
    assert (
        failure.value.diagnostics[0].message == "`balanced` cannot weight the classes 1 and 3: no training row has them"
    )


def test_missing_values_do_not_become_statistics() -> None:
    with pytest.raises(Failure) as failure:
        fit_states([state("n.mean", "mean", 2)], [{"n.mean": np.array([[1, np.nan]])}])
    message = "`n.mean` cannot be fitted: its layer sees values that are missing (NaN)"
    assert failure.value.diagnostics[0].message == message
