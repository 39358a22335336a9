"""Primitives, nodes and graphs: the whole data structure of the IR.

primitive   a name and its facets: type rule, NumPy code, ONNX nodes, gradient, samples to test it with
node        a primitive applied to nodes, with attributes; it has one result and is that result
graph       named input nodes and named output nodes; `nodes` lists what lies between, operands first
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nndsl.graph.sizes import Dim, Size
from nndsl.graph.types import TensorType
from nndsl.source import Span

if TYPE_CHECKING:
    from nndsl.graph.builder import Value

Attribute = int | float | bool | str | tuple[Any, ...] | Size | np.ndarray
"""What an attribute may be: plain values, sizes, tuples of them, or the array of a constant."""

Phase = Literal["forward", "backward", "update"]


@dataclass(frozen=True)
class Sample:
    """Operands to test a primitive with: types by operand, attributes, the range of values and kinks to avoid."""

    inputs: tuple[TensorType, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    low: float = -2.0
    high: float = 2.0
    kinks: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Primitive:
    """An operator that is declared once, here with every facet (see `nndsl.ops`).

    - `operands`: their names, by which the templates refer to them.
    - `type(*operand types, **attributes)` gives the result's type or raises `TypeMismatch`.
    - `numpy`: an expression template over operand and attribute names (`"np.tanh({x})"`), or a function of the node
      that gives one. It may call `helpers`, plain NumPy functions that generated modules paste.
    - `onnx`: an operator's name for operands and attributes as they are, or `f(e, node, *operand names) -> name`,
      where `e` is the emitter (see `nndsl.codegen.onnx`).
    - `gradient(g, y, *operands, **attributes)`: the adjoint of each operand in graph operations (a tuple if there are
      several; `None` for one that has none), or `None` if the primitive has no gradient at all.
    """

    name: str
    operands: tuple[str, ...]
    type: Callable[..., TensorType]
    numpy: str | Callable[[Node], str]
    onnx: str | Callable[..., str]
    gradient: Callable[..., Any] | None
    samples: tuple[Sample, ...]
    helpers: tuple[Callable[..., Any], ...] = ()
    variadic: bool = False

    def __call__(self, *operands: Value, **attributes: Attribute) -> Value:
        return operands[0].builder.apply(self, operands, attributes)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


@dataclass(frozen=True)
class Origin:
    """Where a node came from: the name of its layer or statement, the span of its source, and its phase."""

    name: str = ""
    span: Span | None = None
    phase: Phase = "forward"


@dataclass(frozen=True, eq=False)
class Node:
    """One operation and its result. `name` is the name the program gave the value, if it gave one."""

    primitive: Primitive
    inputs: tuple[Node, ...]
    attributes: Mapping[str, Any]
    type: TensorType
    origin: Origin = Origin()
    name: str = ""

    @property
    def op(self) -> str:
        return self.primitive.name

    @property
    def shape(self) -> tuple[Dim, ...]:
        return self.type.shape

    def __repr__(self) -> str:
        return f"<{self.op} {self.type}{' ' + self.name if self.name else ''}>"


@dataclass(frozen=True, eq=False)
class Graph:
    """A function from named inputs to named outputs; every input is kept, used or not."""

    name: str
    inputs: Mapping[str, Node]
    outputs: Mapping[str, Node]

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes that an output needs, and all inputs, each after its operands (depth first)."""
        order: dict[Node, None] = dict.fromkeys(self.inputs.values())
        stack: list[tuple[Node, Iterator[Node]]] = []
        for output in self.outputs.values():
            if output in order:
                continue
            stack.append((output, iter(output.inputs)))
            while stack:
                node, operands = stack[-1]
                for operand in operands:
                    if operand not in order:
                        stack.append((operand, iter(operand.inputs)))
                        break
                else:
                    order[node] = None
                    stack.pop()
        return tuple(order)

    def users(self) -> dict[Node, list[Node]]:
        """For each node the nodes that take it as operand, once for each time they do."""
        users: dict[Node, list[Node]] = {node: [] for node in self.nodes}
        for node in self.nodes:
            for operand in node.inputs:
                users[operand].append(node)
        return users

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)


PRIMITIVES: dict[str, Primitive] = {}
"""All primitives by name, filled by importing `nndsl.ops`."""


def primitive(
    name: str,
    *,
    operands: str = "x",
    type: Callable[..., TensorType],
    numpy: str | Callable[[Node], str],
    onnx: str | Callable[..., str],
    samples: Sequence[Sample],
    helpers: Sequence[Callable[..., Any]] = (),
    variadic: bool = False,
) -> Callable[[Callable[..., Any] | None], Primitive]:
    """Declare a primitive: decorates its gradient; call the result with `None` where there is no gradient.

    `operands` are the operands' names, separated by spaces.
    """

    def declare(gradient: Callable[..., Any] | None) -> Primitive:
        if name in PRIMITIVES:
            raise ValueError(f"primitive {name!r} is declared twice")
        record = Primitive(
            name, tuple(operands.split()), type, numpy, onnx, gradient, tuple(samples), tuple(helpers), variadic
        )
        PRIMITIVES[name] = record
        return record

    return declare


GRADIENT_RULES: dict[str, Callable[..., Any]] = {}
"""What `override` may name: `rule(g, y, *xs, **attributes)` gives each adjoint of the `xs` (a tuple if several)."""


def gradient_rule(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a gradient that a composite gives instead of the derived one; its docstring says why."""

    def declare(rule: Callable[..., Any]) -> Callable[..., Any]:
        if name in GRADIENT_RULES:
            raise ValueError(f"gradient rule {name!r} is declared twice")
        GRADIENT_RULES[name] = rule
        return rule

    return declare
