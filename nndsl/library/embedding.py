"""Embeddings: a vector for each kind of a class, learned; and classes as vectors of zeros with a one."""

from __future__ import annotations

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.sizes import show_shape
from nndsl.library.arguments import Constraint, Initial, Initializer, Misuse, NonNegative, Regularizer, Size, Tensor
from nndsl.library.building import LayerBuilder
from nndsl.library.operands import indicator
from nndsl.library.registry import composite

UNIFORM = Initial("uniform", {})


@composite(
    "layer",
    "embedding",
    example="x: class[5] => embedding(x, 5, 3)",
    follows="https://keras.io/api/layers/core_layers/embedding/",
)
def embedding(
    b: LayerBuilder,
    x: Tensor,
    kinds: Size,
    units: Size,
    *,
    init: Initializer = UNIFORM,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    regularizer: Regularizer = None,
    constraint: Constraint = None,
    trainable: bool = True,
) -> Tensor:
    """The row of `embeddings` at each index: [batch] or [batch, …] of indices -> [batch, …, units].

    `embeddings` is [kinds, units]; indices are 0 to kinds - 1. A row that several indices name gets the sum of their
    gradients.
    """
    _require_indices(
        "embedding", x, help="`dense` is what takes numbers; kinds are declared as class[…], counts as i64"
    )
    shape = (kinds, units)
    embeddings = b.parameter(
        "embeddings", shape, init, trainable=trainable, l1=l1, l2=l2, regularizer=regularizer, constraint=constraint
    )
    return ops.gather(embeddings, x, axis=0)


@composite(
    "layer",
    "one_hot",
    example="x: class[5] => one_hot(x, 5)",
    differentiable=False,
    follows="https://keras.io/api/layers/preprocessing_layers/categorical/category_encoding/",
)
def one_hot(x: Tensor, kinds: Size) -> Tensor:
    """1 at the place of each index, else 0: [batch] or [batch, …] of indices -> [batch, …, kinds].

    An index outside of 0 to kinds - 1 gives zeros alone.
    """
    _require_indices("one_hot", x, help="kinds are declared as class[…], counts as i64")
    places = x.builder.constant(list(range(kinds)), "i64")
    return indicator(ops.equal(ops.reshape(x, shape=(*x.shape, 1)), places))


def _require_indices(name: str, x: Value, help: str) -> None:
    """Refuse numbers that are no indices: `2.5` names no row."""
    if x.dtype != "i64":
        raise Misuse(
            f"`{name}` is given numbers, {show_shape(x.shape)}", label="takes indices: a class or i64", help=help
        )
