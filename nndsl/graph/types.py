"""Types of graph values: an element type and a shape whose first axis is `batch` where the value has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from nndsl.graph.sizes import BATCH, Dim, show_shape

DType = Literal["f32", "f64", "i64", "u32", "bool"]

NUMPY_DTYPES: dict[DType, npt.DTypeLike] = {
    "f32": np.float32,
    "f64": np.float64,
    "i64": np.int64,
    "u32": np.uint32,
    "bool": np.bool_,
}

Shape = tuple[Dim, ...]


class TypeMismatch(Exception):
    """Operands that a primitive's type rule does not accept; the message says why, in the rule's own words."""


@dataclass(frozen=True)
class TensorType:
    dtype: DType
    shape: Shape

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def batched(self) -> bool:
        return bool(self.shape) and self.shape[0] == BATCH

    def __str__(self) -> str:
        return f"{self.dtype}{show_shape(self.shape)}" if self.shape else self.dtype


def broadcast(*shapes: Shape) -> Shape:
    """The shape that NumPy's broadcasting gives; raises `TypeMismatch` where the shapes do not fit."""
    longest = max(shapes, key=len)
    if all(shape == longest or not shape for shape in shapes):
        return longest
    rank = len(longest)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    result: list[Dim] = []
    for dims in zip(*padded, strict=True):
        wide = {dim for dim in dims if dim != 1}
        if len(wide) > 1:
            raise TypeMismatch(" and ".join(show_shape(shape) for shape in shapes) + " do not broadcast")
        result.append(wide.pop() if wide else 1)
    return tuple(result)
