"""Naming: what a person would call a value that the program gives no name to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def suggest(chain: Sequence[Node], users: Mapping[Node, Sequence[Node]], output: str) -> tuple[str, ...]:
    """Names, the best first, for the value that a chain of nodes ends in; `output` is the graph's output that it is."""
    node = chain[-1]
    noun = NOUNS.get(node.op, node.op)
    if output:
        return (_of_output(output),)
    if node.origin.phase == "update":
        return (noun,)
    origin = node.origin.name or "value"
    if node.name:
        return node.name, f"{origin}_{node.name}"
    if node.op == "random_uniform":
        return "u", f"{origin}_u"
    prefix = "d_" if node.origin.phase == "backward" else ""
    following = [user for user in users[node] if user.origin.phase == node.origin.phase]
    general = f"{prefix}{origin}_{noun}"
    if prefix or all(user.origin.name != node.origin.name for user in following):
        return f"{prefix}{origin}", general
    if any(step.op == "matmul" for step in chain):
        return f"{origin}_z", general
    if any(user.op == "matmul" for user in following):
        return f"{origin}_input", general
    return (general,)


def _of_output(output: str) -> str:
    """The variable for an output: `grad.hidden.W` is `d_hidden_W`, `metric.accuracy.correct` `accuracy_correct`."""
    if output.startswith("grad."):
        return f"d_{output.removeprefix('grad.')}"
    if output.startswith("loss."):
        return f"{output.removeprefix('loss.')}_loss"
    return output.removeprefix("metric.").removeprefix("nndsl.")
