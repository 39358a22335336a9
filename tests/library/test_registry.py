"""Every composite of the registry, without exception: it builds, computes, and has the gradient it declares."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from vocabulary_examples import Array, Example, compiled
from vocabulary_examples import draw as draw_input

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import Shape
from nndsl.graph.verify import verify
from nndsl.library.registry import (
    COMPOSITES,
    CONSTRAINTS,
    INITIALIZERS,
    METRICS,
    OPERATORS,
    OPTIMIZERS,
    REGULARIZERS,
    SCHEDULES,
    TABLES,
    Composite,
)
from nndsl.library.vocabulary import load
from nndsl.model.check import check, load_program
from nndsl.model.sections import Configured
from nndsl.source import Source
from nndsl.transform.differentiate import differentiate
from nndsl.transform.simplify import simplify

load()

GRAPHS = [*COMPOSITES.values(), *OPERATORS.values(), *METRICS.values()]
EVERYTHING = [composite for table in TABLES.values() for composite in table.values()]
ROWS = 5


def identity(composite: Composite) -> str:
    return f"{composite.kind} {composite.name}"


def draw(example: Example, graph: Graph) -> dict[str, Array]:
    """Random data and parameters for the example's graph, the same at each call."""
    rng = np.random.default_rng(3)
    data = {declared.name: draw_input(declared, rng, ROWS) for declared in example.network.inputs}
    scalars = {"nndsl.step": np.array(2), "nndsl.seed": np.array(7), "nndsl.row": np.array(0)}
    for name, node in graph.inputs.items():
        if name not in data:
            data[name] = scalars[name] if name in scalars else rng.uniform(0.2, 1, known(node.shape)).astype(np.float32)
    return data


@pytest.mark.parametrize("composite", EVERYTHING, ids=identity)
def test_is_documented(composite: Composite) -> None:
    assert composite.doc.splitlines()[0].strip(), "the first line of the reference is missing"
    assert composite.follows or not composite.differentiable, "where its definition comes from is missing"
    for parameter in composite.parameters:
        assert parameter.annotation is not inspect.Parameter.empty


@pytest.mark.parametrize("composite", GRAPHS, ids=identity)
def test_graph_is_valid_and_stays_so_when_simplified(composite: Composite) -> None:
    example = compiled(composite)
    graph = example.graph.graph(composite.name, example.outputs)
    verify(graph)
    simpler = simplify(graph)
    verify(simpler)
    data = draw(example, graph)
    for name, value in evaluate(graph, data).items():
        assert value.shape == known(graph.outputs[name].shape)
        # simplifying may round a folded constant once less
        np.testing.assert_allclose(evaluate(simpler, data)[name], value, rtol=1e-6, atol=1e-7)


def known(shape: Shape) -> tuple[int, ...]:
    return tuple(dim if isinstance(dim, int) else dim.evaluate({"batch": ROWS}) for dim in shape)


@pytest.mark.parametrize("composite", GRAPHS, ids=identity)
def test_examples_do_not_see_each_other(composite: Composite) -> None:
    """A row's value is the same whatever other rows the batch has (metrics: what is summed, sums up)."""
    example = compiled(composite, training=False)
    graph = example.graph.graph(composite.name, example.outputs)
    data = draw(example, graph)
    batched = {declared.name for declared in example.network.inputs}
    whole = evaluate(graph, data)
    parts = [
        evaluate(graph, {name: value[rows] if name in batched else value for name, value in data.items()})
        for rows in (slice(0, 3), slice(3, ROWS))
    ]
    for name, value in whole.items():
        pieces = [part[name] for part in parts]
        together = np.concatenate(pieces) if graph.outputs[name].type.batched else sum(pieces)
        np.testing.assert_allclose(together, value, rtol=1e-6, atol=1e-6)  # a matrix product may sum in another order


