"""Networks with convolutions, built layer by layer or at random, and a comparison of what two models compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx_checks import checked, run

from nndsl import ops
from nndsl.codegen.onnx import emit
from nndsl.codegen.onnx.blocks import Images, all_in_blocks
from nndsl.graph.builder import Builder, Value
from nndsl.graph.node import Graph
from nndsl.graph.sizes import BATCH, Dim
from nndsl.graph.types import TensorType
from nndsl.graph.verify import verify
from nndsl.transform.differentiate import differentiate
from nndsl.transform.simplify import simplify

ROWS = 3
PLAIN: dict[str, Any] = {"strides": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
SAME = {**PLAIN, "padding": ((1, 1), (1, 1))}
HALVES: dict[str, Any] = {"size": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0))}


class Network:
    """Builds a network by its layers, and gives the graph of its loss, its prediction and all gradients."""

    def __init__(self, *shape: Dim):
        self.b = Builder()
        self.image = self.b.input("image", TensorType("f32", (BATCH, *shape)))
        self.parameters: list[str] = []

    def parameter(self, *shape: Dim) -> Value:
        self.parameters.append(f"w{len(self.parameters)}")
        return self.b.input(self.parameters[-1], TensorType("f32", shape))

    def conv(self, x: Value, filters: int, size: int = 3, **attributes: Any) -> Value:
        attributes = {**PLAIN, **attributes}
        W = self.parameter(size, size, x.node.shape[-1] // attributes["groups"], filters)
        return ops.conv(x, W, **attributes) + self.parameter(filters)

    def dense(self, x: Value, units: int) -> Value:
        return x @ self.parameter(x.shape[-1], units) + self.parameter(units)

    def training(self, y: Value) -> Graph:
        wave = ops.sin(y)  # a loss with gradients of all sizes
        loss = ops.reduce_sum(wave, axes=tuple(range(y.rank)), keepdims=False)
        graph = self.b.graph("network", {"loss": loss, "y": y})
        return verify(simplify(differentiate(graph, "loss", self.parameters)))


def flat(x: Value) -> Value:
    width: Dim = 1
    for n in x.shape[1:]:
        width = width * n
    return ops.reshape(x, shape=(BATCH, width))


def two_convolutions(net: Network) -> Value:
    h = ops.max_pool(ops.relu(net.conv(net.image, 4)), **HALVES)
    h = ops.max_pool(ops.relu(net.conv(h, 6)), **HALVES)
    return net.dense(flat(h), 5)


def model_of(graph: Graph, images: Images | None = None) -> onnx.ModelProto:
    """A model for any engine, or one for this processor with images in blocks wherever that can be."""
    if images and images.block:
        graph = all_in_blocks(graph, images)
    e = emit.Emitter(graph.name, images=images and Images())
    operands = {name: e.input(name, node.type.dtype, node.shape) for name, node in graph.inputs.items()}
    for name, value in e.graph(graph, operands).items():
        e.output(name, value, graph.outputs[name].type.dtype, graph.outputs[name].shape)
    model: onnx.ModelProto = e.model({})
    if not (images and images.block):
        checked(model)
    return model


def values(graph: Graph, seed: int = 0, rows: int = ROWS) -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    shapes = {
        name: [dim if isinstance(dim, int) else dim.evaluate({"batch": rows, "time": 13}) for dim in node.shape]
        for name, node in graph.inputs.items()
    }
    return {name: rng.normal(size=shape).astype(np.float32) * 0.3 for name, shape in shapes.items()}


def up_sampled(x: Value, m: int, n: int) -> Value:
    batch, h, w, c = x.shape
    pixels = ops.reshape(x, shape=(batch, h, 1, w, 1, c))
    return ops.reshape(ops.broadcast_to(pixels, shape=(batch, h, m, w, n, c)), shape=(batch, h * m, w * n, c))


def random_network(seed: int, channels: Sequence[int] = (1, 2, 4), filters: Sequence[int] = (2, 4, 6)) -> Graph:
    """Four to six layers, each drawn from all that the layouts know and some that they do not; `channels` of the image
    and `filters` of convolutions are drawn from these."""
    random = Random(seed)
    net = Network(random.choice([9, 12]), random.choice([10, 11]), random.choice(channels))
    x = net.image

    def conv(x: Value) -> Value:
        groups = random.choice([1, 1, 2]) if x.shape[-1] in (2, 4, 6, 8, 16) else 1
        attributes: dict[str, Any] = {
            "strides": random.choice([(1, 1), (2, 1), (2, 2)]),
            "padding": random.choice([((0, 0), (0, 0)), ((1, 1), (1, 1)), ((0, 1), (1, 0))]),
            "dilation": random.choice([(1, 1), (1, 1), (2, 1)]),
            "groups": groups,
        }
        return net.conv(x, random.choice(filters), random.choice([1, 2, 3]), **attributes)

    def pool(x: Value) -> Value:
        attributes = random.choice(
            [
                HALVES,
                {**HALVES, "strides": (1, 2)},
                {**HALVES, "size": (3, 2), "padding": ((1, 1), (0, 0))},
                {"size": (2, 3), "strides": (2, 3), "padding": ((0, 1), (0, 1))},
            ]
        )
        return random.choice([ops.max_pool, ops.avg_pool])(x, **attributes)

    def scaled(x: Value) -> Value:
        mean = ops.reduce_mean(x, axes=(1, 2), keepdims=True)
        return x * ops.sigmoid(mean * net.parameter(x.shape[-1]))

    layers: dict[str, Callable[[Value], Value]] = {
        "conv": conv,
        "pool": pool,
        "relu": ops.relu,
        "tanh": ops.tanh,
        "scaled": scaled,
        "columns": lambda x: x + net.parameter(*x.shape[2:]),
        "two ways": lambda x: ops.concat(ops.relu(x), x * 0.5, axis=3),
        "padded": lambda x: ops.pad(x, axis=1, before=1, after=0),
        "cut": lambda x: ops.slice(x, axis=3, start=0, stop=x.shape[3], step=2),
        "over channels": lambda x: x - ops.reduce_max(x, axes=(3,), keepdims=True),
        "over rows": lambda x: (
            x + ops.reshape(ops.reduce_mean(x, axes=(1,), keepdims=False), shape=(BATCH, 1, *x.shape[2:]))
        ),
        "up-sampled": lambda x: up_sampled(x, 2, 1),
        "softmax": lambda x: ops.softmax(x, axis=3),
    }
    x = conv(x)
    for _ in range(random.randint(4, 6)):
        narrow = min(n for n in x.shape[1:3] if isinstance(n, int)) < 5
        name = random.choice([n for n in layers if not (narrow and n in ("conv", "pool"))])
        x = layers[name](x)
    return net.training(random.choice([flat(x), ops.reduce_sum(x, axes=(1, 2), keepdims=False), x]))


def as_it_is(model: onnx.ModelProto, inputs: dict[str, np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    """The model's outputs without ONNX Runtime's own optimizations, which move transpositions too."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def agree(graph: Graph, first: onnx.ModelProto, last: onnx.ModelProto) -> None:
    """Sums of some hundred products in another order: a few units in the sixth place of what is added."""
    inputs = values(graph)
    found, expected = run(first, inputs), as_it_is(last, inputs)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].shape == value.shape
        np.testing.assert_allclose(
            found[name], value, rtol=1e-4, atol=1e-5 * max(1.0, np.abs(value).max()), err_msg=name
        )
