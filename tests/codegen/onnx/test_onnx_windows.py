"""Lowerings of convolution and pooling beyond the samples: sizes that are not known, ties, gradients of samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx_checks import checked, run

from nndsl import ops
from nndsl.codegen.onnx.emit import Emitter
from nndsl.codegen.onnx.layout import channels_first
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph, Primitive, Sample
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import TensorType
from nndsl.graph.verify import verify
from nndsl.transform.differentiate import differentiate

ROWS = 3
LINEAR = [ops.conv, ops.conv_input, ops.conv_kernel, ops.avg_pool, ops.avg_pool_gradient]


def emitted(graph: Graph) -> onnx.ModelProto:
    e = Emitter(graph.name)
    operands = {name: e.input(name, node.type.dtype, node.shape) for name, node in graph.inputs.items()}
    for name, value in e.graph(graph, operands).items():
        e.output(name, value, graph.outputs[name].type.dtype, graph.outputs[name].shape)
    model: onnx.ModelProto = e.model({})
    checked(model)
    return model


def gradients(b: Builder, y: Value, names: list[str]) -> Graph:
    """`y`, and what the sum of sin(y) has as gradients: adjoints of all sizes."""
    loss = ops.reduce_sum(ops.sin(y), axes=tuple(range(y.rank)), keepdims=False)
    return verify(differentiate(b.graph("windows", {"loss": loss, "y": y}), "loss", names))


def assert_lowered_right(graph: Graph, values: dict[str, Any]) -> None:
    """As the primitives' own facets say it, and channels first: both as NumPy computes it."""
    expected = evaluate(graph, values)
    for model in (emitted(graph), emitted(channels_first(graph))):
        found = run(model, values)
        for name, value in expected.items():
            # sums of some hundred products of numbers about 1, rounded in another order
            np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("number", range(6))
def test_the_first_maximum_takes_all(number: int) -> None:
    """Of so few values that most windows have several maxima."""
    sample = ops.max_pool.samples[number]
    b = Builder()
    graph = gradients(b, ops.max_pool(b.input("x", sample.inputs[0]), **sample.attributes), ["x"])
    shape = [dim if isinstance(dim, int) else ROWS for dim in sample.inputs[0].shape]
    x = np.random.default_rng(number).integers(-1, 2, shape).astype(np.float32)
    assert_lowered_right(graph, {"x": x})


@pytest.mark.parametrize(
    ("primitive", "sample"), [pytest.param(p, s, id=f"{p.name}-{n}") for p in LINEAR for n, s in enumerate(p.samples)]
)
def test_gradients_of_samples(primitive: Primitive, sample: Sample) -> None:
    b = Builder()
    operands = [b.input(f"x{i}", type) for i, type in enumerate(sample.inputs)]
    graph = gradients(b, primitive(*operands, **sample.attributes), list(b.inputs))
    random = np.random.default_rng(0)
    values = {
        name: random.uniform(-1, 1, [dim if isinstance(dim, int) else ROWS for dim in node.shape]).astype(np.float32)
        for name, node in graph.inputs.items()
    }
    assert_lowered_right(graph, values)


@pytest.mark.parametrize("length", [5, 8])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, (1, 1), 1), (2, (1, 0), 1), (3, (0, 0), 2)])
def test_a_free_size(stride: int, padding: tuple[int, int], dilation: int, length: int) -> None:
    b = Builder()
    x = b.input("x", TensorType("f32", (BATCH, symbol("time"), 2)))
    W = b.input("W", TensorType("f32", (3, 2, 4)))
    attributes: dict[str, Any] = {"strides": (stride,), "padding": (padding,)}
    graph = gradients(b, ops.conv(x, W, **attributes, dilation=(dilation,), groups=1), ["x", "W"])
    random = np.random.default_rng(length)
    values = {"x": random.normal(size=(ROWS, length, 2)), "W": random.normal(size=(3, 2, 4))}
    assert_lowered_right(graph, {name: value.astype(np.float32) for name, value in values.items()})
    for pool in (ops.max_pool, ops.avg_pool):
        b = Builder()
        y = pool(b.input("x", TensorType("f32", (BATCH, symbol("time"), 2))), size=(3,), **attributes)
        assert_lowered_right(gradients(b, y, ["x"]), {"x": values["x"].astype(np.float32)})
