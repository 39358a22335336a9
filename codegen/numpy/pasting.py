"""Pasting: helper functions whose source becomes part of a generated module, each once, after those that it calls."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterable
from functools import cache
from textwrap import dedent
from typing import Any

WIDTH = 120
"""Helpers keep the width of the files that they come from."""

Helper = Callable[..., Any]


def with_dependencies(helpers: Iterable[Helper]) -> list[Helper]:
    """The helpers and the functions of their modules that they call, callees first, otherwise in the order given."""
    order: dict[Helper, None] = {}

    def add(helper: Helper) -> None:
        if helper in order:
            return
        for called in _called(helper):
            add(called)
        order[helper] = None

    for helper in helpers:
        add(helper)
    return list(order)


@cache
def source(helper: Helper) -> str:
    """A helper's code as it stands in its file, without decorators and annotations.

    Annotations may name types that a generated module does not import; its docstrings give shapes in words.
    """
    text = dedent(inspect.getsource(helper))
    definition = _definition(text)
    lines = text.splitlines()[definition.lineno - 1 : definition.end_lineno]
    head = definition.body[0].lineno - definition.lineno
    arguments = definition.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    cuts = []
    for argument in every:
        if argument and argument.annotation:
            start = argument.col_offset + len(argument.arg)
            cuts.append((argument.lineno, start, argument.annotation.end_col_offset or start))
    if definition.returns:
        row = definition.returns.lineno - definition.lineno
        end = definition.returns.end_col_offset or 0
        start = lines[row].encode()[:end].decode().rindex("->", 0, definition.returns.col_offset)
        lines[row] = lines[row][:start].rstrip() + lines[row][end:]
    for row, start, end in sorted(cuts, reverse=True):
        line = lines[row - definition.lineno]
        rest = line[end:]
        if rest.startswith(" = "):  # a default without an annotation is written without spaces
            rest = f"={rest[3:]}"
        lines[row - definition.lineno] = line[:start] + rest
    return "\n".join([*_joined(lines[:head]), *lines[head:]])


def _joined(head: list[str]) -> list[str]:
    """The first lines of a definition as one, if annotations were all that kept it from being one."""
    whole = "".join(line.strip() + (" " if line.endswith(",") else "") for line in head)
    whole = whole.replace(", )", ")")
    return [whole] if len(whole) <= WIDTH else head


def _definition(text: str) -> ast.FunctionDef:
    (definition,) = ast.parse(text).body
    assert isinstance(definition, ast.FunctionDef)
    return definition


def _called(helper: Helper) -> list[Helper]:
    """The plain functions that a helper's body names, as its module knows them."""
    scope = vars(sys.modules[helper.__module__])
    names = [node.id for node in ast.walk(_definition(dedent(inspect.getsource(helper)))) if isinstance(node, ast.Name)]
    found = [scope.get(name) for name in dict.fromkeys(names)]
    return [value for value in found if inspect.isfunction(value) and value is not helper]
