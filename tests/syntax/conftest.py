"""Short ways to parse in tests: `shape("a + b * c")` is `(+ a (* b c))`, `body("y = x")` the statements of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nndsl.diagnostics import Diagnostic
from nndsl.source import Source
from nndsl.syntax import tree
from nndsl.syntax.parse import parse


def parsed(text: str) -> tree.Program:
    program, errors = parse(Source("test.nn", text))
    assert not errors, [error.message for error in errors]
    return program


def errors_of(text: str) -> tuple[Diagnostic, ...]:
    return parse(Source("test.nn", text))[1]


def statements(text: str) -> tuple[tree.Statement, ...]:
    (model,) = parsed(f"model m {{\n{text}\n}}\n").items
    assert isinstance(model, tree.Model)
    return model.body


def shape(node: Any) -> Any:
    """A tree as nested lists in prefix form, without spans."""
    match node:
        case tree.Name(text=text):
            return text
        case tree.Literal(value=value):
            return repr(value) if isinstance(value, str) else str(value).lower()
        case tree.List(items=items):
            return f"[{' '.join(map(shape, items))}]"
        case tree.Map(items=items):
            return "{" + " ".join(f"{shape(key)}:{shape(value)}" for key, value in items) + "}"
        case tree.Unary(operator=operator, operand=operand):
            return f"({operator} {shape(operand)})"
        case tree.Chain(first=first, rest=rest):
            text = shape(first)
            for operator, operand in rest:
                text = f"({operator.text} {text} {shape(operand)})"
            return text
        case tree.Conditional(condition=condition, yes=yes, no=no):
            return f"(if {shape(condition)} {shape(yes)} {shape(no)})"
        case tree.Call(function=function, arguments=arguments):
            return f"{shape(function)}({' '.join(map(shape, arguments))})"
        case tree.Argument(name=None, value=value):
            return shape(value)
        case tree.Argument(name=name, value=value):
            return f"{name.text}={shape(value)}"
        case tree.Attribute(object=value, name=name):
            return f"{shape(value)}.{name.text}"
        case tree.Index(object=value, indices=indices):
            return f"{shape(value)}[{' '.join(map(shape, indices))}]"
        case tree.Pipe(head=head, stages=stages):
            return f"(-> {' '.join(map(shape, (head, *stages)))})"
        case tree.Repeat(count=count, stages=stages):
            return f"(repeat {shape(count)} {' '.join(map(shape, stages))})"
        case tree.Hole():
            return "?"
    raise TypeError(node)


@pytest.fixture(scope="session", name="shape")
def shape_of_expression() -> Callable[[str], str]:
    def of(text: str) -> str:
        (const,) = parsed(f"const x = {text}\n").items
        assert isinstance(const, tree.Const)
        return shape(const.value)

    return of


@pytest.fixture(scope="session")
def body() -> Callable[[str], tuple[tree.Statement, ...]]:
    return statements


@pytest.fixture(scope="session")
def program() -> Callable[[str], tree.Program]:
    return parsed


@pytest.fixture(scope="session")
def errors() -> Callable[[str], tuple[Diagnostic, ...]]:
    return errors_of


@pytest.fixture(scope="session")
def shape_of() -> Callable[[Any], str]:
    return shape
