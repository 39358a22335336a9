"""Element-wise primitives of one operand and of two (these broadcast; the engine sums their adjoints back)."""

from __future__ import annotations

from nndsl.graph.builder import Value
from nndsl.graph.node import Sample, primitive
from nndsl.graph.types import TensorType


def same(x: TensorType) -> TensorType:
    """The operand's own type."""
    return x


PLAIN = (Sample((TensorType("f32", (3, 4)),)),)


@primitive("tanh", type=same, numpy="np.tanh({x})", onnx="Tanh", samples=PLAIN)
def tanh(g: Value, y: Value, x: Value) -> Value:
    return g * (1 - y * y)
