"""Values: what has no gradient to check it by has a closed form here, and so have extreme arguments."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from samples import apply

from nndsl import ops
from nndsl.graph.builder import Builder
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import PRIMITIVES, Primitive
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import NUMPY_DTYPES, DType, TensorType

NUMBERS = [-3.5, -2.5, -1.0, -0.5, 0.0, 0.5, 1.5, 2.0, 2.5, 1e6]


def sign(x: float) -> int:
    return (x > 0) - (x < 0)


ONE_OPERAND: list[tuple[Primitive, Callable[[float], float]]] = [
    (ops.sign, sign),
    (ops.floor, math.floor),
    (ops.round, round),  # Python's, too, rounds halves to the even neighbour
]

TWO_OPERANDS: list[tuple[Primitive, Callable[[float, float], Any]]] = [
    (ops.less, operator.lt),
    (ops.less_equal, operator.le),
    (ops.greater, operator.gt),
    (ops.greater_equal, operator.ge),
    (ops.equal, operator.eq),
    (ops.not_equal, operator.ne),
]

LOGICAL: list[tuple[Primitive, Callable[..., bool]]] = [
    (ops.logical_and, lambda a, b: a and b),
    (ops.logical_or, lambda a, b: a or b),
]


@pytest.mark.parametrize(("primitive", "exact"), ONE_OPERAND)
def test_of_one_number(primitive: Primitive, exact: Callable[[float], float]) -> None:
    assert apply(primitive, np.array(NUMBERS, np.float32)).tolist() == [exact(x) for x in NUMBERS]


@pytest.mark.parametrize(("primitive", "exact"), TWO_OPERANDS)
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_comparisons(primitive: Primitive, exact: Callable[[float, float], bool], dtype: Any) -> None:
    numbers = np.array(NUMBERS).astype(dtype)
    found = apply(primitive, numbers[:, None], numbers[None, :])
    assert found.tolist() == [[exact(a, b) for b in numbers.tolist()] for a in numbers.tolist()]


@pytest.mark.parametrize(("primitive", "exact"), LOGICAL)
def test_logic(primitive: Primitive, exact: Callable[[bool, bool], bool]) -> None:
    a, b = np.array([False, False, True, True]), np.array([False, True, False, True])
    assert apply(primitive, a, b).tolist() == [exact(p, q) for p, q in zip(a.tolist(), b.tolist(), strict=True)]


def test_not() -> None:
    assert apply(ops.logical_not, np.array([False, True])).tolist() == [True, False]


def test_arguments_of_extremes_are_the_first_of_equals() -> None:
    x = np.array([[1, 3, 3], [2, 2, 0]], np.float32)
    assert apply(ops.argmax, x, axis=1).tolist() == [1, 0]
    assert apply(ops.argmin, x, axis=1).tolist() == [0, 2]
    assert apply(ops.argmin, x, axis=0).tolist() == [0, 1, 1]


def test_sorting_puts_the_least_first() -> None:
    x = np.array([[3, 1, 2], [0, 5, -1]], np.float32)
    assert apply(ops.sort, x, axis=1).tolist() == [[1, 2, 3], [-1, 0, 5]]
    assert apply(ops.sort, x, axis=0).tolist() == [[0, 1, -1], [3, 5, 2]]


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_the_remainder_has_the_divisor_s_sign(dtype: Any) -> None:
    """As Python's: a - b floor(a / b), in exact arithmetic."""
    a, b = np.array([7, -7, 7, -7, 6], dtype), np.array([3, 3, -3, -3, 3], dtype)
    expected = [float(Fraction(p) % Fraction(q)) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    assert apply(ops.mod, a, b).tolist() == expected == [1, 2, -2, -1, 0]


def test_casts() -> None:
    assert apply(ops.cast, np.array([-1.7, 0, 1.7], np.float32), dtype="i64").tolist() == [-1, 0, 1]
    assert apply(ops.cast, np.array([-1.7, 0, 1.7], np.float32), dtype="bool").tolist() == [True, False, True]
    assert apply(ops.cast, np.array([False, True]), dtype="f32").tolist() == [0, 1]
    assert apply(ops.cast, np.array([2**40 + 3]), dtype="u32").tolist() == [3]


def test_whole_numbers_of_32_bits_wrap_around() -> None:
    a = np.array([2**32 - 1], np.uint32)
    assert apply(ops.add, a, a).tolist() == [2**32 - 2]
    assert apply(ops.mul, a, a).tolist() == [1]


def test_sizes_are_read_from_the_inputs() -> None:
    builder = Builder()
    builder.input("x", TensorType("f32", (BATCH, 3)))
    graph = builder.graph("sizes", {"f": builder.size(BATCH * 2 + 1), "i": builder.size(BATCH, "i64")})
    found = evaluate(graph, {"x": np.zeros((5, 3))})
    assert (float(found["f"]), int(found["i"])) == (11.0, 5)
    assert (found["f"].dtype, found["i"].dtype) == (np.float32, np.int64)


def test_constants_are_what_they_were() -> None:
    builder = Builder()
    arrays: dict[DType, Any] = {"f32": [0.1, 1e-45, np.inf], "i64": 2**62 + 1, "bool": [[True, False]]}
    graph = builder.graph("c", {dtype: builder.constant(array, dtype) for dtype, array in arrays.items()})
    for dtype, found in evaluate(graph, {}).items():
        assert found.tolist() == np.array(arrays[dtype], found.dtype).tolist()  # type: ignore[index]
        assert found.dtype == NUMPY_DTYPES[dtype]  # type: ignore[index]


@pytest.mark.parametrize("primitive", [ops.stop_gradient, ops.override])
def test_markers_are_the_value_itself(primitive: Primitive) -> None:
    x = np.array([1, 2], np.float32)
    others = [np.array([3], np.float32)] if primitive.variadic else []
    attributes = {"rule": "none"} if primitive.variadic else {}
    assert apply(primitive, x, *others, **attributes).tolist() == [1, 2]


def test_whatever_has_no_gradient_has_an_oracle_here() -> None:
    named = {primitive.name for primitive, _ in (*ONE_OPERAND, *TWO_OPERANDS, *LOGICAL)}
    named |= {"logical_not", "argmax", "argmin", "sort", "size", "constant", "stop_gradient", "override"}
    named |= {"input"}  # evaluated in every test
    named |= {"random_uniform"}  # test_ops_randomness
    named |= {"max_pool_gradient"}  # test_ops_pooling
    assert {primitive.name for primitive in PRIMITIVES.values() if primitive.gradient is None} == named
