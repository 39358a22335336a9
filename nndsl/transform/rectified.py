"""What is known of a relu's gradient: where it may be taken, and what it looks like."""

from __future__ import annotations

from nndsl.graph.node import Graph, Node
from nndsl.graph.types import TensorType
from nndsl.transform.rewrite import rewrite


def rectify_after_pooling(graph: Graph) -> Graph:
    """The gradient of relu before a pool, taken where the pool's result is positive: there are fewer of those.

    before   d = max_pool_gradient(x, y, g);  r = d * cast(x > 0)
    after    r = max_pool_gradient(x, y, g * cast(y > 0))

    An element gets a gradient only from windows whose maximum it is, so it is positive where theirs is.
    """

    def rule(node: Node) -> Node:
        if node.op != "mul" or node.inputs[0].op != "max_pool_gradient":
            return node
        d, mask = node.inputs
        x, y, g = d.inputs
        if not is_positive(mask, x):
            return node
        greater = mask.inputs[0]
        positive = Node(greater.primitive, (y, greater.inputs[1]), {}, TensorType("bool", y.shape), greater.origin)
        pooled = Node(mask.primitive, (positive,), mask.attributes, y.type, mask.origin)
        masked = Node(node.primitive, (g, pooled), {}, g.type, node.origin)
        return Node(d.primitive, (x, y, masked), d.attributes, d.type, d.origin, node.name)

    return rewrite(graph, rule)


def is_positive(node: Node, x: Node) -> bool:
    """Whether a node is x > 0 as a number, 0 or 1."""
    if node.op != "cast" or node.inputs[0].op != "greater":
        return False
    left, right = node.inputs[0].inputs
    return left is x and right.op == "constant" and not right.shape and right.attributes["value"] == 0
