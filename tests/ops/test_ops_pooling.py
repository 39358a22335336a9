"""Pooling: windows by hand, ties and overlaps, and the gradients' meaning."""

from __future__ import annotations

import numpy as np
from samples import apply

from nndsl import ops


def test_the_first_maximum_of_a_window_takes_its_gradient_and_windows_add_up() -> None:
    x = np.array([[[1], [3], [3], [2]]], np.float32)
    attributes = {"size": (2,), "strides": (1,), "padding": ((0, 0),)}
    y = apply(ops.max_pool, x, **attributes)
    assert y.ravel().tolist() == [3, 3, 3]
    g = np.array([[[10], [100], [1000]]], np.float32)
    assert apply(ops.max_pool_gradient, x, y, g, **attributes).ravel().tolist() == [0, 110, 1000, 0]
