"""What a primitive's facets are given: the ONNX emitter's protocol, and the filling of NumPy templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from nndsl.graph.node import Attribute, Node
from nndsl.graph.sizes import Dim, Size
from nndsl.graph.types import DType

NUMPY_NAMES: dict[str, str] = {
    "f32": "np.float32",
    "f64": "np.float64",
    "i64": "np.int64",
    "u32": "np.uint32",
    "bool": "np.bool_",
}


class OnnxEmitter(Protocol):
    """Handed to the `onnx` facet of a primitive as `e`; names are those of ONNX values."""

    @property
    def portable(self) -> bool:
        """Whether the model is for any engine and device, and not for ONNX Runtime on a CPU alone."""
        ...

    def node(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of one output in the standard domain and give its output's name (`""` skips an input)."""
        ...

    def nodes(self, op_type: str, inputs: Sequence[str], outputs: int, **attributes: Any) -> tuple[str, ...]:
        """Add a node of several outputs."""
        ...

    def constant(self, value: np.ndarray[Any, Any]) -> str:
        """An initializer (shared between equal arrays)."""
        ...

    def shape(self, dims: Sequence[Dim]) -> str:
        """An int64 vector of these sizes: a constant where all are known, else computed from the inputs' shapes."""
        ...

    def size(self, dim: Dim, dtype: DType) -> str:
        """A scalar that is this size."""
        ...


def numpy_expression(node: Node, operands: Sequence[str]) -> str:
    """The NumPy expression of a node, `operands` being the code of its operands (names, or bracketed where needed)."""
    template = node.primitive.numpy
    if callable(template):
        template = template(node)
    if node.primitive.variadic:
        names: dict[str, str] = {node.primitive.operands[0]: ", ".join(operands)}
    else:
        names = dict(zip(node.primitive.operands, operands, strict=True))
    attributes = {key: numpy_literal(value) for key, value in node.attributes.items() if f"{{{key}}}" in template}
    return template.format(**names, **attributes)


def numpy_literal(value: Attribute) -> str:
    """An attribute as Python source: sizes by their symbols' names, element types as `np.float32`."""
    if isinstance(value, str):
        return NUMPY_NAMES.get(value, repr(value))
    if isinstance(value, tuple):
        return f"({', '.join(map(numpy_literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, Size):
        return numpy_size(value)
    if isinstance(value, np.ndarray):
        return numpy_array(value)
    return repr(value)


def numpy_size(dim: Dim) -> str:
    """A size as Python arithmetic over its symbols, which are local names in generated functions."""
    return str(dim) if isinstance(dim, int | Size) else repr(dim)


def _counting(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """As many numbers one after the other, from the first one's integer part."""
    start = int(value[0]) if abs(value[0]) < 1e6 else 0
    return np.arange(start, start + value.size)


def numpy_array(value: np.ndarray[Any, Any]) -> str:
    """A constant as Python source: a plain number where it is one (the shortest that reads back the same)."""
    if value.ndim == 0:
        text = str(value)
        return {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(text, text)
    if value.ndim == 1 and value.size > 1 and value.dtype.kind == "i" and np.array_equal(value, np.arange(value.size)):
        return f"np.arange({value.size})"
    dtype = {"float32": "np.float32", "float64": "np.float64", "int64": "np.int64", "uint32": "np.uint32"}
    if value.ndim == 1 and value.size > 4 and value.dtype.kind == "f" and np.array_equal(value, _counting(value)):
        return f"np.arange({int(value[0])}, {int(value[-1]) + 1}, dtype={dtype[str(value.dtype)]})"
    if value.ndim == 2 and value.size > 1 and np.array_equal(value, np.eye(len(value))):
        return f"np.eye({len(value)}, dtype={dtype.get(str(value.dtype), 'np.bool_')})"
    inner = np.array2string(value, separator=", ", threshold=value.size + 1, max_line_width=100, floatmode="unique")
    return f"np.array({inner}, {dtype.get(str(value.dtype), 'np.bool_')})"
