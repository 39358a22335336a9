"""What is known of a relu's gradient: where it may be taken, and what it looks like."""

from __future__ import annotations

from nndsl.graph.node import Graph, Node
from nndsl.graph.types import TensorType
from nndsl.transform.rewrite import rewrite


def rectify_after_pooling(graph: Graph) -> Graph:
    """The gradient of relu before a pool taken where the pool's result is positive, and the gradient of a bias before
    it from what the pool is given: there are fewer of those.

    before   d = max_pool_gradient(x, y, g);  r = d * cast(x > 0);               b = reduce_sum(r)
    after    h = g * cast(y > 0);             r = max_pool_gradient(x, y, h);    b = reduce_sum(h)

    An element gets a gradient only from windows whose maximum it is, so it is positive where theirs is; and each
    window gives its gradient to one element, so all of them have the same sum.
    """

    def rule(node: Node) -> Node:
        if not node.inputs or node.inputs[0].op != "max_pool_gradient":
            return node
        d = node.inputs[0]
        x, y, g = d.inputs
        if node.op == "reduce_sum" and {*range(d.type.rank - 1)} <= {*node.attributes["axes"]}:
            return Node(node.primitive, (g,), node.attributes, node.type, node.origin, node.name)
        if node.op != "mul" or not is_positive(mask := node.inputs[1], x):
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
