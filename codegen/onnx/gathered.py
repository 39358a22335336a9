"""Lines of memory brought into another order, which `Gather` does with all threads."""

from __future__ import annotations

from typing import Any

import numpy as np

from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.sizes import Dim

INT32 = 6
"""The type of ONNX that the lines' numbers are computed in: half as much memory as `Gather`'s other one."""


def gathered(
    e: OnnxEmitter, lines: str, count: Dim, numbers: np.ndarray[Any, Any], axis: int, times: Dim, step: int
) -> str:
    """Some of so many lines [count, n] in the order of their numbers, [*numbers, n].

    The numbers are repeated `times` along an axis of theirs of size 1, each time greater by `step`; the last line
    stands for all that would come behind it.
    """
    shape = np.ones(numbers.ndim, np.int64)
    shape[axis] = -1
    multiples = e.node("Range", e.size(0, "i64"), e.size(times * step, "i64"), e.size(step, "i64"))
    multiples = e.node("Reshape", e.node("Cast", multiples, to=INT32), e.constant(shape))
    wanted = e.node("Add", e.constant(numbers.astype(np.int32)), multiples)
    return e.node("Gather", lines, e.node("Min", wanted, e.node("Cast", e.size(count - 1, "i64"), to=INT32)))
