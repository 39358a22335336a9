"""Layers: what stands in a pipe, with parameters, randomness or a statistic of its own, or none.

`concat`, `add` and the other merging layers take any number of tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.sizes import BATCH, product, show_shape
from nndsl.library.arguments import (
    Activation,
    Axis,
    Constraint,
    Initial,
    Initializer,
    Misuse,
    NonNegative,
    Rate,
    Regularizer,
    Size,
    Sizes,
    Tensor,
)
from nndsl.library.arithmetic import project
from nndsl.library.building import LayerBuilder
from nndsl.library.operands import (
    align,
    at_least_one,
    indicator,
    known_size,
    lead,
    number,
    numbers,
    own_axes,
    own_axis,
    own_shape,
    vector,
)
from nndsl.library.registry import composite

GLOROT_UNIFORM = Initial("glorot_uniform", {})
ZEROS = Initial("zeros", {})

MERGING = "https://keras.io/api/layers/merging_layers/"

# ---------------------------------------------------------------- with parameters


@composite(
    "layer",
    "dense",
    example="x: f32[4] => dense(x, 3, relu)",
    follows="https://keras.io/api/layers/core_layers/dense/",
)
def dense(
    b: LayerBuilder,
    x: Tensor,
    units: Size,
    activation: Activation = None,
    *,
    bias: bool = True,
    init: Initializer = GLOROT_UNIFORM,
    bias_init: Initializer = ZEROS,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    regularizer: Regularizer = None,
    constraint: Constraint = None,
    trainable: bool = True,
) -> Tensor:
    """activation(x @ W + b), over the last axis: [..., d] -> [..., units]; W [d, units], b [units].

    A single number per example counts as [1]. `l1`, `l2`, `regularizer` and `constraint` are for W.
    """
    x = vector(number(x))
    d = known_size("dense", x, -1, ", which sets the size of its W")
    W = b.parameter(
        "W", (d, units), init, trainable=trainable, l1=l1, l2=l2, regularizer=regularizer, constraint=constraint
    )
    y = project(x, W)
    if bias:
        y = y + b.parameter("b", (units,), bias_init, trainable=trainable)
    return activation(y) if activation else y


@composite(
    "layer",
    "prelu",
    example="x: f32[3, 4] => prelu(x, shared_axes = 0)",
    follows="https://keras.io/api/layers/activation_layers/prelu/",
)
def prelu(
    b: LayerBuilder,
    x: Tensor,
    *,
    shared_axes: Axis = (),
    init: Initializer = ZEROS,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    constraint: Constraint = None,
    trainable: bool = True,
) -> Tensor:
    """x where x > 0, else alpha x, with alpha learned: `leaky_relu` with slopes of its own. The shape stays.

    `alpha` has the shape of an example, with a 1 for each of the `shared_axes` (He et al., 2015).
    """
    x = vector(number(x))
    shared = own_axes("prelu", x, shared_axes)
    shape = tuple(
        1 if axis in shared else known_size("prelu", x, axis, ", which sets the size of its alpha")
        for axis in range(lead(x), x.rank)
    )
    alpha = b.parameter("alpha", shape, init, trainable=trainable, l1=l1, l2=l2, constraint=constraint)
    return ops.relu(x) - alpha * ops.relu(-x)


# ---------------------------------------------------------------- while training


@composite(
    "layer",
    "dropout",
    example="x: f32[4] => dropout(x, 0.5)",
    follows="https://keras.io/api/layers/regularization_layers/dropout/",
)
def dropout(b: LayerBuilder, x: Tensor, rate: Rate) -> Tensor:
    """While training, each element is 0 with probability `rate`, else x / (1 - rate); otherwise x. The shape stays."""
    x = number(x)
    if not b.training or rate == 0:
        return x
    kept = indicator(b.uniform(x.shape) >= rate)
    return x * (kept * (1 / (1 - rate))).named("mask")


@composite(
    "layer",
    "activity",
    example="x: f32[4] => activity(x, l2 = 0.01)",
    follows="https://keras.io/api/layers/regularization_layers/activity_regularization/",
)
def activity(b: LayerBuilder, x: Tensor, *, l1: NonNegative = 0.0, l2: NonNegative = 0.0) -> Tensor:
    """x, adding l1 Σ|x| + l2 Σx² to the loss: sums over the batch, divided by its size. The shape stays."""
    x = number(x)
    axes = tuple(range(x.rank))
    rows = x.builder.size(BATCH) if x.batched else 1.0
    if l1:
        b.penalize(ops.reduce_sum(ops.abs(x), axes=axes, keepdims=False) * l1 / rows)
    if l2:
        b.penalize(ops.reduce_sum(x**2, axes=axes, keepdims=False) * l2 / rows)
    return x


# ---------------------------------------------------------------- of shapes


@composite(
    "layer",
    "flatten",
    example="x: f32[3, 4] => flatten(x)",
    follows="https://keras.io/api/layers/reshaping_layers/flatten/",
)
def flatten(x: Tensor) -> Tensor:
    """All axes of an example as one: [batch, h, w, c] -> [batch, h * w * c]."""
    return ops.reshape(x, shape=(*x.shape[: lead(x)], product(own_shape(x))))


@composite(
    "layer",
    "reshape",
    example="x: f32[12] => reshape(x, [3, 4])",
    follows="https://keras.io/api/layers/reshaping_layers/reshape/",
)
def reshape(x: Tensor, shape: Sizes) -> Tensor:
    """The elements of an example in another shape, in the same order: [batch, 12] -> [batch, 3, 4].

    One size may be -1: it is worked out from the others.
    """
    own = own_shape(x)
    count = product(own)
    if list(shape).count(-1) > 1 or any(size < 1 and size != -1 for size in shape):
        raise Misuse(
            f"`reshape` is given the shape {show_shape(shape)}",
            label="sizes are at least 1, and one of them may be -1, which is worked out",
            argument="shape",
        )
    known = product(size for size in shape if size != -1)
    fits = count == known if -1 not in shape else isinstance(known, int) and known * (count // known) == count
    if not fits:
        raise Misuse(
            f"`reshape` cannot put {show_shape(x.shape)} into {show_shape((*x.shape[: lead(x)], *shape))}",
            label=f"an example has {count} elements, {show_shape(shape)} holds "
            + (f"a multiple of {known}" if -1 in shape else f"{known}"),
            argument="shape",
        )
    assert isinstance(known, int)
    return ops.reshape(x, shape=(*x.shape[: lead(x)], *(count // known if size == -1 else size for size in shape)))


# ---------------------------------------------------------------- of several tensors


@composite("layer", "concat", example="x: f32[4], y: f32[3] => concat(x, y)", follows=MERGING)
def concat(*xs: Tensor, axis: int = -1) -> Tensor:
    """The tensors one after the other along an axis: [batch, 4], [batch, 3] -> [batch, 7].

    Their other axes must be equal. A single number per example counts as [1].
    """
    at_least_one("concat", xs)
    if len({x.batched for x in xs}) > 1:
        raise Misuse(
            "`concat` combines " + " with ".join(show_shape(x.shape) for x in xs),
            label="one of them has no batch axis: it is not one tensor for each example",
        )
    values = tuple(map(vector, xs if {x.dtype for x in xs} == {"i64"} else numbers(*xs)))
    along = own_axis("concat", values[0], axis)
    for other in values[1:]:
        _same_but_for(along, values[0], other)
    return ops.concat(*values, axis=along)


def _same_but_for(axis: int, first: Value, other: Value) -> None:
    """Refuse to concatenate shapes that differ on another axis."""
    shapes = [list(first.shape), list(other.shape)]
    ranks = {len(shape) for shape in shapes}
    if len(ranks) == 1:
        for shape in shapes:
            shape[axis] = 1
    if shapes[0] == shapes[1]:
        return
    clash = next((pair for pair in zip(*shapes, strict=False) if pair[0] != pair[1]), None)
    raise Misuse(
        f"`concat` combines {show_shape(first.shape)} with {show_shape(other.shape)} along axis {axis - lead(first)}",
        label=f"an axis of {clash[0]} meets one of {clash[1]}"
        if len(ranks) == 1 and clash
        else "they have different numbers of axes",
        help="all axes but the one along which they are put together must be equal",
    )


def _merge(name: str, xs: tuple[Value, ...], merge: Callable[[Value, Value], Value]) -> Value:
    """Element by element, from left to right."""
    at_least_one(name, xs)
    return reduce(merge, align(name, *numbers(*xs)))


@composite("layer", "add", example="x: f32[4], y: f32[4] => add(x, y)", follows=MERGING)
def add(*xs: Tensor) -> Tensor:
    """The sum of the tensors, element by element; shapes broadcast."""
    return _merge("add", xs, lambda a, b: a + b)


@composite("layer", "subtract", example="x: f32[4], y: f32[4] => subtract(x, y)", follows=MERGING)
def subtract(a: Tensor, b_: Tensor) -> Tensor:
    """a - b, element by element; shapes broadcast."""
    return _merge("subtract", (a, b_), lambda a, b: a - b)


@composite("layer", "multiply", example="x: f32[4], y: f32[4] => multiply(x, y)", follows=MERGING)
def multiply(*xs: Tensor) -> Tensor:
    """The product of the tensors, element by element; shapes broadcast."""
    return _merge("multiply", xs, lambda a, b: a * b)


@composite("layer", "average", example="x: f32[4], y: f32[4] => average(x, y)", follows=MERGING)
def average(*xs: Tensor) -> Tensor:
    """The mean of the tensors, element by element; shapes broadcast."""
    return _merge("average", xs, lambda a, b: a + b) / len(xs)


@composite("layer", "maximum", example="x: f32[4], y: f32[4] => maximum(x, y)", follows=MERGING)
def maximum(*xs: Tensor) -> Tensor:
    """The greatest of the tensors, element by element; shapes broadcast."""
    return _merge("maximum", xs, ops.maximum)


@composite("layer", "minimum", example="x: f32[4], y: f32[4] => minimum(x, y)", follows=MERGING)
def minimum(*xs: Tensor) -> Tensor:
    """The least of the tensors, element by element; shapes broadcast."""
    return _merge("minimum", xs, ops.minimum)