@pytest.mark.parametrize("composite", [c for c in GRAPHS if c.kind != "metric"], ids=identity)
def test_gradient_is_the_slope(composite: Composite) -> None:
    """Against central differences in float64, for every number that the example reads; zero where none is declared."""
    example = compiled(composite)
    builder, result = example.graph, example.result
    cotangent = builder.input("cotangent", result.type)
    total = weighted_sum(result, cotangent) if result.dtype == "f32" else builder.constant(0, "f32")
    for penalty in example.collected.penalties:
        total = total + penalty
    graph = builder.graph(composite.name, {"total": total})
    data = {name: np.asarray(value, np.float64) for name, value in draw(example, graph).items()}
    wrt = [name for name, node in graph.inputs.items() if node.type.dtype == "f32" and name != "cotangent"]
    gradients = evaluate(differentiate(graph, "total", wrt), data, float_dtype="f64")
    kinds = {declared.name: declared.kind for declared in example.network.inputs}
    for name in wrt:
        found = gradients[f"grad.{name}"]
        if not composite.differentiable:
            np.testing.assert_array_equal(found, 0)
        elif kinds.get(name) != "binary":  # a target's gradient is asked for by nobody where it is 0 or 1
            np.testing.assert_allclose(found, slope(graph, data, name), rtol=1e-6, atol=1e-8)


def weighted_sum(y: Value, cotangent: Value) -> Value:
    return ops.reduce_sum(y * cotangent, axes=tuple(range(y.rank)), keepdims=False)


def slope(graph: Graph, data: dict[str, Array], name: str, step: float = 1e-5) -> Array:
    """Central differences: their error is of the order of step² and of 1e-16 / step, both about 1e-10."""
    x = data[name]
    result = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * step
            ends.append(evaluate(graph, {**data, name: moved}, float_dtype="f64")["total"])
        result[index] = (ends[0] - ends[1]) / (2 * step)
    return result


@pytest.mark.parametrize("composite", INITIALIZERS.values(), ids=identity)
def test_initializer_is_taken_by_layers(composite: Composite) -> None:
    (W, _) = compiled(composite).collected.states.values()
    assert W.initial.name == composite.name
    values = composite.function(0, W.name, W.shape, **W.initial.arguments)
    assert values.shape == W.shape


@pytest.mark.parametrize("composite", [*CONSTRAINTS.values(), *REGULARIZERS.values()], ids=identity)
def test_constraint_or_regularizer_is_taken_by_layers(composite: Composite) -> None:
    W, b = compiled(composite).collected.states.values()
    rule = W.constraint if composite.kind == "constraint" else W.regularizer
    assert rule is not None
    assert rule.name == composite.name
    assert (b.constraint, b.regularizer) == (None, None)


@pytest.mark.parametrize("composite", OPTIMIZERS.values(), ids=identity)
def test_optimizer_is_taken_by_train(composite: Composite) -> None:
    optimizer = optimizer_of(composite.example)
    assert optimizer.name == composite.name
    assert set(optimizer.arguments) <= {parameter.name for parameter in composite.parameters}


@pytest.mark.parametrize("composite", SCHEDULES.values(), ids=identity)
def test_schedule_is_taken_by_optimizers(composite: Composite) -> None:
    schedule = optimizer_of(composite.example).arguments["lr"]
    assert isinstance(schedule, Configured)
    assert schedule.name == composite.name
    assert set(schedule.arguments) <= {parameter.name for parameter in composite.parameters}


def optimizer_of(text: str) -> Configured:
    program = f"""
model example {{
  input x: f32[4]
  output y = x -> dense(1)
  loss mean(y)
}}
train {{
  optimizer = {text}
}}
"""
    return check(load_program(Source("example.nn", program))).train.optimizer


def test_losses_give_one_value_an_example() -> None:
    for composite in COMPOSITES.values():
        if composite.kind == "loss":
            assert compiled(composite).result.shape == (BATCH,), composite.name


def test_every_loss_is_a_metric() -> None:
    assert {name for name, c in COMPOSITES.items() if c.kind == "loss"} <= set(METRICS)
    assert all(c.kind == "metric" for c in METRICS.values())
