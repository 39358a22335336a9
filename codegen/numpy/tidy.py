"""What this backend wants of a graph: small masks, and numbers stretched to arrays as late as can be, which is never.

before   %1 = broadcast_to(%0);  %2 = mul(0.5, %1);  %3 = mul(%2, x)        %0 a scalar
after    %1 = mul(0.5, %0);  %3 = mul(%1, x)

In small arrays, where a call of NumPy takes longer than what it computes, there are quicker words for two things:

before   cast(greater(h, 0))                          h = relu(…)
after    sign(h)

before   cast(equal(reshape(y), [0, 1, … 9]))         y chooses one of 10 elsewhere, so that it is 0 to 9
after    gather(identity, y)
"""

from __future__ import annotations

from math import prod

import numpy as np

from nndsl.graph.node import PRIMITIVES, Graph, Node
from nndsl.graph.sizes import BATCH, Dim
from nndsl.graph.types import TensorType
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.rectified import is_positive, rectify_after_pooling
from nndsl.transform.rewrite import Rule, rewrite
from nndsl.transform.simplify import simplify

FEW = 4096
"""Up to so many elements, `np.sign(h)` and a product take less time than `h > 0` and a product with truth values."""

KINDS = 256
"""Up to so many classes, an identity matrix is kept to take one-hot rows from: 256 KiB."""


def tidy(graph: Graph, rows: int | None) -> Graph:
    """The graph with a relu's masks taken after pools, and every `broadcast_to` behind the element-wise operations on
    it, and gone where these broadcast; masks and one-hot rows as they are quickest for batches of so many rows."""
    graph = rewrite(rectify_after_pooling(graph), _stretch_late)
    graph = rewrite(graph, _rows_of_identity(graph))
    return simplify(rewrite(graph, _signs(rows)) if rows else graph)


def _stretch_late(node: Node) -> Node:
    if node.op not in ELEMENTWISE or not node.shape:
        return node
    stretched = [operand for operand in node.inputs if operand.op == "broadcast_to" and not operand.inputs[0].shape]
    if not stretched or any(operand.shape and operand not in stretched for operand in node.inputs):
        return node
    operands = tuple(operand.inputs[0] if operand in stretched else operand for operand in node.inputs)
    type = node.primitive.type(*(operand.type for operand in operands), **node.attributes)
    scalar = Node(node.primitive, operands, node.attributes, type, node.origin)
    return Node(PRIMITIVES["broadcast_to"], (scalar,), {"shape": node.shape}, node.type, node.origin, node.name)


def _signs(rows: int) -> Rule:
    """Whether a relu let a number pass is its result's sign."""

    def rule(node: Node) -> Node:
        if node.op != "cast" or node.inputs[0].op != "greater":
            return node
        relu = node.inputs[0].inputs[0]
        if relu.op != "relu" or relu.type != node.type or not is_positive(node, relu) or not _are_few(node.shape, rows):
            return node
        return Node(PRIMITIVES["sign"], (relu,), {}, node.type, node.origin, node.name)

    return rule


def _are_few(shape: tuple[Dim, ...], rows: int) -> bool:
    sizes = [rows if size == BATCH else size for size in shape]
    return all(isinstance(size, int) for size in sizes) and prod(size for size in sizes if isinstance(size, int)) <= FEW


def _rows_of_identity(graph: Graph) -> Rule:
    """One-hot rows of classes that choose an element each somewhere in the graph."""
    choosing = {(node.inputs[1], node.inputs[0].shape[-1]) for node in graph.nodes if _chooses(node)}

    def rule(node: Node) -> Node:
        if node.op != "cast" or node.type.dtype != "f32" or node.inputs[0].op != "equal":
            return node
        column, places = node.inputs[0].inputs
        count = node.shape[-1]
        if (column, count) not in choosing or not isinstance(count, int) or count > KINDS:
            return node
        if places.op != "constant" or not np.array_equal(np.asarray(places.attributes["value"]), np.arange(count)):
            return node
        value = np.eye(count, dtype=np.float32)
        identity = Node(
            PRIMITIVES["constant"], (), {"value": value}, TensorType("f32", value.shape), node.origin, "one_hot"
        )
        return Node(PRIMITIVES["gather"], (identity, column.inputs[0]), {"axis": 0}, node.type, node.origin, node.name)

    return rule


def _chooses(node: Node) -> bool:
    """Whether a node takes one element along the last axis, by an index that is given a last axis of one for that."""
    if node.op != "take_along" or node.attributes["axis"] != node.type.rank - 1:
        return False
    column = node.inputs[1]
    return column.op == "reshape" and column.shape == (*column.inputs[0].shape, 1)
