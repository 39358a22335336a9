"""A relu's mask is taken behind a pool, and the gradients stay what they are, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from nndsl import ops
from nndsl.graph.builder import Builder
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType
from nndsl.transform.rectified import rectify_after_pooling


def gradient(size: int, strides: int) -> Graph:
    """The gradients of `max_pool(relu(z + b))` with respect to z and b, for the gradient g of the pool."""
    b = Builder()
    attributes = {"size": (size,), "strides": (strides,), "padding": ((0, 0),)}
    x = ops.relu(b.input("z", TensorType("f32", (BATCH, 9, 2))))
    y = ops.max_pool(x, **attributes)
    g = b.input("g", y.type)
    dz = ops.max_pool_gradient(x, y, g, **attributes) * ops.cast(x > 0, dtype="f32")
    return b.graph("test", {"dz": dz, "db": ops.reduce_sum(dz, axes=(0, 1), keepdims=False)})


@pytest.mark.parametrize(("size", "strides"), [(3, 3), (3, 2), (2, 1)])
def test_masks_are_taken_where_the_pool_is_positive(size: int, strides: int) -> None:
    graph = gradient(size, strides)
    rectified = rectify_after_pooling(graph)
    assert rectified.outputs["dz"].op == "max_pool_gradient"
    random = np.random.default_rng(0)
    z = random.integers(-2, 3, (50, 9, 2)).astype(np.float32)  # so few that windows have ties, and none above 0
    g = random.normal(size=(50, *graph.inputs["g"].shape[1:])).astype(np.float32)
    expected, found = (evaluate(each, {"z": z, "g": g}) for each in (graph, rectified))
    np.testing.assert_array_equal(found["dz"], expected["dz"])
    np.testing.assert_allclose(found["db"], expected["db"], rtol=1e-5)
    assert expected["dz"].any()


def test_other_masks_stay() -> None:
    b = Builder()
    attributes = {"size": (3,), "strides": (3,), "padding": ((0, 0),)}
    z = b.input("z", TensorType("f32", (BATCH, 9, 2)))
    y = ops.max_pool(z, **attributes)
    d = ops.max_pool_gradient(z, y, b.input("g", y.type), **attributes)
    graph = b.graph("test", {"dz": d * ops.cast(b.input("x", z.type) > 0, dtype="f32")})
    assert rectify_after_pooling(graph) is graph
