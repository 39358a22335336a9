"""The gradients of biases, which are sums of a batch's rows: products with a row of ones, small ones side by side.

    grad.hidden.b = sum of d_hidden's rows      [batch, 32] -> [32]
    grad.logits.b = sum of d_logits's rows      [batch, 10] -> [10]
    together      = ones @ both                 [1, batch] @ [batch, 42] -> [1, 42]

A product adds rows up in a third of the time of ONNX Runtime's sum. Of few rows it takes an operator as long as it
takes to begin, so that one for all biases of a small network is a thirtieth of its step. In the packed tensor these
biases lie behind all else, side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

from nndsl.graph.builder import Builder, Value
from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType
from nndsl.ops import concat, matmul

ONES = "nndsl.ones"
"""The row of ones, float32 [1, batch], which sessions give their models."""

LARGEST_JOINED = 4096
"""Numbers that are added up together, at most: to lay more of them side by side takes longer than it saves."""


def sums_of_rows(gradients: Graph, parameters: Sequence[str], rows: int) -> tuple[tuple[str, ...], ...]:
    """Those of the parameters whose gradients are sums of a batch's rows: all together, or each by itself where so many
    rows are too much to join."""
    columns = {name: count for name in parameters if (count := _columns(gradients.outputs[f"grad.{name}"]))}
    if rows * sum(columns.values()) <= LARGEST_JOINED:
        return (tuple(columns),) if columns else ()
    return tuple((name,) for name in columns)


def with_product(gradients: Graph, parameters: Sequence[str], output: str) -> Graph:
    """The graph with one output [1, elements], one sum behind the other, in place of these parameters' gradients."""
    names = [f"grad.{name}" for name in parameters]
    builder, sums = Builder(), [gradients.outputs[name] for name in names]
    with builder.at(sums[0].origin):
        rows = [Value(builder, node.inputs[0]) for node in sums]
        ones = gradients.inputs.get(ONES) or builder.input(ONES, TensorType("f32", (1, BATCH))).node
        together = matmul(Value(builder, ones), concat(*rows, axis=1) if len(rows) > 1 else rows[0])
    others = {name: node for name, node in gradients.outputs.items() if name not in names}
    return Graph(gradients.name, {**gradients.inputs, ONES: ones}, {**others, output: together.node})


def _columns(gradient: Node) -> int:
    """How many columns the matrix has whose rows a gradient adds up; 0 if it is no such sum."""
    if gradient.op != "reduce_sum" or gradient.attributes["axes"] != (0,) or gradient.attributes["keepdims"]:
        return 0
    rows, *columns = gradient.inputs[0].shape
    match columns:
        case [int(count)] if rows == BATCH:
            return count
    return 0
