"""ONNX's operators over windows said in our primitives, whose channels come last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from samples import Array

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.node import Primitive

Attributes = Mapping[str, Any]
Ints = tuple[int, ...]


def channels_last(x: Value) -> Value:
    """[batch, channels, *spatial] -> [batch, *spatial, channels]"""
    return ops.transpose(x, axes=(0, *range(2, x.rank), 1))


def channels_first(x: Value) -> Value:
    return ops.transpose(x, axes=(0, x.rank - 1, *range(1, x.rank - 1)))


def kernel_first(W: Value) -> Value:
    """[filters, channels, *kernel] -> [*kernel, channels, filters]"""
    return ops.transpose(W, axes=(*range(2, W.rank), 1, 0))


def padding(attributes: Attributes, shape: Ints, kernel: Ints, strides: Ints, dilation: Ints) -> tuple[Any, ...]:
    """(before, after) for each axis: as given, or what makes one window for each stride (the odd one where it says)."""
    mode = attributes.get("auto_pad", b"NOTSET")
    if mode == b"NOTSET":
        pads = attributes.get("pads", [0, 0] * len(shape))
        return tuple(zip(pads[: len(shape)], pads[len(shape) :], strict=True))
    pairs = []
    for n, k, s, d in zip(shape, kernel, strides, dilation, strict=True):
        total = max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        pairs.append((total // 2, total - total // 2) if mode == b"SAME_UPPER" else (total - total // 2, total // 2))
    return tuple(pairs)


def conv(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value:
    x, W = arrays
    shape, kernel = x.shape[2:], W.shape[2:]
    strides = tuple(attributes.get("strides", [1] * len(shape)))
    dilation = tuple(attributes.get("dilations", [1] * len(shape)))
    y = ops.conv(
        channels_last(values[0]),
        kernel_first(values[1]),
        strides=strides,
        padding=padding(attributes, shape, kernel, strides, dilation),
        dilation=dilation,
        groups=attributes.get("group", 1),
    )
    return channels_first(y)


def conv_transpose(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value:
    """`output_shape`, or a padding that makes it `strides` times as large, decides how much of the ends is cut off."""
    g, W = arrays
    places, kernel = g.shape[2:], W.shape[2:]
    axes = len(places)
    strides = tuple(attributes.get("strides", [1] * axes))
    dilation = tuple(attributes.get("dilations", [1] * axes))
    spare = attributes.get("output_padding", [0] * axes)
    full = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(places, strides, kernel, dilation, strict=True)]
    same = "auto_pad" in attributes
    if "output_shape" in attributes or same:
        shape = tuple(attributes.get("output_shape", [n * s for n, s in zip(places, strides, strict=True)]))
        totals = [max(0, whole - n) for whole, n in zip(full, shape, strict=True)]
        pads = tuple((total // 2, total - total // 2) if same else (total - total // 2, total // 2) for total in totals)
    else:
        pads = padding(attributes, places, kernel, strides, dilation)
        shape = tuple(whole + more - sum(pair) for whole, more, pair in zip(full, spare, pads, strict=True))
    x = ops.conv_input(
        channels_last(values[0]),
        kernel_first(values[1]),
        shape=shape,
        strides=strides,
        padding=pads,
        dilation=dilation,
        groups=attributes.get("group", 1),
    )
    return channels_first(x)


def pool(primitive: Primitive) -> Callable[[list[Value], list[Array], Attributes], Value | None]:
    def translate(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value | None:
        size, shape = tuple(attributes["kernel_shape"]), arrays[0].shape[2:]
        plain = (1,) * len(size)
        if any(attributes.get(key) for key in ("ceil_mode", "count_include_pad")):
            return None
        if tuple(attributes.get("dilations", plain)) != plain:
            return None
        strides = tuple(attributes.get("strides", plain))
        pads = padding(attributes, shape, size, strides, plain)
        return channels_first(primitive(channels_last(values[0]), size=size, strides=strides, padding=pads))

    return translate


def whole(primitive: Primitive) -> Callable[[list[Value], list[Array], Attributes], Value]:
    """The pool of one window as large as the image."""

    def translate(values: list[Value], arrays: list[Array], attributes: Attributes) -> Value:
        shape = arrays[0].shape[2:]
        nothing = ((0, 0),) * len(shape)
        return channels_first(primitive(channels_last(values[0]), size=shape, strides=shape, padding=nothing))

    return translate


WINDOWS: dict[str, Callable[[list[Value], list[Array], Attributes], Value | None]] = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "MaxPool": pool(ops.max_pool),
    "AveragePool": pool(ops.avg_pool),
    "GlobalMaxPool": whole(ops.max_pool),
    "GlobalAveragePool": whole(ops.avg_pool),
}
