"""Pooling over windows, channels last, and the gradients that carry a window's share back to its elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from nndsl.graph.builder import Value
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH, product, show_shape
from nndsl.graph.types import Shape, TensorType, TypeMismatch
from nndsl.ops import conv_helpers, pool_helpers
from nndsl.ops.rules import FLOATS, f32, require, require_same_dtype, scalar
from nndsl.ops.windows import (
    Ints,
    Pairs,
    channels_first,
    channels_last,
    numpy_windows,
    require_spatial,
    window_counts,
)


def pool_type(x: TensorType, *, size: Ints, strides: Ints, padding: Pairs) -> TensorType:
    """[batch, *spatial, channels] -> [batch, *windows, channels]"""
    require(x, FLOATS, "floating-point numbers")
    require_spatial(x, size, strides, padding)
    for window, (before, after) in zip(size, padding, strict=True):
        if max(before, after) >= window:
            raise TypeMismatch(f"a window of {window} may lie in a padding of {max(before, after)} and see nothing")
    counts = window_counts(x.shape[1:-1], size, strides, padding, (1,) * len(size))
    return TensorType(x.dtype, (x.shape[0], *counts, x.shape[-1]))


def max_pool_gradient_type(
    x: TensorType, y: TensorType, g: TensorType, *, size: Ints, strides: Ints, padding: Pairs
) -> TensorType:
    """The type of x; y and g are of the pool's."""
    require_same_dtype(x, y, g)
    expected = pool_type(x, size=size, strides=strides, padding=padding)
    if not y == g == expected:
        raise TypeMismatch(f"the pool of {x} is {expected}, not {y} with a gradient {g}")
    return x


def avg_pool_gradient_type(g: TensorType, *, shape: Shape, size: Ints, strides: Ints, padding: Pairs) -> TensorType:
    """[batch, *windows, channels] -> [batch, *shape, channels]"""
    require_spatial(g, shape)
    x = TensorType(g.dtype, (g.shape[0], *shape, g.shape[-1]))
    expected = pool_type(x, size=size, strides=strides, padding=padding)
    if g != expected:
        raise TypeMismatch(f"the pool of {show_shape(shape)} is {expected}, not {g}")
    return x


def onnx_attributes(node: Node) -> dict[str, Ints]:
    before, after = zip(*node.attributes["padding"], strict=True)
    return {
        "kernel_shape": node.attributes["size"],
        "strides": node.attributes["strides"],
        "pads": (*before, *after),
    }


def onnx_pool(e: OnnxEmitter, node: Node, x: str) -> str:
    rank = len(node.shape)
    operator = "MaxPool" if node.op == "max_pool" else "AveragePool"
    return channels_last(e, e.node(operator, channels_first(e, x, rank), **onnx_attributes(node)), rank)


def onnx_max_pool_gradient(e: OnnxEmitter, node: Node, x: str, y: str, g: str) -> str:
    """Each window's gradient is added where `MaxPool` says that it found the maximum, counted through all of x."""
    rank = len(node.shape)
    batch, *shape, channels = node.shape
    _, places = e.nodes("MaxPool", (channels_first(e, x, rank),), 2, **onnx_attributes(node))
    zeros = e.node("Expand", e.constant(scalar(0, node.type.dtype)), e.shape((product(node.shape),)))
    flat = [e.node("Reshape", value, e.shape((-1,))) for value in (places, channels_first(e, g, rank))]
    sums = e.node("ScatterElements", zeros, *flat, axis=0, reduction="add")
    return channels_last(e, e.node("Reshape", sums, e.shape((batch, channels, *shape))), rank)


