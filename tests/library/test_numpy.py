"""Operators and functions against NumPy: of each example alone they give what NumPy gives on its arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from vocabulary_examples import Reference, compiled, draw

from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import TensorType
from nndsl.library import arithmetic, functions, shapes
from nndsl.library.einsum import einsum
from nndsl.library.registry import COMPOSITES, OPERATORS, Composite
from nndsl.library.vocabulary import load
from nndsl.transform.differentiate import differentiate

load()

SIGNS: Mapping[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "//": np.floor_divide,
    "%": np.mod,
    "^": np.power,
    "@": np.matmul,
    "neg": np.negative,
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
}

NAMES: Mapping[str, Callable[..., Any]] = {
    "abs": np.abs,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "square": np.square,
    "sin": np.sin,
    "cos": np.cos,
    "erf": np.vectorize(math.erf),
    "floor": np.floor,
    "round": np.round,
    "clip": np.clip,
    "where": np.where,
    "stop_gradient": np.array,
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "var": np.var,
    "std": np.std,
    "norm": np.linalg.norm,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "cumsum": np.cumsum,
    "matmul": np.matmul,
    "transpose": np.transpose,
    "split": lambda x, sections: tuple(np.split(x, sections)),
    "stack": lambda *xs, axis=0: np.stack(xs[0] if isinstance(xs[0], tuple) else xs, axis),
    "slice": lambda x, start, stop: x[start:stop],
    "einsum": np.einsum,
    "gather": lambda x, indices: np.take(x, indices.astype(int), axis=0),
}

TESTED = [*OPERATORS.values(), *(c for c in COMPOSITES.values() if c.kind == "function")]


@pytest.mark.parametrize("composite", TESTED, ids=lambda c: c.name)
def test_is_what_numpy_does_with_each_example(composite: Composite) -> None:
    example = compiled(composite)
    rng = np.random.default_rng(11)
    data = {i.name: draw(i, rng, 6) for i in example.network.inputs}
    found = evaluate(example.graph.graph("", example.outputs), data)["result"]
    reference = Reference(SIGNS, NAMES)
    for row, value in enumerate(found):
        expected = reference(composite, {name: values[row].astype(np.float64) for name, values in data.items()})
        # float32 against float64, of sums of a few numbers of size 10
        np.testing.assert_allclose(value, expected, rtol=2e-6, atol=2e-6)


# ---------------------------------------------------------------- alignment


def number(b: Builder, name: str, *shape: Any) -> Value:
    return b.input(name, TensorType("f32", shape))


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        ((BATCH, 5), (BATCH, 3, 5), (BATCH, 3, 5)),
        ((BATCH,), (BATCH, 5), (BATCH, 5)),
        ((BATCH, 5), (5,), (BATCH, 5)),
        ((BATCH,), (5,), (BATCH, 5)),
        ((BATCH,), (), (BATCH,)),
        ((BATCH, 1), (3, 5), (BATCH, 3, 5)),
        ((2, 3), (3,), (2, 3)),
        ((BATCH, symbol("time"), 1), (BATCH, 5), (BATCH, symbol("time"), 5)),
    ],
)
def test_the_batch_axis_lines_up_with_itself_only(a: Any, b: Any, result: Any) -> None:
    graph = Builder()
    x, y = number(graph, "x", *a), number(graph, "y", *b)
    assert arithmetic.add(x, y).shape == result
    assert arithmetic.add(y, x).shape == result


def test_as_many_examples_as_elements_are_not_mixed_up() -> None:
    """With five examples of five numbers, plain NumPy would line the batch up with the wrong axis."""
    graph = Builder()
    total = arithmetic.add(number(graph, "x", BATCH), number(graph, "y", BATCH, 5))
    x, y = np.arange(5, dtype=np.float32), np.zeros((5, 5), np.float32)
    found = evaluate(graph.graph("", {"y": total}), {"x": x, "y": y})["y"]
    np.testing.assert_array_equal(found, np.repeat(x[:, None], 5, axis=1))


def test_a_class_is_its_index() -> None:
    graph = Builder()
    digit = graph.input("digit", TensorType("i64", (BATCH,)))
    two = graph.constant(2, "f32")
    outputs = {"odd": arithmetic.remainder(digit, two), "half": arithmetic.floor_divide(digit, two)}
    found = evaluate(graph.graph("", outputs), {"digit": np.arange(10)})
    assert outputs["odd"].dtype == "f32"
    np.testing.assert_array_equal(found["odd"], np.arange(10) % 2)
    np.testing.assert_array_equal(found["half"], np.arange(10) // 2)


@pytest.mark.parametrize(("a", "b"), [(1.0, 0.1), (-7.0, 2.0), (7.0, -2.0), (0.3, 0.1), (6.0, 3.0), (-0.5, 1.0)])
def test_quotient_and_remainder_belong_together(a: float, b: float) -> None:
    graph = Builder()
    x, y = graph.constant(a, "f32"), graph.constant(b, "f32")
    found = evaluate(graph.graph("", {"q": arithmetic.floor_divide(x, y), "r": arithmetic.remainder(x, y)}), {})
    assert found["q"] == np.float32(a) // np.float32(b)
    assert found["r"] == np.float32(a) % np.float32(b)


# ---------------------------------------------------------------- matrix products, gather, reductions


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((BATCH, 4), (4, 2)),
        ((BATCH, 3, 4), (4, 2)),
        ((BATCH, 4), (4,)),
        ((BATCH, 3, 4), (4,)),
        ((BATCH, 4), (BATCH, 4)),
        ((BATCH, 4), (BATCH, 4, 2)),
        ((BATCH, 3, 4), (BATCH, 4)),
        ((BATCH, 3, 4), (BATCH, 4, 2)),
        ((BATCH, 5, 3, 4), (BATCH, 4, 2)),
        ((3, 4), (BATCH, 4)),
        ((3, 4), (BATCH, 4, 2)),
        ((4,), (BATCH, 4, 2)),
        ((3, 4), (4, 2)),
        ((4,), (4,)),
    ],
)
def test_matmul_of_each_example(a: Any, b: Any) -> None:
    graph = Builder()
    product = arithmetic.matmul(number(graph, "a", *a), number(graph, "b", *b))
    rng = np.random.default_rng(0)
    data = {
        name: rng.integers(-3, 4, [6 if dim == BATCH else dim for dim in shape]).astype(np.float32)
        for name, shape in (("a", a), ("b", b))
    }
    found = evaluate(graph.graph("", {"y": product}), data)["y"]
    if BATCH not in (*a, *b):
        np.testing.assert_array_equal(found, data["a"] @ data["b"])
        return
    rows = [(data["a"][i] if BATCH in a else data["a"]) @ (data["b"][i] if BATCH in b else data["b"]) for i in range(6)]
    np.testing.assert_array_equal(found, np.stack(rows))


@pytest.mark.parametrize(
    ("equation", "operands"),
    [
        ("ij,jk->ik", [(BATCH, 3, 4), (4, 2)]),
        ("ij,jk", [(BATCH, 3, 4), (BATCH, 4, 2)]),
        ("ij->ji", [(BATCH, 3, 4)]),
        ("ij->", [(BATCH, 3, 4)]),
        ("i,i->", [(BATCH, 4), (BATCH, 4)]),
        ("i,i->i", [(BATCH, 4), (4,)]),
        ("i,j->ji", [(BATCH, 4), (BATCH, 3)]),
        ("i,j->i", [(BATCH, 4), (BATCH, 3)]),
        ("thd,shd->hts", [(BATCH, 5, 2, 3), (BATCH, 4, 2, 3)]),
        ("ab,bc,cd->da", [(BATCH, 2, 3), (3, 4), (BATCH, 4, 5)]),
        ("ij,kj->ik", [(3, 4), (BATCH, 2, 4)]),
        ("ij,jk->ik", [(3, 4), (4, 2)]),
    ],
)
def test_einsum_of_each_example(equation: str, operands: Any) -> None:
    graph = Builder()
    values = [number(graph, f"x{i}", *shape) for i, shape in enumerate(operands)]
    result = einsum(equation, *values)
    rng = np.random.default_rng(0)
    data: dict[str, Any] = {
        f"x{i}": rng.integers(-3, 4, [6 if dim == BATCH else dim for dim in shape]).astype(np.float32)
        for i, shape in enumerate(operands)
    }
    found = evaluate(graph.graph("", {"y": result}), data)["y"]
    if BATCH not in sum(operands, ()):
        np.testing.assert_array_equal(found, np.einsum(equation, *data.values()))
        return
    for row in range(6):
        own = [data[f"x{i}"][row] if BATCH in shape else data[f"x{i}"] for i, shape in enumerate(operands)]
        np.testing.assert_array_equal(found[row], np.einsum(equation, *own))


@pytest.mark.parametrize(
    ("x", "indices", "axis"),
    [
        ((BATCH, 5), (BATCH,), 0),
        ((BATCH, 5, 4), (BATCH, 3), 0),
        ((BATCH, 4, 5), (BATCH, 3), 1),
        ((BATCH, 4, 5), (BATCH, 3, 2), -1),
        ((BATCH, 5, 4), (3,), 0),
        ((5, 4), (BATCH, 3), 0),
        ((4, 5), (BATCH, 3), 1),
        ((5, 4), (3,), 0),
    ],
)
def test_gather_takes_from_each_example_its_own(x: Any, indices: Any, axis: int) -> None:
    graph = Builder()
    places = graph.input("indices", TensorType("i64", indices))
    taken = shapes.gather(number(graph, "x", *x), places, axis=axis)
    rng = np.random.default_rng(0)
    data: dict[str, Any] = {
        "x": rng.uniform(size=[6 if dim == BATCH else dim for dim in x]).astype(np.float32),
        "indices": rng.integers(0, 5, [6 if dim == BATCH else dim for dim in indices]),
    }
    found = evaluate(graph.graph("", {"y": taken}), data)["y"]
    if BATCH not in (*x, *indices):
        np.testing.assert_array_equal(found, np.take(data["x"], data["indices"], axis))
        return
    for row in range(6):
        own = data["x"][row] if BATCH in x else data["x"]
        places_of_row = data["indices"][row] if BATCH in indices else data["indices"]
        np.testing.assert_array_equal(found[row], np.take(own, places_of_row, axis))


def test_reductions_never_touch_the_batch() -> None:
    graph = Builder()
    assert functions.sum_(number(graph, "x", BATCH)).shape == (BATCH,)
    assert functions.sum_(number(graph, "y", BATCH, 3, 4)).shape == (BATCH,)
    assert functions.mean(number(graph, "z", BATCH, 3, 4), axis=(0,), keepdims=True).shape == (BATCH, 1, 4)
    assert functions.norm(number(graph, "W", 3, 4)).shape == ()


def test_norm_has_a_gradient_at_zero() -> None:
    graph = Builder()
    x = number(graph, "x", 3)
    gradient = differentiate(graph.graph("", {"y": functions.norm(x)}), "y", ["x"])
    np.testing.assert_array_equal(evaluate(gradient, {"x": np.zeros(3)})["grad.x"], 0)
    np.testing.assert_allclose(evaluate(gradient, {"x": np.array([3, 0, 4])})["grad.x"], [0.6, 0, 0.8], rtol=1e-6)
