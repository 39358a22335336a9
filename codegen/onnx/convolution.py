"""Convolution, channels first, as the pass in `layout` puts it in place of `nndsl.ops.convolution`.

conv_first           x, W -> y     x [batch, channels, *spatial], W [filters, channels / groups, *kernel]
conv_input_first     y, W -> x
conv_kernel_first    x, y -> W     here W is [*kernel, channels / groups, filters], as parameters are

ONNX Runtime has a fast `Conv`, but none that computes a gradient with respect to W, and two ways to compute that with
respect to x. What is emitted is chosen by shape, all in this file: `by_flipped_kernel`, `by_convolution` and
`by_single_taps` are the table, from the measurements in `benchmarks/NOTES.md`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Primitive
from nndsl.graph.sizes import Dim, product
from nndsl.graph.types import Shape, TensorType
from nndsl.ops.convolution import conv_input_type, conv_kernel_type, conv_type, onnx_attributes
from nndsl.ops.windows import Ints, Pairs

# ------------------------------------------------------------ the table


def by_flipped_kernel(node: Node) -> bool:
    """Whether a gradient with respect to x is a `Conv` with the kernel turned round instead of a `ConvTranspose`.

    The one copies `filters` x taps values a place into its columns before the product, the other `channels` x taps
    after it; but a `Conv` of few filters, which the channels are here, does not fill the product's registers.
    """
    filters, channels = node.inputs[1].shape[:2]
    strides, groups = node.attributes["strides"], node.attributes["groups"]
    return (
        isinstance(channels, int)
        and isinstance(filters, int)
        and channels >= max(filters, 32)
        and groups == 1
        and all(stride == 1 for stride in strides)
        and all(pad >= 0 for pads in _flipped_padding(node) for pad in pads)
    )


def by_convolution(node: Node) -> bool:
    """Whether a gradient with respect to W is a `Conv` of x by y, where ONNX Runtime computes on a CPU.

    It makes the columns that products need a tile at a time, but as many as a kernel has taps are few for its products.
    What taps see by steps is slow to copy by itself, and so is what many of them see.
    """
    *kernel, _, filters = node.shape
    taps = product(tuple(kernel))
    plain = node.attributes["groups"] == 1 and {*node.attributes["dilation"]} == {1}
    if not (plain and isinstance(taps, int) and isinstance(filters, int)):
        return False
    return taps > 1 and filters <= 4 * taps and (taps >= 25 or min(node.attributes["strides"]) > 1)


def by_single_taps(node: Node) -> bool:
    """Whether a gradient with respect to W is one product for each tap instead of one product for all.

    Putting the taps' operands side by side is one more copy of all columns, and keeps them all in memory; products of
    few rows waste more time than that.
    """
    *_, inner, _ = node.shape
    return isinstance(inner, int) and inner >= 32 and node.attributes["groups"] == 1


# ------------------------------------------------------------ forward


def first_type(last: TensorType) -> TensorType:
    """[batch, *spatial, channels] -> [batch, channels, *spatial]"""
    return TensorType(last.dtype, (last.shape[0], last.shape[-1], *last.shape[1:-1]))


def last_type(first: TensorType) -> TensorType:
    """[batch, channels, *spatial] -> [batch, *spatial, channels]"""
    return TensorType(first.dtype, (first.shape[0], *first.shape[2:], first.shape[1]))


def _kernel_last(W: TensorType) -> TensorType:
    """[filters, channels, *kernel] -> [*kernel, channels, filters]"""
    return TensorType(W.dtype, (*W.shape[2:], W.shape[1], W.shape[0]))


def _conv_type(
    x: TensorType, W: TensorType, *, strides: Ints, padding: Pairs, dilation: Ints, groups: int
) -> TensorType:
    y = conv_type(last_type(x), _kernel_last(W), strides=strides, padding=padding, dilation=dilation, groups=groups)
    return first_type(y)


def _onnx_conv(e: OnnxEmitter, node: Node, x: str, W: str) -> str:
    return e.node("Conv", x, W, **onnx_attributes(node))


CONV = Primitive("conv_first", ("x", "W"), _conv_type, "", _onnx_conv, None, ())

# ------------------------------------------------------------ the gradient with respect to x


def _conv_input_type(
    g: TensorType, W: TensorType, *, shape: Shape, strides: Ints, padding: Pairs, dilation: Ints, groups: int
) -> TensorType:
    x = conv_input_type(
        last_type(g),
        _kernel_last(W),
        shape=shape,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )
    return first_type(x)


def _onnx_conv_input(e: OnnxEmitter, node: Node, g: str, W: str) -> str:
    return _flipped(e, node, g, W) if by_flipped_kernel(node) else _transposed(e, node, g, W)


def _transposed(e: OnnxEmitter, node: Node, g: str, W: str) -> str:
    """`ConvTranspose`, padded behind by what the windows' strides left over."""
    shape = node.attributes["shape"]
    left = _left_over(node, shape, node.inputs[1].shape[2:], node.inputs[0].shape[2:])
    if all(isinstance(n, int) for n in left):
        return e.node("ConvTranspose", g, W, output_padding=left, **onnx_attributes(node))
    spare = [stride - 1 for stride in node.attributes["strides"]]  # at most, so cut to the shape
    x = e.node("ConvTranspose", g, W, output_padding=spare, **onnx_attributes(node))
    axes = range(2, len(node.shape))
    return e.node("Slice", x, e.shape([0 for _ in axes]), e.shape(shape), e.shape(axes))


