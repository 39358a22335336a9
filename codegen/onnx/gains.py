"""What a graph in blocks of channels saves over one channels first: the table behind the choice that `blocks` makes.

Measured on two cores of a Zen 5 (`direct`, `direct_kernels` and `phases` have what is compared).
"""

from __future__ import annotations

from math import prod

from nndsl.codegen.onnx.direct import known
from nndsl.graph.node import Graph, Node

SAVED_BY_A_PRODUCT = 3.4e-6
"""Microseconds for each multiplication, forward and with respect to x: 230 GFLOP/s become 375."""

SAVED_BY_A_KERNEL = 10e-6
"""The same of a gradient with respect to W: 95 GFLOP/s become 190."""

SAVED_BY_EXAMPLES = 14e-6
"""The same of one with examples side by side: 95 GFLOP/s become 330 (on a Xeon: `direct_examples`)."""

COPIED_FOR_EXAMPLES = 0.3e-3
"""What that copies, for each element of the images and of their gradient."""

SAVED_BY_DEPTHWISE = 0.15e-3
"""For each multiplication of a depthwise convolution or of a gradient of one; the kernel's saves more."""

SAVED_BY_TURNING = 3e-3
"""For each element of images whose kernel gradient has few filters and is computed turned round: 0.2 ms instead of 3.6
for 16 channels of 28 x 28, one filter, batch 64."""

SAVED_BY_PHASES = 1.1e-3
"""For each element of a first convolution that is computed by phases (`phases` has the measurement)."""

SAVED_BY_ONES = 0.15e-3
"""For each place and tap of a kernel gradient of few channels and few filters (on a Xeon: `direct_kernels`)."""

SAVED_FOR_FEW = 20e-6
"""For each multiplication of a gradient with respect to images of few channels, if there were none (on a Xeon:
`direct`)."""

CONVERSION = 0.21e-3
"""What it costs for each element to bring a value into blocks or out of them: 0.45 ms for 8.4 MB."""


def saved(graph: Graph) -> float:
    """Microseconds that a graph in blocks saves for each example, by the figures above."""
    return sum(map(_saved, graph.nodes))


def _saved(node: Node) -> float:
    elements = prod(known(node.shape[1:]))
    match node.op:
        case "conv_blocks" | "conv_input_blocks":
            y = node if node.op == "conv_blocks" else node.inputs[0]
            h, w, inner, _ = known(node.inputs[1].shape)
            each = SAVED_BY_A_PRODUCT if node.attributes["groups"] == 1 else SAVED_BY_DEPTHWISE
            return each * prod(known(y.shape[1:])) * h * w * inner
        case "conv_input_few":
            h, w, channels, _ = known(node.inputs[1].shape)
            block: int = node.attributes["block"]
            missing = 1 - channels / block
            return SAVED_FOR_FEW * missing * prod(known(node.inputs[0].shape[1:])) * h * w * channels
        case "conv_kernel_fewest":
            return SAVED_BY_ONES * prod(known((*node.shape[:-1], *node.inputs[1].shape[2:])))
        case "conv_phase":
            return SAVED_BY_PHASES * elements
        case "conv_kernel_blocks":
            return SAVED_BY_A_KERNEL * prod(known((*node.shape, *node.inputs[1].shape[2:])))
        case "conv_kernel_examples":
            x, g = node.inputs
            copied = COPIED_FOR_EXAMPLES * (prod(known(x.shape[1:])) + prod(known(g.shape[1:])))
            return SAVED_BY_EXAMPLES * prod(known((*node.shape, *g.shape[2:4]))) - copied
        case "conv_kernel_depthwise":
            h, w, *_ = known(node.shape)
            return SAVED_BY_DEPTHWISE * prod(known(node.inputs[1].shape[1:])) * h * w
        case "kernel_turned":
            return SAVED_BY_TURNING * prod(known(node.inputs[0].inputs[1].shape[1:]))
        case "split_channels_last" | "split_channels_first" | "channels_joined_last" | "channels_joined_first":
            return -CONVERSION * elements
    return 0.0
