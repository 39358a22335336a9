"""A first convolution and the pool behind it, by phases: what each place of the windows sees is a value of its own.

    h = relu(conv(x, W) + b)              [batch, 26, 26, 32]      h00, h01, h10, h11    [batch, 2, 13, 13, 16] each
    p = max_pool(h, size = 2)             [batch, 13, 13, 32]      p = max(h00, h01, h10, h11)
    d = max_pool_gradient(h, p, g)        [batch, 26, 26, 32]      d00, d01, d10, d11
    d_W = conv_kernel(x, d)                                        the sum of four products

Each is a convolution by as large steps as the windows are, so h is never taken apart nor d put together, which are
what the pool's gradient takes most of its time for; what windows leave over is not computed at all. That is so where d
is wanted for d_W alone, as in a first layer. Milliseconds for all of the above, 1 channel, 28 x 28, 32 filters, batch
128, two cores of a Zen 5: 3.1 by phases; 6.3 with h and d whole.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from nndsl.codegen.onnx.convolution import last_type as first_to_last
from nndsl.codegen.onnx.convolution import padded
from nndsl.codegen.onnx.direct import blocked_type, kernel_in_blocks, known, last_type, operator, reshaped
from nndsl.codegen.onnx.direct_pooling import first_of_equals
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Graph, Node, Primitive
from nndsl.graph.types import Shape, TensorType
from nndsl.ops.convolution import conv_type
from nndsl.ops.windows import Ints


class Phased:
    """Convolutions of a graph that are computed by phases, each by the relu behind it, their pools and gradients."""

    def __init__(self, graph: Graph, block: int) -> None:
        self.relus: dict[Node, tuple[Node, Node, Node]] = {}
        """The convolution, the bias and the pool of each relu."""
        self.pools: dict[Node, Node] = {}
        """The relu of each pool."""
        self.gradients: dict[Node, Node] = {}
        """The relu of each pool's gradient."""
        self._users = graph.users()
        self._outputs = {*graph.outputs.values()}
        self._block = block
        for node in graph.nodes:
            if node.op == "max_pool":
                self._find(node)

    def _find(self, pool: Node) -> None:
        relu = pool.inputs[0]
        if relu.op != "relu" or relu.inputs[0].op != "add" or not self._used(relu.inputs[0], 1):
            return
        for conv, bias in (relu.inputs[0].inputs, relu.inputs[0].inputs[::-1]):
            gradients = [user for user in self._users[relu] if user is not pool]
            if (
                conv.op == "conv"
                and bias.shape == conv.shape[-1:]
                and self._used(conv, 1)
                and self._used(relu, len(gradients) + 1)
                and gradients
                and _few_channels(conv, self._block)
                and _side_by_side(pool)
                and all(self._is_for_kernel_alone(d, pool, conv) for d in gradients)
            ):
                self.relus[relu] = conv, bias, pool
                self.pools[pool] = relu
                self.gradients.update(dict.fromkeys(gradients, relu))

    def _used(self, node: Node, times: int) -> bool:
        return len(self._users[node]) == times and node not in self._outputs

    def _is_for_kernel_alone(self, d: Node, pool: Node, conv: Node) -> bool:
        return (
            d.op == "max_pool_gradient"
            and d.inputs[1] is pool
            and d.attributes == pool.attributes
            and d not in self._outputs
            and all(
                user.op == "conv_kernel" and user.inputs[0] is conv.inputs[0] and user.inputs[1] is d
                for user in self._users[d]
            )
        )


def _few_channels(conv: Node, block: int) -> bool:
    """Whether a convolution is by steps of one, of images of known size with fewer channels than a block."""
    x, filters = conv.inputs[0], conv.shape[-1]
    sizes = known((*x.shape[1:], filters))
    plain = {*conv.attributes["strides"], *conv.attributes["dilation"], conv.attributes["groups"]} == {1}
    return len(sizes) == 4 == x.type.rank and sizes[2] < block and sizes[3] % block == 0 and plain


def _side_by_side(pool: Node) -> bool:
    return pool.attributes["size"] == pool.attributes["strides"] and not any(map(any, pool.attributes["padding"]))


def computed(node: Node, plan: Phased, x: Node, W: Node, b: Node, block: int) -> tuple[Node, ...]:
    """The phases of a relu: x is channels first, W and b are as parameters are."""
    conv, _, pool = plan.relus[node]
    size = pool.attributes["size"]
    common = {"padding": conv.attributes["padding"], "size": size, "windows": pool.shape[1:3], "block": block}
    return tuple(_node(CONV_PHASE, node, (x, W, b), **common, phase=phase) for phase in np.ndindex(*size))


def shares(node: Node, y: Node, g: Node, phases: tuple[Node, ...]) -> tuple[Node, ...]:
    """The phases of a pool's gradient: g where the phase is the first that is y."""
    return tuple(_node(FIRST_SHARE, node, (y, g, *phases[: i + 1])) for i in range(len(phases)))


