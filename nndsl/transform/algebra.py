"""Identities of arithmetic and of shapes: what `simplify_algebra` rewrites a node by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nndsl.graph.node import PRIMITIVES, Graph, Node
from nndsl.graph.types import NUMPY_DTYPES, TensorType, TypeMismatch, broadcast
from nndsl.transform.rewrite import keep_name, rewrite

ELEMENTWISE = frozenset(
    "neg abs sign exp expm1 log log1p sqrt sin cos tanh sigmoid softplus erf relu floor round logical_not cast "
    "add sub mul div pow maximum minimum mod less less_equal greater greater_equal equal not_equal "
    "logical_and logical_or where".split()
)
"""Primitives that compute every element from the elements at the same place, broadcasting their operands."""


def simplify_algebra(graph: Graph) -> Graph:
    """Identities that are exact in floating point, NaN and infinity included, but for the two marked with a star.

    before   x * 1   x / 1   x + 0*   x - 0   x ^ 1   --x   reshape of reshape   transpose of transpose
    after    x       x       x        x       x       x     one reshape          one transpose or none
             x * -1 is -x; x ^ 2 is x * x; a + -b is a - b; a - -b is a + b;
             a cast to the type it has is dropped, and so is concat of one array;
             x + x is 2 x, and 2 (c x) is (2 c) x for a constant c, since doubling is exact;
             x * (1 / n) is x / n* for a scalar n;
             a reduction over axes of size one is a reshape; a reshape of a broadcast scalar is that scalar, broadcast;
             before an element-wise operation, which broadcasts anyway, broadcast_to is dropped, and so is a
             reshape that puts axes of size one in front.

    * x + 0 would turn -0.0 into 0.0, which no comparison and no later step of training sees; x / n rounds once where
      x * (1 / n) rounds twice.
    """
    return rewrite(graph, _algebra)


def _algebra(node: Node) -> Node:
    for rule in _RULES.get(node.op, ()):
        found = rule(node)
        if found is not None:
            return keep_name(node, found)
    if node.op in ELEMENTWISE:
        return _drop_broadcasts(node)
    return node


def _is_constant(node: Node, value: float) -> bool:
    """Whether a node is that number, as a scalar (a larger constant would change the shape)."""
    return node.op == "constant" and node.type.rank == 0 and node.attributes["value"] == value


def _constant(like: Node, value: float) -> Node:
    array = np.asarray(value, NUMPY_DTYPES[like.type.dtype])
    return Node(PRIMITIVES["constant"], (), {"value": array}, TensorType(like.type.dtype, ()), like.origin)


def _apply(like: Node, op: str, *operands: Node, **attributes: Any) -> Node:
    primitive = PRIMITIVES[op]
    type = primitive.type(*(operand.type for operand in operands), **attributes)
    return Node(primitive, operands, attributes, type, like.origin, like.name)


def _neutral_right(value: float) -> Callable[[Node], Node | None]:
    def rule(node: Node) -> Node | None:
        left, right = node.inputs
        return left if _is_constant(right, value) and left.type == node.type else None

    return rule


def _neutral_left(value: float) -> Callable[[Node], Node | None]:
    def rule(node: Node) -> Node | None:
        left, right = node.inputs
        return right if _is_constant(left, value) and right.type == node.type else None

    return rule


def _times_minus_one(node: Node) -> Node | None:
    left, right = node.inputs
    if _is_constant(right, -1) and left.type == node.type:
        return _apply(node, "neg", left)
    return _apply(node, "neg", right) if _is_constant(left, -1) and right.type == node.type else None


def _square(node: Node) -> Node | None:
    base, exponent = node.inputs
    return _apply(node, "mul", base, base) if _is_constant(exponent, 2) and node.type.dtype == "f32" else None


def _double(node: Node) -> Node | None:
    left, right = node.inputs
    if left is not right or not left.type.dtype.startswith("f"):
        return None
    return _apply(node, "mul", _constant(node, 2.0), left)


def _double_a_multiple(node: Node) -> Node | None:
    for two, product_ in (node.inputs, node.inputs[::-1]):
        if not _is_constant(two, 2) or product_.op != "mul":
            continue
        for factor, x in (product_.inputs, product_.inputs[::-1]):
            if factor.op == "constant" and factor.type.rank == 0:
                with np.errstate(over="ignore"):
                    doubled = 2 * factor.attributes["value"]
                return _apply(node, "mul", _constant(node, doubled), x)
    return None


def _times_reciprocal(node: Node) -> Node | None:
    for x, factor in (node.inputs, node.inputs[::-1]):
        if factor.op == "div" and factor.type.rank == 0 and x.op != "constant" and _is_constant(factor.inputs[0], 1):
            return _apply(node, "div", x, factor.inputs[1])
    return None


def _plus_negative(node: Node) -> Node | None:
    left, right = node.inputs
    if right.op == "neg":
        return _apply(node, "sub", left, right.inputs[0])
    return _apply(node, "sub", right, left.inputs[0]) if left.op == "neg" else None


def _minus_negative(node: Node) -> Node | None:
    left, right = node.inputs
    return _apply(node, "add", left, right.inputs[0]) if right.op == "neg" else None


def _double_negative(node: Node) -> Node | None:
    (x,) = node.inputs
    return x.inputs[0] if x.op == "neg" else None


def _needless_cast(node: Node) -> Node | None:
    (x,) = node.inputs
    return x if x.type == node.type else None


def _same_shape(node: Node) -> Node | None:
    (x,) = node.inputs
    return x if x.shape == node.shape else None


def _reshape_of_uniform(node: Node) -> Node | None:
    (x,) = node.inputs
    if x.op == "broadcast_to" and x.inputs[0].type.rank == 0:
        return _apply(node, "broadcast_to", x.inputs[0], shape=node.shape)
    return None


def _broadcast_of_scalar(node: Node) -> Node | None:
    """A scalar that was given axes of size one before it is broadcast needs none."""
    (x,) = node.inputs
    if x.op in ("reshape", "broadcast_to") and x.inputs[0].type.rank == 0:
        return _apply(node, "broadcast_to", x.inputs[0], shape=node.shape)
    return None


def _reshape_of_reshape(node: Node) -> Node | None:
    (x,) = node.inputs
    return _apply(node, "reshape", x.inputs[0], shape=node.attributes["shape"]) if x.op == "reshape" else None


def _transpose_of_transpose(node: Node) -> Node | None:
    (x,) = node.inputs
    axes: Any = node.attributes["axes"]
    if axes == tuple(range(len(axes))):
        return x
    if x.op != "transpose":
        return None
    inner: Any = x.attributes["axes"]
    return _apply(node, "transpose", x.inputs[0], axes=tuple(inner[axis] for axis in axes))


def _reduce_nothing(node: Node) -> Node | None:
    (x,) = node.inputs
    axes: Any = node.attributes["axes"]
    if all(x.shape[axis] == 1 for axis in axes):
        return _apply(node, "reshape", x, shape=node.shape)
    return None


def _concat_of_one(node: Node) -> Node | None:
    return node.inputs[0] if len(node.inputs) == 1 else None


_RULES: dict[str, tuple[Callable[[Node], Node | None], ...]] = {
    "add": (_neutral_right(0), _neutral_left(0), _double, _plus_negative),
    "sub": (_neutral_right(0), _minus_negative),
    "mul": (_neutral_right(1), _neutral_left(1), _times_minus_one, _double_a_multiple, _times_reciprocal),
    "div": (_neutral_right(1),),
    "pow": (_neutral_right(1), _square),
    "neg": (_double_negative,),
    "cast": (_needless_cast,),
    "reshape": (_same_shape, _reshape_of_reshape, _reshape_of_uniform),
    "broadcast_to": (_same_shape, _broadcast_of_scalar),
    "transpose": (_transpose_of_transpose,),
    "concat": (_concat_of_one,),
    **dict.fromkeys(("reduce_sum", "reduce_mean", "reduce_max", "reduce_min"), (_reduce_nothing,)),
}


def _drop_broadcasts(node: Node) -> Node:
    """The node on the operands behind `broadcast_to`, and behind reshapes that only put axes of size one in front, as
    far as it still has its shape then."""
    for i, operand in enumerate(node.inputs):
        if operand.op != "broadcast_to" and not _puts_ones_in_front(operand):
            continue
        operands = (*node.inputs[:i], operand.inputs[0], *node.inputs[i + 1 :])
        try:
            same = broadcast(*(o.shape for o in operands)) == node.shape
        except TypeMismatch:
            same = False
        if same:
            return _drop_broadcasts(Node(node.primitive, operands, node.attributes, node.type, node.origin, node.name))
    return node


def _puts_ones_in_front(node: Node) -> bool:
    if node.op != "reshape":
        return False
    inner = node.inputs[0].shape
    return node.shape == (1,) * (len(node.shape) - len(inner)) + inner
