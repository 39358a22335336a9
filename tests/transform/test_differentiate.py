"""The engine: adjoints are summed where operands were broadcast or used twice, and reach what they should alone."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndsl import ops
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.graph.sizes import BATCH
from nndsl.graph.text import print_graph
from nndsl.graph.types import TensorType
from nndsl.graph.verify import verify
from nndsl.transform.differentiate import differentiate
from nndsl.transform.simplify import simplify


def total(x: Value) -> Value:
    return ops.reduce_sum(x, axes=tuple(range(x.rank)), keepdims=False)


def scalar_graph(body: Callable[..., Value], *shapes: tuple[int, ...]) -> Graph:
    b = Builder()
    operands = [b.input(f"x{i}", TensorType("f32", shape)) for i, shape in enumerate(shapes)]
    return b.graph("g", {"y": total(body(*operands))})


def check_gradients(graph: Graph, seed: int = 0) -> None:
    """Each gradient against central differences in float64."""
    random = np.random.default_rng(seed)
    point = {name: random.uniform(0.5, 1.5, [int(d) for d in node.shape]) for name, node in graph.inputs.items()}
    results = evaluate(verify(differentiate(graph, "y", list(point))), point, float_dtype="f64")
    step = 1e-6
    for name, value in point.items():
        numeric = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                moved = value.copy()
                moved[index] += sign * step
                ends.append(evaluate(graph, {**point, name: moved}, float_dtype="f64")["y"])
            numeric[index] = (ends[0] - ends[1]) / (2 * step)
        # central differences in float64: error of about step^2 from curvature and 1e-16 / step from rounding
        np.testing.assert_allclose(results[f"grad.{name}"], numeric, rtol=1e-6, atol=1e-8)


shapes = st.lists(st.integers(1, 3), min_size=0, max_size=3).map(tuple)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_broadcast_operands_get_summed_adjoints(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple))
    cut = data.draw(st.integers(0, len(shape)))
    narrow = tuple(data.draw(st.sampled_from([dim, 1])) for dim in shape[cut:])
    check_gradients(scalar_graph(lambda x, y: x * y / (x + y), shape, narrow))


def test_a_value_used_several_times_adds_its_parts() -> None:
    check_gradients(scalar_graph(lambda x: x * x * x + ops.sin(x) * x, (2, 3)))


def test_an_input_that_does_not_matter_gets_zeros() -> None:
    graph = differentiate(scalar_graph(lambda x, y: x * 2.0, (3,), (2, 2)), "y", ["x0", "x1"])
    gradients = evaluate(graph, {"x0": np.ones(3), "x1": np.ones((2, 2))})
    np.testing.assert_array_equal(gradients["grad.x1"], np.zeros((2, 2)))
    np.testing.assert_array_equal(gradients["grad.x0"], np.full(3, 2.0))


def test_stop_gradient_stops_it() -> None:
    graph = differentiate(scalar_graph(lambda x: ops.stop_gradient(x * x) * x, (2,)), "y", ["x0"])
    np.testing.assert_allclose(evaluate(graph, {"x0": np.array([2.0, 3.0])})["grad.x0"], [4.0, 9.0])


def test_what_has_no_gradient_gives_zero() -> None:
    graph = differentiate(scalar_graph(lambda x: ops.floor(x) + ops.sign(x) + 0 * x, (2,)), "y", ["x0"])
    np.testing.assert_array_equal(evaluate(graph, {"x0": np.array([1.5, -2.5])})["grad.x0"], [0.0, 0.0])


def test_nothing_is_computed_for_operands_that_need_no_gradient() -> None:
    """The gradient of the first layer's input, a product as large as the forward one, must not be there."""
    b = Builder()
    x = b.input("x", TensorType("f32", (BATCH, 4)))
    W = b.input("W", TensorType("f32", (4, 3)))
    graph = differentiate(b.graph("g", {"y": total(ops.tanh(x @ W))}), "y", ["W"])
    assert sum(node.op == "matmul" for node in graph.nodes) == 2


def test_adjoints_wear_the_names_of_their_primals() -> None:
    b = Builder()
    W = b.input("W", TensorType("f32", (4, 3)))
    hidden = ops.tanh(W).named("hidden")
    text = print_graph(differentiate(b.graph("g", {"y": total(hidden * hidden)}), "y", ["W"]))
    assert "d_hidden: " in text
    assert "output grad.W = d_W" in text


@pytest.mark.parametrize("power", [2.0, 3.0, 0.5])
def test_simplified_gradients_are_the_same(power: float) -> None:
    graph = differentiate(scalar_graph(lambda x, y: (x + 0.0) ** power * 1.0 + -y * x, (2, 3), (3,)), "y", ["x0", "x1"])
    small = verify(simplify(graph))
    assert len(small.nodes) < len(graph.nodes)
    random = np.random.default_rng(1)
    point = {"x0": random.uniform(0.5, 1.5, (2, 3)), "x1": random.uniform(0.5, 1.5, 3)}
    for name, value in evaluate(graph, point, float_dtype="f64").items():
        # x ^ 2 becomes x * x: one rounding more or less
        np.testing.assert_allclose(evaluate(small, point, float_dtype="f64")[name], value, rtol=1e-14)
