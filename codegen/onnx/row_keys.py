"""The keys of a batch's rows, from which its random numbers are made: by NumPy, for many steps at once.

    random_uniform(seed, step, row)      random_of_rows(a, b)      a, b: two numbers for each row, u32[batch, 1]

Thirty nodes make these keys, each of which takes as long to begin as a small network's products: a fifth of the step
of 64-64-10 with a dropout (43 µs to 34). Numbers themselves are ONNX Runtime's: NumPy has vector code for unsigned
integers where it has none, and yet no step is quicker for that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nndsl.codegen.backend import Array
from nndsl.graph.node import PRIMITIVES, Graph, Node, Primitive
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import Shape, TensorType
from nndsl.ops.helpers import row_keys, step_key
from nndsl.ops.randomness import onnx_random_of_rows
from nndsl.transform.rewrite import keep_name, rewrite

KEYS = "nndsl.keys.a", "nndsl.keys.b"

STEPS = 64
"""For how many steps keys are made at once, while one follows the other."""


class RowKeys:
    """A graph that is given the keys of its rows, and what makes them."""

    def __init__(self, graph: Graph, seed: int):
        keys = tuple(Node(PRIMITIVES["input"], (), {"name": name}, TensorType("u32", (BATCH, 1))) for name in KEYS)

        def rule(node: Node) -> Node:
            if node.op != "random_uniform" or not node.type.batched:
                return node
            return keep_name(node, Node(RANDOM_OF_ROWS, keys, node.attributes, node.type, node.origin))

        changed = rewrite(graph, rule)
        self._draws = changed is not graph
        given = dict(zip(KEYS, keys, strict=True)) if self._draws else {}
        self.graph = Graph(graph.name, {**graph.inputs, **given}, changed.outputs)
        """The rest of the graph."""
        self._seed = seed
        self._rows: dict[int, Keys] = {}

    def arrays(self, rows: int) -> dict[str, Array]:
        """The graph's inputs for so many rows, which `set` changes."""
        if not self._draws:
            return {}
        keys = self._rows.setdefault(rows, Keys(self._seed, rows))
        return dict(zip(KEYS, keys.arrays, strict=True))

    def set(self, rows: int, step: int, row: int) -> None:
        """Let the arrays of so many rows, the first of which is `row` in the whole batch, hold the keys of a step."""
        if rows in self._rows:
            self._rows[rows].set(step, row)


class Keys:
    """The keys of so many rows."""

    def __init__(self, seed: int, rows: int):
        self._seed, self._rows = seed, rows
        self.arrays = np.zeros((2, rows, 1), np.uint32)
        """Those of the step that was set."""
        self._ahead = self.arrays[:, None]
        self._first, self._last, self._row = 0, -2, -1

    def set(self, step: int, row: int) -> None:
        follows, self._last = row == self._row and step == self._last + 1, step
        if row != self._row or not 0 <= step - self._first < self._ahead.shape[1]:
            self._first, self._row = step, row
            self._ahead = self._made(range(step, step + (STEPS if follows else 1)), row)
        self.arrays[...] = self._ahead[:, step - self._first]

    def _made(self, steps: Sequence[int], row: int) -> Array:
        """[2, steps, rows, 1]"""
        keys = np.array([step_key(self._seed, step) for step in steps], np.uint64)[:, None, None]
        return np.stack(row_keys(keys, row, self._rows))


def _random_of_rows_type(a: TensorType, b: TensorType, *, shape: Shape, site: int) -> TensorType:
    return TensorType("f32", shape)


RANDOM_OF_ROWS = Primitive("random_of_rows", ("a", "b"), _random_of_rows_type, "", onnx_random_of_rows, None, ())
