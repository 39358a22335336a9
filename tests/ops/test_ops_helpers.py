"""The functions that generated modules paste: accurate, fit for extreme arguments, and needing nothing but NumPy."""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable
from statistics import NormalDist
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from samples import Array

from nndsl.graph.node import PRIMITIVES
from nndsl.ops import conv_helpers, helpers, pool_helpers

FUNCTIONS = {
    name: f
    for module in (helpers, conv_helpers, pool_helpers)
    for name, f in vars(module).items()
    if isinstance(f, FunctionType)
}

GRID = np.concatenate([np.linspace(-8, 8, 20_001), np.logspace(-30, 0, 500), -np.logspace(-30, 0, 500)])


def reference(f: Callable[[float], float], x: Array) -> Array:
    return np.array([f(float(number)) for number in x])


@pytest.mark.parametrize(
    ("function", "exact"),
    [
        (helpers.erf, math.erf),
        (helpers.sigmoid, lambda x: 1 / (1 + math.exp(-x))),
        (helpers.softplus, lambda x: math.log1p(math.exp(x))),
    ],
)
@pytest.mark.parametrize(("dtype", "units"), [(np.float32, 4), (np.float64, 5)])
def test_accuracy(
    function: Callable[[Array], Array], exact: Callable[[float], float], dtype: Any, units: float
) -> None:
    """Within a few units in the last place, relative to the result, also where it is small."""
    x = GRID.astype(dtype)
    y = function(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(
        y.astype(np.float64), reference(exact, x), rtol=units * float(np.finfo(dtype).eps), atol=0
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_arguments_give_limits_and_no_warnings(dtype: Any) -> None:
    x = np.array([-np.inf, -1000, 0, 1000, np.inf], dtype)
    with np.errstate(all="raise", under="ignore"):
        assert helpers.sigmoid(x).tolist() == [0, 0, 0.5, 1, 1]
        assert helpers.softplus(x).tolist() == [0, 0, dtype(math.log(2)), 1000, np.inf]
        assert helpers.erf(x).tolist() == [-1, -1, 0, 1, 1]
        assert helpers.softmax(x[1:4], axis=0).tolist() == [0, 0, 1]
        assert helpers.log_softmax(x[1:4], axis=0).tolist() == [-2000, -1000, 0]
    for function in (helpers.sigmoid, helpers.softplus, helpers.erf):
        assert np.isnan(function(np.array([np.nan], dtype))).all()


def test_erf_is_odd_down_to_the_sign_of_zero() -> None:
    assert np.signbit(helpers.erf(np.array([-0.0, 0.0]))).tolist() == [True, False]


def test_functions_take_scalars() -> None:
    """A scalar of a graph is an array without axes."""
    for function in (helpers.sigmoid, helpers.softplus, helpers.erf):
        assert np.shape(function(np.array(1.0))) == ()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_softmax_sums_to_one(axis: int) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 5)) * 10
    np.testing.assert_allclose(helpers.softmax(x, axis).sum(axis), 1, rtol=1e-15)
    np.testing.assert_allclose(np.exp(helpers.log_softmax(x, axis)), helpers.softmax(x, axis), rtol=1e-13)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_scatter_add_adds_each_update_where_take_took_it(axis: int) -> None:
    random = np.random.default_rng(0)
    indices = random.integers(0, 6, (2, 7))
    shape = [3, 4, 5]
    shape[axis] = 6
    updates = random.normal(size=np.take(np.zeros(shape), indices, axis).shape)
    expected = np.zeros(shape)
    for place in np.ndindex(2, 7):
        before: Any = (slice(None),) * axis
        expected[(*before, indices[place])] += updates[(*before, *place)]
    np.testing.assert_allclose(helpers.scatter_add(updates, indices, axis, 6), expected, rtol=1e-14)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_put_along_adds_each_update_where_take_along_took_it(axis: int) -> None:
    random = np.random.default_rng(0)
    updates = random.normal(size=(3, 4, 5))
    indices = random.integers(0, 2, updates.shape)  # so few places that updates meet
    shape = [3, 4, 5]
    shape[axis] = 2
    expected = np.zeros(shape)
    for place in np.ndindex(updates.shape):
        target = list(place)
        target[axis] = indices[place]
        expected[tuple(target)] += updates[place]
    np.testing.assert_allclose(helpers.put_along(updates, indices, axis, 2), expected, rtol=1e-14)


def test_normal_quantile_is_the_inverse_of_the_distribution() -> None:
    p = np.concatenate([np.random.default_rng(0).random(2000), 10.0 ** -np.arange(1, 300), 1 - 0.5 ** np.arange(2, 50)])
    expected = reference(NormalDist().inv_cdf, p)
    np.testing.assert_allclose(helpers.normal_quantile(p), expected, rtol=1e-14, atol=1e-16)


def test_modules_that_paste_them_need_numpy_alone() -> None:
    """Each name that a helper uses is its own, NumPy, a type to annotate with, a builtin, or another helper."""
    allowed = {
        "np",
        "Array",
        "Ints",
        "Pairs",
        "Each",
        "EachPair",
        "Iterator",
        *FUNCTIONS,
        *vars(__import__("builtins")),
    }
    for name, function in FUNCTIONS.items():
        tree = ast.parse(inspect.getsource(function))
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        own = {n.id for n in names if isinstance(n.ctx, ast.Store)} | {
            node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)
        }
        assert {n.id for n in names} - own <= allowed, name


def test_primitives_list_all_helpers_that_theirs_call() -> None:
    """So that an emitter pastes what is listed, in that order, and nothing is missing."""
    for primitive in PRIMITIVES.values():
        known: set[str] = set()
        for helper in primitive.helpers:
            called = {node.id for node in ast.walk(ast.parse(inspect.getsource(helper))) if isinstance(node, ast.Name)}
            known.add(helper.__name__)
            assert called & set(FUNCTIONS) <= known, primitive.name
