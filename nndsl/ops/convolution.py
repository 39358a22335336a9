"""Convolution, channels last, and its two adjoints: any two of x, W and y = conv(x, W) tell the third's gradient.

conv         x, W -> y     x [batch, *spatial, channels], W [*kernel, channels / groups, filters]
conv_input   y, W -> x     what a transposed convolution computes
conv_kernel  x, y -> W
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nndsl.graph.builder import Value
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH, Dim, product, show_shape
from nndsl.graph.types import Shape, TensorType, TypeMismatch
from nndsl.ops import conv_helpers as helpers
from nndsl.ops.rules import FLOATS, f32, require, require_same_dtype
from nndsl.ops.windows import (
    Ints,
    Pairs,
    channels_first,
    channels_last,
    numpy_windows,
    require_spatial,
    window_counts,
)


def require_groups(channels: Dim, filters: Dim, inner: Dim, groups: int) -> None:
    """Raise `TypeMismatch` unless both sides divide into the groups, and the kernel looks at one group's channels."""
    for count, what in ((channels, "channels"), (filters, "filters")):
        if groups != 1 and (not isinstance(count, int) or groups < 1 or count % groups):
            raise TypeMismatch(f"{count} {what} do not divide into {groups} groups")
    if channels != inner * groups:
        seen = f"{channels} channels" if groups == 1 else f"{groups} groups of {channels // groups} channels"
        raise TypeMismatch(f"a kernel over {inner} channels does not fit {seen}")


def require_windows(g: TensorType, shape: Shape, kernel: Shape, attributes: tuple[Ints, Pairs, Ints]) -> None:
    """Raise `TypeMismatch` unless `g` has one place for each window over the sizes `shape`."""
    strides, padding, dilation = attributes
    counts = window_counts(shape, kernel, strides, padding, dilation)
    if g.shape[1:-1] != counts:
        raise TypeMismatch(f"{g} does not have the {show_shape(counts)} windows that {show_shape(shape)} has")


def conv_type(
    x: TensorType, W: TensorType, *, strides: Ints, padding: Pairs, dilation: Ints, groups: int
) -> TensorType:
    """[batch, *spatial, channels], [*kernel, channels / groups, filters] -> [batch, *windows, filters]"""
    dtype = require_same_dtype(x, W)
    require(x, FLOATS, "floating-point numbers")
    require_spatial(x, strides, padding, dilation)
    if W.rank != x.rank:
        raise TypeMismatch(f"a kernel {W} for {x} needs {x.rank} axes")
    *kernel, inner, filters = W.shape
    require_groups(x.shape[-1], filters, inner, groups)
    return TensorType(
        dtype, (x.shape[0], *window_counts(x.shape[1:-1], tuple(kernel), strides, padding, dilation), filters)
    )


def conv_input_type(
    g: TensorType, W: TensorType, *, shape: Shape, strides: Ints, padding: Pairs, dilation: Ints, groups: int
) -> TensorType:
    """[batch, *windows, filters], [*kernel, channels / groups, filters] -> [batch, *shape, channels]"""
    dtype = require_same_dtype(g, W)
    require(g, FLOATS, "floating-point numbers")
    require_spatial(g, strides, padding, dilation)
    if W.rank != g.rank or len(shape) != g.rank - 2:
        raise TypeMismatch(f"a kernel {W} and sizes {show_shape(shape)} do not fit {g}")
    *kernel, inner, filters = W.shape
    if g.shape[-1] != filters:
        raise TypeMismatch(f"a kernel of {filters} filters does not give {g.shape[-1]} channels")
    channels = inner * groups
    require_groups(channels, filters, inner, groups)
    require_windows(g, shape, tuple(kernel), (strides, padding, dilation))
    return TensorType(dtype, (g.shape[0], *shape, channels))


