"""What composites say about operands that do not fit: prose that names the shapes, the place and the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nndsl.graph.builder import Builder, Value
from nndsl.graph.sizes import BATCH, symbol
from nndsl.graph.types import DType, TensorType
from nndsl.library import (
    activations,
    arithmetic,
    classification,
    constraints,
    functions,
    layers,
    losses,
    metrics,
    normalization,
    preprocessing,
    shapes,
)
from nndsl.library.arguments import Misuse
from nndsl.library.einsum import einsum
from nndsl.model.apply import Collected, Scope

TIME = symbol("time")
GRAPH = Builder()
B = Scope(GRAPH, "layer", Collected())


def t(*shape: Any, dtype: DType = "f32") -> Value:
    return GRAPH.input(f"{dtype}{shape}", TensorType(dtype, (BATCH, *shape)))


def classes(*shape: Any) -> Value:
    return t(*shape, dtype="i64")


MISUSES: list[tuple[Callable[[], object], str, str, str | None, str | None]] = [
    (
        lambda: layers.dense(B, t(9, TIME), 3),
        "`dense` needs to know the last axis of [batch, 9, time], which sets the size of its W",
        "`time` is known only when the data are",
        None,
        "give that axis a number where the input is declared",
    ),
    (
        lambda: preprocessing.normalize(B, t(TIME)),
        "`normalize` needs to know the last axis of [batch, time]: each of its elements has a mean",
        "`time` is known only when the data are",
        None,
        "give that axis a number where the input is declared",
    ),
    (
        lambda: layers.reshape(t(12), (5, 2)),
        "`reshape` cannot put [batch, 12] into [batch, 5, 2]",
        "an example has 12 elements, [5, 2] holds 10",
        "shape",
        None,
    ),
    (
        lambda: layers.reshape(t(12), (5, -1)),
        "`reshape` cannot put [batch, 12] into [batch, 5, -1]",
        "an example has 12 elements, [5, -1] holds a multiple of 5",
        "shape",
        None,
    ),
    (
        lambda: layers.reshape(t(12), (-1, -1)),
        "`reshape` is given the shape [-1, -1]",
        "sizes are at least 1, and one of them may be -1, which is worked out",
        "shape",
        None,
    ),
    (
        lambda: layers.concat(t(3, 4), t(5, 4)),
        "`concat` combines [batch, 3, 4] with [batch, 5, 4] along axis 1",
        "an axis of 3 meets one of 5",
        None,
        "all axes but the one along which they are put together must be equal",
    ),
    (
        lambda: layers.concat(t(3, 4), t(4)),
        "`concat` combines [batch, 3, 4] with [batch, 4] along axis 1",
        "they have different numbers of axes",
        None,
        "all axes but the one along which they are put together must be equal",
    ),
    (lambda: layers.add(), "`add` is given no tensor", "takes one or more", None, None),
    (
        lambda: layers.add(t(3), t(4)),
        "`add` combines [batch, 3] with [batch, 4]",
        "an axis of 3 cannot line up with one of 4",
        None,
        "axes line up from the last one; each pair must be equal, or one of them 1",
    ),
    (
        lambda: arithmetic.multiply(t(2, 3), t(TIME, 4)),
        "`*` combines [batch, 2, 3] with [batch, time, 4]",
        "an axis of 3 cannot line up with one of 4",
        None,
        "axes line up from the last one; each pair must be equal, or one of them 1",
    ),
    (
        lambda: arithmetic.matmul(t(3, 4), t(3, 4)),
        "`@` multiplies [batch, 3, 4] with [batch, 3, 4]",
        "4 columns meet 3 rows",
        None,
        None,
    ),
    (
        lambda: arithmetic.matmul(t(3), t()),
        "`@` multiplies [batch, 3] with [batch]",
        "needs vectors or matrices",
        None,
        "`*` multiplies by a number",
    ),
    (
        lambda: activations.softmax(t()),
        "`softmax` is asked for axis -1 of [batch]",
        "an example is a single number, it has no axes",
        "axis",
        None,
    ),
    (
        lambda: functions.sum_(t(3, 4), axis=(2,)),
        "`sum` is asked for axis 2 of [batch, 3, 4]",
        "an example has 2 axes, 0 to 1",
        "axis",
        "axes are counted without the batch, from 0, or from the end with -1",
    ),
    (
        lambda: functions.sum_(t(3, 4), axis=(1, -1)),
        "`sum` is given an axis twice: [1, -1]",
        "",
        "axis",
        None,
    ),
    (
        lambda: activations.glu(t(5)),
        "`glu` halves an axis of [batch, 5]",
        "an axis of 5 has no two equal halves",
        None,
        None,
    ),
    (
        lambda: shapes.transpose(t(3, 4), (0, 0)),
        "`transpose` is given the axes [0, 0] for [batch, 3, 4]",
        "must be 0 to 1, each once",
        "axes",
        None,
    ),
    (
        lambda: einsum("ij,jk->ik", t(3, 4), t(3, 4)),
        '`einsum` cannot read "ij,jk->ik" for [batch, 3, 4], [batch, 3, 4]',
        "`j` is 4 in one operand and 3 in another",
        "equation",
        None,
    ),
    (
        lambda: einsum("ij->ik", t(3, 4)),
        '`einsum` cannot read "ij->ik" for [batch, 3, 4]',
        'the result "ik" must name axes of the operands, each once',
        "equation",
        None,
    ),
    (
        lambda: einsum("ij,j", t(3, 4)),
        '`einsum` cannot read "ij,j" for [batch, 3, 4]',
        "it names 2 operands and is given 1",
        "equation",
        None,
    ),
    (
        lambda: einsum("i1", t(3, 4)),
        '`einsum` cannot read "i1" for [batch, 3, 4]',
        'axes are letters, operands are separated by commas: "ij,jk->ik"',
        "equation",
        None,
    ),
    (
        lambda: shapes.stack(t(3), t(4)),
        "`stack` combines [batch, 3] with [batch, 4]",
        "needs tensors of one shape",
        None,
        "`concat` puts together tensors that differ along one axis",
    ),
    (
        lambda: shapes.slice_(t(5), 4, 2),
        "`slice` is asked for elements 4 to 2 of [batch, 5]",
        "none is left of the 5",
        None,
        None,
    ),
    (
        lambda: losses.mse(t(3), t(4)),
        "`mse` compares [batch, 3] with [batch, 4]",
        "prediction and target must have the same shape",
        None,
        "the model's last layer should give [batch, 4]",
    ),
    (
        lambda: classification.cross_entropy(t(13, 13, 10), classes()),
        "`cross_entropy` compares scores [batch, 13, 13, 10] with classes [batch]",
        "expects scores [batch, 10]",
        None,
        "flatten before the last layer",
    ),
    (
        lambda: classification.cross_entropy(t(10), classes(7)),
        "`cross_entropy` compares scores [batch, 10] with classes [batch, 7]",
        "expects scores [batch, 7, 10]",
        None,
        None,
    ),
    (
        lambda: classification.cross_entropy(t(10), t(9)),
        "`cross_entropy` compares scores [batch, 10] with a distribution [batch, 9]",
        "expects a distribution [batch, 10]",
        None,
        None,
    ),
    (
        lambda: classification.cross_entropy(t(1), classes()),
        "`cross_entropy` compares scores [batch, 1] with classes [batch]",
        "needs a score for each class, along the last axis",
        None,
        "there are two classes or more; for one score, of yes or no, there is `binary_cross_entropy`",
    ),
    (
        lambda: classification.cross_entropy(t(3), t(3), ignore=1),
        "`cross_entropy` ignores a class, but its target is a distribution",
        "",
        "ignore",
        None,
    ),
    (
        lambda: metrics.accuracy(t(1), classes()),
        "`accuracy` compares [batch, 1] with [batch]",
        "needs a score for each class, along the last axis",
        None,
        "for one score, of yes or no, there is `binary_accuracy`",
    ),
    (
        lambda: metrics.accuracy(t(13, 10), classes()),
        "`accuracy` compares [batch, 13, 10] with classes [batch]",
        "expects scores [batch, classes]",
        None,
        None,
    ),
    (
        lambda: normalization.batch_norm(B, GRAPH.input("weights", TensorType("f32", (3, 4)))),
        "`batch_norm` is given [3, 4], which is the same for every example",
        "has no batch to normalise over",
        None,
        None,
    ),
    (
        lambda: normalization.layer_norm(B, t(TIME, 4), axis=(0,)),
        "`layer_norm` needs to know axis 0 of [batch, time, 4], which sets the size of its gamma",
        "`time` is known only when the data are",
        None,
        "give that axis a number where the input is declared",
    ),
    (
        lambda: normalization.group_norm(B, t(12)),
        "`group_norm` cuts the last axis of [batch, 12] into 32 groups",
        "12 channels do not divide into 32",
        "groups",
        "the number of groups must divide 12: 12 would",
    ),
    (
        lambda: layers.prelu(B, t(TIME, 4)),
        "`prelu` needs to know axis 0 of [batch, time, 4], which sets the size of its alpha",
        "`time` is known only when the data are",
        None,
        "give that axis a number where the input is declared",
    ),
    (
        lambda: constraints.orthogonal(GRAPH.input("kernel", TensorType("f32", (3, 3, 2, 4)))),
        "`orthogonal` compares the rows of a matrix, and this parameter is [3, 3, 2, 4]",
        "",
        "regularizer",
        None,
    ),
    (
        lambda: shapes.split(t(TIME), 2),
        "`split` needs to know the last axis of [batch, time], which it cuts",
        "`time` is known only when the data are",
        None,
        "give that axis a number where the input is declared",
    ),
]


@pytest.mark.parametrize(("use", "message", "label", "argument", "help"), MISUSES, ids=[m[1] for m in MISUSES])
def test_misuse(use: Callable[[], object], message: str, label: str, argument: str | None, help: str | None) -> None:
    with pytest.raises(Misuse) as caught:
        use()
    misuse = caught.value
    assert (misuse.message, misuse.label, misuse.argument, misuse.help) == (message, label, argument, help)


def test_one_axis_of_one_is_squeezed_never_broadcast() -> None:
    """[batch, 1] beside [batch] is one number for each example, on either side."""
    assert losses.mse(t(1), t()).shape == (BATCH,)
    assert losses.mse(t(), t(1)).shape == (BATCH,)
    assert classification.binary_cross_entropy(t(1), classes()).shape == (BATCH,)
    assert classification.cross_entropy(t(5), classes(1)).shape == (BATCH,)
    with pytest.raises(Misuse):
        losses.mse(t(1), t(3))
