"""Naming: what a person would call a value that the program gives no name to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nndsl.codegen.numpy.schedule import VIEWS
from nndsl.graph.node import Node

NOUNS = {
    "log_softmax": "log_p",
    "softmax": "p",
    "sigmoid": "p",
    "matmul": "product",
    "add": "sum",
    "sub": "difference",
    "mul": "product",
    "div": "quotient",
    "pow": "power",
    "reduce_sum": "sum",
    "reduce_mean": "mean",
    "reduce_max": "max",
    "reduce_min": "min",
    "gather": "rows",
    "take_along": "chosen",
    "cast": "number",
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"), "mask"),
    **dict.fromkeys(("logical_and", "logical_or", "logical_not"), "mask"),
}


ADJECTIVES = {"abs": "absolute", "neg": "negative"}


def suggest(
    chain: Sequence[Node], users: Mapping[Node, Sequence[Node]], named: Mapping[Node, str], output: str, graph: str
) -> Iterator[str]:
    """Names, the best first, for the value that a chain of nodes ends in.

    `named` are the variables that have names already; `output` is the graph's output that the value is, if it is one;
    what belongs to no layer is called after `graph`.
    """
    node = chain[-1]
    origin = node.origin.name or graph or "value"
    if output:
        yield _of_output(output)
        return
    if node.name:
        yield node.name
        yield f"{origin}_{node.name}"
    if node.op == "random_uniform":
        yield "u"
        yield f"{origin}_u"
    following = [user for user in users[node] if user.origin.phase == node.origin.phase]
    if node.origin.phase == "backward":
        for user in following:
            if user.op == "add" and user.name:  # one of the parts of an adjoint
                yield f"{user.name}_part"
        yield f"d_{origin}"
        if any(user.op == "matmul" and user.inputs[1] is node for user in following):
            yield f"d_{origin}_z"
        primal = _multiplied(chain[0], users)
        if primal and primal in named:
            yield f"d_{named[primal]}"
        yield f"d_{origin}_{noun(node)}"
        return
    if node.op == "cast" and node.type.dtype == "f64" and node.inputs[0].name:
        yield f"{node.inputs[0].name}_f64"
    if (adjective := ADJECTIVES.get(node.op)) and node.inputs[0].name:
        yield f"{adjective}_{node.inputs[0].name}"
    if node.op == "mul" and node.inputs[0] is node.inputs[1] and node.inputs[0].name:
        yield f"squared_{node.inputs[0].name}"
    if all(user.origin.name != node.origin.name for user in following):
        yield origin
    elif node.op in ("matmul", "add") and any(_is_product(step) for step in (*chain, *node.inputs)):
        yield f"{origin}_z"
    for user in following:
        if user.op in VIEWS:
            following += users[user]
        if user.op == "matmul" and node in (user.inputs[0], *user.inputs[0].inputs):
            yield f"{user.origin.name or origin}_input"
    yield f"{origin}_{noun(node)}"


def _multiplied(adjoint: Node, users: Mapping[Node, Sequence[Node]]) -> Node | None:
    """Where `adjoint` is g @ W.T, the x of the x @ W that it comes from."""
    if adjoint.op != "matmul" or adjoint.inputs[1].op != "transpose":
        return None
    W = adjoint.inputs[1].inputs[0]
    products = [user for user in users[W] if user.op == "matmul" and user.inputs[1] is W]
    return products[0].inputs[0] if len(products) == 1 else None


def _is_product(node: Node) -> bool:
    return node.op == "matmul" or (node.op == "reshape" and node.inputs[0].op == "matmul")


def noun(node: Node) -> str:
    """What kind of thing a node's value is."""
    if node.op == "cast" and node.inputs[0].type.dtype == "bool":
        return "mask"
    return NOUNS.get(node.op, node.op)


def _of_output(output: str) -> str:
    """The variable for an output: `grad.hidden.W` is `d_hidden_W`, `metric.accuracy.correct` `accuracy_correct`."""
    if output.startswith("grad."):
        return f"d_{output.removeprefix('grad.')}"
    if output.startswith("loss."):
        return f"{output.removeprefix('loss.')}_loss"
    return output.removeprefix("metric.").removeprefix("nndsl.")
