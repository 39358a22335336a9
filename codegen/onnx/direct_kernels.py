"""Gradients of kernels over blocks of channels, as the pass in `blocks` puts them in place of `nndsl.ops.convolution`.

conv_kernel_blocks      x, y -> W      W [h, w, channels, filters], as parameters are; y channels first
conv_kernel_few         x, y -> W      of fewer channels than a block, which are first; y in blocks
conv_kernel_fewest      x, y -> W      the same, and of fewer filters than a block: y channels first too
conv_kernel_depthwise   x, y -> W      of one filter for each channel
kernel_turned           W -> W         [h, w, a, b] -> [h, w, b, a], the taps from the last to the first

Milliseconds on two cores of a Zen 5, kernels of 3 x 3:

| channels, filters, size | 32, 32, 32 | 32, 64, 16 | 64, 64, 16 | 64, 128, 8 | 128, 128, 8 |
|---|---|---|---|---|---|
| products (`convolution`), batch 64 | 15.7 | 5.7 | 8.8 | 3.3 | 6.7 |
| as a convolution of x by g | **8.5** | **3.3** | **5.6** | **2.6** | **4.0** |

By steps of two a convolution takes 2.0 for 6.0 (32 channels of 32 x 32 to 64, batch 32) and 3.3 for 8.0 (64 of 16 x 16
to 128, batch 64). Depthwise: 0.26 for 1.7 (32 channels of 16 x 16, batch 32), 4.2 for 49 (64 of 32 x 32, 5 x 5).

The gradient of W of a first layer, of 1 channel (batch 128, 26 x 26, 32 filters) and of 3 (batch 64, 32 x 32, 32): one
product over all places 1.85 and 1.83, of which 1.0 puts g in the order that it takes; a product for each example and
block, added up, 0.97 and 1.32.

What taps see of x, side by side, is a convolution as well, by a kernel of ones and zeros. On two cores of a Xeon:

| channels, filters, size, kernel | 1, 6, 28, 5 | 1, 8, 28, 3 | 3, 8, 32, 3 | 1, 16, 8, 3 | 1, 32, 26, 3 | 3, 6, 32, 5 |
|---|---|---|---|---|---|---|
| batch | 64 | 64 | 64 | 32 | 128 | 64 |
| a convolution of x by g | 1.09 | 0.93 | 2.2 | | | 3.6 |
| slices, a product for each example | 1.13 | 0.52 | 1.23 | 0.068 | 1.11 | **2.8** |
| so, a product for each example | **0.63** | **0.28** | **0.94** | **0.038** | **0.95** | 4.0 |
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from nndsl.codegen.onnx.convolution import flipped_padding, joined, seen_by_taps
from nndsl.codegen.onnx.convolution import last_type as first_to_last
from nndsl.codegen.onnx.direct import DOMAIN, exchanged, known, last_type, reshaped, taps_backwards
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Primitive
from nndsl.graph.types import TensorType
from nndsl.ops.convolution import conv_kernel_type, onnx_attributes


def has_kernel_gradient(node: Node, block: int) -> bool:
    """Whether a `conv_kernel` is computed as a convolution.

    Of more filters than places of the result ONNX Runtime would make all columns at once, and with one thread; a
    kernel of one tap is a plain product.
    """
    *kernel, _, filters = node.shape
    taps = prod(known(tuple(kernel)))
    dense = set(node.attributes["dilation"]) == {1}
    return dense and taps > 1 and isinstance(filters, int) and filters <= taps * block


def _kernel_type(x: TensorType, g: TensorType, *, block: int, **attributes: Any) -> TensorType:
    return conv_kernel_type(last_type(x), first_to_last(g), **attributes)


def _onnx_kernel(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """dW[i, j, c, f] = sum over n, h, w of x[n, s h + i, s w + j, c] g[n, h, w, f], which is a convolution as well.

    Examples are its channels, and g its kernel with a tap for every place, s apart. A row of its image is a row of x
    with B channels for each pixel, and one pixel further is B numbers further, a dilation of s B. So its result has a
    place for each of W's taps and of B channels, and more behind these where steps leave pixels over. Nothing is copied
    but planes of x and g.
    """
    h, w, _, filters = known(node.shape)
    blocks, rows, columns, block = known(node.inputs[0].shape[1:])
    (top, bottom), (left, right) = node.attributes["padding"]
    down, across = node.attributes["strides"]
    high, wide = known(node.inputs[1].shape[2:])
    x = reshaped(e, e.node("Transpose", x, perm=(1, 0, 2, 3, 4)), blocks, -1, rows, columns * block)
    g = e.node("Transpose", g, perm=(1, 0, 2, 3))
    pads = (top, left * block, bottom, right * block)
    W = e.node("Conv", x, g, pads=pads, dilations=(down, across * block))
    found = rows + top + bottom - (high - 1) * down, columns + left + right - (wide - 1) * across
    if found != (h, w):
        W = e.node("Slice", W, e.shape((0, 0)), e.shape((h, w * block)), e.shape((2, 3)))
    W = e.node("Transpose", reshaped(e, W, blocks, filters, h * w * block), perm=(0, 2, 1))
    W = e.node("Transpose", reshaped(e, W, blocks, h * w, block, filters), perm=(1, 0, 2, 3))
    return reshaped(e, W, *known(node.shape))


CONV_KERNEL = Primitive("conv_kernel_blocks", ("x", "g"), _kernel_type, "", _onnx_kernel, None, ())

# ------------------------------------------------------------ of few channels


def _few_type(x: TensorType, g: TensorType, *, block: int, **attributes: Any) -> TensorType:
    return conv_kernel_type(first_to_last(x), last_type(g), **attributes)


def _onnx_few(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """What the taps see side by side, times g, for each example and block; then the sum over the examples."""
    blocks, h, w, block = known(node.inputs[1].shape[1:])
    rows = prod(known(node.shape[:-1]))
    if rows <= MOST_ROWS:
        (seen,) = e.nodes("ReorderOutput", (_seen_in_blocks(e, node, x),), 1, domain=DOMAIN, channels=rows)
    else:
        seen = joined(e, seen_by_taps(e, node, x, (h, w)), 1)
    W = e.node("MatMul", reshaped(e, seen, -1, 1, rows, h * w), reshaped(e, g, -1, blocks, h * w, block))
    W = e.node("ReduceSum", W, e.shape((0,)), keepdims=0)
    return reshaped(e, e.node("Transpose", W, perm=(1, 0, 2)), *known(node.shape))


CONV_KERNEL_FEW = Primitive("conv_kernel_few", ("x", "g"), _few_type, "", _onnx_few, None, ())

MOST_ROWS = 32
"""Taps times channels whose operands a convolution by ones and zeros puts side by side: it takes them times itself."""


def _seen_in_blocks(e: OnnxEmitter, node: Node, x: str) -> str:
    """What each tap sees of each channel of x, as channels in blocks; behind them zeros up to whole blocks.

    Finite numbers come out as they are; an infinite one makes none of all that is seen at its place.
    """
    h, w, channels, _ = known(node.shape)
    block = node.attributes["block"]
    rows = h * w * channels
    blocks = -(-rows // block)
    ones = np.zeros((blocks * block, channels, h, w), np.float32)
    taps = np.eye(rows, dtype=np.float32).reshape(rows, h, w, channels)
    ones[:rows] = taps.transpose(0, 3, 1, 2)
    ones = ones.reshape(blocks, block, channels, h, w).transpose(0, 2, 3, 4, 1).reshape(ones.shape)
    (seen,) = e.nodes("Conv", (x, e.constant(ones)), 1, domain=DOMAIN, kernel_shape=(h, w), **onnx_attributes(node))
    return seen


def has_fewest(node: Node) -> bool:
    """Whether a gradient of few channels and few filters is computed from what taps see in blocks."""
    rows = prod(known(node.shape[:-1]))
    return node.attributes["groups"] == 1 and prod(known(node.shape[:-2])) > 1 and rows <= MOST_ROWS


def _fewest_type(x: TensorType, g: TensorType, *, block: int, **attributes: Any) -> TensorType:
    return conv_kernel_type(first_to_last(x), first_to_last(g), **attributes)


def _onnx_fewest(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """g times what the taps see, for each example and block; then the sum over the examples."""
    filters, h, w = known(node.inputs[1].shape[1:])
    rows, block = prod(known(node.shape[:-1])), node.attributes["block"]
    blocks = -(-rows // block)
    seen = reshaped(e, _seen_in_blocks(e, node, x), -1, blocks, h * w, block)
    W = e.node("MatMul", reshaped(e, g, -1, 1, filters, h * w), seen)
    W = e.node("ReduceSum", W, e.shape((0,)), keepdims=0)
    W = reshaped(e, e.node("Transpose", W, perm=(0, 2, 1)), blocks * block, filters)
    if rows % block:
        W = e.node("Slice", W, e.shape((0,)), e.shape((rows,)), e.shape((0,)))
    return reshaped(e, W, *known(node.shape))


CONV_KERNEL_FEWEST = Primitive("conv_kernel_fewest", ("x", "g"), _fewest_type, "", _onnx_fewest, None, ())


def turned_attributes(node: Node) -> dict[str, Any] | None:
    """The attributes of the gradient of the kernel turned round, whose image is g and whose gradient is x, if there is
    one: what taps see of g is less to copy where that has the fewer channels."""
    padding = flipped_padding(node.shape[:-2], node)
    if set(node.attributes["strides"]) != {1} or min(map(min, padding)) < 0:
        return None
    return {**node.attributes, "padding": tuple(padding)}


def _turned_type(W: TensorType) -> TensorType:
    return TensorType(W.dtype, (*W.shape[:-2], W.shape[-1], W.shape[-2]))


def _onnx_turned(e: OnnxEmitter, node: Node, W: str) -> str:
    h, w, a, b = known(node.inputs[0].shape)
    return exchanged(e, taps_backwards(e, W, range(h), range(w)), (h, w, a, b))


TURNED = Primitive("kernel_turned", ("W",), _turned_type, "", _onnx_turned, None, ())

# ------------------------------------------------------------ of one filter for each channel


def _depthwise_type(x: TensorType, g: TensorType, *, block: int, **attributes: Any) -> TensorType:
    return conv_kernel_type(last_type(x), last_type(g), **attributes)


def _onnx_depthwise(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """The convolution in blocks of one tall image, all examples one below the other, by all of g as one tall kernel.

    Each example has as many rows more as keep its taps from the next one's, and g as many rows of zeros. All products
    are added up one after the other: 400 000 of one sign are off by 10⁻⁵ of their sum.
    """
    h, w, _, channels = known(node.shape)
    blocks, rows, columns, block = known(node.inputs[0].shape[1:])
    high, wide = known(node.inputs[1].shape[2:4])
    (top, _), (left, _) = node.attributes["padding"]
    down, across = node.attributes["strides"]
    apart, aside = node.attributes["dilation"]
    extent, seen = (h - 1) * apart + 1, (wide - 1) * across + (w - 1) * aside + 1
    each = -(-max((high - 1) * down + extent, high * down) // down)  # rows of g for an example, each `down` of x
    x = _cut_or_padded(e, x, rows, -top, each * down)
    g = _cut_or_padded(e, g, high, 0, each)
    x = reshaped(e, e.node("Transpose", x, perm=(1, 0, 2, 3, 4)), 1, channels, -1, columns)
    g = reshaped(e, e.node("Transpose", g, perm=(1, 0, 2, 3, 4)), channels, 1, -1, wide)
    below, right = max(extent - down, 0), max(seen - columns - left, 0)
    (W,) = e.nodes(
        "Conv",
        (x, g),
        1,
        domain=DOMAIN,
        group=channels,
        pads=(0, left, below, right),
        dilations=(down, across),
        strides=(apart, aside),
    )
    found = (down + below - 1) // apart + 1, (columns + left + right - (wide - 1) * across - 1) // aside + 1
    W = reshaped(e, W, blocks, *found, block)
    if found != (h, w):
        W = e.node("Slice", W, e.shape((0, 0)), e.shape((h, w)), e.shape((1, 2)))
    return reshaped(e, e.node("Transpose", reshaped(e, W, blocks, h * w, block), perm=(1, 0, 2)), h, w, 1, channels)


def _cut_or_padded(e: OnnxEmitter, x: str, rows: int, first: int, count: int) -> str:
    """So many rows of images in blocks, zeros where there are none, the first of them `first`."""
    if first + count < rows:
        x, rows = e.node("Slice", x, e.shape((0,)), e.shape((first + count,)), e.shape((2,))), first + count
    missing = -first, first + count - rows
    if not any(missing):
        return x
    return e.node("Pad", x, e.shape((0, 0, missing[0], 0, 0, 0, 0, missing[1], 0, 0)), "", e.shape(range(5)))


CONV_KERNEL_DEPTHWISE = Primitive("conv_kernel_depthwise", ("x", "g"), _depthwise_type, "", _onnx_depthwise, None, ())
