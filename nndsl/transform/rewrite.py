"""Rebuilding a graph node by node: the one loop that every pass is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nndsl.graph.node import PRIMITIVES, Graph, Node

Rule = Callable[[Node], Node]
"""Given a node whose operands are already rewritten, the node to put in its place (the same one to keep it)."""


def rewrite(graph: Graph, rule: Rule) -> Graph:
    """The graph with `rule` applied to every node, operands first; inputs stay. The graph itself if nothing changes."""
    new: dict[Node, Node] = {}
    for node in graph.nodes:
        operands = tuple([new[operand] for operand in node.inputs])
        new[node] = rule(node if operands == node.inputs else with_inputs(node, operands))
    outputs = {name: new[node] for name, node in graph.outputs.items()}
    return graph if outputs == graph.outputs else Graph(graph.name, graph.inputs, outputs)


def rename_inputs(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The graph whose inputs have other names; those that `names` lacks keep theirs."""

    def renamed(key: str, node: Node) -> Node:
        name = names[key]
        return Node(node.primitive, (), {"name": name}, node.type, node.origin, name)

    new = {node: renamed(key, node) for key, node in graph.inputs.items() if key in names}
    changed = rewrite(graph, lambda node: new.get(node, node))
    inputs = {names.get(key, key): new.get(node, node) for key, node in graph.inputs.items()}
    return Graph(graph.name, inputs, changed.outputs)


def with_given(graph: Graph, names: Mapping[Node, str]) -> Graph:
    """The graph with an input of that name in place of each of the nodes, as far as something uses it; outputs that
    are such nodes are left out."""
    inputs = {node: Node(PRIMITIVES["input"], (), {"name": name}, node.type) for node, name in names.items()}
    new: dict[Node, Node] = {}
    for node in graph.nodes:
        operands = tuple([new[operand] for operand in node.inputs])
        new[node] = inputs.get(node) or (node if operands == node.inputs else with_inputs(node, operands))
    outputs = {name: new[node] for name, node in graph.outputs.items() if node not in names}
    used = {*Graph(graph.name, {}, outputs).nodes}
    taken = {name: inputs[node] for node, name in names.items() if inputs[node] in used}
    return Graph(graph.name, {**graph.inputs, **taken}, outputs)


def with_inputs(node: Node, operands: tuple[Node, ...]) -> Node:
    return Node(node.primitive, operands, node.attributes, node.type, node.origin, node.name)


def with_name(node: Node, name: str) -> Node:
    return Node(node.primitive, node.inputs, node.attributes, node.type, node.origin, name)


def keep_name(old: Node, new: Node) -> Node:
    """The replacement, wearing the name of what it replaces if it has none itself."""
    return with_name(new, old.name) if old.name and not new.name and new.op not in ("input", "constant") else new