def conv_kernel_type(
    x: TensorType, g: TensorType, *, kernel: Shape, strides: Ints, padding: Pairs, dilation: Ints, groups: int
) -> TensorType:
    """[batch, *spatial, channels], [batch, *windows, filters] -> [*kernel, channels / groups, filters]"""
    dtype = require_same_dtype(x, g)
    require(x, FLOATS, "floating-point numbers")
    require_spatial(x, strides, padding, dilation)
    if g.rank != x.rank or g.shape[0] != x.shape[0] or len(kernel) != x.rank - 2:
        raise TypeMismatch(f"{x} and {g} are no operand and result of one convolution")
    channels, filters = x.shape[-1], g.shape[-1]
    inner = channels // groups if groups > 0 else 0
    require_groups(channels, filters, inner, groups)
    require_windows(g, x.shape[1:-1], kernel, (strides, padding, dilation))
    return TensorType(dtype, (*kernel, inner, filters))


def onnx_attributes(node: Node) -> dict[str, Sequence[int] | int]:
    before, after = zip(*node.attributes["padding"], strict=True)
    return {
        "strides": node.attributes["strides"],
        "pads": (*before, *after),
        "dilations": node.attributes["dilation"],
        "group": node.attributes["groups"],
    }


def filters_first(e: OnnxEmitter, W: str, rank: int) -> str:
    """[*kernel, channels, filters] -> [filters, channels, *kernel]"""
    return e.node("Transpose", W, perm=(rank - 1, rank - 2, *range(rank - 2)))


def onnx_conv(e: OnnxEmitter, node: Node, x: str, W: str) -> str:
    rank = len(node.shape)
    y = e.node("Conv", channels_first(e, x, rank), filters_first(e, W, rank), **onnx_attributes(node))
    return channels_last(e, y, rank)


def onnx_conv_input(e: OnnxEmitter, node: Node, g: str, W: str) -> str:
    """Padded behind as far as a window's stride may leave over, and cut to the shape."""
    rank = len(node.shape)
    spare = tuple(stride - 1 for stride in node.attributes["strides"])
    operands = channels_first(e, g, rank), filters_first(e, W, rank)
    x = e.node("ConvTranspose", *operands, output_padding=spare, **onnx_attributes(node))
    if any(spare):
        starts, stops, axes = (0,) * (rank - 2), node.attributes["shape"], tuple(range(2, rank))
        x = e.node("Slice", x, e.shape(starts), e.shape(stops), e.shape(axes))
    return channels_last(e, x, rank)