def _left_over(node: Node, shape: Shape, kernel: Shape, windows: Shape) -> list[Dim]:
    """The places behind the last window along each axis."""
    return [
        n + before + after - ((count - 1) * stride + (k - 1) * d + 1)
        for n, k, count, stride, d, (before, after) in zip(
            shape,
            kernel,
            windows,
            *(node.attributes[key] for key in ("strides", "dilation", "padding")),
            strict=True,
        )
    ]


def _flipped(e: OnnxEmitter, node: Node, g: str, W: str) -> str:
    rank = len(node.shape)
    spatial = range(2, rank)
    ends = e.shape([np.iinfo(np.int64).min for _ in spatial])
    steps = e.shape([-1 for _ in spatial])
    W = e.node("Slice", W, steps, ends, e.shape(spatial), steps)  # from the last, numbered -1, in steps of -1
    W = e.node("Transpose", W, perm=(1, 0, *spatial))
    before, after = zip(*_flipped_padding(node), strict=True)
    return e.node("Conv", g, W, pads=(*before, *after), dilations=node.attributes["dilation"])


def _flipped_padding(node: Node) -> list[tuple[int, int]]:
    return flipped_padding(node.inputs[1].shape[2:], node)


def flipped_padding(kernel: Shape, node: Node) -> list[tuple[int, int]]:
    """How a gradient is padded for the convolution with the kernel turned round, `kernel` being its extent in taps."""
    extents = [(k - 1) * d for k, d in zip(kernel, node.attributes["dilation"], strict=True)]
    return [(n - before, n - after) for n, (before, after) in zip(extents, node.attributes["padding"], strict=True)]


CONV_INPUT = Primitive("conv_input_first", ("g", "W"), _conv_input_type, "", _onnx_conv_input, None, ())

# ------------------------------------------------------------ the gradient with respect to W


def _conv_kernel_type(
    x: TensorType, g: TensorType, *, kernel: Shape, strides: Ints, padding: Pairs, dilation: Ints, groups: int
) -> TensorType:
    return conv_kernel_type(
        last_type(x),
        last_type(g),
        kernel=kernel,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )


