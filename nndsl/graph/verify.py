"""The verifier: what is legal in every graph, checked between stages."""

from __future__ import annotations

from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import Size
from nndsl.graph.types import TypeMismatch


class InvalidGraph(AssertionError):
    """A stage made a graph that is not well formed: a fault of the compiler, never of a program."""


def verify(graph: Graph, sound: Graph | None = None) -> Graph:
    """The graph itself, once it is certain that

    - every operand comes before its user, and every input node is a declared input under its own name;
    - every node's type is the one that its primitive's type rule derives from its operands;
    - every symbolic size can be read from the shape of an input.

    The types of what is also in the `sound` graph, which was verified, are not looked at again.
    """
    known = frozenset(sound.nodes) if sound is not None else ()
    seen: set[Node] = set()
    readable = {
        symbol
        for node in graph.inputs.values()
        for dim in node.shape
        if isinstance(dim, Size)
        for symbol in dim.symbols
    }
    for node in graph.nodes:
        if node.op == "input" and graph.inputs.get(str(node.attributes["name"])) is not node:
            raise InvalidGraph(f"{graph.name}: {node} is not among the inputs")
        for operand in node.inputs:
            if operand not in seen:
                raise InvalidGraph(f"{graph.name}: {node} uses {operand} before it is computed")
        if node not in known and node.op not in ("input", "constant"):
            _verify_type(graph, node)
        for dim in node.shape:
            if isinstance(dim, Size) and not dim.symbols <= readable:
                raise InvalidGraph(f"{graph.name}: no input tells the size {dim} of {node}")
        seen.add(node)
    return graph


def _verify_type(graph: Graph, node: Node) -> None:
    try:
        derived = node.primitive.type(*(operand.type for operand in node.inputs), **node.attributes)
    except TypeMismatch as error:
        raise InvalidGraph(f"{graph.name}: {node}: {error}") from error
    if derived != node.type:
        raise InvalidGraph(f"{graph.name}: {node} should have type {derived}")