def onnx_conv_kernel(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """One product of what each tap sees, put side by side, with g: `Conv` on exchanged axes is many times slower."""
    kernel, strides, dilation = (node.attributes[key] for key in ("kernel", "strides", "dilation"))
    groups = node.attributes["groups"]
    *_, inner, filters = node.shape
    rank = len(node.shape)
    out = node.inputs[1].shape[1:-1]
    axes = e.shape(range(1, rank - 1))
    before, after = zip(*node.attributes["padding"], strict=True)
    if any((*before, *after)):
        x = e.node("Pad", x, e.shape((0, *before, 0, 0, *after, 0)))
    seen = []
    for tap in np.ndindex(*kernel):
        starts = [i * d for i, d in zip(tap, dilation, strict=True)]
        stops = [i + (n - 1) * s + 1 for i, n, s in zip(starts, out, strides, strict=True)]
        seen.append(e.node("Slice", x, e.shape(starts), e.shape(stops), axes, e.shape(strides)))
    places = product(node.inputs[1].shape[:-1])
    taps = len(seen)
    columns = e.node("Reshape", e.node("Concat", *seen, axis=rank - 1), e.shape((places, taps, groups, inner)))
    columns = e.node("Transpose", columns, perm=(2, 1, 3, 0))
    columns = e.node("Reshape", columns, e.shape((groups, taps * inner, places)))
    rows = e.node("Reshape", g, e.shape((places, groups, filters // groups)))
    W = e.node("MatMul", columns, e.node("Transpose", rows, perm=(1, 0, 2)))
    W = e.node("Reshape", W, e.shape((groups, taps, inner, filters // groups)))
    return e.node("Reshape", e.node("Transpose", W, perm=(1, 2, 0, 3)), e.shape(node.shape))


PLAIN: dict[str, Any] = {"strides": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
"""Attributes of the plainest convolution over two axes."""

CASES: tuple[tuple[tuple[int, ...], tuple[int, ...], int, int, dict[str, Any]], ...] = (
    ((5, 4), (3, 2), 3, 2, PLAIN),
    ((5, 4), (3, 2), 3, 2, {**PLAIN, "padding": ((1, 1), (0, 1))}),
    ((7, 6), (3, 2), 2, 3, {**PLAIN, "strides": (2, 3), "padding": ((0, 1), (1, 1))}),
    ((6, 5), (2, 3), 2, 3, {**PLAIN, "dilation": (3, 2), "padding": ((1, 0), (0, 0))}),
    ((4, 5), (3, 3), 4, 6, {**PLAIN, "padding": ((1, 1), (1, 1)), "groups": 2}),
    ((4, 5), (3, 2), 3, 6, {**PLAIN, "strides": (2, 1), "groups": 3}),
    ((8,), (3,), 2, 3, {"strides": (2,), "padding": ((2, 0),), "dilation": (2,), "groups": 1}),
    ((3, 4, 3), (2, 2, 2), 2, 2, {"strides": (1, 2, 1), "padding": ((0, 1),) * 3, "dilation": (1, 1, 2), "groups": 2}),
)
"""Spatial sizes, kernel, channels, filters and attributes."""

SHARED = (
    *(helpers.each, helpers.pairs, helpers.inside, helpers.padded, helpers.windows),
    *(
        helpers.grouped,
        helpers.blocks,
        helpers.examples,
        helpers.depthwise_axes,
        helpers.window_counts,
        helpers.window_columns,
    ),
)
CONV = (*SHARED, helpers.conv)

UNIT = -1.0, 1.0
"""Bounds of values: sums of some hundred products stay small enough to compare."""


def cases() -> Iterator[tuple[TensorType, TensorType, TensorType, dict[str, Any]]]:
    """The types of x, W and y, and the attributes."""
    for shape, kernel, channels, filters, attributes in CASES:
        x, W = f32(BATCH, *shape, channels), f32(*kernel, channels // attributes["groups"], filters)
        yield x, W, conv_type(x, W, **attributes), attributes


@primitive(
    "conv",
    operands="x W",
    type=conv_type,
    numpy=lambda node: f"conv({{x}}, {{W}}{numpy_windows(node)})",
    onnx=onnx_conv,
    samples=[Sample((x, W), attributes, *UNIT) for x, W, _, attributes in cases()],
    helpers=CONV,
)
def conv(g: Value, y: Value, x: Value, W: Value, **attributes: Any) -> tuple[Value, Value]:
    return (
        conv_input(g, W, shape=x.shape[1:-1], **attributes),
        conv_kernel(x, g, kernel=W.shape[:-2], **attributes),
    )


@primitive(
    "conv_input",
    operands="g W",
    type=conv_input_type,
    numpy=lambda node: f"conv_input({{g}}, {{W}}, shape={{shape}}{numpy_windows(node)})",
    onnx=onnx_conv_input,
    samples=[Sample((y, W), {"shape": x.shape[1:-1], **attributes}, *UNIT) for x, W, y, attributes in cases()],
    helpers=(*CONV, helpers.conv_input),
)
def conv_input(h: Value, x: Value, g: Value, W: Value, *, shape: Shape, **attributes: Any) -> tuple[Value, Value]:
    return conv(h, W, **attributes), conv_kernel(h, g, kernel=W.shape[:-2], **attributes)


@primitive(
    "conv_kernel",
    operands="x g",
    type=conv_kernel_type,
    numpy=lambda node: f"conv_kernel({{x}}, {{g}}, kernel={{kernel}}{numpy_windows(node)})",
    onnx=onnx_conv_kernel,
    samples=[Sample((x, y), {"kernel": W.shape[:-2], **attributes}, *UNIT) for x, W, y, attributes in cases()],
    helpers=(*SHARED, helpers.conv_kernel),
)
def conv_kernel(h: Value, W: Value, x: Value, g: Value, *, kernel: Shape, **attributes: Any) -> tuple[Value, Value]:
    return conv_input(g, h, shape=x.shape[1:-1], **attributes), conv(x, h, **attributes)
