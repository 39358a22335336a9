"""Control over gradients, for differentiation to read; in all else both are the value itself."""

from __future__ import annotations

from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import Attribute, Node, Sample, primitive
from nndsl.graph.types import TensorType
from nndsl.ops.rules import f32, same

stop_gradient = primitive("stop_gradient", type=same, numpy="{x}", onnx="Identity", samples=(Sample((f32(3, 4),)),))(
    None
)


def override_type(y: TensorType, *xs: TensorType, rule: str, **attributes: Attribute) -> TensorType:
    """The type of `y`. Its adjoint goes to the `xs` by the rule of that name, which is given the other attributes, not
    through what computed `y`."""
    return y


def onnx_override(e: OnnxEmitter, node: Node, y: str, *xs: str) -> str:
    return e.node("Identity", y)


override = primitive(
    "override",
    operands="values",
    variadic=True,
    type=override_type,
    numpy="({values},)[0]",
    onnx=onnx_override,
    samples=(Sample((f32(3, 4), f32(3)), {"rule": "cross_entropy"}),),
)(None)
