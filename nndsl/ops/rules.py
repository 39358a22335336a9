"""What the facets of several primitives share: type rules, the words for operands that do not fit, ONNX constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from nndsl.graph.sizes import Dim, show_shape
from nndsl.graph.types import NUMPY_DTYPES, DType, TensorType, TypeMismatch, broadcast

FLOATS: frozenset[DType] = frozenset({"f32", "f64"})
NUMBERS: frozenset[DType] = FLOATS | {"i64", "u32"}
SIGNED: frozenset[DType] = FLOATS | {"i64"}


def f32(*shape: Dim) -> TensorType:
    """The type `f32[shape]`, for samples."""
    return TensorType("f32", shape)


def i64(*shape: Dim) -> TensorType:
    """The type `i64[shape]`, for samples."""
    return TensorType("i64", shape)


def boolean(*shape: Dim) -> TensorType:
    """The type `bool[shape]`, for samples."""
    return TensorType("bool", shape)


def require(x: TensorType, allowed: frozenset[DType], what: str) -> None:
    """Raise `TypeMismatch` unless the element type is one of `allowed`, which `what` puts in words."""
    if x.dtype not in allowed:
        raise TypeMismatch(f"expects {what}, not {x}")


def require_same_dtype(*operands: TensorType) -> DType:
    """The element type that all operands have."""
    if len({x.dtype for x in operands}) > 1:
        raise TypeMismatch(" and ".join(map(str, operands)) + " have different element types")
    return operands[0].dtype


def require_axis(x: TensorType, axis: int) -> None:
    if not 0 <= axis < x.rank:
        raise TypeMismatch(f"there is no axis {axis} in {x}, which has {x.rank}")


def same(x: TensorType) -> TensorType:
    """The operand's own type."""
    return x


def floating(x: TensorType) -> TensorType:
    """The operand's own type, which must be floating-point."""
    require(x, FLOATS, "floating-point numbers")
    return x


def signed(x: TensorType) -> TensorType:
    """The operand's own type, which must be a signed number."""
    require(x, SIGNED, "signed numbers")
    return x


def elementwise(a: TensorType, b: TensorType) -> TensorType:
    """Two numbers of one element type, broadcast."""
    dtype = require_same_dtype(a, b)
    require(a, NUMBERS, "numbers")
    return TensorType(dtype, broadcast(a.shape, b.shape))


def floating_elementwise(a: TensorType, b: TensorType) -> TensorType:
    """Two floating-point numbers of one element type, broadcast."""
    require(a, FLOATS, "floating-point numbers")
    return elementwise(a, b)


def comparison(a: TensorType, b: TensorType) -> TensorType:
    """Two numbers of one element type, broadcast: `bool`."""
    return TensorType("bool", elementwise(a, b).shape)


def equality(a: TensorType, b: TensorType) -> TensorType:
    """Two values of one element type, truth values too, broadcast: `bool`."""
    require_same_dtype(a, b)
    return TensorType("bool", broadcast(a.shape, b.shape))


def logical(a: TensorType, b: TensorType) -> TensorType:
    """Two truth values, broadcast."""
    for x in (a, b):
        require(x, frozenset({"bool"}), "truth values")
    return TensorType("bool", broadcast(a.shape, b.shape))


def require_equal_except(a: TensorType, b: TensorType, axis: int) -> None:
    """Raise `TypeMismatch` unless both shapes agree on all axes but one."""
    require_axis(a, axis)
    if a.rank != b.rank or any(m != n for i, (m, n) in enumerate(zip(a.shape, b.shape, strict=True)) if i != axis):
        raise TypeMismatch(f"{show_shape(a.shape)} and {show_shape(b.shape)} differ on an axis other than {axis}")


ONNX_TYPES = {"f32": 1, "f64": 11, "i64": 7, "u32": 12, "u64": 13, "bool": 9}
"""The numbers by which ONNX's `Cast` names element types (`TensorProto.DataType`)."""


def scalar(value: float, dtype: DType) -> np.ndarray[Any, Any]:
    """A number as an ONNX constant of that element type."""
    return np.asarray(value, NUMPY_DTYPES[dtype])
