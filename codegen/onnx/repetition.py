"""Elements repeated along spatial axes, as up-sampling does, and the sums that are the gradient, channels first.

In graphs these are reshapes around a broadcast, or around a sum, over six axes for an image; here they are found
(`repeated`, `summed`) and become one operator, which is ten times as fast.
"""

from __future__ import annotations

from math import prod

import numpy as np

from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Primitive
from nndsl.graph.types import Shape, TensorType

Ints = tuple[int, ...]


def repeated(node: Node) -> tuple[Node, Ints] | None:
    """What is repeated and how often along each spatial axis, where a node repeats the elements of images.

    x [batch, h, w, c] -> [batch, h, 1, w, 1, c] -> [batch, h, m, w, n, c] -> [batch, h m, w n, c]
    """
    if node.op != "reshape" or node.inputs[0].op != "broadcast_to":
        return None
    wide = node.inputs[0]
    pixels = wide.inputs[0]
    if pixels.op != "reshape":
        return None
    x = pixels.inputs[0]
    times = _times(wide.shape, x.shape)
    if times is None or pixels.shape != _split(x.shape, 1) or node.shape != _multiplied(x.shape, times):
        return None
    return x, times


def summed(node: Node) -> tuple[Node, Ints] | None:
    """What is summed and over how many elements along each spatial axis: the adjoint of `repeated`."""
    if node.op != "reshape" or node.inputs[0].op != "reduce_sum":
        return None
    sums = node.inputs[0]
    wide = sums.inputs[0]
    if wide.op != "reshape" or sums.attributes["axes"] != tuple(range(2, wide.type.rank - 1, 2)):
        return None
    g = wide.inputs[0]
    times = _times(wide.shape, node.shape)
    if times is None or g.shape != _multiplied(node.shape, times):
        return None
    return g, times


def _times(wide: Shape, shape: Shape) -> Ints | None:
    """(m, n) where the shapes are [batch, h, m, w, n, c] and [batch, h, w, c]."""
    spatial = len(shape) - 2
    if not 1 <= spatial <= 3 or len(wide) != 2 * spatial + 2 or (*wide[:1], *wide[1:-1:2], wide[-1]) != shape:
        return None
    times = wide[2:-1:2]
    return tuple(n for n in times if isinstance(n, int)) if all(isinstance(n, int) for n in times) else None


def _split(shape: Shape, times: int) -> Shape:
    return (shape[0], *(dim for n in shape[1:-1] for dim in (n, times)), shape[-1])


def _multiplied(shape: Shape, times: Ints) -> Shape:
    return (shape[0], *(n * k for n, k in zip(shape[1:-1], times, strict=True)), shape[-1])


def stretched(e: OnnxEmitter, x: str, times: Ints) -> str:
    """Every element of [batch, channels, *spatial] repeated so often along each spatial axis."""
    scales = e.constant(np.array((1, 1, *times), np.float32))
    how = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    return e.node("Resize", x, "", scales, **how)


def _repeat_type(x: TensorType, *, times: Ints) -> TensorType:
    return TensorType(x.dtype, (*x.shape[:2], *(n * k for n, k in zip(x.shape[2:], times, strict=True))))


def _onnx_repeat(e: OnnxEmitter, node: Node, x: str) -> str:
    return stretched(e, x, node.attributes["times"])


def _sum_type(g: TensorType, *, times: Ints) -> TensorType:
    return TensorType(g.dtype, (*g.shape[:2], *(n // k for n, k in zip(g.shape[2:], times, strict=True))))


def _onnx_sum(e: OnnxEmitter, node: Node, g: str) -> str:
    times = node.attributes["times"]
    mean = e.node("AveragePool", g, kernel_shape=times, strides=times)
    return e.node("Mul", mean, e.constant(np.asarray(prod(times), np.float32)))


REPEAT = Primitive("repeat_first", ("x",), _repeat_type, "", _onnx_repeat, None, ())
SUM = Primitive("sum_first", ("g",), _sum_type, "", _onnx_sum, None, ())