def onnx_avg_pool_gradient(e: OnnxEmitter, node: Node, g: str) -> str:
    """A transposed convolution of each channel by itself with ones, of g by the number of elements in each window."""
    rank = len(node.shape)
    batch, *shape, channels = node.shape
    size, strides = node.attributes["size"], node.attributes["strides"]
    dtype = node.type.dtype
    one = e.constant(scalar(1, dtype))
    ones = e.node("Expand", one, e.shape((1, 1, *shape)))
    part = e.node(
        "AveragePool", ones, count_include_pad=1, **onnx_attributes(node)
    )  # of the window that is not padding
    counts = e.node("Mul", part, e.constant(scalar(float(np.prod(size)), dtype)))
    g = e.node("Div", channels_first(e, g, rank), counts)
    weights = e.node("Expand", one, e.shape((1, 1, *size)))
    g = e.node("Reshape", g, e.shape((batch * channels, 1, *node.inputs[0].shape[1:-1])))
    spare = tuple(stride - 1 for stride in strides)
    attributes = {key: value for key, value in onnx_attributes(node).items() if key != "kernel_shape"}
    x = e.node("ConvTranspose", g, weights, output_padding=spare, **attributes)
    if any(spare):
        x = e.node("Slice", x, e.shape((0,) * (rank - 2)), e.shape(shape), e.shape(range(2, rank)))
    return channels_last(e, e.node("Reshape", x, e.shape((batch, channels, *shape))), rank)


WINDOWS = (
    *(conv_helpers.each, conv_helpers.pairs, conv_helpers.inside, conv_helpers.padded, conv_helpers.windows),
    pool_helpers.tap_views,
)

CASES = (
    (f32(BATCH, 4, 6, 2), {"size": (2, 3), "strides": (2, 3), "padding": ((0, 0), (0, 0))}),
    (f32(BATCH, 5, 7, 2), {"size": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0))}),
    (f32(BATCH, 5, 4, 3), {"size": (3, 2), "strides": (1, 1), "padding": ((1, 1), (0, 1))}),
    (f32(BATCH, 7, 8, 1), {"size": (3, 2), "strides": (2, 3), "padding": ((0, 1), (1, 0))}),
    (f32(BATCH, 6, 3), {"size": (3,), "strides": (2,), "padding": ((0, 1),)}),
    (f32(BATCH, 3, 4, 3, 2), {"size": (2, 3, 2), "strides": (1, 2, 2), "padding": ((1, 0), (1, 1), (0, 1))}),
)
"""Types of x and attributes: windows side by side, with a rest, overlapping, with gaps; over one and three axes."""


@primitive(
    "max_pool",
    type=pool_type,
    numpy=lambda node: f"max_pool({{x}}, size={{size}}{numpy_windows(node)})",
    onnx=onnx_pool,
    samples=[Sample((x,), attributes) for x, attributes in CASES],
    helpers=(*WINDOWS, pool_helpers.max_pool),
)
def max_pool(g: Value, y: Value, x: Value, **attributes: Any) -> Value:
    return max_pool_gradient(x, y, g, **attributes)


max_pool_gradient = primitive(
    "max_pool_gradient",
    operands="x y g",
    type=max_pool_gradient_type,
    numpy=lambda node: f"max_pool_gradient({{x}}, {{y}}, {{g}}, size={{size}}{numpy_windows(node)})",
    onnx=onnx_max_pool_gradient,
    samples=[  # of equal elements, so that y is the pool of x
        Sample((x, y, y), attributes, low=1, high=1) for x, attributes in CASES for y in [pool_type(x, **attributes)]
    ],
    helpers=(*WINDOWS, conv_helpers.examples, pool_helpers.max_pool_gradient),
)(None)


@primitive(
    "avg_pool",
    type=pool_type,
    numpy=lambda node: f"avg_pool({{x}}, size={{size}}{numpy_windows(node)})",
    onnx=onnx_pool,
    samples=[Sample((x,), attributes) for x, attributes in CASES],
    helpers=(*WINDOWS, pool_helpers.window_elements, pool_helpers.avg_pool),
)
def avg_pool(g: Value, y: Value, x: Value, **attributes: Any) -> Value:
    return avg_pool_gradient(g, shape=x.shape[1:-1], **attributes)


@primitive(
    "avg_pool_gradient",
    operands="g",
    type=avg_pool_gradient_type,
    numpy=lambda node: f"avg_pool_gradient({{g}}, shape={{shape}}, size={{size}}{numpy_windows(node)})",
    onnx=onnx_avg_pool_gradient,
    samples=[Sample((pool_type(x, **attributes),), {"shape": x.shape[1:-1], **attributes}) for x, attributes in CASES],
    helpers=(*WINDOWS, pool_helpers.window_elements, pool_helpers.avg_pool_gradient),
)
def avg_pool_gradient(h: Value, x: Value, g: Value, *, shape: Shape, **attributes: Any) -> Value:
    return avg_pool(h, **attributes)
