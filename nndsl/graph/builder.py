"""Building graphs: a `Builder` makes nodes and checks their types, a `Value` is its handle on one, with operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from nndsl.graph.node import PRIMITIVES, Attribute, Graph, Node, Origin, Primitive
from nndsl.graph.sizes import Dim
from nndsl.graph.types import NUMPY_DTYPES, DType, TensorType


class Value:
    """A node that is being built upon. Operators broadcast as NumPy's; Python numbers become constants."""

    __array_ufunc__ = None  # so that a NumPy operand on the left defers to the operators here

    def __init__(self, builder: Builder, node: Node):
        self.builder = builder
        self.node = node

    @property
    def type(self) -> TensorType:
        return self.node.type

    @property
    def shape(self) -> tuple[Dim, ...]:
        return self.node.type.shape

    @property
    def rank(self) -> int:
        return len(self.node.type.shape)

    @property
    def dtype(self) -> DType:
        return self.node.type.dtype

    @property
    def batched(self) -> bool:
        return self.node.type.batched

    def named(self, name: str) -> Value:
        """The same value, wearing a name from the program (a hint for printers); an input keeps its own."""
        return self.builder.rename(self, name)

    def _binary(self, op: str, other: Operand, swap: bool = False) -> Value:
        right = other if isinstance(other, Value) else self.builder.constant(other, self.dtype)
        operands = (right, self) if swap else (self, right)
        return self.builder.apply(PRIMITIVES[op], operands, {})

    def __add__(self, other: Operand) -> Value:
        return self._binary("add", other)

    def __radd__(self, other: Operand) -> Value:
        return self._binary("add", other, swap=True)

    def __sub__(self, other: Operand) -> Value:
        return self._binary("sub", other)

    def __rsub__(self, other: Operand) -> Value:
        return self._binary("sub", other, swap=True)

    def __mul__(self, other: Operand) -> Value:
        return self._binary("mul", other)

    def __rmul__(self, other: Operand) -> Value:
        return self._binary("mul", other, swap=True)

    def __truediv__(self, other: Operand) -> Value:
        return self._binary("div", other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self._binary("div", other, swap=True)

    def __pow__(self, other: Operand) -> Value:
        return self._binary("pow", other)

    def __rpow__(self, other: Operand) -> Value:
        return self._binary("pow", other, swap=True)

    def __matmul__(self, other: Value) -> Value:
        return self._binary("matmul", other)

    def __neg__(self) -> Value:
        return self.builder.apply(PRIMITIVES["neg"], (self,), {})

    def __lt__(self, other: Value | float) -> Value:
        return self._binary("less", other)

    def __le__(self, other: Value | float) -> Value:
        return self._binary("less_equal", other)

    def __gt__(self, other: Value | float) -> Value:
        return self._binary("greater", other)

    def __ge__(self, other: Value | float) -> Value:
        return self._binary("greater_equal", other)

    def __repr__(self) -> str:
        return repr(self.node)


Operand = Value | float | int | bool | np.ndarray[Any, Any]
"""What may stand beside a value in an operator."""


class Builder:
    """Makes the nodes of one graph; every node gets the origin that is current (`with builder.at(origin)`)."""

    def __init__(self) -> None:
        self.inputs: dict[str, Node] = {}
        self.origin = Origin()

    @contextmanager
    def at(self, origin: Origin) -> Iterator[None]:
        previous, self.origin = self.origin, origin
        try:
            yield
        finally:
            self.origin = previous

    def input(self, name: str, type: TensorType) -> Value:
        """The graph's input of that name; asking twice gives the same one."""
        if name not in self.inputs:
            self.inputs[name] = Node(PRIMITIVES["input"], (), {"name": name}, type, self.origin, name)
        return Value(self, self.inputs[name])

    def constant(self, value: Operand | Sequence[Any], dtype: DType) -> Value:
        if isinstance(value, Value):
            return value
        with np.errstate(over="ignore"):  # what follows from numbers of the program may be infinite
            array = np.asarray(value, NUMPY_DTYPES[dtype])
        return Value(
            self, Node(PRIMITIVES["constant"], (), {"value": array}, TensorType(dtype, array.shape), self.origin)
        )

    def size(self, dim: Dim, dtype: DType = "f32") -> Value:
        """A number that is the size of an axis: a constant, or read from the data where it is symbolic."""
        if isinstance(dim, int):
            return self.constant(dim, dtype)
        return self.apply(PRIMITIVES["size"], (), {"size": dim, "dtype": dtype})

    def apply(self, primitive: Primitive, operands: Sequence[Value], attributes: Mapping[str, Attribute]) -> Value:
        """Apply a primitive; its type rule raises `TypeMismatch` for operands that do not fit."""
        type = primitive.type(*(operand.type for operand in operands), **attributes)
        return Value(
            self, Node(primitive, tuple(operand.node for operand in operands), dict(attributes), type, self.origin)
        )

    def rename(self, value: Value, name: str) -> Value:
        node = value.node
        if node.name or node.op == "input":
            return value
        return Value(self, Node(node.primitive, node.inputs, node.attributes, node.type, node.origin, name))

    def graph(self, name: str, outputs: Mapping[str, Value]) -> Graph:
        return Graph(name, dict(self.inputs), {key: value.node for key, value in outputs.items()})
