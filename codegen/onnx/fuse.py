"""Which nodes are emitted otherwise than one by one: products with their transposed operands and bias, reshapes.

    t = transpose(x); y = matmul(t, g)              Gemm(x, g, transA = 1)
    y = matmul(x, W); z = add(y, b)                 Gemm(x, W, b)
    y = conv_first(x, W); z = add(y, b)             Conv(x, W, b)           for b a number for each channel
    y = reshape(x, shape = [batch, 64])             Reshape(x, [-1, 64])
    y = relu(x); m = cast(y > 0)                    HardSigmoid(y, alpha = 3e38)
    s = mean(reshape(x)), over all axes             ReduceMean(x)           and so for a sum, and past a negation
    y = a m + g                                     Gemm([[a]], m, g)       for one small row, on this processor

A product's addition is absorbed where nothing else uses the product; a transposed operand is read as it lies, but for
the left one of a wide product on this processor (`WIDE`). ONNX Runtime then fuses an activation behind the `Gemm` or
`Conv` by itself, unless it computes with several threads. A reshape works out one symbolic size without being told.
What a relu's gradient is multiplied with is one pass as a sigmoid of three lines, min(1, max(0, 3e38 y)): 3e38 times
the least normal number is 3.5. The running sums of an optimizer are products too, where few parameters lie packed in
one row (more of them lie in `lanes`); elsewhere a product may be computed in fewer bits than an update needs (TF32 on
CUDA).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nndsl.graph.node import Graph, Node
from nndsl.graph.types import Shape, TensorType
from nndsl.ops.convolution import onnx_attributes
from nndsl.transform.rectified import is_positive

Constant = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Fused:
    """What to emit for a node in place of its primitive: an operator on nodes' values and constants."""

    op_type: str
    operands: tuple[Node | Constant, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    type: TensorType | None = None
    """Unless it is the node's."""


WHOLE = {"reduce_sum": "ReduceSum", "reduce_mean": "ReduceMean"}
"""Reductions that, without axes, are over all there are."""


WIDE = 256
"""Columns from which on a product's left operand is transposed before it on this processor: ONNX Runtime would
transpose it again for each hundred of them."""


SMALL_ROW = 57_344
"""Elements up to which a running sum is one product with its addition, which one thread copies first, where it is not
made on lanes."""


def fusions(graph: Graph, *, portable: bool = True) -> dict[Node, Fused]:
    """The nodes that are emitted fused; what they absorb is emitted only where something else needs it. Unless
    `portable` the model is for this machine's processor."""
    users = graph.users()
    uses = {node: len(users) for node, users in users.items()}
    for node in graph.outputs.values():
        uses[node] += 1
    found: dict[Node, Fused] = {}
    for node in graph.nodes:
        fused = (
            _biased_product(node, uses)
            or _biased_convolution(node, uses)
            or _transposed_product(node, portable)
            or _inferring_reshape(node)
            or _relu_mask(node)
            or _whole_reduction(node)
            or _negation(node, users[node], uses)
            or (None if portable else _running_sum(node, uses))
        )
        if fused:
            found[node] = fused
    return found


def needed(graph: Graph, fused: Mapping[Node, Fused]) -> tuple[Node, ...]:
    """The nodes to emit, operands first: those that an output needs when fused nodes read past what they absorb."""
    kept: set[Node] = set(graph.outputs.values())
    for node in reversed(graph.nodes):
        if node in kept:
            operands = fused[node].operands if node in fused else node.inputs
            kept.update(operand for operand in operands if isinstance(operand, Node))
    return tuple(node for node in graph.nodes if node in kept)


def _biased_product(node: Node, uses: Mapping[Node, int]) -> Fused | None:
    if node.op != "add":
        return None
    for product, bias in (node.inputs, node.inputs[::-1]):
        if _is_product(product) and uses[product] == 1 and _broadcasts_to(bias.shape, product.shape):
            operands, attributes = _operands(product)
            return Fused("Gemm", (*operands, bias), attributes)
    return None


def _biased_convolution(node: Node, uses: Mapping[Node, int]) -> Fused | None:
    if node.op != "add":
        return None
    for product, bias in (node.inputs, node.inputs[::-1]):
        if product.op != "conv_first" or uses[product] > 1:
            continue
        if vector := _channel_vector(bias, product):
            return Fused("Conv", (*product.inputs, vector), onnx_attributes(product))
    return None


def _channel_vector(bias: Node, product: Node) -> Node | None:
    """The vector that `bias` is, if it has an element for each channel of `product` [batch, channels, *spatial]."""
    channels, *spatial = product.shape[1:]
    per_channel = (channels, *(1 for _ in spatial))
    if bias.op == "reshape" and bias.shape in (per_channel, (1, *per_channel)) and bias.inputs[0].shape == (channels,):
        return bias.inputs[0]
    return bias if bias.shape == (channels,) == (1,) else None


def _transposed_product(node: Node, portable: bool) -> Fused | None:
    if not _is_product(node):
        return None
    operands, attributes = _operands(node)
    if not attributes:
        return None
    columns = node.shape[1]
    if "transA" in attributes and not portable and isinstance(columns, int) and columns >= WIDE:
        operands = node.inputs[0], operands[1]
        attributes.pop("transA")
    return Fused("Gemm", operands, attributes)


def _inferring_reshape(node: Node) -> Fused | None:
    symbolic = [dim for dim in node.shape if not isinstance(dim, int)]
    if node.op != "reshape" or len(symbolic) != 1 or 0 in node.shape:
        return None
    shape = np.array([dim if isinstance(dim, int) else -1 for dim in node.shape], np.int64)
    return Fused("Reshape", (*node.inputs, shape))


def _relu_mask(node: Node) -> Fused | None:
    if node.op != "cast" or node.type.dtype != "f32" or node.inputs[0].op != "greater":
        return None
    relu = node.inputs[0].inputs[0]
    if not is_positive(node, relu) or not _is_rectified(relu):
        return None
    return Fused("HardSigmoid", (relu,), {"alpha": 3e38, "beta": 0.0})


def _whole_reduction(node: Node) -> Fused | None:
    return Fused(WHOLE[node.op], (_flat(node.inputs[0]),), {"keepdims": 0}) if _is_whole(node) else None


def _negation(node: Node, users: Sequence[Node], uses: Mapping[Node, int]) -> Fused | None:
    """A negation whose result is reduced, whatever its shape, and is no output."""
    if node.op != "neg" or node.inputs[0].op != "reshape" or uses[node] > len(users):
        return None
    if not all(map(_is_whole, users)):
        return None
    flat = _flat(node.inputs[0])
    return Fused("Neg", (flat,), type=flat.type)


def _is_whole(node: Node) -> bool:
    """Whether a sum or mean is that of all elements."""
    return node.op in WHOLE and node.type.rank == 0 and node.inputs[0].type.rank > 0


def _flat(x: Node) -> Node:
    """The value with the same elements that a reshape, if it is one, reads."""
    return x.inputs[0] if x.op == "reshape" else x


def _running_sum(node: Node, uses: Mapping[Node, int]) -> Fused | None:
    match node.op, node.type.dtype, node.shape:
        case "add", "f32", (1, int(columns)) if columns <= SMALL_ROW:
            pass
        case _:
            return None
    for scaled, other in (node.inputs, node.inputs[::-1]):
        if scaled.op != "mul" or uses[scaled] > 1 or not scaled.shape == other.shape == node.shape:
            continue
        for factor, row in (scaled.inputs, scaled.inputs[::-1]):
            if factor.op == "constant" and factor.type.rank == 0:
                return Fused("Gemm", (np.asarray(factor.attributes["value"]).reshape(1, 1), row, other))
    return None


def _is_rectified(x: Node) -> bool:
    """Whether a value is a relu's: by itself, within a convolution, or the largest of some."""
    if x.op in ("max_pool_first", "max_pool_blocks", "maximum"):
        return _is_rectified(x.inputs[0])
    return x.op in ("relu", "conv_phase") or x.attributes.get("activation") == "Relu"


def _is_product(node: Node) -> bool:
    return (
        node.op == "matmul"
        and node.type.dtype in ("f32", "f64")
        and all(len(operand.shape) == 2 for operand in node.inputs)
    )


def _operands(product: Node) -> tuple[tuple[Node, ...], dict[str, int]]:
    """The operands of a product as they lie in memory, and the flags that say which are read transposed."""
    flags = {}
    operands = []
    for operand, flag in zip(product.inputs, ("transA", "transB"), strict=True):
        if operand.op == "transpose":
            flags[flag] = 1
            operand = operand.inputs[0]
        operands.append(operand)
    return tuple(operands), flags


def _broadcasts_to(shape: Shape, result: Shape) -> bool:
    """Whether `Gemm` takes C of this shape: it is stretched to the result's, never the other way round."""
    if len(shape) > len(result):
        return False
    return all(dim in (1, wide) for dim, wide in zip(reversed(shape), reversed(result), strict=False))
