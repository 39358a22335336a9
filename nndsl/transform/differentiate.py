"""Reverse-mode differentiation of a graph.

    graph     y = f(x)                      every node one primitive
    adjoint   d_x = the derivative of the output with respect to x, a value of x's shape
    rule      a primitive's `gradient`: from the adjoint g of its result to those of its operands

The engine walks the nodes from the output back, asks each primitive's rule, sums an adjoint over the axes that its
operand was broadcast along, and adds up the adjoints of a value that is used several times. No rule does any of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nndsl.graph.builder import Builder, Value
from nndsl.graph.node import GRADIENT_RULES, PRIMITIVES, Graph, Node
from nndsl.graph.types import Shape


def differentiate(graph: Graph, of: str, wrt: Sequence[str]) -> Graph:
    """The graph with an output `grad.NAME` for each input in `wrt`: the gradient of the scalar output `of`.

    An input that the output does not depend on gets zeros. Each adjoint has its primal's origin (phase `backward`) and
    is called `d_NAME` where the primal has a name.
    """
    builder = Builder()
    builder.inputs = dict(graph.inputs)
    active = _depends_on(graph, {graph.inputs[name] for name in wrt})
    parts: dict[Node, list[Value]] = {node: [] for node in graph.nodes}
    output = graph.outputs[of]
    with builder.at(replace(output.origin, phase="backward")):
        parts[output].append(builder.constant(1.0, output.type.dtype))

    for node in reversed(graph.nodes):
        if not parts[node] or node not in active or node.op == "input":
            continue
        with builder.at(replace(node.origin, phase="backward")):
            adjoint = _accumulate(builder, node, parts[node])
            for operand, part in zip(node.inputs, _adjoints(builder, node, adjoint), strict=True):
                if part is not None and operand in active:
                    parts[operand].append(unbroadcast(part, operand.shape))

    gradients = {}
    for name in wrt:
        primal = graph.inputs[name]
        origin = next((replace(p.node.origin, phase="backward") for p in parts[primal]), primal.origin)
        with builder.at(origin):
            gradients[f"grad.{name}"] = _accumulate(builder, primal, parts[primal]).node
    return Graph(graph.name, graph.inputs, {**graph.outputs, **gradients})


def _depends_on(graph: Graph, sources: set[Node]) -> set[Node]:
    """The nodes that have one of `sources` among what they are computed from: only these need adjoints."""
    active = set(sources)
    for node in graph.nodes:
        if not active.isdisjoint(node.inputs):
            active.add(node)
    return active


def _accumulate(builder: Builder, primal: Node, parts: list[Value]) -> Value:
    """The sum of the parts of a value's adjoint, under the name `d_` + the primal's."""
    if not parts:
        zero = builder.constant(0.0, primal.type.dtype)
        return builder.apply(PRIMITIVES["broadcast_to"], (zero,), {"shape": primal.shape})
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total.named(f"d_{primal.name}") if primal.name else total


def _adjoints(builder: Builder, node: Node, adjoint: Value) -> Sequence[Value | None]:
    """The adjoints of a node's operands by its primitive's rule (none where it has no gradient: zero)."""
    operands = [Value(builder, operand) for operand in node.inputs]
    result = Value(builder, node)
    attributes = dict(node.attributes)
    if node.op == "override":
        rule = GRADIENT_RULES[str(attributes.pop("rule"))]
        given = rule(adjoint, *operands, **attributes)
        return [None, *(given if isinstance(given, tuple) else (given,))]
    if node.primitive.gradient is None:
        return [None] * len(operands)
    given = node.primitive.gradient(adjoint, result, *operands, **attributes)
    return given if isinstance(given, tuple) else (given,)


def unbroadcast(adjoint: Value, shape: Shape) -> Value:
    """The adjoint summed over the axes along which an operand of `shape` was broadcast."""
    if adjoint.shape == shape:
        return adjoint
    extra = adjoint.rank - len(shape)
    if extra < 0 or any(a != s and s != 1 and a != 1 for a, s in zip(adjoint.shape[extra:], shape, strict=True)):
        raise AssertionError(f"a gradient rule gave {adjoint.type} for an operand of shape {shape}")
    if extra:
        adjoint = _reduce_sum(adjoint, tuple(range(extra)), keepdims=False)
    stretched = tuple(i for i, s in enumerate(shape) if s == 1 and adjoint.shape[i] != 1)
    if stretched:
        adjoint = _reduce_sum(adjoint, stretched, keepdims=True)
    if adjoint.shape != shape:  # a rule may leave an adjoint unexpanded along an axis where it is constant
        adjoint = adjoint.builder.apply(PRIMITIVES["broadcast_to"], (adjoint,), {"shape": shape})
    return adjoint


def _reduce_sum(x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    return x.builder.apply(PRIMITIVES["reduce_sum"], (x,), {"axes": axes, "keepdims": keepdims})
