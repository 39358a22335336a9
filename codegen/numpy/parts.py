"""What a batch gives, computed by one thread or by several: the generated module runs on parts of the rows.

What may be taken apart is told by `nndsl.transform.parts`, and whether it is worth it by a cost model: where calls of
NumPy are short, threads wait for the interpreter, which only one of them has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from nndsl.codegen.numpy.threads import Blas, Team
from nndsl.graph.node import Graph
from nndsl.graph.sizes import BATCH
from nndsl.transform.parts import Joint, joints
from nndsl.transform.work import CONVOLUTIONS, work

WORK_A_PART = 30_000_000
"""Multiplications of convolutions in each part, at the least. In a pass of less than two parts, dense layers counted,
BLAS has one thread too: waking up others for its products takes longer than they save (`benchmarks/NOTES.md` has the
measurement)."""

Values = dict[str, Any]

Compute = Callable[..., tuple[Values, ...]]
"""Computes some rows of a batch: what is measured on them, then the gradients by parameter; or the outputs."""

Open = Callable[[int, int], Compute]
"""First row of a part and the row after its last -> what computes it, in arrays of its own."""


class Cores:
    """How many threads compute what on this machine; `sizes` are the values of a network's free sizes."""

    def __init__(self, sizes: Mapping[str, int], blas: Blas | None):
        self._sizes, self._blas = sizes, blas
        self._threads = blas.threads if blas else 1
        self._team = Team(self._threads)

    def compute(self, graph: Graph, rows: int, open: Open) -> Compute:
        """What computes so many rows of one of a step's graphs."""
        sizes = {**self._sizes, str(BATCH): rows}
        convolutions = work(graph, sizes, CONVOLUTIONS)
        if self._blas is None or not convolutions:
            return open(0, rows)
        count = min(self._threads, rows, convolutions // WORK_A_PART)
        if work(graph, sizes) < 2 * WORK_A_PART:
            return partial(_alone, self._blas, open(0, rows))
        if count > 1 and (how := joints(graph)):
            return Parts([rows * i // count for i in range(count + 1)], open, how, self._team, self._blas)
        return open(0, rows)


class Parts:
    """Computes parts of a batch side by side. A part's products are its own thread's."""

    def __init__(self, cuts: Sequence[int], open: Open, how: Mapping[str, Joint], team: Team, blas: Blas):
        self._parts = [open(start, stop) for start, stop in pairwise(cuts)]
        self._shares = [(stop - start) / cuts[-1] for start, stop in pairwise(cuts)]
        self._how, self._team, self._blas = how, team, blas

    def __call__(self, **numbers: int) -> tuple[Values, ...]:
        with self._blas.single():
            found = self._team.run([partial(part, **numbers) for part in self._parts])
        named, *grads = zip(*found, strict=True)
        return self._join(named), *(self._join(each, "grad.") for each in grads)

    def _join(self, parts: Sequence[Values], prefix: str = "") -> Values:
        return {name: self._joined(self._how[prefix + name], [part[name] for part in parts]) for name in parts[0]}

    def _joined(self, how: Joint, values: Sequence[Any]) -> Any:
        if how == "rows":
            return np.concatenate(values)
        if how == "sum":
            return sum(values)
        first, *rest = (share * value for share, value in zip(self._shares, values, strict=True))
        for other in rest:
            first += other
        return first


def _alone(blas: Blas, whole: Compute, **numbers: int) -> tuple[Values, ...]:
    with blas.single():
        return whole(**numbers)
