"""Convolution over blocks of channels, as the pass in `blocks` puts it in place of `nndsl.ops.convolution`.

conv_blocks          x, W, b -> y      x [batch, channels / B, h, w, B], or [batch, channels, h, w] of fewer than B
conv_kernel_blocks   x, y -> W         W [h, w, channels, filters], as parameters are; y channels first
conv_kernel_few      x, y -> W         of fewer channels than B, which are first; y in blocks

ONNX Runtime has a convolution for the CPU that makes no columns: over pixels of B channels side by side, as many as a
vector holds. Its own optimizer takes graphs there whose kernels are constants; here a step puts its kernels in blocks
itself, which copies no more than the kernel. Milliseconds on two cores of a Zen 5 (10⁹ multiplications and additions a
second), batch 64, kernel 3 x 3, padded:

| channels, filters, size | 32, 32, 32 | 32, 64, 16 | 64, 64, 16 | 64, 128, 8 | 128, 128, 8 |
|---|---|---|---|---|---|
| `Conv` | 7.1 (171) | 2.7 (227) | 5.2 (231) | 2.7 (226) | 4.9 (248) |
| in blocks | **3.5** (347) | **1.5** (395) | **3.4** (352) | **1.4** (417) | **3.1** (390) |
| gradient of W by `convolution` | 15.7 | 5.7 | 8.8 | 3.3 | 6.7 |
| … as a convolution of x by g | **8.5** | **3.3** | **5.6** | **2.6** | **4.0** |

The gradient of W of a first layer, of 1 channel (batch 128, 26 x 26, 32 filters) and of 3 (batch 64, 32 x 32, 32): one
product over all places 1.85 and 1.83, of which 1.0 puts g in the order that it takes; a product for each example and
block, added up, 0.97 and 1.32.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from nndsl.codegen.onnx.convolution import first_type, flipped_padding, seen_by_taps
from nndsl.codegen.onnx.convolution import last_type as first_to_last
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Node, Primitive
from nndsl.graph.types import Shape, TensorType
from nndsl.ops.convolution import conv_kernel_type, conv_type, onnx_attributes
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


SPLIT_LAST = Primitive("split_channels_last", ("x",), _split_last_type, "", _onnx_split_last, None, ())
SPLIT_FIRST = Primitive("split_channels_first", ("x",), _split_first_type, "", _onnx_split_first, None, ())
JOINED_LAST = Primitive("channels_joined_last", ("x",), last_type, "", _onnx_joined_last, None, ())
JOINED_FIRST = Primitive("channels_joined_first", ("x",), _joined_first_type, "", _onnx_joined_first, None, ())

# ------------------------------------------------------------ products


def _conv_type(
    x: TensorType,
    W: TensorType,
    *bias: TensorType,
    block: int,
    turned: bool,
    activation: str,
    **attributes: Any,
) -> TensorType:
    if turned:  # what were filters are channels, and the other way round
        W = TensorType(W.dtype, (*W.shape[:-2], W.shape[-1], W.shape[-2]))
    x = last_type(x) if x.rank == 5 else first_to_last(x)
    return blocked_type(conv_type(x, W, **attributes), block)


def _onnx_conv(e: OnnxEmitter, node: Node, x: str, W: str, *bias: str) -> str:
    attributes: dict[str, Any] = {"kernel_shape": node.inputs[1].shape[:2], **onnx_attributes(node)}
    if node.attributes["activation"]:
        attributes["activation"] = node.attributes["activation"]
    W = (_turned if node.attributes["turned"] else kernel_in_blocks)(e, node, W)
    return operator(e, node, "Conv", flat(e, x, node.inputs[0]), W, *bias, **attributes)


def kernel_in_blocks(e: OnnxEmitter, node: Node, W: str) -> str:
    """[h, w, channels, filters] -> [filters / B, channels / B, h, w, B channels, B filters], or with fewer channels
    than B [filters / B, channels, h, w, B filters]."""
    h, w, channels, filters = known(node.inputs[1].shape)
    block = node.attributes["block"]
    if channels < block:
        W = reshaped(e, W, h, w, channels, filters // block, block)
        W = e.node("Transpose", W, perm=(3, 2, 0, 1, 4))
    else:
        W = reshaped(e, W, h, w, channels // block, block, filters // block, block)
        W = e.node("Transpose", W, perm=(4, 2, 0, 1, 3, 5))
    return reshaped(e, W, filters, channels, h, w)


def _turned(e: OnnxEmitter, node: Node, W: str) -> str:
    """The kernel of the gradient with respect to x: its taps from the last to the first, its filters as channels.

    These are exchanged by themselves at first: one axis moved behind another is what `Transpose` is quick at.
    """
    h, w, channels, filters = known(node.inputs[1].shape)
    block = node.attributes["block"]
    W = e.node("Transpose", reshaped(e, W, h * w, channels, filters), perm=(0, 2, 1))
    last, beyond, back = e.shape((-1,)), e.shape((np.iinfo(np.int64).min,)), e.shape((-1,))
    W = e.node("Slice", W, last, beyond, e.shape((0,)), back)
    W = reshaped(e, W, h * w, filters // block, block, channels // block, block)
    W = e.node("Transpose", W, perm=(3, 1, 0, 2, 4))
    return reshaped(e, W, channels, filters, h, w)


CONV = Primitive("conv_blocks", ("x", "W", "b"), _conv_type, "", _onnx_conv, None, ())


def forward(node: Node, block: int) -> dict[str, Any]:
    """The attributes in blocks of a `conv`."""
    return {**node.attributes, "block": block, "turned": False, "activation": ""}


def adjoint(node: Node, block: int) -> dict[str, Any] | None:
    """The attributes of the convolution with the kernel turned round that a `conv_input` is, if it is one."""
    attributes = {key: value for key, value in node.attributes.items() if key != "shape"}
    padding = flipped_padding(node.inputs[1].shape[:-2], node)
    if set(attributes["strides"]) != {1} or min(map(min, padding)) < 0:
        return None
    return {**attributes, "padding": tuple(padding), "block": block, "turned": True, "activation": ""}


def has_kernel_gradient(node: Node, block: int) -> bool:
    """Whether a `conv_kernel` is computed as a convolution.

    Of more filters than places of the result ONNX Runtime would make all columns at once, and with one thread; a
    kernel of one tap is a plain product.
    """
    *kernel, _, filters = node.shape
    taps = prod(known(tuple(kernel)))
    plain = set(node.attributes["strides"]) == set(node.attributes["dilation"]) == {1}
    return plain and taps > 1 and isinstance(filters, int) and filters <= taps * block


def _conv_kernel_type(x: TensorType, g: TensorType, *, block: int, **attributes: Any) -> TensorType:
    return conv_kernel_type(last_type(x), first_to_last(g), **attributes)


def _onnx_conv_kernel(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """dW[i, j, c, f] = sum over n, h, w of x[n, h + i, w + j, c] g[n, h, w, f], which is a convolution as well.

    Examples are its channels, and g its kernel with a tap for every place. A row of its image is a row of x with B
    channels for each pixel, and one pixel further is B numbers further, a dilation of B. So its result has a place for
    each of W's taps and of B channels. Nothing is copied but planes of x and g.
    """
    h, w, _, filters = known(node.shape)
    blocks, rows, columns, block = known(node.inputs[0].shape[1:])
    (top, bottom), (left, right) = node.attributes["padding"]
    x = reshaped(e, e.node("Transpose", x, perm=(1, 0, 2, 3, 4)), blocks, -1, rows, columns * block)
    g = e.node("Transpose", g, perm=(1, 0, 2, 3))
    W = e.node("Conv", x, g, pads=(top, left * block, bottom, right * block), dilations=(1, block))
    W = e.node("Transpose", reshaped(e, W, blocks, filters, h * w * block), perm=(0, 2, 1))
    W = e.node("Transpose", reshaped(e, W, blocks, h * w, block, filters), perm=(1, 0, 2, 3))
    return reshaped(e, W, *known(node.shape))


CONV_KERNEL = Primitive("conv_kernel_blocks", ("x", "g"), _conv_kernel_type, "", _onnx_conv_kernel, None, ())


def _few_type(x: TensorType, g: TensorType, *, block: int, **attributes: Any) -> TensorType:
    return conv_kernel_type(first_to_last(x), last_type(g), **attributes)


def _onnx_few(e: OnnxEmitter, node: Node, x: str, g: str) -> str:
    """What the taps see side by side, times g, for each example and block; then the sum over the examples."""
    blocks, h, w, block = known(node.inputs[1].shape[1:])
    taps = seen_by_taps(e, node, x, (h, w))
    rows = prod(known(node.shape[:-1]))
    columns = e.node("Concat", *taps, axis=1) if len(taps) > 1 else taps[0]
    W = e.node("MatMul", reshaped(e, columns, -1, 1, rows, h * w), reshaped(e, g, -1, blocks, h * w, block))
    W = e.node("ReduceSum", W, e.shape((0,)), keepdims=0)
    return reshaped(e, e.node("Transpose", W, perm=(1, 0, 2)), *known(node.shape))


CONV_KERNEL_FEW = Primitive("conv_kernel_few", ("x", "g"), _few_type, "", _onnx_few, None, ())
