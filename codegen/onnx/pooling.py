"""Pooling, channels first, as the pass in `layout` puts it in place of `nndsl.ops.pooling`."""

from __future__ import annotations

from typing import Any

import numpy as np

from nndsl.codegen.onnx.convolution import first_type, last_type, padded
from nndsl.codegen.onnx.repetition import stretched
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Primitive
from nndsl.graph.sizes import Dim, product
from nndsl.graph.types import Shape, TensorType
from nndsl.ops.pooling import avg_pool_gradient_type, max_pool_gradient_type, onnx_attributes, pool_type


def _pool_type(x: TensorType, **attributes: Any) -> TensorType:
    return first_type(pool_type(last_type(x), **attributes))


def _onnx_max_pool(e: OnnxEmitter, node: Node, x: str) -> str:
    return e.node("MaxPool", x, **onnx_attributes(node))


def _onnx_avg_pool(e: OnnxEmitter, node: Node, x: str) -> str:
    return e.node("AveragePool", x, **onnx_attributes(node))


MAX_POOL = Primitive("max_pool_first", ("x",), _pool_type, "", _onnx_max_pool, None, ())
AVG_POOL = Primitive("avg_pool_first", ("x",), _pool_type, "", _onnx_avg_pool, None, ())

# ------------------------------------------------------------ gradients


def _max_pool_gradient_type(x: TensorType, y: TensorType, g: TensorType, **attributes: Any) -> TensorType:
    return first_type(max_pool_gradient_type(last_type(x), last_type(y), last_type(g), **attributes))


def _onnx_max_pool_gradient(e: OnnxEmitter, node: Node, x: str, y: str, g: str) -> str:
    side_by_side = node.attributes["size"] == node.attributes["strides"]
    unpadded = not any(map(any, node.attributes["padding"]))
    known = all(isinstance(n, int) for n in node.shape[2:])
    if side_by_side and unpadded and known:
        return _by_comparison(e, node, x, y, g)
    return _by_places(e, node, x, g)


def _by_comparison(e: OnnxEmitter, node: Node, x: str, y: str, g: str) -> str:
    """Windows that lie side by side: g where x is its window's maximum.

    Of several maxima the first is wanted. So each has a rank, the first place of a window the highest, and a second
    pool, of the maxima's ranks, finds it. This takes half the time of `MaxPool` with `Indices`, which looks at one
    value after the other.
    """
    size = node.attributes["size"]
    spatial = node.shape[2:]
    covered = [n * k for n, k in zip(node.inputs[1].shape[2:], size, strict=True)]
    rest = [n - c for n, c in zip(spatial, covered, strict=True)]
    axes = range(2, len(node.shape))
    zeros = [0 for _ in axes]
    if any(rest):
        x = e.node("Slice", x, e.shape(zeros), e.shape(covered), e.shape(axes))
    ranks = np.arange(np.prod(size), 0, -1, dtype=np.float32).reshape(size)
    windows: Any = node.inputs[1].shape[2:]  # known, as `spatial` is
    tiled = np.tile(ranks, windows)[np.newaxis, np.newaxis]
    ranked = e.node("Mul", _where_equal(e, x, stretched(e, y, size)), e.constant(tiled))
    first = e.node("MaxPool", ranked, kernel_shape=size, strides=size)
    d = e.node("Mul", _where_equal(e, ranked, stretched(e, first, size)), stretched(e, g, size))
    return padded(e, d, [(0, n) for n in rest]) if any(rest) else d


def _where_equal(e: OnnxEmitter, a: str, b: str) -> str:
    """1 where the two are equal, else 0: with a product faster than `Where`."""
    return e.node("Cast", e.node("Equal", a, b), to=1)


def _by_places(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """Windows that overlap: each one's gradient is added where `MaxPool` says that it found the maximum."""
    _, places = e.nodes("MaxPool", (x,), 2, **onnx_attributes(node))
    zero = e.constant(np.zeros((), np.float32))
    zeros = e.node("Expand", zero, e.shape((product(node.shape),)))
    flat = [e.node("Reshape", value, e.shape((-1,))) for value in (places, g)]
    sums = e.node("ScatterElements", zeros, *flat, axis=0, reduction="add")
    return e.node("Reshape", sums, e.shape(_inferred(node.shape)))


MAX_POOL_GRADIENT = Primitive(
    "max_pool_gradient_first", ("x", "y", "g"), _max_pool_gradient_type, "", _onnx_max_pool_gradient, None, ()
)


def _avg_pool_gradient_type(g: TensorType, **attributes: Any) -> TensorType:
    return first_type(avg_pool_gradient_type(last_type(g), **attributes))


def _onnx_avg_pool_gradient(e: OnnxEmitter, node: Node, g: str) -> str:
    """Each window's gradient, divided by its number of elements, for each of them: every channel convolved with ones.

    Windows that lie side by side have no sums to make.
    """
    size, strides, padding = (node.attributes[key] for key in ("size", "strides", "padding"))
    shape = node.attributes["shape"]
    windows = node.inputs[0].shape[2:]
    covered = tuple(n * k for n, k in zip(windows, size, strict=True))
    if size == strides and covered == shape and not any(map(any, padding)):
        share = e.node("Div", g, e.constant(np.asarray(np.prod(size), np.float32)))
        return stretched(e, share, size)
    one = e.constant(np.ones((), np.float32))
    inside = e.node("Expand", one, e.shape((1, 1, *shape)))
    part = e.node("AveragePool", inside, count_include_pad=1, **onnx_attributes(node))  # what is not padding
    counts = e.node("Mul", part, e.constant(np.asarray(np.prod(size), np.float32)))
    planes = e.node("Reshape", e.node("Div", g, counts), e.shape(_inferred((-1, 1, *windows))))
    spare = tuple(stride - 1 for stride in strides)
    attributes = {key: value for key, value in onnx_attributes(node).items() if key != "kernel_shape"}
    ones = e.node("Expand", one, e.shape((1, 1, *size)))
    x = e.node("ConvTranspose", planes, ones, output_padding=spare, **attributes)
    axes = range(2, len(node.shape))
    if any(spare):
        x = e.node("Slice", x, e.shape([0 for _ in axes]), e.shape(shape), e.shape(axes))
    return e.node("Reshape", x, e.shape(_inferred(node.shape)))


def _inferred(shape: Shape) -> Shape:
    """The shape, the symbolic size left to `Reshape` where there is only one."""
    unknown = [dim for dim in shape if not isinstance(dim, int)]
    dims: list[Dim] = [dim if isinstance(dim, int) or len(unknown) > 1 or -1 in shape else -1 for dim in shape]
    return tuple(dims)


AVG_POOL_GRADIENT = Primitive(
    "avg_pool_gradient_first", ("g",), _avg_pool_gradient_type, "", _onnx_avg_pool_gradient, None, ()
)