def _onnx_conv_kernel(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """A convolution, or products, over all places of all examples, of what each tap sees with g.

    With channels before examples (a copy of whole planes, a twentieth of the product's time) both operands of these
    products are rows of places, and the results are the kernel as it lies.
    """
    *_, inner, filters = node.shape
    groups = node.attributes["groups"]
    places = product((node.inputs[1].shape[0], *node.inputs[1].shape[2:]))
    x, g = (_channels_before_examples(e, value, node.inputs[i]) for i, value in enumerate((x, g)))
    if not e.portable and by_convolution(node):
        return _as_convolution(e, node, x, g)
    taps = seen_by_taps(e, node, x, node.inputs[1].shape[2:])
    if groups > 1:
        return _grouped(e, node, taps, g, places)
    g = _rows(e, g, (filters,), places)
    if by_single_taps(node):
        products = [e.node("Gemm", _rows(e, tap, (inner,), places), g, transB=1) for tap in taps]
        W = joined(e, products, 0)
    else:
        W = e.node("Gemm", _rows(e, joined(e, taps, 0), (len(taps) * inner,), places), g, transB=1)
    return e.node("Reshape", W, e.shape(node.shape))


def _channels_before_examples(e: OnnxEmitter, x: str, node: Node) -> str:
    """[batch, channels, *spatial] -> [channels, batch, *spatial]"""
    channels, *spatial = node.shape[1:]
    if channels == 1 and all(isinstance(n, int) for n in spatial):
        return e.node("Reshape", x, e.shape((1, -1, *spatial)))
    return e.node("Transpose", x, perm=(1, 0, *range(2, node.type.rank)))


def _as_convolution(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """Examples are the channels of x, and of g as its kernel, whose taps lie as far apart as windows do. Behind the
    taps of W are places that come of what strides leave over."""
    kernel = node.attributes["kernel"]
    before, after = zip(*node.attributes["padding"], strict=True)
    W = e.node("Conv", x, g, pads=(*before, *after), dilations=node.attributes["strides"])
    spatial = range(2, len(node.shape))
    if any(_left_over(node, node.inputs[0].shape[2:], kernel, node.inputs[1].shape[2:])):
        W = e.node("Slice", W, e.shape([0 for _ in spatial]), e.shape(kernel), e.shape(spatial))
    return e.node("Transpose", W, perm=(*spatial, 0, 1))


def _grouped(e: OnnxEmitter, node: Node, taps: Sequence[str], g: str, places: Dim) -> str:
    """The same products, group by group."""
    *_, inner, filters = node.shape
    groups = node.attributes["groups"]
    columns = joined(e, [_rows(e, tap, (groups, inner), places) for tap in taps], 1)
    g = e.node("Transpose", _rows(e, g, (groups, filters // groups), places), perm=(0, 2, 1))
    W = e.node("Reshape", e.node("MatMul", columns, g), e.shape((groups, len(taps), inner, filters // groups)))
    return e.node("Reshape", e.node("Transpose", W, perm=(1, 2, 0, 3)), e.shape(node.shape))


def seen_by_taps(e: OnnxEmitter, node: Node, x: str, windows: Shape) -> list[str]:
    """What each tap of the kernel sees of x [a, b, *spatial]: [a, b, *windows]."""
    strides, padding, dilation = (node.attributes[key] for key in ("strides", "padding", "dilation"))
    spatial = node.inputs[0].shape[2:]
    axes = range(2, len(node.shape))
    if any(map(any, padding)):
        x = padded(e, x, padding)
    whole = [n + sum(pads) for n, pads in zip(spatial, padding, strict=True)]
    if tuple(whole) == windows:  # a kernel of one tap
        return [x]
    seen = []
    for tap in np.ndindex(*node.attributes["kernel"]):
        starts = [i * d for i, d in zip(tap, dilation, strict=True)]
        stops = [start + (n - 1) * s + 1 for start, n, s in zip(starts, windows, strides, strict=True)]
        seen.append(e.node("Slice", x, e.shape(starts), e.shape(stops), e.shape(axes), e.shape(strides)))
    return seen


def padded(e: OnnxEmitter, x: str, padding: Sequence[tuple[int, int]]) -> str:
    """x with zeros around its spatial axes, all axes told as `nndsl.ops.shapes.onnx_pad` does."""
    before, after = zip(*padding, strict=True)
    axes = range(2 + len(padding))
    return e.node("Pad", x, e.shape((0, 0, *before, 0, 0, *after)), "", e.shape(axes))


def _rows(e: OnnxEmitter, x: str, rows: tuple[Dim, ...], places: Dim) -> str:
    """[channels, batch, *spatial] -> [*rows, places]; a symbolic number of places is worked out by `Reshape`."""
    return e.node("Reshape", x, e.shape((*rows, places if isinstance(places, int) else -1)))


def joined(e: OnnxEmitter, values: Sequence[str], axis: int) -> str:
    return values[0] if len(values) == 1 else e.node("Concat", *values, axis=axis)


CONV_KERNEL = Primitive("conv_kernel_first", ("x", "g"), _conv_kernel_type, "", _onnx_conv_kernel, None, ())
