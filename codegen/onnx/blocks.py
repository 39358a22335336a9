"""Blocks of channels between layers, for ONNX Runtime on the CPU: a third layout beside the two of `layout`.

    x = input()                       [batch, 32, 32, 3]       x = input()
    y = conv(x, W) + b                [batch, 32, 32, 32]      t = transpose(x)             [batch, 3, 32, 32]
    h = relu(y)                       …                        h = conv_blocks(t, W, b)     [batch, 2, 32, 32, 16]
    p = max_pool(h)                   [batch, 16, 16, 32]      p = max_pool_blocks(h)       [batch, 2, 16, 16, 16]

A convolution of images is computed so if its filters divide into blocks, and its channels too unless they are fewer
than one; then pools, element-wise operations and reductions over places are if what they take is there.
All others find their operands channels first or last. A convolution takes the bias and the relu behind it with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from nndsl.codegen.onnx import direct, direct_examples, direct_kernels, direct_pooling, phases
from nndsl.codegen.onnx.convolution import by_convolution
from nndsl.codegen.onnx.gains import saved
from nndsl.codegen.onnx.layout import REDUCTIONS, Layouts, channels_first, laid_out, remade, reshaped, transposed
from nndsl.graph.node import PRIMITIVES, Graph, Node, Primitive
from nndsl.graph.sizes import Dim
from nndsl.graph.types import Shape
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.rectified import rectify_after_pooling

PRODUCTS = {"conv": direct.CONV, "conv_input": direct.CONV_INPUT}
POOLS = {"max_pool": direct_pooling.MAX_POOL, "avg_pool": direct_pooling.AVG_POOL}


@dataclass(frozen=True)
class Images:
    """How a session on this machine's processor has its images: `block` channels of a pixel side by side, or 0 where
    it has no blocks, in batches of so many `rows`, or 0 where these are not known."""

    block: int = 0
    rows: int = 0


def in_blocks(graph: Graph, images: Images) -> Graph:
    """The graph with what can be in blocks, if there are blocks and that pays; the types of its ends stay.

    It does not for networks of small products that are not in blocks on all sides.
    """
    if not images.block or not any(node.op in PRODUCTS for node in graph.nodes):
        return channels_first(graph)
    blocked = all_in_blocks(graph, images)
    return blocked if saved(blocked) > 0 else channels_first(graph)


def all_in_blocks(graph: Graph, images: Images) -> Graph:
    """The graph with what can be in blocks."""
    graph = rectify_after_pooling(graph)
    return laid_out(graph, Blocks(graph, images))


class Blocks(Layouts):
    """Layouts of which the third is [batch, channels / block, h, w, block]."""

    def __init__(self, graph: Graph, images: Images) -> None:
        super().__init__()
        self._block, self._rows = images.block, images.rows
        self._plan = phases.Phased(graph, images.block)
        self._phases: dict[Node, tuple[Node, ...]] = {}
        self._uses = {node: len(users) for node, users in graph.users().items()}
        for node in graph.outputs.values():
            self._uses[node] += 1
        self._blocks: dict[Node, Node] = {}
        self._at_home_in_blocks: set[Node] = set()

    def last(self, node: Node) -> Node:
        if node not in self._last and node in self._blocks:
            x = self._blocks[node]
            if _is_converted(node):
                self._last[node] = _converted(x, direct.JOINED_LAST)
            else:
                self._last[node] = reshaped(transposed(x, OUT_OF_BLOCKS), node.shape)
        return super().last(node)

    def first(self, node: Node) -> Node:
        if node not in self._first and node in self._blocks:
            if _is_converted(node):
                self._first[node] = _converted(self._blocks[node], direct.JOINED_FIRST)
            else:
                self.last(node)
        return super().first(node)

    def blocks(self, node: Node) -> Node:
        """The value in blocks."""
        if node not in self._blocks:
            batch, h, w, channels = node.shape
            if node.op == "broadcast_to" and node.inputs[0].type.rank > 0:  # the smaller value is transposed
                blocks, block = self._split(channels)
                self._blocks[node] = remade(node, (self._split_up(node.inputs[0]),), shape=(batch, blocks, h, w, block))
            elif not _is_converted(node):
                self._blocks[node] = self._split_up(node)
            elif node in self._at_home_first:
                self._blocks[node] = _converted(self.first(node), direct.SPLIT_FIRST, block=self._block)
            else:
                self._blocks[node] = _converted(self.last(node), direct.SPLIT_LAST, block=self._block)
        return self._blocks[node]

    def add(self, node: Node) -> None:
        if self._add_phases(node):
            return
        made = self._computed_in_blocks(node)
        if made is None:
            if node not in self._last:
                super().add(node)
        else:
            self._blocks[node] = made
            self._at_home_in_blocks.add(node)
            self._at_home_first.add(node)  # there it is wanted by what is not computed in blocks

    def _computed_in_blocks(self, node: Node) -> Node | None:
        """The node in blocks, if it is computed so. A result that has no channels goes straight to `last`."""
        if node.op in ("conv", "conv_input", "conv_kernel"):
            return self._product(node)
        if not any(operand in self._at_home_in_blocks for operand in node.inputs):
            return None
        if node.op in REDUCTIONS and node.attributes["axes"] in ((1, 2), (0, 1, 2)):
            x = _applied(node.op, node, self.blocks(node.inputs[0]), axes=(2, 3), keepdims=False)
            if 0 in node.attributes["axes"]:  # by itself: axes that lie side by side are quick
                x = _applied(node.op, node, x, axes=(0,), keepdims=False)
            self._last[node] = _applied("reshape", node, x, shape=node.shape)
            return None
        if not self._divides(node):
            return None
        if node.op in POOLS:
            return remade(node, (self.blocks(node.inputs[0]),), POOLS[node.op], block=self._block)
        if node.op == "max_pool_gradient" and _side_by_side(node):
            operands = tuple(map(self.blocks, node.inputs))
            return remade(node, operands, direct_pooling.MAX_POOL_GRADIENT, block=self._block)
        if node.op in ELEMENTWISE:
            return self._with_convolution(node) or remade(node, tuple(self._brought(x, node) for x in node.inputs))
        return None

    def _computed_first(self, node: Node) -> Node | None:
        return self._few_channels(node) or super()._computed_first(node)

    def _add_phases(self, node: Node) -> bool:
        """Make the phases of a node, or what follows from phases, where a first convolution is computed so."""
        if node in self._plan.relus:
            conv, bias, _ = self._plan.relus[node]
            x, W = conv.inputs
            operands = self.first(x), self.last(W), self.last(bias)
            self._phases[node] = phases.computed(node, self._plan, *operands, self._block)
        elif node in self._plan.pools:
            self._blocks[node] = reduce(
                lambda a, b: _applied("maximum", node, a, b), self._phases[self._plan.pools[node]]
            )
            self._at_home_in_blocks.add(node)
            self._at_home_first.add(node)
        elif node in self._plan.gradients:
            _, y, g = node.inputs
            relu = self._plan.gradients[node]
            self._phases[node] = phases.shares(node, self.blocks(y), self.blocks(g), self._phases[relu])
        elif node.op == "conv_kernel" and node.inputs[1] in self._phases:
            x, d = node.inputs
            size = d.attributes["size"]
            self._last[node] = phases.kernel_gradient(node, self.first(x), self._phases[d], size, self._block)
        else:
            return False
        return True

    # ------------------------------------------------------------ convolutions

    def _product(self, node: Node) -> Node | None:
        """One of the three products of a convolution, if there is one in blocks for it."""
        groups = node.attributes["groups"]
        depthwise = groups > 1 and direct.is_depthwise(node)
        if groups > 1 and not depthwise:
            return None
        if node.op == "conv_kernel":
            made = self._depthwise_kernel(node) if depthwise else self._kernel(node)
            if made:
                self._last[node] = made
            return None
        if not self._divides(node) or (node.op == "conv_input" and not direct.residues(node)):
            return None
        a, W = node.inputs
        if self._divides(a):
            operands = self.blocks(a), self.last(W)
        elif self._is_less_than_a_block(a) and not depthwise:
            operands = self.first(a), self.last(W)
        else:
            return None
        attributes = {**node.attributes, "block": self._block, "activation": ""}
        return _in_place_of(node, PRODUCTS[node.op], operands, attributes)

    def _few_channels(self, node: Node) -> Node | None:
        """A gradient with respect to images of fewer channels than a block, channels first."""
        if node.op != "conv_input" or node.attributes["groups"] > 1 or not self._divides(node.inputs[0]):
            return None
        g, W = node.inputs
        if not direct.has_few(node.shape[-1], self._block) or not direct.residues(node):
            return None
        return remade(node, (self.blocks(g), self.last(W)), direct.CONV_INPUT_FEW, block=self._block)

    def _kernel(self, node: Node) -> Node | None:
        """A gradient with respect to W."""
        x, g = node.inputs
        if self._divides(g) and direct_examples.has_examples(node, self._block, self._rows):
            if self._divides(x):
                return remade(node, (self.blocks(x), self.blocks(g)), direct_examples.CONV_KERNEL, block=self._block)
            if self._is_less_than_a_block(x) and not direct_kernels.has_fewest(node):
                return remade(node, (self.last(x), self.blocks(g)), direct_examples.CONV_KERNEL, block=self._block)
        if self._divides(x) and self._divides(g) and direct_kernels.has_kernel_gradient(node, self._block):
            return remade(node, (self.blocks(x), self.first(g)), direct_kernels.CONV_KERNEL, block=self._block)
        if all(map(self._is_less_than_a_block, (x, g))) and direct_kernels.has_fewest(node):
            return remade(node, (self.first(x), self.first(g)), direct_kernels.CONV_KERNEL_FEWEST, block=self._block)
        if by_convolution(node):
            return None
        if self._divides(g) and self._is_less_than_a_block(x):
            return remade(node, (self.first(x), self.blocks(g)), direct_kernels.CONV_KERNEL_FEW, block=self._block)
        turned = direct_kernels.turned_attributes(node)
        if turned and self._divides(x) and self._is_less_than_a_block(g):
            few, operands = direct_kernels.CONV_KERNEL_FEW, (self.first(g), self.blocks(x))
            attributes = {**turned, "block": self._block}
            type = few.type(*(operand.type for operand in operands), **attributes)
            return _in_place_of(node, direct_kernels.TURNED, (Node(few, operands, attributes, type, node.origin),), {})
        return None

    def _depthwise_kernel(self, node: Node) -> Node | None:
        if not all(map(self._divides, node.inputs)):
            return None
        operands = tuple(map(self.blocks, node.inputs))
        return remade(node, operands, direct_kernels.CONV_KERNEL_DEPTHWISE, block=self._block)

    def _with_convolution(self, node: Node) -> Node | None:
        """The sum of a convolution and a number for each channel, or a relu behind it, where nothing else uses that."""
        if node.op == "relu" and (conv := self._only_here(node.inputs[0])):
            return _in_place_of(node, conv.primitive, conv.inputs, {**conv.attributes, "activation": "Relu"})
        if node.op == "add":
            for x, bias in (node.inputs, node.inputs[::-1]):
                vector = bias.shape[-1:] == x.shape[-1:] and all(n == 1 for n in bias.shape[:-1])
                if vector and (conv := self._only_here(x)) and len(conv.inputs) == 2:
                    operands = *conv.inputs, reshaped(self.last(bias), bias.shape[-1:])
                    return _in_place_of(node, conv.primitive, operands, conv.attributes)
        return None

    def _only_here(self, x: Node) -> Node | None:
        """The convolution in blocks that a value is, if it is used once and is not rectified."""
        made = self._blocks.get(x)
        is_product = made is not None and made.primitive in PRODUCTS.values() and not made.attributes["activation"]
        return made if is_product and self._uses[x] == 1 else None

    # ------------------------------------------------------------ shapes

    def _divides(self, node: Node) -> bool:
        """Whether a value is images of known size whose channels divide into blocks."""
        return _channels(node) > 0 == _channels(node) % self._block

    def _is_less_than_a_block(self, node: Node) -> bool:
        """Whether a value is images of known size with fewer channels than a block."""
        return 0 < _channels(node) < self._block

    def _brought(self, operand: Node, node: Node) -> Node:
        """An operand of an element-wise operation. What is stretched is as small as it is, but numbers for each channel
        are whole lines: they would be read anew for each pixel."""
        if operand.type.rank == 0:
            return self.last(operand)
        x = self.blocks(operand) if self._divides(operand) else self._split_up(operand)
        line = node.shape[2], self._block
        is_for_channels = x.shape[4] == self._block and x.shape[3] != line[0]
        return _converted(x, direct.LINES, line=line) if is_for_channels else x

    def _split_up(self, operand: Node) -> Node:
        """A value of up to four axes, whose last are channels or a single one, in the order of blocks."""
        *places, channels = (1,) * (4 - operand.type.rank) + operand.shape
        wide = reshaped(self.last(operand), (*places, *self._split(channels)))
        return transposed(wide, IN_BLOCKS)

    def _split(self, channels: Dim) -> Shape:
        return (1, 1) if channels == 1 else (channels // self._block, self._block)


IN_BLOCKS = (0, 3, 1, 2, 4)
"""The axes [batch, h, w, channels / block, block] in the order of blocks."""

OUT_OF_BLOCKS = (0, 2, 3, 1, 4)


def _channels(node: Node) -> int:
    """The channels of images of known size; 0 of anything else."""
    known = [n for n in node.shape[1:] if isinstance(n, int)]
    return known[-1] if node.type.rank == 4 and len(known) == 3 else 0


def _is_converted(node: Node) -> bool:
    """Whether a value is of the type that the operators of the domain take into blocks and out of them."""
    return node.type.dtype == "f32"


def _in_place_of(node: Node, primitive: Primitive, operands: tuple[Node, ...], attributes: Mapping[str, Any]) -> Node:
    """A primitive in place of `node`."""
    type = primitive.type(*(operand.type for operand in operands), **attributes)
    return Node(primitive, operands, attributes, type, node.origin, node.name)


def _converted(x: Node, primitive: Primitive, **attributes: Any) -> Node:
    return Node(primitive, (x,), attributes, primitive.type(x.type, **attributes), x.origin)


def _applied(op: str, node: Node, *operands: Node, **attributes: Any) -> Node:
    """A primitive applied to operands, of the origin and name of `node`."""
    primitive = PRIMITIVES[op]
    type = primitive.type(*(operand.type for operand in operands), **attributes)
    return Node(primitive, operands, attributes, type, node.origin, node.name)


def _side_by_side(pool: Node) -> bool:
    return pool.attributes["size"] == pool.attributes["strides"] and not any(map(any, pool.attributes["padding"]))
