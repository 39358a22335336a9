"""What this backend wants of a graph: small masks, and numbers stretched to arrays as late as can be, which is never.

before   %1 = broadcast_to(%0);  %2 = mul(0.5, %1);  %3 = mul(%2, x)        %0 a scalar
after    %1 = mul(0.5, %0);  %3 = mul(%1, x)
"""

from __future__ import annotations

from nndsl.graph.node import PRIMITIVES, Graph, Node
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.rectified import rectify_after_pooling
from nndsl.transform.rewrite import rewrite
from nndsl.transform.simplify import simplify


def tidy(graph: Graph) -> Graph:
    """The graph with a relu's masks taken after pools, and every `broadcast_to` behind the element-wise operations on
    it, and gone where these broadcast."""
    return simplify(rewrite(rectify_after_pooling(graph), _stretch_late))


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
