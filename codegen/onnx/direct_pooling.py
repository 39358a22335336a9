"""Pooling over blocks of channels, as the pass in `blocks` puts it in place of `nndsl.ops.pooling`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nndsl.codegen.onnx.direct import blocked_type, flat, known, last_type, operator, reshaped, surrounded, woven
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Primitive
from nndsl.graph.types import TensorType
from nndsl.ops.pooling import max_pool_gradient_type, onnx_attributes, pool_type


def _pool_type(x: TensorType, *, block: int, **attributes: Any) -> TensorType:
    return blocked_type(pool_type(last_type(x), **attributes), block)


def _onnx_max_pool(e: OnnxEmitter, node: Node, x: str) -> str:
    return operator(e, node, "MaxPool", flat(e, x, node.inputs[0]), **onnx_attributes(node))


def _onnx_avg_pool(e: OnnxEmitter, node: Node, x: str) -> str:
    return operator(e, node, "AveragePool", flat(e, x, node.inputs[0]), **onnx_attributes(node))


MAX_POOL = Primitive("max_pool_blocks", ("x",), _pool_type, "", _onnx_max_pool, None, ())
AVG_POOL = Primitive("avg_pool_blocks", ("x",), _pool_type, "", _onnx_avg_pool, None, ())


def _max_pool_gradient_type(
    x: TensorType, y: TensorType, g: TensorType, *, block: int, **attributes: Any
) -> TensorType:
    return blocked_type(max_pool_gradient_type(last_type(x), last_type(y), last_type(g), **attributes), block)


def _onnx_max_pool_gradient(e: OnnxEmitter, node: Node, x: str, y: str, g: str) -> str:
    """Windows that lie side by side: g where x is its window's maximum, the first of several.

    x is taken apart into what each place of the windows sees, pixels of B channels at a time, so that all is compared
    and multiplied at the size of y, and is put together once.
    """
    height, width = node.attributes["size"]
    blocks, rows, columns, block = known(node.shape[1:])
    down, across = known(node.inputs[1].shape[2:4])
    rest = rows - down * height, columns - across * width
    if any(rest):
        ends = e.shape((down * height, across * width))
        x = e.node("Slice", x, e.shape((0, 0)), ends, e.shape((2, 3)))
    line = across * width * block
    pixels = [
        pixel
        for row in _parts(e, reshaped(e, x, -1, height, line), height)
        for pixel in _parts(e, reshaped(e, row, -1, width, block), width)
    ]
    y, g = (reshaped(e, value, -1, 1, block) for value in (y, g))
    shares = [e.node("Mul", e.node("Cast", mask, to=1), g) for mask in first_of_equals(e, y, pixels)]
    lines = [shares[i : i + width] for i in range(0, len(shares), width)]
    d = woven(e, lines, (blocks, down * height, across * width, block))
    return surrounded(e, d, (blocks, down * height, across * width, block), (0, 0, *rest)) if any(rest) else d


def _parts(e: OnnxEmitter, x: str, count: int) -> Sequence[str]:
    """[n, count, m] -> as many of [n, 1, m]"""
    return e.nodes("Split", (x,), count, axis=1, num_outputs=count) if count > 1 else (x,)


def first_of_equals(e: OnnxEmitter, y: str, values: Sequence[str]) -> list[str]:
    """For each value where it equals y and none before it does."""
    found = [e.node("Equal", value, y) for value in values]
    masks, before = [found[0]], found[0]
    for mask in found[1:]:
        masks.append(e.node("And", mask, e.node("Not", before)))
        before = e.node("Or", before, mask)
    return masks


MAX_POOL_GRADIENT = Primitive(
    "max_pool_gradient_blocks", ("x", "y", "g"), _max_pool_gradient_type, "", _onnx_max_pool_gradient, None, ()
)
