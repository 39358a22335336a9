"""Sums of two arrays with factors, which an optimizer makes of its states: a x + b y, that becomes y.

    m.next = 0.9 m + g                          a = 1, x = g, b = 0.9, y = m
    p.next = p - (lr m.next) / (√v + ε)         a = -lr, x = m.next / (√v + ε), b = 1, y = p
    p.next = p - p decay - lr g                 a = -lr, x = g, b = 1 - decay, y = p

Of two or three operators that each pass over all elements such a sum is one, a product of the row [a b] with the
matrix whose rows are x and y (`rows`). The factors are numbers that do not depend on a batch: they are known ahead of
a step (`ahead`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nndsl.graph.builder import Builder, Value
from nndsl.graph.node import Node
from nndsl.graph.types import TensorType


@dataclass(frozen=True)
class Pair:
    """a x + b y."""

    a: Node
    x: Node
    b: Node
    y: Node


def pair(total: Node, y: Node, numbers: Collection[Node]) -> Pair | None:
    """How a value is such a sum of the state `y` and of something else, if it is; `numbers` are the factors that there
    may be besides constants."""
    if total.op not in ("add", "sub") or total.type != y.type:
        return None
    found = _Factors(numbers)
    left, right = total.inputs
    for multiple, other, sign in ((left, right, total.op), (right, left, "swapped")):
        b = found.of(y, multiple)
        if b is None or other.type != y.type or other is y:
            continue
        a, x = found.pulled(other)
        if total.op == "sub":
            a, b = (-a, b) if sign == "sub" else (a, -b)
        return Pair(a.node, x, b.node, y)
    return None


class _Factors:
    """Numbers that values are multiplied with."""

    def __init__(self, numbers: Collection[Node]):
        self._numbers = numbers
        self._builder = Builder()

    def of(self, y: Node, node: Node) -> Value | None:
        """The number whose product with `y` a node is, if it is one."""
        if node is y:
            return self._one
        match node.op:
            case "mul":
                for number, other in (node.inputs, node.inputs[::-1]):
                    if self._is_number(number) and (factor := self.of(y, other)):
                        return self._value(number) * factor
            case "neg":
                factor = self.of(y, node.inputs[0])
                return -factor if factor else None
            case "add" | "sub":
                left, right = (self.of(y, operand) for operand in node.inputs)
                if left and right:
                    return left + right if node.op == "add" else left - right
        return None

    def pulled(self, node: Node) -> tuple[Value, Node]:
        """A node as the product of a number and of what is computed without it."""
        match node.op:
            case "mul":
                for number, other in (node.inputs, node.inputs[::-1]):
                    if self._is_number(number):
                        factor, rest = self.pulled(other)
                        return self._value(number) * factor, rest
            case "neg":
                factor, rest = self.pulled(node.inputs[0])
                return -factor, rest
            case "div" if node.inputs[0].type == node.type:
                factor, rest = self.pulled(node.inputs[0])
                if rest is not node.inputs[0]:
                    return factor, Node(node.primitive, (rest, node.inputs[1]), {}, node.type, node.origin, node.name)
        return self._one, node

    @property
    def _one(self) -> Value:
        return self._builder.constant(1.0, "f32")

    def _value(self, node: Node) -> Value:
        return Value(self._builder, node)

    def _is_number(self, node: Node) -> bool:
        return node.type == TensorType("f32", ()) and (node.op == "constant" or node in self._numbers)
