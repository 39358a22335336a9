"""Control over gradients: values that pass none on, and values whose adjoint is given by a rule of their own."""

from __future__ import annotations

from typing import Any

from nndsl.graph.builder import Value
from nndsl.graph.facets import OnnxEmitter
from nndsl.graph.node import GRADIENT_RULES, Node, Sample, gradient_rule, primitive
from nndsl.graph.types import TensorType, TypeMismatch
from nndsl.ops.rules import f32, same

stop_gradient = primitive("stop_gradient", type=same, numpy="{x}", onnx="Identity", samples=(Sample((f32(3, 4),)),))(
    None
)


def override_type(y: TensorType, *xs: TensorType, rule: str) -> TensorType:
    if rule not in GRADIENT_RULES:
        raise TypeMismatch(f"there is no gradient rule {rule!r}")
    return y


def onnx_override(e: OnnxEmitter, node: Node, y: str, *xs: str) -> str:
    return e.node("Identity", y)


@gradient_rule("pass_through")
def pass_through(g: Value, y: Value, x: Value) -> Value:
    """The adjoint as it is: for a value that is computed by steps but learnt as if it were `x`."""
    return g


@primitive(
    "override",
    operands="values",
    variadic=True,
    type=override_type,
    numpy="({values},)[0]",
    onnx=onnx_override,
    samples=(Sample((f32(3, 4), f32(3, 4)), {"rule": "pass_through"}),),
)
def override(g: Value, y: Value, value: Value, *xs: Value, rule: str, **attributes: Any) -> tuple[Value | None, ...]:
    """`value`, whose adjoint goes to `xs` by the rule of that name instead of through what computed it."""
    adjoints = GRADIENT_RULES[rule](g, y, *xs, **attributes)
    return (None, *adjoints) if isinstance(adjoints, tuple) else (None, adjoints)
