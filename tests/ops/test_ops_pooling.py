"""Pooling and its gradients: against the definition, with ties and overlaps, and by hand."""

from __future__ import annotations

import numpy as np
import windows
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import apply
from windows import Geometry, geometries

from nndsl import ops


@settings(max_examples=150, deadline=None)
@given(geometries(pool=True), st.integers(0, 2**32 - 1))
def test_pools_and_their_gradients(geometry: Geometry, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.integers(-2, 3, (geometry.batch, *geometry.shape, 2)).astype(np.float64)  # so few that windows have ties
    largest, mean = windows.pools(x, geometry)
    y = apply(ops.max_pool, x, **geometry.pool)
    assert y.tolist() == largest.tolist()
    np.testing.assert_allclose(apply(ops.avg_pool, x, **geometry.pool), mean, rtol=1e-14, atol=1e-14)
    g = np.asarray(random.integers(-9, 10, y.shape), np.float64)
    gradient = apply(ops.max_pool_gradient, x, y, g, **geometry.pool)
    assert gradient.tolist() == windows.max_pool_gradient(x, g, geometry).tolist()
    spread = apply(ops.avg_pool_gradient, g, shape=geometry.shape, **geometry.pool)
    assert spread.shape == x.shape
    np.testing.assert_allclose(np.vdot(x, spread), np.vdot(mean, g), rtol=1e-12, atol=1e-12 * g.size * 18)


def test_the_first_maximum_of_a_window_takes_its_gradient_and_windows_add_up() -> None:
    x = np.array([[[1], [3], [3], [2]]], np.float32)
    attributes = {"size": (2,), "strides": (1,), "padding": ((0, 0),)}
    y = apply(ops.max_pool, x, **attributes)
    assert y.ravel().tolist() == [3, 3, 3]
    g = np.array([[[10], [100], [1000]]], np.float32)
    assert apply(ops.max_pool_gradient, x, y, g, **attributes).ravel().tolist() == [0, 110, 1000, 0]


def test_padding_is_never_the_maximum_nor_counted() -> None:
    x = np.array([[[-3], [-5], [-4]]], np.float32)
    attributes = {"size": (2,), "strides": (2,), "padding": ((0, 1),)}
    assert apply(ops.max_pool, x, **attributes).ravel().tolist() == [-3, -4]
    assert apply(ops.avg_pool, x, **attributes).ravel().tolist() == [-4, -4]
    g = np.array([[[10], [100]]], np.float32)
    assert apply(ops.avg_pool_gradient, g, shape=(3,), **attributes).ravel().tolist() == [5, 5, 100]


def test_pools_of_many_examples_are_those_of_each() -> None:
    """So many that the gradient is taken in several blocks."""
    x = np.random.default_rng(0).normal(size=(20, 32, 32, 32)).astype(np.float32)
    attributes = {"size": (3, 3), "strides": (2, 2), "padding": ((0, 1), (0, 1))}
    y = apply(ops.max_pool, x, **attributes)
    gradient = apply(ops.max_pool_gradient, x, y, y, **attributes)
    for i in (0, 7, 19):
        one = slice(i, i + 1)
        assert np.array_equal(apply(ops.max_pool, x[one], **attributes), y[one])
        assert np.array_equal(apply(ops.max_pool_gradient, x[one], y[one], y[one], **attributes), gradient[one])
