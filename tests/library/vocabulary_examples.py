"""What the registry's examples say, as graphs and in NumPy: `x: f32[4] => dense(x, 3)` is inputs and an expression.

The expression is read by the language's own parser and evaluated over a table of functions: composites on graph values
give the example's graph, NumPy functions on the arrays of one example give what it should compute.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nndsl.graph.builder import Builder, Value
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import DType, TensorType
from nndsl.library.arguments import Initial
from nndsl.library.registry import COMPOSITES, INITIALIZERS, METRICS, OPERATORS, Accumulated, Composite
from nndsl.library.vocabulary import load
from nndsl.model.apply import Collected, Scope, call_composite
from nndsl.source import Source
from nndsl.syntax import tree
from nndsl.syntax.parse import parse

load()

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Input:
    """`x: f32[4]` or `y: class[3]`: an example's shape, and for a class how many kinds there are."""

    name: str
    kind: str
    shape: tuple[int, ...]
    classes: int = 0

    @property
    def type(self) -> TensorType:
        dtype: DType = "i64" if self.kind in ("class", "i64") else "f32"
        return TensorType(dtype, (BATCH, *self.shape))

    def draw(self, rng: np.random.Generator, rows: int) -> Array:
        """Random data: numbers from -2 to 2, 0/1, or indices."""
        shape = (rows, *self.shape)
        if self.kind == "f32":
            return rng.uniform(-2, 2, shape).astype(np.float32)
        if self.kind == "binary":
            return rng.integers(0, 2, shape).astype(np.float32)
        return rng.integers(0, self.classes or 9, shape)


@dataclass(frozen=True)
class Example:
    inputs: tuple[Input, ...]
    expression: tree.Expression


def read(composite: Composite) -> Example:
    """The composite's example, parsed."""
    declarations, expression = composite.example.split(" => ")
    lines = [f"input {declared}" for declared in declarations.replace("], ", "]\n").split("\n")]
    program, errors = parse(Source(composite.name, "\n".join(["model m {", *lines, f"output y = {expression}", "}"])))
    assert not errors, errors
    (model,) = program.items
    assert isinstance(model, tree.Model)
    *heads, output = model.body
    assert isinstance(output, tree.Output)
    assert output.value is not None
    return Example(tuple(map(_input, heads)), output.value)


def _input(head: tree.Statement) -> Input:
    assert isinstance(head, tree.Declaration)
    assert isinstance(head.type, tree.TypeExpression)
    brackets = [[size.value for size in bracket.items] for bracket in head.type.brackets]  # type: ignore[union-attr]
    if head.type.base.text == "class":
        return Input(head.name.text, "class", tuple(brackets[1]) if len(brackets) > 1 else (), brackets[0][0])  # type: ignore[arg-type]
    return Input(head.name.text, head.type.base.text, tuple(brackets[0]) if brackets else ())  # type: ignore[arg-type]


class Interpreter:
    """Evaluates an expression over values by name, `call(name, operands, keywords)` and `operate(sign, operands)`."""

    def __init__(
        self,
        names: Mapping[str, Any],
        call: Callable[[str, list[Any], dict[str, Any]], Any],
        operate: Callable[[str, list[Any]], Any],
    ):
        self.names, self.call, self.operate = names, call, operate

    def value(self, expression: tree.Expression) -> Any:
        match expression:
            case tree.Literal(value=value):
                return value
            case tree.Name(text=name):
                return self.names[name]
            case tree.List(items=items):
                return tuple(map(self.value, items))
            case tree.Unary(operator=sign, operand=operand):
                return self._operate({"-": "neg"}.get(sign, sign), [self.value(operand)])
            case tree.Chain(first=first, rest=rest):
                result = self.value(first)
                for joint, operand in rest:
                    result = self._operate(joint.text, [result, self.value(operand)])
                return result
            case tree.Call(function=tree.Name(text=name), arguments=arguments):
                operands = [self.value(a.value) for a in arguments if a.name is None]
                keywords = {a.name.text: self.value(a.value) for a in arguments if a.name is not None}
                return self.call(name, operands, keywords)
        raise AssertionError(f"an example holds {expression.span.text}")

    def _operate(self, sign: str, operands: list[Any]) -> Any:
        if all(type(operand) in (int, float) for operand in operands):
            return STATIC[sign](*operands)
        return self.operate(sign, operands)


STATIC: Mapping[str, Callable[..., float]] = {"neg": operator.neg, "/": operator.truediv}
"""What examples calculate with numbers alone (`1 / 255`)."""


def example_graph(composite: Composite, *, training: bool = True) -> tuple[Builder, Any, Collected]:
    """The example's graph: its builder, what the composite returned, and the states and penalties it asked for."""
    example = read(composite)
    graph = Builder()
    collected = Collected()
    names: dict[str, Any] = {i.name: graph.input(i.name, i.type) for i in example.inputs}
    names |= {name: Initial(name, {}) for name in INITIALIZERS}
    names["relu"] = COMPOSITES["relu"].function

    def call(name: str, operands: list[Any], keywords: dict[str, Any]) -> Any:
        found = (METRICS if composite.kind == "metric" and name == composite.name else COMPOSITES)[name]
        return call_composite(found, Scope(graph, name, collected, training=training), bind(found, operands, keywords))

    def operate(sign: str, operands: list[Any]) -> Any:
        return OPERATORS[sign].function(*(as_value(graph, operand) for operand in operands))

    return graph, Interpreter(names, call, operate).value(example.expression), collected


def as_value(graph: Builder, operand: Any) -> Value:
    return operand if isinstance(operand, Value) else graph.constant(operand, "f32")


def bind(composite: Composite, operands: list[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by the names that programs use, in the types that composites are given."""
    bound: dict[str, Any] = dict(keywords)
    rest = list(operands)
    for parameter in composite.parameters:
        name = parameter.name.rstrip("_")
        if parameter.kind is parameter.VAR_POSITIONAL:
            bound[name], rest = tuple(rest), []
            continue
        if rest and parameter.kind is not parameter.KEYWORD_ONLY:
            bound[name] = rest.pop(0)
        if name in bound and "Axis" in str(parameter.annotation) and isinstance(bound[name], int):
            bound[name] = (bound[name],)
        elif name in bound and parameter.annotation is Value:
            first = next(value for value in bound.values() if isinstance(value, Value))
            bound[name] = as_value(first.builder, bound[name])
    assert not rest, f"{composite.name} has arguments left over: {rest}"
    return bound


def outputs(result: Any) -> dict[str, Value]:
    """What a composite returned, as named outputs."""
    return dict(result.sums) if isinstance(result, Accumulated) else {"result": result}
