"""Sums with factors that an update makes of a state: found in every form, with the numbers that they have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nndsl import ops
from nndsl.codegen.onnx.ahead import numbers_of
from nndsl.codegen.onnx.pairs import Pair, pair
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.graph.types import TensorType
from nndsl.transform.names import LR_SCALE

VECTOR = TensorType("f32", (1, 5))
Form = Callable[[Value, Value, Value, Value], Value]

SUMS: dict[str, Form] = {
    "a running sum": lambda y, g, v, lr: y * 0.9 + g,
    "the other way round": lambda y, g, v, lr: g + 0.9 * y,
    "a plain sum": lambda y, g, v, lr: y + g * g,
    "a step": lambda y, g, v, lr: y - lr * g,
    "a step back": lambda y, g, v, lr: lr * g - y,
    "a step by a quotient": lambda y, g, v, lr: y - (lr * 0.5) * g / (ops.sqrt(v) + 1e-3),
    "a number divided": lambda y, g, v, lr: y - lr / v,
    "negated": lambda y, g, v, lr: -(y * 0.5) - -(g * 3.0),
    "with decay": lambda y, g, v, lr: y - y * (lr * 0.01) - g * lr,
    "twice itself": lambda y, g, v, lr: (y + y * 0.5) + v,
    "something made of itself": lambda y, g, v, lr: y - lr * ops.abs(y) * g,
}
OTHERS: dict[str, Form] = {
    "no sum": lambda y, g, v, lr: ops.maximum(y, g),
    "not of the state": lambda y, g, v, lr: g * 0.9 + v,
    "of the state's square": lambda y, g, v, lr: y * y + g,
    "of the state alone": lambda y, g, v, lr: y + y,
    "with a vector of factors": lambda y, g, v, lr: y * v + g,
    "with a number": lambda y, g, v, lr: y * 0.9 + lr,
    "with a factor that depends on a batch": lambda y, g, v, lr: y * ops.reduce_sum(g, axes=(0, 1), keepdims=False) + g,
}


def graph_of(form: Form) -> Graph:
    b = Builder()
    y, g, v = (b.input(name, VECTOR) for name in "ygv")
    return b.graph("update", {"total": form(y, g, v, b.input(LR_SCALE, TensorType("f32", ())))})


def found_in(graph: Graph) -> Pair | None:
    return pair(graph.outputs["total"], graph.inputs["y"], numbers_of(graph))


@pytest.mark.parametrize("form", SUMS.values(), ids=SUMS)
def test_a_sum_is_found_with_its_numbers(form: Form) -> None:
    graph = graph_of(form)
    random = np.random.default_rng(0)
    values = {name: random.uniform(0.5, 2, (1, 5)).astype(np.float32) for name in "ygv"}
    values[LR_SCALE] = np.array(0.25, np.float32)
    expected = evaluate(graph, values)["total"]
    found = found_in(graph)
    assert found is not None
    assert found.y is graph.inputs["y"]
    parts = evaluate(Graph("", graph.inputs, {"a": found.a, "x": found.x, "b": found.b}), values)
    # The same product and sum, whose factors may be multiplied in another order: a few roundings of 6e-8.
    np.testing.assert_allclose(parts["a"] * parts["x"] + parts["b"] * values["y"], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("form", OTHERS.values(), ids=OTHERS)
def test_other_values_are_no_such_sums(form: Form) -> None:
    assert found_in(graph_of(form)) is None


def test_factors_are_drawn_out_of_what_is_added() -> None:
    """So that no operator multiplies all elements with a number."""
    found = found_in(graph_of(SUMS["a step by a quotient"]))
    assert found is not None
    assert (found.x.op, found.x.inputs[0].op) == ("div", "input")
