"""The text form of a graph says all of it: what is printed parses back to the same text and the same results."""

import numpy as np
import pytest

from nndsl import ops
from nndsl.graph.builder import Builder
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.text import GraphSyntaxError, parse_graph, print_graph
from nndsl.graph.types import TensorType
from nndsl.graph.verify import InvalidGraph, verify


def example() -> Graph:
    b = Builder()
    x = b.input("x", TensorType("f32", (BATCH, 2 * symbol("n"))))
    scaled = (x * np.array([[0.1], [np.inf]], np.float32)[:1]).named("scaled")
    flat = ops.reshape(ops.tanh(scaled), shape=(BATCH * symbol("n"), 2))
    positive = ops.where(flat > 0, flat, b.constant(-1.5, "f32"))
    return b.graph("example", {"y": positive, "rows": b.size(BATCH), "named": scaled})


def test_printed_graph_parses_back() -> None:
    graph = example()
    text = print_graph(graph)
    again = parse_graph(text)
    assert print_graph(again) == text
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(2, 6)
    for name, value in evaluate(graph, {"x": x}).items():
        np.testing.assert_array_equal(evaluate(again, {"x": x})[name], value)


def test_text_shows_types_names_and_attributes() -> None:
    text = print_graph(example())
    assert "input x: f32[batch, 2 * n]" in text
    assert "scaled: f32[batch, 2 * n] = mul(x, " in text
    assert "reshape(%1) {shape = [batch * n, 2]}" in text
    assert 'size() {size = batch, dtype = "f32"}' in text


@pytest.mark.parametrize(
    "line",
    [
        "y: f32 = no_such_op()",
        "y: f31[2] = size() {size = 3}",
        "%1: f32 = tanh(missing)",
        "what is this",
        "output y = z",
    ],
)
def test_wrong_text_names_its_line(line: str) -> None:
    with pytest.raises(GraphSyntaxError, match="line 2"):
        parse_graph(f"graph g {{\n  {line}\n}}\n")


def test_verifier_rederives_types() -> None:
    graph = example()
    x = graph.inputs["x"]
    wrong = Node(ops.tanh, (x,), {}, TensorType("f32", (3,)))
    with pytest.raises(InvalidGraph, match="should have type"):
        verify(Graph("wrong", graph.inputs, {"y": wrong}))


def test_verifier_wants_declared_inputs() -> None:
    graph = example()
    with pytest.raises(InvalidGraph, match="not among the inputs"):
        verify(Graph("wrong", {}, graph.outputs))


def test_verifier_wants_sizes_that_an_input_tells() -> None:
    b = Builder()
    x = b.input("x", TensorType("f32", (3,)))
    y = ops.broadcast_to(x, shape=(BATCH, 3))
    with pytest.raises(InvalidGraph, match="no input tells the size batch"):
        verify(b.graph("wrong", {"y": y}))
