"""Sums of two arrays with factors, which an optimizer makes of its states: a x + b y, that becomes y.

    m.next = 0.9 m + g                          a = 1, x = g, b = 0.9, y = m
    p.next = p - (lr m.next) / (√v + ε)         a = -lr, x = m.next / (√v + ε), b = 1, y = p
    p.next = p - decay p - lr g                 a = -1, x = decay p + lr g, b = 1, y = p

Of two or three operators that each pass over all elements such a sum is one, a product of the row [a b] with the
matrix whose rows are x and y (`lanes`). The factors are numbers that do not depend on a batch: they are known ahead of
a step (`ahead`). What is multiplied with y is no sum, such as 1 - decay: rounded once for all elements, it would be off
by as much as a small decay is.
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
    found = _Sum(y, numbers)
    b = found.factor(total, +1)
    if b is None or not found.others or total.type != y.type:
        return None
    a, x = found.rest()
    return Pair(a.node, x, b.node, y) if x.type == y.type and x is not y else None


class _Sum:
    """A sum taken apart: the number that `y` is multiplied with once, and what is added to that or subtracted."""

    def __init__(self, y: Node, numbers: Collection[Node]):
        self.others: list[tuple[int, Node]] = []
        """With their signs."""
        self._y = y
        self._numbers = numbers
        self._builder = Builder()

    def factor(self, node: Node, sign: int) -> Value | None:
        """The number whose product with `y` a node is, but for `others`."""
        if node is self._y:
            return self._number(sign)
        match node.op:
            case "mul":
                for number, other in (node.inputs, node.inputs[::-1]):
                    if other is self._y and self._is_number(number):
                        return self._value(number) * sign
            case "neg":
                return self.factor(node.inputs[0], -sign)
            case "add" | "sub":
                left, right = node.inputs
                of_right = sign if node.op == "add" else -sign
                if factor := self.factor(left, sign):
                    self.others.append((of_right, right))
                    return factor
                if factor := self.factor(right, of_right):
                    self.others.append((sign, left))
                    return factor
        return None

    def rest(self) -> tuple[Value, Node]:
        """The others together, as the product of a number and of what is computed without it."""
        if len(self.others) == 1:
            ((sign, node),) = self.others
            factor, rest = self._pulled(node)
            return factor * sign, rest
        first, *further = self.others
        total = self._value(first[1])
        for sign, node in further:
            total = total + self._value(node) if sign == first[0] else total - self._value(node)
        return self._number(first[0]), total.node

    def _pulled(self, node: Node) -> tuple[Value, Node]:
        match node.op:
            case "mul":
                for number, other in (node.inputs, node.inputs[::-1]):
                    if self._is_number(number):
                        factor, rest = self._pulled(other)
                        return self._value(number) * factor, rest
            case "neg":
                factor, rest = self._pulled(node.inputs[0])
                return -factor, rest
            case "div" if node.inputs[0].type == node.type:
                factor, rest = self._pulled(node.inputs[0])
                if rest is not node.inputs[0]:
                    return factor, Node(node.primitive, (rest, node.inputs[1]), {}, node.type, node.origin, node.name)
        return self._number(1), node

    def _number(self, value: float) -> Value:
        return self._builder.constant(value, "f32")

    def _value(self, node: Node) -> Value:
        return Value(self._builder, node)

    def _is_number(self, node: Node) -> bool:
        return node.type == TensorType("f32", ()) and (node.op == "constant" or node in self._numbers)
