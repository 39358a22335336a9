"""Sums of rows side by side: the gradients of small layers' biases are added up together.

    grad.hidden.b = sum of d_hidden's rows      [batch, 32] -> [32]
    grad.logits.b = sum of d_logits's rows      [batch, 10] -> [10]
    together      = sum of the rows of both     [batch, 42] -> [1, 42]

The sum of a few rows takes an operator as long as it takes to begin, so that one for all biases of a small network is
a thirtieth of its step. In the packed tensor these biases lie behind all else, side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

from nndsl.graph.builder import Builder, Value
from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import BATCH
from nndsl.ops import concat, reduce_sum

LARGEST_JOINED = 4096
"""Numbers that are added up together, at most: to lay more of them side by side takes longer than it saves."""


def sums_of_rows(gradients: Graph, parameters: Sequence[str], rows: int) -> tuple[str, ...]:
    """Those of the parameters whose gradients are sums of a batch's rows, unless so many rows are too much to join."""
    columns = {name: count for name in parameters if (count := _columns(gradients.outputs[f"grad.{name}"]))}
    are_few = rows * sum(columns.values()) <= LARGEST_JOINED
    return tuple(columns) if len(columns) > 1 and are_few else ()


def join_sums(gradients: Graph, parameters: Sequence[str], output: str) -> Graph:
    """The graph with one output [1, elements], one sum behind the other, in place of these parameters' gradients."""
    names = [f"grad.{name}" for name in parameters]
    builder, sums = Builder(), [gradients.outputs[name] for name in names]
    with builder.at(sums[0].origin):
        rows = concat(*(Value(builder, node.inputs[0]) for node in sums), axis=1)
        together = reduce_sum(rows, axes=(0,), keepdims=True)
    others = {name: node for name, node in gradients.outputs.items() if name not in names}
    return Graph(gradients.name, gradients.inputs, {**others, output: together.node})


def _columns(gradient: Node) -> int:
    """How many columns the matrix has whose rows a gradient adds up; 0 if it is no such sum."""
    if gradient.op != "reduce_sum" or gradient.attributes["axes"] != (0,) or gradient.attributes["keepdims"]:
        return 0
    rows, *columns = gradient.inputs[0].shape
    match columns:
        case [int(count)] if rows == BATCH:
            return count
    return 0
