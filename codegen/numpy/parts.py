"""A batch's loss and gradients, computed by one thread or by several: the generated module runs on parts of the rows.

What may be taken apart is told by `nndsl.transform.parts`, and whether it is worth it by a cost model: where calls of
NumPy are short, threads wait for the interpreter, which only one of them has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

from nndsl.codegen.backend import Array, Arrays
from nndsl.codegen.numpy.threads import Blas, Team
from nndsl.graph.sizes import BATCH
from nndsl.transform.parts import adds_up
from nndsl.transform.step import Step
from nndsl.transform.work import CONVOLUTIONS, work

WORK_A_PART = 30_000_000
"""Multiplications of convolutions in each part, at the least. In a step of less than two parts BLAS has one thread too:
waking up others for its products takes longer than they save (`benchmarks/NOTES.md` has the measurement)."""

Measured = tuple[dict[str, Any], dict[str, Array]]
"""What is measured on a batch, and the gradients by parameter."""

Compute = Callable[..., Measured]
"""`loss_and_grads` of some rows, of which it is to be told the `step` and the `row` at which their batch begins in a
larger one."""

Open = Callable[[int, int], Compute]
"""First row of a part and the row after its last -> what computes it, in arrays of its own."""


class Cores:
    """How many threads compute what, for a network on this machine."""

    def __init__(self, step: Step, sizes: Mapping[str, int], blas: Blas | None):
        self._graph, self._sizes = step.gradients, sizes
        self._blas = blas if step.optimised else None

    def compute(self, rows: int, open: Open) -> Compute:
        """What computes the loss and gradients of so many rows."""
        convolutions = work(self._graph, {**self._sizes, str(BATCH): rows}, CONVOLUTIONS)
        if self._blas is None or not convolutions:
            return open(0, rows)
        count = min(self._blas.threads, rows, convolutions // WORK_A_PART)
        if count > 1 and self._adds_up:
            return Parts([rows * i // count for i in range(count + 1)], open, self._blas)
        return partial(_alone, self._blas, open(0, rows)) if count < 2 else open(0, rows)

    @cached_property
    def _adds_up(self) -> bool:
        return adds_up(self._graph)


class Parts:
    """Computes parts of a batch side by side. A part's products are its own thread's."""

    def __init__(self, cuts: Sequence[int], open: Open, blas: Blas):
        self._parts = [open(start, stop) for start, stop in pairwise(cuts)]
        self._shares = [(stop - start) / cuts[-1] for start, stop in pairwise(cuts)]
        self._starts = cuts[:-1]
        self._team, self._blas = Team(len(self._parts)), blas

    def __call__(self, step: int, row: int) -> Measured:
        tasks = [
            partial(part, step=step, row=row + start) for part, start in zip(self._parts, self._starts, strict=True)
        ]
        with self._blas.single():
            measured, grads = zip(*self._team.run(tasks), strict=True)
        means = {name: self._mean(measured, name) for name in measured[0] if name.split(".")[0] == "loss"}
        sums = {name: sum(each[name] for each in measured) for name in measured[0] if name not in means}
        return means | sums, {name: self._mean(grads, name) for name in grads[0]}

    def _mean(self, parts: Sequence[Arrays], name: str) -> Any:
        """The mean over all rows of what are means over the rows of a part."""
        first, *rest = (share * part[name] for share, part in zip(self._shares, parts, strict=True))
        for other in rest:
            first += other
        return first


def _alone(blas: Blas, whole: Compute, step: int, row: int) -> Measured:
    with blas.single():
        return whole(step=step, row=row)
