"""What holds weights in check: constraints, which a parameter is put under after each step, and regularizers, which add
to the loss.

`max_norm`, `unit_norm` and `min_max_norm` look at the norms of vectors along `axis`, which counts the parameter's own
axes: for the W [in, units] of a `dense`, axis 0 is what goes into each unit; for the W [height, width, in, filters] of
a `conv2d`, `axis = [0, 1, 2]` is each filter.
"""

from __future__ import annotations

from typing import Literal

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.sizes import show_shape
from nndsl.library.arguments import Axis, Misuse, NonNegative, Positive
from nndsl.library.registry import composite

CONSTRAINTS = "https://keras.io/api/layers/constraints/"

EPSILON = 1e-7
"""Keras's, added to a norm that is divided by."""


@composite("constraint", "max_norm", example="x: f32[4] => dense(x, 3, constraint = max_norm(2))", follows=CONSTRAINTS)
def max_norm(W: Value, max_value: NonNegative = 2.0, axis: Axis = (0,)) -> Value:
    """W min(|W|, max_value) / |W|: norms along the axis are at most max_value."""
    norms = _norms("max_norm", W, axis)
    return W * (ops.minimum(norms, _like(W, max_value)) / (norms + EPSILON))


@composite("constraint", "non_neg", example="x: f32[4] => dense(x, 3, constraint = non_neg)", follows=CONSTRAINTS)
def non_neg(W: Value) -> Value:
    """max(W, 0)"""
    return ops.maximum(W, _like(W, 0))


@composite("constraint", "unit_norm", example="x: f32[4] => dense(x, 3, constraint = unit_norm)", follows=CONSTRAINTS)
def unit_norm(W: Value, axis: Axis = (0,)) -> Value:
    """W / |W|: norms along the axis are 1."""
    return W / (_norms("unit_norm", W, axis) + EPSILON)


@composite(
    "constraint",
    "min_max_norm",
    example="x: f32[4] => dense(x, 3, constraint = min_max_norm(0.5, 2))",
    follows=CONSTRAINTS,
)
def min_max_norm(
    W: Value, min_value: NonNegative = 0.0, max_value: NonNegative = 1.0, rate: Positive = 1.0, axis: Axis = (0,)
) -> Value:
    """W r / |W| with r = rate clip(|W|, min_value, max_value) + (1 - rate) |W|: norms along the axis are between
    min_value and max_value; with a rate below 1 they move there step by step."""
    norms = _norms("min_max_norm", W, axis)
    clipped = ops.minimum(ops.maximum(norms, _like(W, min_value)), _like(W, max_value))
    desired = clipped if rate == 1 else clipped * rate + norms * (1 - rate)
    return W * (desired / (norms + EPSILON))


def _norms(name: str, W: Value, axis: Axis) -> Value:
    axes = tuple(range(W.rank)) if axis is None else axis
    if any(not -W.rank <= a < W.rank for a in axes):
        raise Misuse(
            f"`{name}` takes norms along axis {', '.join(map(str, axes))} of a parameter {show_shape(W.shape)}",
            label="its only axis is 0" if W.rank == 1 else f"its axes are 0 to {W.rank - 1}",
            argument="constraint",
        )
    along = tuple(sorted({a % W.rank for a in axes}))
    return ops.sqrt(ops.reduce_sum(W**2, axes=along, keepdims=True)).named("norm")


# ---------------------------------------------------------------- regularizers


@composite(
    "regularizer",
    "orthogonal",
    example="x: f32[4] => dense(x, 3, regularizer = orthogonal(0.1))",
    follows="https://keras.io/api/layers/regularizers/",
)
def orthogonal(W: Value, factor: NonNegative = 0.01, mode: Literal["rows", "columns"] = "rows") -> Value:
    """factor times the mean of |cos| of the angles between any two rows, or columns, of a matrix."""
    if W.rank != 2:
        raise Misuse(
            f"`orthogonal` compares the rows of a matrix, and this parameter is {show_shape(W.shape)}",
            argument="regularizer",
        )
    vectors = W if mode == "rows" else ops.transpose(W, axes=(1, 0))
    count = vectors.shape[0]
    assert isinstance(count, int)
    squares = ops.reduce_sum(vectors**2, axes=(1,), keepdims=True)
    units = vectors / ops.sqrt(ops.maximum(squares, _like(W, 1e-24)))
    cosines = ops.abs(ops.matmul(units, ops.transpose(units, axes=(1, 0))))
    others = W.builder.constant([[float(i != j) for j in range(count)] for i in range(count)], W.dtype)
    pairs = max(count * (count - 1), 1)
    return ops.reduce_sum(cosines * others, axes=(0, 1), keepdims=False) * (factor / pairs)


def _like(W: Value, value: float) -> Value:
    return W.builder.constant(value, W.dtype)
