"""The keys of a batch's rows, from which its random numbers are made: by NumPy, for many steps at once.

    random_uniform(seed, step, row)      random_of_rows(a, b)      a, b: two numbers for each row, u32[batch, 1]

Thirty nodes make these keys, each of which takes as long to begin as a small network's products: a seventh of the step
of 64-64-10 with a dropout (43 µs, now 36). The numbers themselves are ONNX Runtime's business: NumPy makes them faster,
since it has vector code for unsigned integers, and yet steps took 0.96 to 1.08 of the time (`benchmarks/NOTES.md`).
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

NUMBERS = 65_536
"""How many keys of a kind are made at once, at most: for 64 steps of 1024 rows. Larger batches gain nothing by it."""

STEPS = 64
"""For how many steps, at most, while one follows the other."""

TABLES = 16
"""How many places in a batch that rows begin at are remembered: micro-batches come in turn."""


class RowKeys:
    """A graph that is given the keys of its rows, and what makes them."""

    def __init__(self, graph: Graph, seed: int):
        keys = tuple(Node(PRIMITIVES["input"], (), {"name": name}, TensorType("u32", (BATCH, 1))) for name in KEYS)

        def rule(node: Node) -> Node:
            if node.op != "random_uniform" or not node.type.batched:
                return node
            return keep_name(node, Node(RANDOM_OF_ROWS, keys, node.attributes, node.type, node.origin))

        changed = rewrite(graph, rule)
        self.draws = changed is not graph
        """Whether there are any."""
        given = dict(zip(KEYS, keys, strict=True)) if self.draws else {}
        self.graph = Graph(graph.name, {**graph.inputs, **given}, changed.outputs)
        """The rest of the graph."""
        self._seed = seed
        self._rows: dict[int, Keys] = {}

    def arrays(self, rows: int) -> dict[str, Array]:
        """The graph's inputs for so many rows, which `set` changes."""
        if not self.draws:
            return {}
        if rows not in self._rows:
            self._rows[rows] = Keys(self._seed, rows)
        return dict(zip(KEYS, self._rows[rows].arrays, strict=True))

    def set(self, rows: int, step: int, row: int) -> None:
        """Let the arrays of so many rows, the first of which is `row` in the whole batch, hold the keys of a step."""
        if rows in self._rows:
            self._rows[rows].set(step, row)


class Keys:
    """The keys of so many rows."""

    def __init__(self, seed: int, rows: int):
        self._seed, self._rows = seed, rows
        self._steps = min(STEPS, max(1, NUMBERS // rows))
        self.arrays = np.zeros((2, rows, 1), np.uint32)
        """Those of the step that was set."""
        self._tables: dict[int, tuple[range, Array]] = {}
        """By the first of the rows: some steps, and the keys of each."""

    def set(self, step: int, row: int) -> None:
        steps, table = self._tables.get(row, (range(0), self.arrays))
        if step not in steps:
            count = self._steps if step == steps.stop > 0 else 1
            if row not in self._tables and len(self._tables) == TABLES:
                self._tables.clear()
            steps = range(step, step + count)
            table = self._made(steps, row)
            self._tables[row] = steps, table
        self.arrays[...] = table[:, step - steps.start]

    def _made(self, steps: Sequence[int], row: int) -> Array:
        """[2, steps, rows, 1]"""
        keys = np.array([step_key(self._seed, step) for step in steps], np.uint64)[:, None, None]
        return np.stack(row_keys(keys, row, self._rows))


def _random_of_rows_type(a: TensorType, b: TensorType, *, shape: Shape, site: int) -> TensorType:
    return TensorType("f32", shape)


RANDOM_OF_ROWS = Primitive("random_of_rows", ("a", "b"), _random_of_rows_type, "", onnx_random_of_rows, None, ())
