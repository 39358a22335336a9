"""Sums over all gradients, as a norm has them, written as one: `sum((g * g).sum() for g in grads.values())`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from nndsl.codegen.numpy.expressions import call, method, name
from nndsl.codegen.numpy.spelling import spell
from nndsl.graph.node import Graph, Node


def totals(graph: Graph, gradients: Sequence[Node]) -> dict[Node, ast.expr]:
    """The nodes of a graph that add up the same sum of every gradient, each as the expression of all."""
    found: dict[Node, ast.expr] = {}
    users = graph.users()
    for node in graph.nodes:
        if node.op != "add" or node.shape or any(user.op == "add" for user in users[node]):
            continue
        leaves = list(_leaves(node))
        owners = [_owner(leaf) for leaf in leaves]
        if None in owners or len(leaves) < 2 or {*owners} != {*gradients} or len(leaves) != len(gradients):
            continue
        terms = [_term(leaf, owner) for leaf, owner in zip(leaves, owners, strict=True) if owner is not None]
        if len({ast.dump(term) for term in terms}) == 1:
            every = ast.comprehension(name("g"), method(name("grads"), "values"), [], 0)
            found[node] = call("sum", ast.GeneratorExp(terms[0], [every]))
    return found


def _leaves(node: Node) -> Iterator[Node]:
    for operand in node.inputs if node.op == "add" and not node.shape else ():
        yield from _leaves(operand) if operand.op == "add" and not operand.shape else (operand,)


def _owner(leaf: Node) -> Node | None:
    """The one gradient that a sum is made from; a gradient of one element is not summed but reshaped."""
    if leaf.shape or leaf.op not in ("reduce_sum", "reshape"):
        return None
    inputs = [node for node in Graph("", {}, {"": leaf}).nodes if node.op == "input"]
    return inputs[0] if len(inputs) == 1 else None


def _term(leaf: Node, owner: Node) -> ast.expr:
    trees: Mapping[Node, ast.expr] = {owner: name("g")}
    for node in Graph("", {}, {"": leaf.inputs[0]}).nodes:
        trees = {node: spell(node, [trees[operand] for operand in node.inputs], {}), **trees}
    return method(trees[leaf.inputs[0]], "sum")
