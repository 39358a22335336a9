"""What ONNX Runtime's own operators can do on this machine, found by asking it.

blocks of channels     Its convolution in blocks is made for vectors: blocks of 16 numbers with AVX-512, of 8 with AVX,
                       and elsewhere what its release has, or none. It does not say which, so a small network is
                       computed with each and held to the evaluator.
sparse matrices        A tiny sum of rows tells.
products in place      A tiny one tells.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from nndsl import ops
from nndsl.codegen.backend import Array
from nndsl.codegen.onnx.blocks import PRODUCTS, Images, all_in_blocks
from nndsl.codegen.onnx.buffers import Binding, Matrix
from nndsl.codegen.onnx.emit import Emitter
from nndsl.codegen.onnx.engine import load
from nndsl.codegen.onnx.proto import serialize
from nndsl.codegen.onnx.selection import Selected, selected_product
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import Shape, TensorType

BLOCKS = (16, 8)
"""The sizes that are tried."""

SAME: dict[str, Any] = {"strides": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
HALVES: dict[str, Any] = {"size": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0))}


def block_of_images(graph: Graph) -> int:
    """The size of blocks for a graph's images: 0 where there are no convolutions, or no operators for them here."""
    return _block_size() if any(node.op in PRODUCTS for node in graph.nodes) else 0


@cache
def _block_size() -> int:
    graph, values = _network()
    expected = evaluate(graph, values)
    return next((block for block in BLOCKS if _computes(graph, values, expected, block)), 0)


def _network() -> tuple[Graph, dict[str, Array]]:
    """Each kind of operator that is emitted in the domain of blocks: a first convolution, pools, one that follows,
    gradients, depthwise ones."""
    b = Builder()
    shapes: dict[str, Shape] = {
        "image": (BATCH, 4, 4, 3),
        "V": (3, 3, 3, 16),
        "W": (3, 3, 16, 16),
        "U": (3, 3, 1, 16),
        "c": (16,),
    }
    image, V, W, U, c = (b.input(name, TensorType("f32", shape)) for name, shape in shapes.items())

    def rectified(x: Value) -> Value:
        return ops.relu(x + c)

    h = rectified(ops.conv(image, V, **SAME))
    y = rectified(ops.conv(ops.max_pool(h, **HALVES), W, **SAME)) + ops.avg_pool(h, **HALVES)
    d = ops.conv_input(y, W, shape=(2, 2), **SAME)
    depthwise = {**SAME, "groups": 16}
    z = ops.conv(h, U, **depthwise)
    d_U = ops.conv_kernel(h, z, kernel=(3, 3), **depthwise)
    d_W = ops.conv_kernel(h, z, kernel=(3, 3), **SAME)
    random = np.random.default_rng(0)
    values = {
        name: random.integers(-2, 3, [dim if isinstance(dim, int) else 2 for dim in shape]).astype(np.float32)
        for name, shape in shapes.items()
    }
    return b.graph("blocks", {"y": y, "d": d, "z": z, "d_U": d_U, "d_W": d_W}), values


def _computes(graph: Graph, values: dict[str, Array], expected: dict[str, Array], block: int) -> bool:
    """Whether blocks of this size give what they should: whole numbers, so exactly that."""
    e = Emitter(graph.name)
    operands = {name: e.input(name, "f32", node.shape) for name, node in graph.inputs.items()}
    for name, value in e.graph(all_in_blocks(graph, Images(block, rows=block)), operands).items():
        e.output(name, value, "f32", graph.outputs[name].shape)
    try:
        found = load(serialize(e.model({})), "cpu", 1).run(list(expected), values)
    except Exception:  # of one of many kinds: a release without these operators, or a processor without the vectors
        return False
    return all(np.array_equal(a, b) for a, b in zip(found, expected.values(), strict=True))


@cache
def adds_in_place() -> bool:
    """Whether a product of a row with two lanes may be written over one of them here (`lanes`): whether ONNX Runtime
    reads both before it writes, some elements after the other. Larger products are many such, also for threads."""
    e = Emitter("lanes", images=Images())
    factors, lanes = e.input("factors", "f32", (1, 2)), e.input("lanes", "f32", (2, 1003))
    e.output("sum", e.node("MatMul", factors, lanes), "f32", (1, 1003))
    memory = np.arange(2 * 1003, dtype=np.float32).reshape(2, 1003)
    try:
        session = load(serialize(e.model({})), "cpu", 1)
        for lane in (0, 1):
            expected = memory[:1] + 2 * memory[1:]
            binding = Binding(session)
            binding.lend("factors", np.array([[1, 2]], np.float32))
            binding.lend("lanes", memory)
            binding.give("sum", memory[lane : lane + 1])
            binding.run()
            if not np.array_equal(memory[lane : lane + 1], expected):
                return False
    except Exception:  # of one of many kinds: a release that refuses to write what it reads
        return False
    return True


@cache
def adds_selected() -> bool:
    """Whether rows are added up by a sparse matrix here: as sessions have it, bound to memory that changes."""
    e = Emitter("selection", images=Images())
    rows = e.constant(np.array([[1, 2], [3, 4], [5, 6]], np.float32))
    e.output("sums", selected_product(e, e.sparse_input("selection", "f32", (4, 3)), rows), "f32", (4, 2))
    indices, sums = np.zeros(3, np.int64), np.empty((4, 2), np.float32)
    try:
        binding = Binding(load(serialize(e.model({})), "cpu", 1))
        binding.select("selection", Matrix(Selected((4, 3), indices, np.arange(3))))
        binding.give("sums", sums)
        indices[...] = 3, 1, 3
        binding.run()
    except Exception:  # of one of many kinds: a release without sparse tensors
        return False
    return np.array_equal(sums, [[0, 0], [3, 4], [0, 0], [6, 8]])
