"""The passes that both backends share; each canonicalises or simplifies, none reorders floating-point sums.

`simplify` runs them until nothing changes. Dead code needs no pass: a graph is what its outputs need.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import PRIMITIVES, Graph, Node
from nndsl.graph.sizes import Size, is_static
from nndsl.transform.algebra import simplify_algebra
from nndsl.transform.rewrite import keep_name, rewrite

FOLD_LIMIT = 64
"""Folding makes no constant of more elements than its operands have and than this: it would swell the files."""


def simplify(graph: Graph) -> Graph:
    """All passes, those after the first, whose work is done once, repeated until the number of nodes stays the same."""
    graph = drop_markers(graph)
    while True:
        before = len(graph.nodes)
        for run in PASSES:
            graph = run(graph)
        if len(graph.nodes) == before:
            return graph


def drop_markers(graph: Graph) -> Graph:
    """Remove what only differentiation reads: `stop_gradient(x)` and `override(x, …)` are x.

    before   %1 = stop_gradient(x);  %2 = override(%1, z) {rule = "cross_entropy"}
    after    x
    """

    def rule(node: Node) -> Node:
        return keep_name(node, node.inputs[0]) if node.op in ("stop_gradient", "override") else node

    return rewrite(graph, rule)


def fold_constants(graph: Graph) -> Graph:
    """Compute what depends on constants only.

    before   %1 = constant() {value = f32(2.0)};  %2 = sqrt(%1)
    after    %2 = constant() {value = f32(1.4142135)}
    """

    def rule(node: Node) -> Node:
        if not node.inputs or not all(operand.op == "constant" for operand in node.inputs):
            return node
        if not is_static(node.shape) or not is_pure(node) or _grows(node):
            return node
        value = evaluate(Graph("", {}, {"value": node}), {})["value"]
        return Node(PRIMITIVES["constant"], (), {"value": value}, node.type, node.origin, node.name)

    return rewrite(graph, rule)


def share_common(graph: Graph) -> Graph:
    """Compute equal expressions once (the first one's origin and the first name given are kept).

    before   %1 = exp(x);  %2 = exp(x);  %3 = add(%1, %2)
    after    %1 = exp(x);  %3 = add(%1, %1)
    """
    first: dict[Any, Node] = {}

    def rule(node: Node) -> Node:
        if node.op == "input":
            return node
        attributes = [(key, _attribute_key(value)) for key, value in sorted(node.attributes.items())]
        return first.setdefault((node.op, node.inputs, *attributes), node)  # from which its type follows

    return rewrite(graph, rule)


def is_pure(node: Node) -> bool:
    """Whether a node is a function of its operands alone (not of a symbolic size, which folding does not know)."""
    return node.op not in ("input", "size", "random_uniform")


def _grows(node: Node) -> bool:
    """Whether folding this node, whose shape is static, would make a constant larger than those it replaces."""
    made, *replaced = (_elements(item) for item in (node, *node.inputs))
    return made > max(FOLD_LIMIT, *replaced)


def _elements(node: Node) -> int:
    """How many elements a value of static shape has."""
    return prod(dim.evaluate({}) if isinstance(dim, Size) else dim for dim in node.shape)


def _attribute_key(value: Any) -> Any:
    return (str(value.dtype), value.shape, value.tobytes()) if isinstance(value, np.ndarray) else (type(value), value)


PASSES: tuple[Callable[[Graph], Graph], ...] = (simplify_algebra, fold_constants, share_common)
