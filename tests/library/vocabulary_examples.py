"""What the registry's examples say: `x: f32[4] => dense(x, 3)` is inputs and an expression, here made a program.

The compiler gives an example's graph; `Reference` computes the same expression with NumPy functions on the arrays of
one example.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nndsl.graph.builder import Builder, Value
from nndsl.library.registry import Accumulated, Composite
from nndsl.model.apply import Collected, Graphing
from nndsl.model.check import check, load_program
from nndsl.model.network import Declared, Network
from nndsl.source import Source
from nndsl.syntax import tree
from nndsl.syntax.parse import parse
from nndsl.transform.lower import declared_type

Array = np.ndarray[Any, Any]


def program(composite: Composite) -> Source:
    """The example as a program."""
    declarations, expression = composite.example.split(" => ")
    inputs = [f"  input {declared}" for declared in declarations.replace("], ", "]\n").split("\n")]
    use = f"metric {expression}" if composite.kind == "metric" else f"output result = {expression}"
    return Source(f"{composite.name}.nn", "\n".join(["model example {", *inputs, f"  {use}", "}", ""]))


@dataclass(frozen=True)
class Example:
    """A composite's example, compiled: its network, its graph, what it gives and what it asked for.

    `result` is a value, or what a metric accumulates.
    """

    network: Network
    graph: Builder
    result: Any
    collected: Collected

    @property
    def outputs(self) -> dict[str, Value]:
        if isinstance(self.result, Accumulated):
            return {**self.result.sums, **self.result.kept}
        return {"result": self.result}


def compiled(composite: Composite, *, training: bool = True) -> Example:
    checked = check(load_program(program(composite)), needs=())
    assert not checked.warnings
    network = checked.network
    graph = Builder()
    for declared in network.inputs:
        graph.input(declared.name, declared_type(declared))
    collected = Collected()
    (term,) = [*(output.term for output in network.outputs), *(metric.term for metric in network.metrics)]
    result = Graphing(graph, collected, training=training).value(term)
    return Example(network, graph, result, collected)


def draw(declared: Declared, rng: np.random.Generator, rows: int) -> Array:
    """Random data: numbers from -2 to 2, 0/1, or indices."""
    shape = (rows, *(int(dim) for dim in declared.shape))  # type: ignore[arg-type]
    if declared.kind == "f32":
        return rng.uniform(-2, 2, shape).astype(np.float32)
    if declared.kind == "binary":
        return rng.integers(0, 2, shape).astype(np.float32)
    return rng.integers(0, declared.classes.count if declared.classes else 9, shape)


class Reference:
    """Evaluates an example's expression with other functions, by sign and by name."""

    def __init__(self, signs: Mapping[str, Callable[..., Any]], functions: Mapping[str, Callable[..., Any]]):
        self.signs, self.functions = signs, functions

    def __call__(self, composite: Composite, values: Mapping[str, Array]) -> Any:
        parsed, errors = parse(program(composite))
        assert not errors
        (model,) = parsed.items
        assert isinstance(model, tree.Model)
        output = model.body[-1]
        assert isinstance(output, tree.Output)
        assert output.value is not None
        return self._value(output.value, values)

    def _value(self, expression: tree.Expression, values: Mapping[str, Array]) -> Any:
        match expression:
            case tree.Literal(value=value):
                return value
            case tree.Name(text=name):
                return values[name]
            case tree.List(items=items):
                return tuple(self._value(item, values) for item in items)
            case tree.Unary(operator=sign, operand=operand):
                return self._operate({"-": "neg"}.get(sign, sign), self._value(operand, values))
            case tree.Chain(first=first, rest=rest):
                result = self._value(first, values)
                for joint, operand in rest:
                    result = self._operate(joint.text, result, self._value(operand, values))
                return result
            case tree.Call(function=tree.Name(text=name), arguments=arguments):
                operands = [self._value(a.value, values) for a in arguments if a.name is None]
                keywords = {a.name.text: self._value(a.value, values) for a in arguments if a.name is not None}
                return self.functions[name](*operands, **keywords)
        raise AssertionError(f"an example holds {expression.span.text}")

    def _operate(self, sign: str, *operands: Any) -> Any:
        static = all(type(operand) in (int, float) for operand in operands)
        return (STATIC if static else self.signs)[sign](*operands)


STATIC: Mapping[str, Callable[..., float]] = {"neg": operator.neg}
"""What examples calculate with numbers alone (`-1`)."""