def kernel_gradient(node: Node, x: Node, d: tuple[Node, ...], size: Ints, block: int) -> Node:
    """The gradient of the kernel from the phases of d; x is channels first."""
    kernel, padding = node.attributes["kernel"], node.attributes["padding"]
    return _node(CONV_KERNEL, node, (x, *d), kernel=kernel, padding=padding, size=size, block=block)


def _node(primitive: Primitive, node: Node, operands: tuple[Node, ...], **attributes: Any) -> Node:
    type = primitive.type(*(operand.type for operand in operands), **attributes)
    return Node(primitive, operands, attributes, type, node.origin, node.name)


# ------------------------------------------------------------ a phase of the convolution


def _phase_type(
    x: TensorType, W: TensorType, b: TensorType, *, padding: Any, size: Ints, windows: Shape, block: int, phase: Ints
) -> TensorType:
    ones = (1,) * len(size)
    y = conv_type(first_to_last(x), W, strides=ones, padding=padding, dilation=ones, groups=1)
    return blocked_type(TensorType(y.dtype, (y.shape[0], *windows, y.shape[-1])), block)


def _padded(e: OnnxEmitter, node: Node, x: str) -> str:
    padding = node.attributes["padding"]
    return padded(e, x, padding) if any(map(any, padding)) else x


def _onnx_phase(e: OnnxEmitter, node: Node, x: str, W: str, b: str) -> str:
    size, kernel, (down, across) = node.attributes["size"], node.inputs[1].shape[:2], node.attributes["phase"]
    x = _padded(e, node, x)
    ends = [
        first + (count - 1) * step + taps
        for first, count, step, taps in zip((down, across), node.attributes["windows"], size, kernel, strict=True)
    ]
    x = e.node("Slice", x, e.shape((down, across)), e.shape(ends), e.shape((2, 3)))
    attributes = {"kernel_shape": kernel, "strides": size, "pads": (0,) * 4, "dilations": (1, 1), "group": 1}
    W = kernel_in_blocks(e, W, known(node.inputs[1].shape), node.attributes["block"])
    return operator(e, node, "Conv", x, W, b, **attributes, activation="Relu")


CONV_PHASE = Primitive("conv_phase", ("x", "W", "b"), _phase_type, "", _onnx_phase, None, ())

# ------------------------------------------------------------ a phase of the pool's gradient


def _share_type(y: TensorType, g: TensorType, *phases: TensorType) -> TensorType:
    return g


def _onnx_share(e: OnnxEmitter, node: Node, y: str, g: str, *phases: str) -> str:
    mask = first_of_equals(e, y, phases)[-1]
    return e.node("Mul", e.node("Cast", mask, to=1), g)


FIRST_SHARE = Primitive("first_share", ("y", "g", "phases"), _share_type, "", _onnx_share, None, ())

# ------------------------------------------------------------ the gradient of the kernel


def _kernel_type(x: TensorType, *phases: TensorType, kernel: Shape, padding: Any, size: Ints, block: int) -> TensorType:
    return TensorType(x.dtype, (*kernel, x.shape[1], last_type(phases[0]).shape[-1]))


def _onnx_kernel(e: OnnxEmitter, node: Node, x: str, *phases: str) -> str:
    """What taps of all phases see side by side, which are few more than one phase's, times each phase of d; of the
    products those are taken that belong to the kernel's taps in that phase."""
    blocks, h, w, block = known(node.inputs[1].shape[1:])
    kernel_h, kernel_w, channels, _ = known(node.shape)
    down, across = node.attributes["size"]
    rows, columns = down - 1 + kernel_h, across - 1 + kernel_w
    x = _padded(e, node, x)
    axes, steps = e.shape((2, 3)), e.shape((down, across))
    seen = [
        e.node("Slice", x, e.shape((i, j)), e.shape((i + (h - 1) * down + 1, j + (w - 1) * across + 1)), axes, steps)
        for i, j in np.ndindex(rows, columns)
    ]
    taps = reshaped(e, e.node("Concat", *seen, axis=1), -1, 1, rows * columns * channels, h * w)
    total = ""
    for (i, j), d in zip(np.ndindex(down, across), phases, strict=True):
        W = e.node("MatMul", taps, reshaped(e, d, -1, blocks, h * w, block))
        W = reshaped(e, e.node("ReduceSum", W, e.shape((0,)), keepdims=0), blocks, rows, columns, channels * block)
        W = e.node("Slice", W, e.shape((i, j)), e.shape((i + kernel_h, j + kernel_w)), e.shape((1, 2)))
        total = e.node("Add", total, W) if total else W
    W = reshaped(e, total, blocks, prod((kernel_h, kernel_w, channels)), block)
    return reshaped(e, e.node("Transpose", W, perm=(1, 0, 2)), *known(node.shape))


CONV_KERNEL = Primitive("conv_kernel_phases", ("x", "phases"), _kernel_type, "", _onnx_kernel, None, ())
