"""Randomness in graphs: a counter-based hash, the same bits in NumPy and in ONNX Runtime."""

from __future__ import annotations

import numpy as np

from nndsl.graph.facets import OnnxEmitter, numpy_literal
from nndsl.graph.node import Node, Sample, primitive
from nndsl.graph.sizes import BATCH, product
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
    """Arithmetic on ONNX values of one unsigned type, constants on the right."""

    def __init__(self, e: OnnxEmitter, dtype: type[np.unsignedinteger]):
        self.e, self.dtype = e, dtype

    def apply(self, operator: str, a: str, b: int | str) -> str:
        return self.e.node(operator, a, b if isinstance(b, str) else self.constant(b))

    def constant(self, value: int) -> str:
        if self.dtype is np.uint32:
            return self.e.constant(np.asarray(value, np.uint32))
        return self.e.node("Cast", self.e.constant(np.asarray(value, np.uint64).view(np.int64)), to=ONNX_TYPES["u64"])

    def add(self, a: str, b: int | str) -> str:
        return self.apply("Add", a, b)

    def mul(self, a: str, b: int | str) -> str:
        return self.apply("Mul", a, b)

    def shift(self, a: str, bits: int) -> str:
        return self.apply("Div", a, 2**bits)

    def fold(self, a: str, bits: int) -> str:
        return self.add(a, self.shift(a, bits))

    def mix(self, a: str) -> str:
        """`helpers.mix_bits`"""
        a = self.add(a, 0x9E3779B9)
        a = self.mul(self.fold(a, 16), 0x7FEB352D)
        a = self.mul(self.fold(a, 16), 0x846CA68B)
        return self.fold(a, 16)


def onnx_random_uniform(e: OnnxEmitter, node: Node, seed: str, step: str, row: str) -> str:
    """`helpers.random_uniform`, node by node; what depends on neither site nor shape is shared between sites."""
    long, word = _Words(e, np.uint64), _Words(e, np.uint32)
    key = long.add(
        long.mul(e.node("Cast", seed, to=ONNX_TYPES["u64"]), 0x9E3779B97F4A7C15),
        long.mul(e.node("Cast", step, to=ONNX_TYPES["u64"]), 0xD1342543DE82EF95),
    )
    key = long.mul(long.fold(key, 32), 0xDA942042E4DD58B5)
    low, high = e.node("Cast", key, to=ONNX_TYPES["u32"]), e.node("Cast", long.shift(key, 32), to=ONNX_TYPES["u32"])

    zero, one = e.constant(np.asarray(0)), e.constant(np.asarray(1))
    inner = node.shape[1:] if node.type.batched else node.shape
    rows = e.constant(np.zeros(1, np.uint32))
    if node.type.batched:
        rows = e.node("Add", e.node("Range", zero, e.size(node.shape[0], "i64"), one), row)
        rows = e.node("Cast", rows, to=ONNX_TYPES["u32"])
    rows = word.mix(word.add(rows, low))
    multipliers = word.add(word.add(rows, rows), word.add(word.mul(high, 2), 1))

    count = product(inner)
    site = int(node.attributes["site"])
    if isinstance(count, int):
        numbers = helpers.mix_bits(np.arange(count, dtype=np.uint32)) + np.uint32(site)
        elements = e.constant(helpers.mix_bits(numbers))
    else:
        elements = e.node("Cast", e.node("Range", zero, e.size(count, "i64"), one), to=ONNX_TYPES["u32"])
        elements = word.mix(word.add(word.mix(elements), site))

    column = e.constant(np.asarray([-1, 1]))
    bits = word.add(e.node("Reshape", rows, column), elements)
    bits = word.mul(bits, e.node("Reshape", multipliers, column))
    bits = word.mul(word.fold(bits, 16), 0x7FEB352D)
    bits = word.mul(word.fold(bits, 15), 0x846CA68B)
    bits = word.shift(bits, 8)
    uniform = e.node("Mul", e.node("Cast", bits, to=ONNX_TYPES["f32"]), e.constant(np.float32([2**-24])))
    return e.node("Reshape", uniform, e.shape(node.shape))


random_uniform = primitive(
    "random_uniform",
    operands="seed step row",
    type=random_uniform_type,
    numpy=numpy_random_uniform,
    onnx=onnx_random_uniform,
    samples=tuple(
        Sample((i64(), i64(), i64()), {"shape": shape, "site": 7}, low=0, high=1000)
        for shape in ((BATCH, 3, 4), (BATCH,), (5, 2), ())
    ),
    helpers=(helpers.mix_bits, helpers.random_uniform),
)(None)
