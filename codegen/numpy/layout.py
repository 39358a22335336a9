"""Layout: statements that fit a line, or are broken where a formatter would break them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from textwrap import fill

from nndsl.codegen.numpy.expressions import SYMBOLS, quote, show, show_arguments

WIDTH = 120
INDENT = "    "


def assignment(target: str, tree: ast.expr, *, depth: int = 1) -> list[str]:
    """`target = tree` as lines of a function's body."""
    return laid_out(f"{target} = ", tree, depth=depth)


def laid_out(before: str, tree: ast.expr, after: str = "", *, depth: int = 1) -> list[str]:
    """The expression between two texts: on one line, or with its outermost brackets opened up."""
    line = f"{before}{show(tree)}{after}"
    if _fits(line, depth):
        return [line]
    match tree:
        case ast.Call(function, arguments, keywords) if arguments or keywords:
            if len(arguments) == 1 and not keywords:
                parts = laid_out("", arguments[0], depth=depth + 1)
            else:
                parts = show_arguments(arguments, keywords)
                together = ", ".join(parts)
                parts = [together] if _fits(together, depth + 1) else [f"{part}," for part in parts]
            return [f"{before}{show(function)}(", *_indented(parts), f"){after}"]
        case ast.List(items):
            return [f"{before}[", *_indented(f"{show(part)}," for part in items), f"]{after}"]
        case ast.Tuple(items):
            return [f"{before}(", *_indented(f"{show(part)}," for part in items), f"){after}"]
        case ast.BinOp(left, operator, right):
            symbol, own = SYMBOLS[type(operator)]
            head = f"{before}{show(left, own)} {symbol} "
            alone = not (isinstance(left, ast.BinOp) and SYMBOLS[type(left.op)][1] == own)
            if alone and isinstance(right, ast.Call):  # the last brackets are the ones to open
                return laid_out(head, right, after, depth=depth)
            if alone and isinstance(right, ast.BinOp) and show(right, own + 1).startswith("("):
                return [f"{head}(", *_indented(_inside(right, depth + 1)), f"){after}"]
            return [f"{before}(", *_indented(_inside(tree, depth + 1)), f"){after}"]
    return [line]


def _inside(tree: ast.BinOp, depth: int) -> list[str]:
    """An operation in brackets of its own: on one line if it fits, else one for each term, the operator before it."""
    whole = show(tree)
    if _fits(whole, depth):
        return [whole]
    operator = type(tree.op)
    symbol, own = SYMBOLS[operator]
    terms: list[ast.expr] = []
    first: ast.expr = tree
    while isinstance(first, ast.BinOp) and isinstance(first.op, operator):
        terms.append(first.right)
        first = first.left
    return [show(first, own), *(f"{symbol} {show(term, own + 1)}" for term in reversed(terms))]


def _indented(lines: Iterable[str]) -> Sequence[str]:
    return [INDENT + line for line in lines]


def constant(target: str, tree: ast.expr) -> str:
    """The definition of a large array, its numbers filling lines."""
    match tree:
        case ast.Call(function, [numbers, *rest], []):
            filled = fill(show(numbers), WIDTH - len(INDENT), break_long_words=False).splitlines()
            lines = [*filled[:-1], f"{filled[-1]},", *(f"{show(argument)}," for argument in rest)]
            return "\n".join([f"{target} = {show(function)}(", *_indented(lines), ")"])
    return f"{target} = {show(tree)}"


def mapping(entries: Iterable[tuple[str, ast.expr]], *, before: str = "return ", depth: int = 1) -> list[str]:
    """A dict by key: on one line if it fits, else one entry a line."""
    pairs = list(entries)
    line = f"{before}{{{', '.join(f'{quote(key)}: {show(tree)}' for key, tree in pairs)}}}"
    if _fits(line, depth):
        return [line]
    inner = [line for key, tree in pairs for line in laid_out(f"{quote(key)}: ", tree, ",", depth=depth + 1)]
    return [f"{before}{{", *_indented(inner), "}"]


def signature(function: str, keywords: Sequence[str], *more: str) -> str:
    """The head of a function of the state and of these keywords."""
    parameters = ["state", "*", *keywords, *more]
    line = f"def {function}({', '.join(parameters)}):"
    if _fits(line, 0):
        return line
    together = ", ".join(parameters)
    parts = [together] if _fits(together, 1) else [f"{part}," for part in parameters]
    return "\n".join([f"def {function}(", *_indented(parts), "):"])


def _fits(line: str, depth: int) -> bool:
    return len(line) + len(INDENT) * depth <= WIDTH
