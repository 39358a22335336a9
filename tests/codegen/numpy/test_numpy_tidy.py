"""Graphs as NumPy has them quickest compute what they computed: one-hot rows from a matrix, masks as signs."""

from __future__ import annotations

import numpy as np
import pytest

from nndsl import ops
from nndsl.codegen.numpy.tidy import FEW, KINDS, tidy
from nndsl.graph.builder import Builder
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType


def operations(graph: Graph) -> set[str]:
    return {node.op for node in graph.nodes}


def classes(count: int, *, last: int | None = None, choose: bool = True) -> Graph:
    """One-hot rows of y, and the element of z that it chooses, if it does."""
    b = Builder()
    y, z = b.input("y", TensorType("i64", (BATCH,))), b.input("z", TensorType("f32", (BATCH, count)))
    column = ops.reshape(y, shape=(BATCH, 1))
    places = b.constant([*range(count - 1), count - 1 if last is None else last], "i64")
    hot = ops.cast(ops.equal(column, places), dtype="f32")
    return b.graph("g", {"hot": hot, "chosen": ops.take_along(z, column, axis=1) if choose else z})


def test_one_hot_rows_of_classes_that_choose() -> None:
    before = classes(5)
    after = tidy(before, 4)
    assert operations(after) >= {"gather"}
    assert not operations(after) & {"equal", "cast"}
    inputs = {"y": np.array([4, 0, 2, 2]), "z": np.zeros((4, 5), np.float32)}
    np.testing.assert_array_equal(evaluate(after, inputs)["hot"], np.eye(5, dtype=np.float32)[[4, 0, 2, 2]])


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(classes(5, choose=False), id="that may lie outside, where no row has a one"),
        pytest.param(classes(5, last=7), id="of other places"),
        pytest.param(classes(KINDS + 1), id="of too many classes"),
    ],
)
def test_one_hot_rows_that_stay(graph: Graph) -> None:
    assert "gather" not in operations(tidy(graph, 4))


def masked(width: int) -> Graph:
    b = Builder()
    x = b.input("x", TensorType("f32", (BATCH, width)))
    h = ops.relu(x)
    return b.graph("g", {"h": h, "mask": ops.cast(ops.greater(h, b.constant(0.0, "f32")), dtype="f32")})


def test_the_mask_of_few_numbers_is_their_sign() -> None:
    after = tidy(masked(3), 2)
    assert operations(after) >= {"sign"}
    assert not operations(after) & {"greater", "cast"}
    x = np.array([[-1, 0, 2e-38], [np.inf, -0.0, 1e-45]], np.float32)
    np.testing.assert_array_equal(evaluate(after, {"x": x})["mask"], x > 0)


@pytest.mark.parametrize("rows", [FEW // 4 + 1, None])
def test_the_mask_of_many_numbers_stays(rows: int | None) -> None:
    assert "sign" not in operations(tidy(masked(4), rows))


def test_a_mask_of_what_is_no_relu_stays() -> None:
    """The sign of a negative number is no mask."""
    b = Builder()
    x = b.input("x", TensorType("f32", (BATCH, 3)))
    graph = b.graph("g", {"mask": ops.cast(ops.greater(x, b.constant(0.0, "f32")), dtype="f32")})
    assert "sign" not in operations(tidy(graph, 2))
