"""Convolution over blocks of channels, as the pass in `blocks` puts it in place of `nndsl.ops.convolution`.

conv_blocks          x, W, b -> y      x [batch, channels / B, h, w, B], or [batch, channels, h, w] of fewer than B
conv_input_blocks    y, W, b -> x      y the same
conv_input_few       y, W -> x         y in blocks, x channels first, which are fewer than a block

ONNX Runtime has a convolution for the CPU that makes no columns: over pixels of B channels side by side, as many as a
vector holds. Its own optimizer takes graphs there whose kernels are constants; here a step puts its kernels in blocks
itself, which copies no more than the kernel. Milliseconds on two cores of a Zen 5 (10⁹ multiplications and additions a
second), batch 64, kernel 3 x 3, padded:

| channels, filters, size | 32, 32, 32 | 32, 64, 16 | 64, 64, 16 | 64, 128, 8 | 128, 128, 8 |
|---|---|---|---|---|---|
| `Conv` | 7.1 (171) | 2.7 (227) | 5.2 (231) | 2.7 (226) | 4.9 (248) |
| in blocks | **3.5** (347) | **1.5** (395) | **3.4** (352) | **1.4** (417) | **3.1** (390) |

The gradient with respect to x is a convolution with the kernel turned round. Where windows go by steps, each place of
a step meets taps of its own: as many convolutions with parts of the kernel, whose results are woven together.

| batch, channels, filters, size, kernel, steps of 2 | 32, 32, 64, 32, 3 | 64, 64, 128, 16, 3 | 64, 32, 64, 32, 4 |
|---|---|---|---|
| `ConvTranspose` | 2.9 | 3.8 | 10.4 |
| in blocks | **1.9** | **2.5** | **5.3** |

Of fewer channels than a block, x's gradient is computed as if there were a block of them, if a third of it is there. On
two cores of a Xeon, batch 64:

| C, filters, y, taps | 6, 16, 10, 5 | 8, 16, 14, 3 | 8, 32, 14, 3 | 12, 64, 16, 3 | 3, 16, 28, 3 | 1, 32, 28, 3 |
|---|---|---|---|---|---|---|
| `ConvTranspose` | 1.25 | 1.22 | 1.26 | 1.92 | 1.08 | **0.66** |
| in a block, and out of it | **0.66** | **0.28** | **0.51** | **1.44** | 1.05 | 2.0 |

Depthwise convolution has vector code here alone: 0.14 ms for 0.64 (32 channels of 16 x 16, batch 32), and 0.13 for 1.2
with respect to x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from nndsl.codegen.onnx.convolution import first_type, joined
from nndsl.codegen.onnx.convolution import last_type as first_to_last
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Primitive
from nndsl.graph.sizes import Dim
from nndsl.graph.types import Shape, TensorType
from nndsl.ops.convolution import conv_input_type, conv_type, onnx_attributes
from nndsl.ops.windows import Ints

DOMAIN = "com.microsoft.nchwc"


def last_type(x: TensorType) -> TensorType:
    """[batch, channels / B, *spatial, B] -> [batch, *spatial, channels]"""
    batch, blocks, *spatial, block = x.shape
    return TensorType(x.dtype, (batch, *spatial, blocks * block))


def blocked_type(x: TensorType, block: int) -> TensorType:
    """[batch, *spatial, channels] -> [batch, channels / B, *spatial, B]"""
    batch, *spatial, channels = x.shape
    return TensorType(x.dtype, (batch, *known((channels,), block), *spatial, block))


def known(shape: Shape, divisor: int = 1) -> Ints:
    """Sizes that are numbers, as all but the batch's are where blocks are used, by a divisor."""
    return tuple(dim // divisor for dim in shape if isinstance(dim, int))


def flat(e: OnnxEmitter, x: str, node: Node) -> str:
    """Blocks under the shape [batch, channels, h, w] that the operators of the domain want; the memory stays."""
    if node.type.rank == 4:
        return x
    blocks, h, w, block = known(node.shape[1:])
    return e.node("Reshape", x, e.shape((-1, blocks * block, h, w)))


def operator(e: OnnxEmitter, node: Node, op_type: str, *inputs: str, **attributes: Any) -> str:
    """An operator of the domain, its result under the shape of blocks again."""
    (y,) = e.nodes(op_type, inputs, 1, domain=DOMAIN, **attributes)
    return reshaped(e, y, -1, *known(node.shape[1:])) if node.type.rank == 5 else y


def reshaped(e: OnnxEmitter, x: str, *shape: int) -> str:
    return e.node("Reshape", x, e.shape(shape))


def surrounded(e: OnnxEmitter, x: str, shape: Ints, pads: Ints) -> str:
    """Images in blocks, `shape` without the batch, with zeros above, left, below and right.

    A convolution of one tap does that in two thirds of the time of `Pad`, or less.
    """
    blocks, h, w, block = shape
    top, left, below, right = pads
    channels = blocks * block
    ones = e.constant(np.ones((channels, 1, 1, 1), np.float32))
    x = reshaped(e, x, -1, channels, h, w)
    (x,) = e.nodes("Conv", (x, ones), 1, domain=DOMAIN, group=channels, pads=pads)
    return reshaped(e, x, -1, blocks, top + h + below, left + w + right, block)


def woven(e: OnnxEmitter, parts: Sequence[Sequence[str]], shape: Shape) -> str:
    """Images in blocks, `shape` without the batch, of which each part has the pixels of a row and a column of each
    step."""
    blocks, h, w, block = known(shape)
    line = w * block
    across = [joined(e, [reshaped(e, part, -1, 1, block) for part in row], 1) for row in parts]
    x = joined(e, [reshaped(e, row, -1, 1, line) for row in across], 1)
    return reshaped(e, x, -1, blocks, h, w, block)


# ------------------------------------------------------------ into blocks and out of them


def _split_last_type(x: TensorType, *, block: int) -> TensorType:
    return blocked_type(x, block)


def _split_first_type(x: TensorType, *, block: int) -> TensorType:
    return blocked_type(first_to_last(x), block)


def _joined_first_type(x: TensorType) -> TensorType:
    return first_type(last_type(x))


def _onnx_split_last(e: OnnxEmitter, node: Node, x: str) -> str:
    return operator(e, node, "ReorderInput", x, channels_last=1)


def _onnx_split_first(e: OnnxEmitter, node: Node, x: str) -> str:
    return operator(e, node, "ReorderInput", x)


def _onnx_joined_last(e: OnnxEmitter, node: Node, x: str) -> str:
    (channels,) = known(node.shape[3:])
    return operator(e, node, "ReorderOutput", flat(e, x, node.inputs[0]), channels=channels, channels_last=1)


def _onnx_joined_first(e: OnnxEmitter, node: Node, x: str) -> str:
    (channels,) = known(node.shape[1:2])
    return operator(e, node, "ReorderOutput", flat(e, x, node.inputs[0]), channels=channels)


def _lines_type(x: TensorType, *, line: Shape) -> TensorType:
    return TensorType(x.dtype, (*x.shape[:-2], *line))


def _onnx_lines(e: OnnxEmitter, node: Node, x: str) -> str:
    return e.node("Expand", x, e.shape(node.shape))


SPLIT_LAST = Primitive("split_channels_last", ("x",), _split_last_type, "", _onnx_split_last, None, ())
SPLIT_FIRST = Primitive("split_channels_first", ("x",), _split_first_type, "", _onnx_split_first, None, ())
JOINED_LAST = Primitive("channels_joined_last", ("x",), last_type, "", _onnx_joined_last, None, ())
JOINED_FIRST = Primitive("channels_joined_first", ("x",), _joined_first_type, "", _onnx_joined_first, None, ())
LINES = Primitive("stretched_lines", ("x",), _lines_type, "", _onnx_lines, None, ())
"""Whole lines of what is the same for all pixels of one. Without it ONNX Runtime stretches B numbers at a time: the
product of 32 channels of 32 x 32, batch 64, with a number for each channel takes 0.25 ms for 1.19."""

# ------------------------------------------------------------ kernels


def kernel_in_blocks(e: OnnxEmitter, W: str, shape: Ints, block: int) -> str:
    """[h, w, channels, filters] -> [filters / B, channels / B, h, w, B channels, B filters], or with fewer channels
    than B, as depthwise kernels have, [filters / B, channels, h, w, B filters]."""
    h, w, channels, filters = shape
    if channels < block:
        W = reshaped(e, W, h * w, channels, filters // block, block)
        W = e.node("Transpose", W, perm=(2, 1, 0, 3))
    else:
        W = reshaped(e, W, h * w, channels // block, block, filters // block, block)
        W = e.node("Transpose", W, perm=(3, 1, 0, 2, 4))
    return reshaped(e, W, filters, channels, h, w)


def exchanged(e: OnnxEmitter, W: str, shape: Ints) -> str:
    """[h, w, a, b] -> [h, w, b, a]: one axis moved behind another by itself is what `Transpose` is quick at."""
    h, w, a, b = shape
    return reshaped(e, e.node("Transpose", reshaped(e, W, h * w, a, b), perm=(0, 2, 1)), h, w, b, a)


def taps_backwards(e: OnnxEmitter, W: str, *taps: range) -> str:
    """The taps of a kernel [h, w, …] that these ranges name along each axis, from the last to the first."""
    ends = [t[0] - 1 if t[0] else np.iinfo(np.int64).min for t in taps]
    return e.node(
        "Slice", W, e.shape([t[-1] for t in taps]), e.shape(ends), e.shape((0, 1)), e.shape([-t.step for t in taps])
    )


# ------------------------------------------------------------ forward


def is_depthwise(node: Node) -> bool:
    """Whether each channel of a product has a filter of its own, and no more."""
    W = node if node.op == "conv_kernel" else node.inputs[1]
    *_, inner, filters = W.shape
    return inner == 1 and filters == node.attributes["groups"]


def _conv_type(
    x: TensorType, W: TensorType, *bias: TensorType, block: int, activation: str, **attributes: Any
) -> TensorType:
    return blocked_type(conv_type(_images(x), W, **attributes), block)


def _images(x: TensorType) -> TensorType:
    return last_type(x) if x.rank == 5 else first_to_last(x)


def _onnx_conv(e: OnnxEmitter, node: Node, x: str, W: str, *bias: str) -> str:
    shape = known(node.inputs[1].shape)
    W = kernel_in_blocks(e, W, shape, node.attributes["block"])
    attributes = {"kernel_shape": shape[:2], **onnx_attributes(node), **_activation(node)}
    return operator(e, node, "Conv", flat(e, x, node.inputs[0]), W, *bias, **attributes)


def _activation(node: Node) -> dict[str, str]:
    return {"activation": node.attributes["activation"]} if node.attributes["activation"] else {}


CONV = Primitive("conv_blocks", ("x", "W", "b"), _conv_type, "", _onnx_conv, None, ())

# ------------------------------------------------------------ the gradient with respect to x


@dataclass(frozen=True)
class Residue:
    """The places of x, along one axis, that are as far behind a step's first: the taps that meet them, and how many
    places of y are missing before and behind those that give them (fewer than none: not all are met)."""

    taps: range
    before: int
    behind: int


MOST_CONVOLUTIONS = 9
"""For one gradient with respect to images: more, of a few taps each, were not measured."""


def residues(node: Node) -> tuple[tuple[Residue, ...], ...] | None:
    """Those of a gradient with respect to images along each axis, if all are convolutions: each meets a tap, no window
    lies beyond the images' border, and they are not many."""
    windows = node.inputs[0].shape[1:3] if node.op == "conv_input" else node.inputs[0].shape[2:4]
    axes = zip(
        node.attributes["shape"],
        windows,
        node.inputs[1].shape,
        *(node.attributes[key] for key in ("strides", "dilation", "padding")),
        strict=False,
    )
    found = tuple(_residues(*axis) for axis in axes)
    return found if 0 < prod(map(len, found)) <= MOST_CONVOLUTIONS else None


def _residues(
    size: int, windows: int, taps: int, stride: int, dilation: int, padding: tuple[int, int]
) -> tuple[Residue, ...]:
    if stride > 1 and dilation > 1:
        return ()
    places = -(-size // stride)
    found = []
    for first in range(stride):
        window, tap = divmod(first + padding[0], stride)
        met = range(tap, taps, stride)
        before = (len(met) - 1) * dilation - window
        if not met or before < 0:
            return ()
        found.append(Residue(met, before, window + places - windows))
    return tuple(found)


def _conv_input_type(
    g: TensorType, W: TensorType, *bias: TensorType, block: int, activation: str, **attributes: Any
) -> TensorType:
    return blocked_type(conv_input_type(_images(g), W, **attributes), block)


def _onnx_conv_input(e: OnnxEmitter, node: Node, g: str, W: str, *bias: str) -> str:
    return _images_in_blocks(e, node, g, W, known(node.inputs[1].shape), bias, **_activation(node))


def _images_in_blocks(
    e: OnnxEmitter, node: Node, g: str, W: str, shape: Ints, bias: Sequence[str] = (), **activation: str
) -> str:
    """The gradient with respect to images in blocks, of the kernel W of this shape."""
    rows, columns = known(node.attributes["shape"])
    block, groups = node.attributes["block"], node.attributes["groups"]
    found = residues(node)
    assert found
    down, across = found
    h, w, inner, filters = shape
    blocks = inner * groups // block
    if groups == 1:
        W = exchanged(e, W, (h, w, inner, filters))
        inner, filters = filters, inner
    g = flat(e, g, node.inputs[0])
    high, wide = (-(-n // len(axis)) for n, axis in ((rows, down), (columns, across)))

    def part(i: Residue, j: Residue) -> str:
        taps = taps_backwards(e, W, i.taps, j.taps)
        kernel = len(i.taps), len(j.taps)
        (x,) = e.nodes(
            "Conv",
            (g, kernel_in_blocks(e, taps, (*kernel, inner, filters), block), *bias),
            1,
            domain=DOMAIN,
            kernel_shape=kernel,
            pads=(i.before, j.before, max(i.behind, 0), max(j.behind, 0)),
            dilations=node.attributes["dilation"],
            group=groups,
            **activation,
        )
        met = high + max(-i.behind, 0), wide + max(-j.behind, 0)
        return _cut(e, reshaped(e, x, -1, blocks, *met, block), met, (high, wide))

    if len(down) == len(across) == 1:
        return part(down[0], across[0])
    whole = len(down) * high, len(across) * wide
    x = woven(e, [[part(i, j) for j in across] for i in down], (blocks, *whole, block))
    return _cut(e, x, whole, (rows, columns))


def _cut(e: OnnxEmitter, x: str, sizes: tuple[int, int], wanted: tuple[int, int]) -> str:
    """The front of images in blocks."""
    return x if sizes == wanted else e.node("Slice", x, e.shape((0, 0)), e.shape(wanted), e.shape((2, 3)))


CONV_INPUT = Primitive("conv_input_blocks", ("y", "W", "b"), _conv_input_type, "", _onnx_conv_input, None, ())


def has_few(channels: Dim, block: int) -> bool:
    """Whether images of fewer channels than a block are worth a whole block of them (the table above)."""
    return isinstance(channels, int) and channels < block <= 3 * channels


def _conv_input_few_type(g: TensorType, W: TensorType, *, block: int, **attributes: Any) -> TensorType:
    return first_type(conv_input_type(last_type(g), W, **attributes))


def _onnx_conv_input_few(e: OnnxEmitter, node: Node, g: str, W: str) -> str:
    """As if there were a block of channels, of which those that are not there have weights of zero."""
    h, w, channels, filters = known(node.inputs[1].shape)
    block = node.attributes["block"]
    W = e.node("Pad", W, e.shape((0, 0, 0, 0, 0, 0, block - channels, 0)), "", e.shape(range(4)))
    x = _images_in_blocks(e, node, g, W, (h, w, block, filters))
    x = reshaped(e, x, -1, block, *known(node.shape[2:]))
    (x,) = e.nodes("ReorderOutput", (x,), 1, domain=DOMAIN, channels=channels)
    return x


CONV_INPUT_FEW = Primitive("conv_input_few", ("y", "W"), _conv_input_few_type, "", _onnx_conv_input_few, None, ())
