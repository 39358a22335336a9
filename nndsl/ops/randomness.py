"""Randomness in graphs: a counter-based hash, the same bits in NumPy and in ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np

from nndsl.graph.facets import OnnxEmitter, numpy_literal
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH, Dim, product
from nndsl.graph.types import Shape, TensorType, TypeMismatch
from nndsl.ops import helpers
from nndsl.ops.rules import ONNX_TYPES, i64


def random_uniform_type(seed: TensorType, step: TensorType, row: TensorType, *, shape: Shape, site: int) -> TensorType:
    for x in (seed, step, row):
        if x != TensorType("i64", ()):
            raise TypeMismatch(f"seed, step and row are i64 scalars, not {x}")
    if not 0 <= site < 2**32:
        raise TypeMismatch(f"a site is an unsigned 32-bit number, not {site}")
    return TensorType("f32", shape)


def numpy_random_uniform(node: Node) -> str:
    if node.type.batched:
        return "random_uniform({seed}, {step}, {row}, {shape}, {site})"
    return f"random_uniform({{seed}}, {{step}}, 0, {numpy_literal((1, *node.shape))}, {{site}})[0]"


class _Words:
    """Arithmetic on ONNX values of one unsigned type; it wraps around. Where `BitShift` may have no kernel, as on CUDA,
    a shift is a division, which takes several times as long."""

    def __init__(self, e: OnnxEmitter, dtype: type[np.unsignedinteger[Any]]):
        self.e, self.dtype = e, dtype

    def _apply(self, operator: str, a: str, b: int | str, **attributes: str) -> str:
        other = b if isinstance(b, str) else self.e.constant(np.asarray(b, self.dtype))
        return self.e.node(operator, a, other, **attributes)

    def add(self, a: str, b: int | str) -> str:
        return self._apply("Add", a, b)

    def mul(self, a: str, b: int | str) -> str:
        return self._apply("Mul", a, b)

    def shift(self, a: str, bits: int) -> str:
        if self.e.portable:
            return self._apply("Div", a, 2**bits)
        return self._apply("BitShift", a, bits, direction="RIGHT")

    def fold(self, a: str, bits: int) -> str:
        """The high bits added to the low ones."""
        return self.add(a, self.shift(a, bits))


def onnx_random_uniform(e: OnnxEmitter, node: Node, seed: str, step: str, row: str) -> str:
    """`helpers.random_uniform`, line by line; the keys of the rows are the same at all sites, and computed once."""
    rows = _row_numbers(e, node.shape[0], row) if node.type.batched else ""
    return onnx_random_of_rows(e, node, *_row_keys(e, _Words(e, np.uint32), seed, step, rows))


def onnx_random_of_rows(e: OnnxEmitter, node: Node, a: str, b: str) -> str:
    """The numbers of rows with these keys."""
    word = _Words(e, np.uint32)
    batched = node.type.batched
    c, d = _element_keys(e, word, product(node.shape[1:] if batched else node.shape), int(node.attributes["site"]))
    bits = word.mul(word.add(a, c), word.add(b, d))
    bits = word.mul(word.fold(bits, 16), word.add(a, d))
    number = e.node("Cast", word.shift(bits, 8), to=ONNX_TYPES["f32"])
    uniform = e.node("Mul", number, e.constant(np.asarray(2**-24, np.float32)))
    return uniform if batched and node.type.rank == 2 else e.node("Reshape", uniform, e.shape(node.shape))


def _row_keys(e: OnnxEmitter, word: _Words, seed: str, step: str, rows: str) -> tuple[str, str]:
    """`helpers.row_keys` of the rows of these numbers, or of row 0 alone."""
    long = _Words(e, np.uint64)
    key = long.add(
        long.mul(e.node("Cast", seed, to=ONNX_TYPES["u64"]), 0x9E3779B97F4A7C15),
        long.mul(e.node("Cast", step, to=ONNX_TYPES["u64"]), 0xD1342543DE82EF95),
    )
    key = long.mul(long.fold(key, 32), 0xDA942042E4DD58B5)
    low = e.node("Cast", key, to=ONNX_TYPES["u32"])
    high = e.node("Cast", long.shift(key, 32), to=ONNX_TYPES["u32"])
    rows = word.mul(word.add(rows, low) if rows else low, 0x9E3779B1)
    a = word.add(word.mul(word.fold(rows, 16), 0x85EBCA6A), 1)
    return a, word.add(word.mul(word.fold(a, 16), 0xC2B2AE3E), word.add(word.mul(high, 2), 1))


def _row_numbers(e: OnnxEmitter, count: Dim, first: str) -> str:
    """The numbers of the batch's rows, u32[count, 1]."""
    numbers = e.node("Range", e.constant(np.asarray(0)), e.size(count, "i64"), e.constant(np.asarray(1)))
    column = e.node("Unsqueeze", e.node("Add", numbers, first), e.constant(np.asarray([1])))
    return e.node("Cast", column, to=ONNX_TYPES["u32"])


def _element_keys(e: OnnxEmitter, word: _Words, count: Dim, site: int) -> tuple[str, str]:
    """`helpers.element_keys`: constants unless the count is symbolic."""
    if isinstance(count, int):
        keys = helpers.element_keys(count, site)
        return e.constant(keys[0]), e.constant(keys[1])
    numbers = e.node("Range", e.constant(np.asarray(0)), e.size(count, "i64"), e.constant(np.asarray(1)))
    elements = word.add(word.mul(e.node("Cast", numbers, to=ONNX_TYPES["u32"]), 0x9E3779B1), site)
    elements = word.mul(word.fold(elements, 16), 0x7FEB352D)
    c = word.mul(word.fold(elements, 15), 0x0D8AE35A)
    return c, word.add(word.mul(word.fold(c, 16), 0x2C1B3C6E), site * 2 % 2**32)


random_uniform = primitive(
    "random_uniform",
    operands="seed step row",
    type=random_uniform_type,
    numpy=numpy_random_uniform,
    onnx=onnx_random_uniform,
    samples=tuple(
        Sample((i64(), i64(), i64()), {"shape": shape, "site": 2**32 - 7}, low=-(2**40), high=2**40)
        for shape in ((BATCH, 4), (BATCH, 3, 4), (BATCH,), (BATCH, BATCH * 2), (5, 2), ())
    ),
    helpers=(helpers.step_key, helpers.row_keys, helpers.element_keys, helpers.random_uniform),
)(None)
