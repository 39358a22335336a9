"""Channels first between layers: a pass that users never see, since their tensors have channels last.

    x = input()                        [batch, 28, 28, 1]        x = input()
    y = conv(x, W)                     [batch, 26, 26, 32]       t = transpose(x)                  [batch, 1, 28, 28]
    h = relu(y)                        …                         y = conv_first(t, transpose(W))   [batch, 32, 26, 26]
    p = max_pool(h)                    [batch, 13, 13, 32]       h = relu(y);  p = max_pool_first(h)
    f = reshape(p)                     [batch, 5408]             f = reshape(transpose(p))

Convolution and pooling compute channels first; element-wise operations, reductions, paddings, slices and
concatenations of what they give do too, with everything else that takes part brought into that order; all other
operations have their operands as they were. A value is transposed at most once, so a network of convolutions and what
is usual between them transposes once on the way in and once on the way out, and its gradient once on the way back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nndsl.codegen.onnx.convolution import CONV, CONV_INPUT, CONV_KERNEL
from nndsl.codegen.onnx.pooling import AVG_POOL, AVG_POOL_GRADIENT, MAX_POOL, MAX_POOL_GRADIENT
from nndsl.codegen.onnx.repetition import REPEAT, SUM, repeated, summed
from nndsl.graph.node import PRIMITIVES, Graph, Node, Primitive
from nndsl.graph.types import Shape
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.rectified import rectify_after_pooling
from nndsl.transform.simplify import simplify

CONVOLUTIONS: Mapping[str, Primitive] = {"conv": CONV, "conv_input": CONV_INPUT}
POOLS: Mapping[str, Primitive] = {
    "max_pool": MAX_POOL,
    "max_pool_gradient": MAX_POOL_GRADIENT,
    "avg_pool": AVG_POOL,
    "avg_pool_gradient": AVG_POOL_GRADIENT,
}
REDUCTIONS = frozenset({"reduce_sum", "reduce_mean", "reduce_max", "reduce_min"})
ALONG_AN_AXIS = frozenset({"concat", "pad", "slice"})

Axes = tuple[int, ...]


def channels_first(graph: Graph) -> Graph:
    """The graph with its convolutions and pools channels first; the types of its inputs and outputs stay."""
    if not any(node.op in CONVOLUTIONS or node.op in POOLS or node.op == "conv_kernel" for node in graph.nodes):
        return graph
    return laid_out(rectify_after_pooling(graph), Layouts())


def laid_out(graph: Graph, layouts: Layouts) -> Graph:
    """The graph with every node where the layouts have it."""
    for node in graph.nodes:
        layouts.add(node)
    return simplify(Graph(graph.name, graph.inputs, {name: layouts.last(node) for name, node in graph.outputs.items()}))


def to_first(rank: int) -> Axes:
    """The axes of [batch, *spatial, channels] in the order [batch, channels, *spatial]; two axes stay as they are."""
    return (0, rank - 1, *range(1, rank - 1)) if rank > 1 else tuple(range(rank))


def to_last(rank: int) -> Axes:
    return (0, *range(2, rank), 1) if rank > 1 else tuple(range(rank))


class Layouts:
    """The nodes of a graph made anew, each in the layout that suits it, and in the other one when it is asked for."""

    def __init__(self) -> None:
        self._last: dict[Node, Node] = {}
        self._first: dict[Node, Node] = {}
        self._at_home_first: set[Node] = set()

    def last(self, node: Node) -> Node:
        """The value as it was."""
        if node not in self._last:
            self._last[node] = transposed(self._first[node], to_last(node.type.rank))
        return self._last[node]

    def first(self, node: Node) -> Node:
        """The value channels first."""
        if node not in self._first:
            axes = to_first(node.type.rank)
            if node.op == "broadcast_to" and node.inputs[0].type.rank > 0:  # the smaller value is transposed
                operand = self._aligned(node.inputs[0], node.type.rank)
                self._first[node] = remade(node, (operand,), shape=tuple(node.shape[axis] for axis in axes))
            else:
                self._first[node] = transposed(self._last[node], axes)
        return self._first[node]

    def add(self, node: Node) -> None:
        """Make the node from operands that are there already."""
        made = self._computed_first(node)
        if made is not None:
            self._first[node] = made
            self._at_home_first.add(node)
        elif node not in self._last:
            operands = tuple(self.last(operand) for operand in node.inputs)
            same = all(a is b for a, b in zip(operands, node.inputs, strict=True))
            self._last[node] = node if same else remade(node, operands)

    def _computed_first(self, node: Node) -> Node | None:
        """The node channels first, if it is computed so. A result that has no channels goes straight to `last`."""
        if node.op in CONVOLUTIONS:
            x, W = node.inputs
            return remade(node, (self.first(x), filters_first(self.last(W))), CONVOLUTIONS[node.op])
        if node.op == "conv_kernel":
            x, g = node.inputs
            self._last[node] = remade(node, (self.first(x), self.first(g)), CONV_KERNEL)
            return None
        if node.op in POOLS:
            return remade(node, tuple(map(self.first, node.inputs)), POOLS[node.op])
        for find, primitive in ((repeated, REPEAT), (summed, SUM)):
            if (found := find(node)) and found[0] in self._at_home_first:
                x, times = self.first(found[0]), found[1]
                type = primitive.type(x.type, times=times)
                return Node(primitive, (x,), {"times": times}, type, node.origin, node.name)
        rank = max((operand.type.rank for operand in node.inputs), default=0)
        if not any(operand in self._at_home_first and operand.type.rank == rank for operand in node.inputs):
            return None
        if node.op in ELEMENTWISE:
            return remade(node, tuple(self._aligned(operand, rank) for operand in node.inputs))
        if node.op in ALONG_AN_AXIS:
            axis = to_first(rank).index(node.attributes["axis"])
            return remade(node, tuple(map(self.first, node.inputs)), axis=axis)
        if node.op in REDUCTIONS:
            return self._reduced(node)
        return None

    def _aligned(self, operand: Node, rank: int) -> Node:
        """An operand of an element-wise operation, its axes in the order of one of `rank` axes channels first."""
        if operand.type.rank == 0:
            return self.last(operand)
        if operand.type.rank == rank:
            return self.first(operand)
        widened = reshaped(self.last(operand), (1,) * (rank - operand.type.rank) + operand.shape)
        return transposed(widened, to_first(rank))

    def _reduced(self, node: Node) -> Node | None:
        """A reduction over the same axes, where these lie now, if what is left has either order of axes."""
        (x,) = node.inputs
        order = to_first(x.type.rank)
        axes = tuple(sorted(order.index(axis) for axis in node.attributes["axes"]))
        if node.attributes["keepdims"]:
            return remade(node, (self.first(x),), axes=axes)
        left = [axis for axis in order if axis not in node.attributes["axes"]]
        if left == sorted(left):
            self._last[node] = remade(node, (self.first(x),), axes=axes)
        elif left == [sorted(left)[axis] for axis in to_first(len(left))]:
            return remade(node, (self.first(x),), axes=axes)
        return None


def filters_first(W: Node) -> Node:
    """[*kernel, channels, filters] -> [filters, channels, *kernel]"""
    rank = W.type.rank
    return transposed(W, (rank - 1, rank - 2, *range(rank - 2)))


def remade(node: Node, operands: tuple[Node, ...], primitive: Primitive | None = None, **attributes: Any) -> Node:
    """The node on other operands: its type follows from theirs."""
    primitive = primitive or node.primitive
    attributes = {**node.attributes, **attributes}
    type = primitive.type(*(operand.type for operand in operands), **attributes)
    return Node(primitive, operands, attributes, type, node.origin, node.name)


def transposed(x: Node, axes: Axes) -> Node:
    """x with its axes in this order: a reshape where only axes of size one change places."""
    if axes == tuple(range(len(axes))):
        return x
    wide = [axis for axis in axes if x.shape[axis] != 1]
    if wide == sorted(wide):
        return reshaped(x, tuple(x.shape[axis] for axis in axes))
    return _made(x, "transpose", axes=axes)


def reshaped(x: Node, shape: Shape) -> Node:
    return x if x.shape == shape else _made(x, "reshape", shape=shape)


def _made(x: Node, op: str, **attributes: Any) -> Node:
    primitive = PRIMITIVES[op]
    return Node(primitive, (x,), attributes, primitive.type(x.type, **attributes), x.origin)
