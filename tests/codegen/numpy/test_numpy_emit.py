"""Graphs written out as NumPy compute what the evaluator computes: every primitive, and any way to combine them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy_functions import function_source, run

from nndsl import ops
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import PRIMITIVES, Graph, Origin, Primitive, Sample
from nndsl.graph.sizes import BATCH, Dim, Size
from nndsl.graph.types import NUMPY_DTYPES, TensorType

MATRIX = TensorType("f32", (BATCH, 3))

SAMPLES = [
    pytest.param(primitive, sample, id=f"{primitive.name}-{i}")
    for primitive in PRIMITIVES.values()
    for i, sample in enumerate(primitive.samples)
    if primitive.name not in ("input", "override")  # of these no graph is left when it is emitted
]


def f32(builder: Builder, name: str, *shape: Dim) -> Value:
    return builder.input(name, TensorType("f32", shape))


def operand(type: TensorType, sample: Sample, random: np.random.Generator) -> np.ndarray[Any, Any]:
    shape = [dim.evaluate({"batch": 4}) if isinstance(dim, Size) else dim for dim in type.shape]
    if type.dtype == "bool":
        return random.random(shape) < 0.5
    values = random.uniform(sample.low, sample.high, shape)
    return np.asarray(values if type.dtype in ("f32", "f64") else np.floor(values + 0.5), NUMPY_DTYPES[type.dtype])


@pytest.mark.parametrize("buffered", [False, True], ids=["plain", "buffered"])
@pytest.mark.parametrize(("primitive", "sample"), SAMPLES)
def test_a_primitive(primitive: Primitive, sample: Sample, buffered: bool) -> None:
    """Written for people, `x.sum(axis=0)`, and written for machines, it is the same function."""
    builder = Builder()
    batched = builder.input("rows", TensorType("f32", (BATCH,)))
    operands = [builder.input(f"x{i}", type) for i, type in enumerate(sample.inputs)]
    y = builder.apply(primitive, operands, sample.attributes)
    if primitive.name == "argmax":
        y = ops.cast(y, dtype="f32")
    graph = builder.graph("sample", {"y": y, "rows": batched})
    random = np.random.default_rng(0)
    inputs = {"rows": np.zeros(4, np.float32)}
    inputs |= {f"x{i}": operand(type, sample, random) for i, type in enumerate(sample.inputs)}
    expected, found = evaluate(graph, inputs)["y"], np.asarray(run(graph, inputs, buffered=buffered)["y"])
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)  # float32, where operators may round once more


STEPS = (
    "add",
    "sub",
    "mul",
    "maximum",
    "tanh",
    "relu",
    "neg",
    "matmul",
    "softmax",
    "where",
    "sum",
    "column",
    "scaled",
    "view",
)


def extend(values: list[Value], step: str, i: int, j: int) -> Value:
    """One more value, computed from two that are there."""
    a, b = values[i % len(values)], values[j % len(values)]
    builder = a.builder
    match step:
        case "matmul":
            return ops.matmul(a, builder.input("W", TensorType("f32", (3, 3))))
        case "softmax":
            return ops.softmax(a, axis=1)
        case "where":
            return ops.where(a > b, a, b * 0.5)
        case "sum":
            return a * ops.reduce_sum(b, axes=(1,), keepdims=True)
        case "column":
            return a - ops.reshape(ops.reduce_mean(b, axes=(1,), keepdims=False), shape=(BATCH, 1))
        case "scaled":
            return a * 0.25 / builder.size(BATCH)
        case "view":
            return ops.transpose(ops.transpose(a, axes=(1, 0)) * 2, axes=(1, 0)) + b
        case "tanh" | "relu" | "neg":
            return builder.apply(PRIMITIVES[step], (a,), {})
    return builder.apply(PRIMITIVES[step], (a, b), {})


programs = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 30), st.integers(0, 30), st.booleans(), st.integers(0, 3)),
    min_size=1,
    max_size=14,
)


@given(programs, st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_program(steps: list[tuple[str, int, int, bool, int]], buffered: bool) -> None:
    """Whatever is inlined, changed in place or kept in shared buffers: the values are the same."""
    builder = Builder()
    values = [builder.input("x", MATRIX), builder.input("y", MATRIX)]
    builder.input("W", TensorType("f32", (3, 3)))
    phase = "forward"
    for number, (step, i, j, named, layer) in enumerate(steps):
        phase = "backward" if number > len(steps) // 2 else "forward"
        with builder.at(Origin(f"layer_{layer}", None, phase)):  # type: ignore[arg-type]
            value = extend(values, step, -1 - i % 4, -1 - j % 4)
        values.append(value.named(f"v{number}") if named else value)
    graph = builder.graph(
        "program", {"last": values[-1], "total": ops.reduce_sum(values[-1], axes=(0, 1), keepdims=False)}
    )
    random = np.random.default_rng(0)
    inputs = {key: random.uniform(-1, 1, (4, 3)).astype(np.float32) for key in ("x", "y")}
    inputs["W"] = random.uniform(-1, 1, (3, 3)).astype(np.float32)
    before = {key: array.copy() for key, array in inputs.items()}
    expected = evaluate(graph, inputs)
    found = run(graph, inputs, buffered=buffered)
    for key in expected:
        # Constants are float32 in the evaluator and Python numbers here; both are rounded once.
        np.testing.assert_allclose(
            found[key], expected[key], rtol=1e-5, atol=1e-5, err_msg=function_source(graph, buffered=buffered)
        )
        assert np.asarray(found[key]).dtype == np.float32
    for key in before:
        np.testing.assert_array_equal(inputs[key], before[key])


def lines(graph: Graph, *, buffered: bool) -> list[str]:
    text = function_source(graph, buffered=buffered)
    return [line.strip() for line in text[text.index("def compute") :].splitlines()[1:]]


def dense(phase: Any = "forward") -> Graph:
    builder = Builder()
    x, W, b = (
        builder.input("x", MATRIX),
        builder.input("W", TensorType("f32", (3, 3))),
        builder.input("b", TensorType("f32", (3,))),
    )
    with builder.at(Origin("h", None, phase)):
        return builder.graph("dense", {"h": ops.relu(ops.matmul(x, W) + b).named("h")})


def test_a_layer_is_one_expression_where_nothing_is_kept() -> None:
    assert lines(dense(), buffered=False) == ["h = np.maximum(x @ W + b, 0)", 'return {"h": h}']


def test_a_layer_is_computed_in_place_where_buffers_are() -> None:
    assert lines(dense(), buffered=True) == [
        'h = x.dot(W, out=work["h"])',
        "h += b",
        "np.maximum(h, 0, out=h)",
        'return {"h": h}',
    ]


def test_a_number_never_widens_an_array() -> None:
    builder = Builder()
    n = builder.size(BATCH)
    x = builder.input("x", MATRIX)
    y = x * ops.sqrt(n) + ops.where(x > 0, builder.constant(1, "f32"), builder.constant(0, "f32"))
    graph = builder.graph("weak", {"y": y})
    assert lines(graph, buffered=False)[0] == "y = x * np.sqrt(np.float32(batch)) + np.where(x > 0, np.float32(1), 0)"
    assert run(graph, {"x": np.ones((4, 3), np.float32)}, buffered=False)["y"].dtype == np.float32


@pytest.mark.parametrize("buffered", [False, True], ids=["plain", "buffered"])
@pytest.mark.parametrize(("width", "function"), [(255, "np.maximum"), (256, "np.clip")])
def test_a_wide_relu_is_vectorised_and_gives_the_same(width: int, function: str, buffered: bool) -> None:
    """Infinities and what is no number included."""
    b = Builder()
    graph = b.graph("relu", {"y": ops.relu(b.input("x", TensorType("f32", (BATCH, width))))})
    assert function in function_source(graph, buffered=buffered)
    values = np.random.default_rng(0).normal(size=(3, width)).astype(np.float32)
    values[0, :5] = np.nan, np.inf, -np.inf, -0.0, 0.0
    found = run(graph, {"x": values}, buffered=buffered)["y"]
    np.testing.assert_array_equal(found, np.maximum(values, 0))
    assert found.dtype == np.float32


@pytest.mark.parametrize(("width", "steps"), [(255, False), (256, True)])
def test_a_wide_layer_is_computed_in_one_array_in_prediction_too(width: int, steps: bool) -> None:
    b = Builder()
    x, w, c = f32(b, "x", BATCH, 3), f32(b, "w", 3, width), f32(b, "c", width)
    graph = b.graph("layer", {"y": ops.relu(x @ w + c)})
    text = function_source(graph, buffered=False)
    assert ("+= c" in text, "out=" in text) == (steps, steps)
    random = np.random.default_rng(0)
    shapes = {"x": (4, 3), "w": (3, width), "c": (width,)}
    inputs = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    kept = {name: value.copy() for name, value in inputs.items()}
    found, expected = run(graph, inputs, buffered=False)["y"], evaluate(graph, inputs)["y"]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    assert all(np.array_equal(inputs[name], value) for name, value in kept.items())
