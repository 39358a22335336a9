"""Type rules: the shape and element type that NumPy gives, and words for what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from samples import cases, sample_graph, sample_values, sizes

from nndsl import ops
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import PRIMITIVES, Primitive, Sample
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import NUMPY_DTYPES, DType, TensorType, TypeMismatch
from nndsl.graph.verify import verify

TIME = symbol("time")

PLAIN = {"strides": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}
"""Attributes of the plainest convolution over one axis."""


def test_every_primitive_has_a_sample() -> None:
    """All but `input`, whose type is declared and not derived."""
    assert [primitive.name for primitive in PRIMITIVES.values() if not primitive.samples] == ["input"]


@pytest.mark.parametrize(("primitive", "sample"), cases())
def test_the_rule_gives_the_type_that_numpy_gives(primitive: Primitive, sample: Sample) -> None:
    graph = verify(sample_graph(primitive, sample))
    found = evaluate(graph, sample_values(graph, sample))["y"]
    expected = graph.outputs["y"].type
    assert found.shape == sizes(expected.shape)
    assert found.dtype == NUMPY_DTYPES[expected.dtype]


def value(text: str) -> Value:
    """A value of a type such as `f32[batch, 3]`."""
    dtype, _, shape = text.rstrip("]").partition("[")
    symbols = {"batch": BATCH, "time": TIME}
    dims = tuple(symbols[dim] if dim in symbols else int(dim) for dim in shape.split(", ") if dim)
    types: dict[str, DType] = {name: name for name in NUMPY_DTYPES}
    return Builder().input("x", TensorType(types[dtype], dims))


@pytest.mark.parametrize(
    ("primitive", "operands", "attributes", "words"),
    [
        (ops.add, ["f32[3]", "f32[4]"], {}, "[3] and [4] do not broadcast"),
        (ops.add, ["f32[batch]", "f32[time]"], {}, "[batch] and [time] do not broadcast"),
        (ops.add, ["f32[3]", "i64[3]"], {}, "f32[3] and i64[3] have different element types"),
        (ops.add, ["bool[3]", "bool[3]"], {}, "expects numbers, not bool[3]"),
        (ops.exp, ["i64[3]"], {}, "expects floating-point numbers, not i64[3]"),
        (ops.div, ["i64[3]", "i64[3]"], {}, "expects floating-point numbers, not i64[3]"),
        (ops.neg, ["u32[3]"], {}, "expects signed numbers, not u32[3]"),
        (ops.logical_and, ["bool[3]", "f32[3]"], {}, "expects truth values, not f32[3]"),
        (ops.where, ["f32[3]", "f32[3]", "f32[3]"], {}, "expects a condition of truth values, not f32[3]"),
        (ops.matmul, ["f32[3]", "f32[3, 2]"], {}, "a matrix product needs two axes on each side: f32[3] @ f32[3, 2]"),
        (
            ops.matmul,
            ["f32[batch, 3]", "f32[4, 2]"],
            {},
            "f32[batch, 3] @ f32[4, 2]: the left has 3 columns, the right 4 rows",
        ),
        (ops.softmax, ["f32[3]"], {"axis": 1}, "there is no axis 1 in f32[3], which has 1"),
        (
            ops.reshape,
            ["f32[batch, 6]"],
            {"shape": (BATCH, 5)},
            "[batch, 6] has 6 * batch elements, [batch, 5] has 5 * batch",
        ),
        (ops.transpose, ["f32[2, 3]"], {"axes": (0, 0)}, "[0, 0] does not order the 2 axes of f32[2, 3]"),
        (ops.broadcast_to, ["f32[3]"], {"shape": (3, 2)}, "[3] and [3, 2] do not broadcast"),
        (ops.broadcast_to, ["f32[3]"], {"shape": (1,)}, "[3] does not broadcast to [1]"),
        (ops.concat, ["f32[2, 3]", "f32[4, 3]"], {"axis": 1}, "[2, 3] and [4, 3] differ on an axis other than 1"),
        (ops.slice, ["f32[4]"], {"axis": 0, "start": 2, "stop": 5, "step": 1}, "2:5 is not a slice of an axis of 4"),
        (ops.slice, ["f32[4]"], {"axis": 0, "start": 2, "stop": 2, "step": 1}, "2:2 holds nothing of an axis of 4"),
        (ops.slice, ["f32[4]"], {"axis": 0, "start": 0, "stop": 4, "step": 0}, "a slice needs a step that is not 0"),
        (
            ops.slice,
            ["f32[time]"],
            {"axis": 0, "start": 0, "stop": TIME, "step": 2},
            "a slice by steps of 2 needs a start and stop that are known, not 0 and time",
        ),
        (ops.pad, ["f32[4]"], {"axis": 0, "before": -1, "after": 0}, "cannot pad by -1 and 0"),
        (ops.gather, ["f32[4]", "f32[2]"], {"axis": 0}, "expects indices of type i64, not f32[2]"),
        (
            ops.scatter_add,
            ["f32[2, 4]", "i64[3]"],
            {"axis": 0, "size": 5},
            "updates [2, 4] do not have indices [3] from axis 0 on",
        ),
        (ops.take_along, ["f32[2, 4]", "i64[3, 1]"], {"axis": 1}, "[2, 4] and [3, 1] differ on an axis other than 1"),
        (ops.put_along, ["f32[2, 4]", "i64[2, 1]"], {"axis": 1, "size": 5}, "updates [2, 4] and indices [2, 1] differ"),
        (
            ops.reduce_sum,
            ["f32[2, 4]"],
            {"axes": (1, 0), "keepdims": False},
            "the axes (1, 0) of a reduction must be different and in order",
        ),
        (ops.argmax, ["i64[4]"], {"axis": 0}, "expects floating-point numbers, not i64[4]"),
        (
            ops.random_uniform,
            ["i64", "i64", "f32"],
            {"shape": (3,), "site": 1},
            "seed, step and row are i64 scalars, not f32",
        ),
        (
            ops.random_uniform,
            ["i64", "i64", "i64"],
            {"shape": (3,), "site": 2**32},
            "a site is an unsigned 32-bit number, not 4294967296",
        ),
        (
            ops.conv,
            ["f32[batch, 4]", "f32[3, 4, 2]"],
            PLAIN,
            "expects one, two or three axes between batch and channels, not f32[batch, 4]",
        ),
        (
            ops.conv,
            ["f32[batch, 9, 9, 4]", "f32[3, 3, 4, 2]"],
            PLAIN,
            "(1,) does not say something of each of the 2 spatial axes of f32[batch, 9, 9, 4]",
        ),
        (
            ops.conv,
            ["f32[batch, 9, 4]", "f32[3, 3, 4, 2]"],
            PLAIN,
            "a kernel f32[3, 3, 4, 2] for f32[batch, 9, 4] needs 3 axes",
        ),
        (
            ops.conv,
            ["f32[batch, 3, 4]", "f32[3, 4, 2]"],
            {**PLAIN, "dilation": (2,), "padding": ((0, 1),)},
            "a window of 3 (dilated: 5) does not fit in an axis of 3 (padded: 4)",
        ),
        (
            ops.conv,
            ["f32[batch, 9, 4]", "f32[3, 3, 2]"],
            PLAIN,
            "a kernel over 3 channels does not fit 4 channels",
        ),
        (
            ops.conv,
            ["f32[batch, 9, 4]", "f32[3, 4, 2]"],
            {**PLAIN, "groups": 2},
            "a kernel over 4 channels does not fit 2 groups of 2 channels",
        ),
        (
            ops.conv,
            ["f32[batch, 9, 4]", "f32[3, 1, 8]"],
            {**PLAIN, "groups": 3},
            "4 channels do not divide into 3 groups",
        ),
        (
            ops.conv,
            ["f32[batch, 9, 4]", "f32[3, 2, 3]"],
            {**PLAIN, "groups": 2},
            "3 filters do not divide into 2 groups",
        ),
        (
            ops.conv,
            ["f32[batch, 9, 4]", "f32[3, 4, 2]"],
            {**PLAIN, "strides": (0,)},
            "strides and dilation are 1 or more, not 0 and 1",
        ),
        (
            ops.conv,
            ["f32[batch, 9, 4]", "f32[3, 4, 2]"],
            {**PLAIN, "padding": ((-1, 0),)},
            "cannot pad by -1 and 0",
        ),
        (
            ops.conv_input,
            ["f32[batch, 9, 2]", "f32[3, 4, 2]"],
            {**PLAIN, "shape": (10,)},
            "f32[batch, 9, 2] does not have the [8] windows that [10] has",
        ),
        (
            ops.conv_input,
            ["f32[batch, 9, 3]", "f32[3, 4, 2]"],
            {**PLAIN, "shape": (11,)},
            "a kernel of 2 filters does not give 3 channels",
        ),
        (
            ops.conv_kernel,
            ["f32[batch, 9, 4]", "f32[2, 7, 2]"],
            {**PLAIN, "kernel": (3,)},
            "f32[batch, 9, 4] and f32[2, 7, 2] are no operand and result of one convolution",
        ),
        (
            ops.max_pool,
            ["f32[batch, 9, 4]"],
            {"size": (2,), "strides": (1,), "padding": ((0, 2),)},
            "a window of 2 may lie in a padding of 2 and see nothing",
        ),
        (
            ops.max_pool_gradient,
            ["f32[batch, 9, 4]", "f32[batch, 8, 4]", "f32[batch, 7, 4]"],
            {"size": (2,), "strides": (1,), "padding": ((0, 0),)},
            "the pool of f32[batch, 9, 4] is f32[batch, 8, 4], not f32[batch, 8, 4] with a gradient f32[batch, 7, 4]",
        ),
        (
            ops.avg_pool_gradient,
            ["f32[batch, 9, 4]"],
            {"size": (2,), "strides": (1,), "padding": ((0, 0),), "shape": (9,)},
            "the pool of [9] is f32[batch, 8, 4], not f32[batch, 9, 4]",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_words(
    primitive: Primitive, operands: list[str], attributes: dict[str, Any], words: str
) -> None:
    with pytest.raises(TypeMismatch) as raised:
        primitive(*map(value, operands), **attributes)
    assert str(raised.value) == words


def test_sizes_may_be_symbolic() -> None:
    x = value("f32[batch, time, 4]")
    assert ops.slice(x, axis=1, start=1, stop=TIME, step=1).shape == (BATCH, TIME - 1, 4)
    assert ops.pad(x, axis=1, before=2, after=0).shape == (BATCH, TIME + 2, 4)
    assert ops.reshape(x, shape=(BATCH * TIME, 4)).shape == (BATCH * TIME, 4)
    assert ops.concat(x, axis=2).shape == (BATCH, TIME, 4)


def test_numbers_become_constants_of_the_operand_s_type() -> None:
    half = (value("f32[3]") * 0.5).node.inputs[1].attributes["value"]
    assert half.dtype == np.float32
