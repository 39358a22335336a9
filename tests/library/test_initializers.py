"""Initializers: Keras's bounds and spreads, a pure function of seed and name."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.load import Case, cases

from nndsl.library.initializers import fans
from nndsl.library.registry import INITIALIZERS
from nndsl.library.vocabulary import load

load()

CASES = [case for case in cases("initializers") if case.name in INITIALIZERS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_distribution_is_keras(case: Case) -> None:
    """Of many tensors of the shape: bounds never left, mean and deviation within five standard errors."""
    function = INITIALIZERS[case.name].function
    size = int(np.prod(case.shape))
    tensors = max(1, 50_000 // size)
    values = np.stack([function(seed, "layer.W", case.shape, **case.args) for seed in range(tensors)])
    assert values.dtype == np.float32
    assert values.shape == (tensors, *case.shape)
    out = {name: float(value) for name, value in case.outputs.items()}
    std = out["std"]
    if "low" in out:
        slack = 1e-6 * max(1.0, abs(out["high"]))  # float32
        assert values.min() >= out["low"] - slack
        assert values.max() <= out["high"] + slack
        # some value comes near the bounds: within a fiftieth of the width, which all but one in e^-1000 do
        assert values.max() >= out["high"] - (out["high"] - out["low"]) / 50
    assert abs(values.mean() - out["mean"]) <= 5 * std / np.sqrt(values.size)
    # the fourth moment of none of these exceeds the normal's, whose deviation has a relative error of 1 / √(2 n)
    assert abs(values.std(dtype=np.float64) - std) <= 5 * std / np.sqrt(2 * values.size)


def test_every_initializer_has_an_oracle() -> None:
    """Keras's distributions, the tests below, or (matrices) those of test_normalization.py."""
    elsewhere = {"variance_scaling", "orthogonal", "identity"}
    assert {case.name for case in CASES} | elsewhere == set(INITIALIZERS)


@pytest.mark.parametrize("name", ["uniform", "normal", "truncated_normal", "glorot_uniform", "he_normal"])
def test_values_depend_on_seed_and_name_alone(name: str) -> None:
    function = INITIALIZERS[name].function
    first = function(7, "hidden.W", (64, 32))
    np.testing.assert_array_equal(first, function(7, "hidden.W", (64, 32)))
    for other in (function(8, "hidden.W", (64, 32)), function(7, "hidden_2.W", (64, 32))):
        # independent: the correlation of 2048 pairs is below five standard errors
        assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 5 / np.sqrt(first.size)


def test_variance_scaling_in_all_modes() -> None:
    """Its special cases are the Glorot, He and LeCun initializers above; here are the others."""
    function = INITIALIZERS["variance_scaling"].function
    for mode, fan in {"fan_in": 100, "fan_out": 50, "fan_avg": 75}.items():
        for distribution in ("truncated_normal", "untruncated_normal", "uniform"):
            values = function(1, "W", (100, 50), scale=3.0, mode=mode, distribution=distribution)
            assert abs(values.std() / np.sqrt(3 / fan) - 1) < 5 / np.sqrt(2 * values.size)


@pytest.mark.parametrize(
    ("shape", "expected"), [((), (1, 1)), ((5,), (5, 5)), ((4, 3), (4, 3)), ((3, 3, 8, 16), (72, 144))]
)
def test_fans(shape: tuple[int, ...], expected: tuple[float, float]) -> None:
    assert fans(shape) == expected
