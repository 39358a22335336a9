"""Symbolic sizes in a model: read from the shapes of its inputs, and computed with where they are polynomials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nndsl.graph.sizes import BATCH, Dim, FloorDivision, Size, symbol
from nndsl.graph.types import DType

if TYPE_CHECKING:
    from nndsl.codegen.onnx.emit import Emitter


class SizeEmitter:
    """Emits each size and each shape once for a model."""

    def __init__(self, emitter: Emitter):
        self._emitter = emitter
        self._inputs: dict[str, tuple[Dim, ...]] = {}
        self._vectors: dict[Dim, str] = {}
        self._shapes: dict[tuple[Dim, ...], str] = {}
        self._scalars: dict[tuple[Dim, DType], str] = {}

    def add_input(self, name: str, shape: tuple[Dim, ...]) -> None:
        self._inputs[name] = shape

    def shape(self, dims: tuple[Dim, ...]) -> str:
        """An int64 vector of these sizes: an input's whole shape where one has it, else joined from its parts."""
        if all(isinstance(dim, int) for dim in dims):
            return self._constant(dims)
        if dims not in self._shapes:
            same = next((name for name, shape in self._inputs.items() if shape == dims), None)
            self._shapes[dims] = self._emitter.node("Shape", same) if same else self._joined(dims)
        return self._shapes[dims]

    def size(self, dim: Dim, dtype: DType) -> str:
        """A scalar that is this size."""
        if isinstance(dim, int):
            return self._emitter.constant(np.asarray(dim, _NUMPY[dtype]))
        if (dim, dtype) not in self._scalars:
            only = next((name for name, shape in self._inputs.items() if shape == (dim,)), None)
            scalar = self._emitter.node("Size", only) if only else self._emitter.node("Squeeze", self._vector(dim))
            if dtype != "i64":
                scalar = self._emitter.node("Cast", scalar, to=_ONNX[dtype])
            self._scalars[dim, dtype] = scalar
        return self._scalars[dim, dtype]

    def _constant(self, dims: tuple[Dim, ...]) -> str:
        return self._emitter.constant(np.array(dims, np.int64))

    def _joined(self, dims: tuple[Dim, ...]) -> str:
        parts: list[tuple[Dim, ...]] = []
        for dim in dims:
            if parts and isinstance(dim, int) and isinstance(parts[-1][-1], int):
                parts[-1] += (dim,)
            else:
                parts.append((dim,))
        vectors = [self._constant(p) if isinstance(p[0], int) else self._vector(p[0]) for p in parts]
        return vectors[0] if len(vectors) == 1 else self._emitter.node("Concat", *vectors, axis=0)

    def _vector(self, dim: Dim) -> str:
        """A vector of one element: the size."""
        if isinstance(dim, int):
            return self._constant((dim,))
        if dim not in self._vectors:
            self._vectors[dim] = self._axis(dim) or self._polynomial(dim)
        return self._vectors[dim]

    def _axis(self, dim: Size) -> str | None:
        """The size read from an input's shape, if one has it as an axis."""
        for name, shape in self._inputs.items():
            for axis, other in enumerate(shape):
                if other == dim:
                    return self._emitter.node("Shape", name, start=axis, end=axis + 1)
        return None

    def _polynomial(self, dim: Size) -> str:
        if dim == BATCH or (len(dim.terms) == 1 and dim == symbol(str(dim))):
            return self._solved(dim)
        total = ""
        for atoms, factor in dim.terms:
            factors = [] if factor == 1 and atoms else [self._constant((factor,))]
            factors += [self._atom(atom) for atom in atoms]
            product = factors[0]
            for other in factors[1:]:
                product = self._emitter.node("Mul", product, other)
            total = self._emitter.node("Add", total, product) if total else product
        return total

    def _atom(self, atom: str | FloorDivision) -> str:
        if isinstance(atom, str):
            return self._vector(symbol(atom))
        # Sizes are never negative, so `Div`, which rounds towards zero, rounds down.
        return self._emitter.node("Div", self._vector(atom.numerator), self._constant((atom.denominator,)))

    def _solved(self, wanted: Size) -> str:
        """A symbol that is no input's axis by itself, from an axis of the form `factor * symbol + offset`."""
        for shape in self._inputs.values():
            for other in shape:
                if isinstance(other, Size) and other.symbols == wanted.symbols:
                    offset = other.substitute({str(wanted): 0})
                    one = other.substitute({str(wanted): 1})
                    if not (isinstance(offset, int) and isinstance(one, int)):
                        continue
                    factor = one - offset
                    if other == factor * wanted + offset:
                        shifted = self._emitter.node("Sub", self._vector(other), self._constant((offset,)))
                        return self._emitter.node("Div", shifted, self._constant((factor,)))
        raise KeyError(f"no input tells the size {wanted}")


_NUMPY: dict[DType, type] = {"f32": np.float32, "f64": np.float64, "i64": np.int64, "u32": np.uint32, "bool": np.bool_}
_ONNX: dict[DType, int] = {"f32": 1, "f64": 11, "i64": 7, "u32": 12, "bool": 9}
