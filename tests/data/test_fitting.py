"""Fitted statistics: those of all training values at once, however they are cut into chunks and wherever they lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nndsl
from nndsl.data.fitting import Moments, fit_states
from nndsl.diagnostics import Failure
from nndsl.library.arguments import Initial
from nndsl.library.building import State


def state(name: str, fit: str, *shape: int) -> State:
    return State(name, shape, "statistic", Initial("zeros", {}), fit=fit)


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.just(3)),
        elements=st.floats(-1e6, 1e6, width=32),
    ),
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


def test_extremes_and_medians_do_not_depend_on_the_chunks() -> None:
    values = np.random.default_rng(4).normal(size=(31, 2, 3)).astype(np.float32)
    states = [state(f"s.{fit}", fit, 3) for fit in ("min", "max", "median")]
    chunks = [dict.fromkeys((s.name for s in states), part) for part in np.array_split(values, 4)]
    fitted = fit_states(states, chunks)
    rows = values.reshape(-1, 3)
    np.testing.assert_array_equal(fitted["s.min"], rows.min(axis=0))
    np.testing.assert_array_equal(fitted["s.max"], rows.max(axis=0))
    np.testing.assert_allclose(fitted["s.median"], np.median(rows, axis=0), rtol=1e-7)


def test_a_median_is_that_of_the_values_there_are() -> None:
    values = np.array([[1, np.nan], [np.nan, 5], [3, 7], [8, np.nan]], np.float32)
    fitted = fit_states([state("i.median", "median", 2)], [{"i.median": values[:1]}, {"i.median": values[1:]}])
    np.testing.assert_array_equal(fitted["i.median"], [3, 6])


@pytest.mark.parametrize("fit", ["min", "max", "median"])
def test_a_column_without_values_has_no_statistic(fit: str) -> None:
    values = np.array([[1, np.nan], [2, np.nan]], np.float32)
    with pytest.raises(Failure, match=r"`i.s` cannot be fitted: its layer sees values that are missing \(NaN\)"):
        fit_states([state("i.s", fit, 2)], [{"i.s": values}])


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


@pytest.mark.filterwarnings("error")
def test_a_statistic_that_float32_cannot_hold() -> None:
    values = np.array([[1, 1e24, 1e25], [2, 3e24, 1e26]])
    states = [state("n.mean", "mean", 3), state("n.variance", "variance", 3)]
    with pytest.raises(Failure) as failure:
        fit_states(states, [{each.name: values for each in states}])
    assert failure.value.diagnostics[0].message == (
        "`n.variance` cannot be fitted: for element 1 and element 2 it is too large for a float32 (up to 3.4e38)"
    )


@pytest.mark.filterwarnings("error")
def test_a_column_that_is_too_large_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("age,income,y\n30,1e24,1\n40,2e24,2\n")
    model = "model m { input x: f32[2]\n target y: f32\n output p = x -> normalize -> dense(1)\n loss mse(p, y) }\n"
    data = 'data { source = csv("rows.csv")\n x = columns("age", "income") }\ntrain { epochs = 1 }\n'
    (tmp_path / "m.nn").write_text(model + data)
    net = nndsl.load(tmp_path / "m.nn")
    assert isinstance(net, nndsl.Net)
    with pytest.raises(
        Failure, match=r'`p.variance` cannot be fitted: for column "income" it is too large for a float32'
    ):
        net.initial_state()
