"""Forms: nodes that a person writes otherwise than by their template: `x.T`, `x.sum(axis=0)`, `x[:, None]`, `x**2`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from nndsl.codegen.numpy.expressions import call, method, number, parse
from nndsl.codegen.numpy.scalars import dim, is_weak, strong
from nndsl.graph.facets import NUMPY_NAMES
from nndsl.graph.node import Node
from nndsl.graph.sizes import Dim

REDUCTIONS = {"reduce_sum": "sum", "reduce_mean": "mean", "reduce_max": "max", "reduce_min": "min"}

WIDE = 256
"""Numbers of an example, at the least, for which a loop counts for more than its beginning."""

Form = Callable[[Node, Sequence[ast.expr], Mapping[str, str]], ast.expr | None]
"""Gives the expression of a node from those of its operands and the local names of sizes, or None: by the template."""

# ---------------------------------------------------------------- scalars


def _constant(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr | None:
    """A scalar as the shortest number that reads back the same in its type."""
    value = np.asarray(node.attributes["value"])
    if value.ndim:
        return None
    if value.dtype.kind == "f" and not np.isfinite(value):
        return parse("np.nan" if np.isnan(value) else "np.inf" if value > 0 else "-np.inf")
    if value.dtype == np.float64 and value == np.pi:
        return parse("np.pi")
    return number(float(str(value)) if value.dtype.kind == "f" else value.item())


def _size(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    size: Any = node.attributes["size"]
    return dim(size, sizes)


def _cast(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    dtype = NUMPY_NAMES[node.type.dtype]
    if is_weak(node):
        return operands[0]
    if not node.type.shape:
        return call(dtype, operands[0])
    return method(operands[0], "astype", parse(dtype))


# ---------------------------------------------------------------- shapes


def _transpose(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    axes: Any = node.attributes["axes"]
    if axes == tuple(reversed(range(len(axes)))):
        return ast.Attribute(operands[0], "T")
    return method(operands[0], "transpose", *map(number, axes))


def _reshape(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    """New axes of one as `x[:, None]`, dropped ones as `x[:, 0]`, anything else as `x.reshape(…)`."""
    before, after = node.inputs[0].shape, node.shape
    if chosen := _chosen(node, operands[0], sizes):
        return chosen
    if before and not after:
        return ast.Subscript(operands[0], ast.Tuple([number(0)] * len(before)) if len(before) > 1 else number(0))
    if not before:
        return method(operands[0], "reshape", *(dim(d, sizes) for d in after))
    if index := _insert(before, after, ast.Constant(None)) or _insert(after, before, number(0)):
        return ast.Subscript(operands[0], index[0] if len(index) == 1 else ast.Tuple(index))
    return method(operands[0], "reshape", *(dim(d, sizes) for d in after))


def _chosen(node: Node, operand: ast.expr, sizes: Mapping[str, str]) -> ast.expr | None:
    """One element of each row, `x[np.arange(batch), index]`, where the graph takes a column and drops its axis."""
    if not is_choice(node):
        return None
    match operand:
        case ast.Call(_, [x, ast.Subscript(index, ast.Tuple([ast.Slice(), ast.Constant(None)]))], _):
            return ast.Subscript(x, ast.Tuple([call("np.arange", dim(node.shape[0], sizes)), index]))
    return None


def is_choice(node: Node) -> bool:
    """Whether a reshape drops the axis of a column with one element of each row."""
    column = node.inputs[0]
    return column.op == "take_along" and column.attributes["axis"] == 1 and column.shape == (*node.shape, 1)


def _insert(short: Sequence[Dim], long: Sequence[Dim], inserted: ast.expr) -> list[ast.expr]:
    """The index that turns one shape into one with more ones in it (or back), empty if there is none."""
    index: list[ast.expr] = []
    rest = list(short)
    for size in long:
        if rest and rest[0] == size:
            rest.pop(0)
            index.append(ast.Slice())
        elif size == 1:
            index.append(inserted)
        else:
            return []
    if rest or len(long) == len(short):
        return []
    while isinstance(index[-1], ast.Slice):
        index.pop()
    return index


# ---------------------------------------------------------------- reductions and choices


def _reduction(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    axes: Any = node.attributes["axes"]
    keywords: dict[str, ast.expr] = {}
    if len(axes) < node.inputs[0].type.rank:
        keywords["axis"] = number(axes[0]) if len(axes) == 1 else ast.Tuple([number(axis) for axis in axes])
    elif node.inputs[0].type.rank == 0:
        return operands[0]
    if node.attributes["keepdims"]:
        keywords.setdefault("axis", ast.Tuple([number(axis) for axis in axes]) if len(axes) > 1 else number(axes[0]))
        keywords["keepdims"] = ast.Constant(True)
    match operands[0]:
        case ast.UnaryOp(ast.USub(), operand) if node.op in ("reduce_sum", "reduce_mean"):
            return _reduced(node, operand, keywords, sizes, sign=ast.USub())
    return _reduced(node, operands[0], keywords, sizes)


def _reduced(
    node: Node,
    operand: ast.expr,
    keywords: Mapping[str, ast.expr],
    sizes: Mapping[str, str],
    sign: ast.unaryop | None = None,
) -> ast.expr:
    """`x.sum(…)` or, where NumPy takes longer for that than it must, the same in two steps.

    The mean of a vector takes 3 µs longer than its sum. Sums of channels, a few numbers at a time, take six times as
    long as those of whole lines, which are then added up.
    """

    def signed(tree: ast.expr) -> ast.expr:
        return ast.UnaryOp(sign, tree) if sign else tree

    axes, rank = node.attributes["axes"], node.inputs[0].type.rank
    function = REDUCTIONS[node.op]
    if function == "mean" and rank == 1 and not node.shape:
        return ast.BinOp(signed(method(operand, "sum")), ast.Div(), dim(node.inputs[0].shape[0], sizes))
    if function in ("sum", "mean") and rank > 2 and axes == tuple(range(rank - 1)) and not node.attributes["keepdims"]:
        lines = number(0) if rank == 3 else ast.Tuple([number(axis) for axis in range(rank - 2)])
        operand, keywords = method(operand, function, axis=lines), {"axis": number(0)}
    return signed(method(operand, function, **keywords))


def _arg(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    axis: Any = node.attributes["axis"]
    return method(operands[0], node.op, axis=number(axis))


def _where(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    condition, then, otherwise = operands
    if is_weak(node.inputs[1]) and is_weak(node.inputs[2]):
        then = strong(node.inputs[1], then)
    return call("np.where", condition, then, otherwise)


# ---------------------------------------------------------------- arithmetic


def _mul(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    """`x**2` for a product of equal factors; numbers come first, and truth values may stay as they are."""
    left, right = node.inputs
    a, b = operands
    if left is right and isinstance(a, ast.Name):
        return ast.BinOp(a, ast.Pow(), number(2))
    if is_weak(left) and is_truth(right):
        (left, right), (a, b) = (right, left), (b, a)
    if is_truth(left):
        return ast.BinOp(_truth(left, a), ast.Mult(), strong(right, b) if is_weak(right) else b)
    if is_truth(right):
        return ast.BinOp(a, ast.Mult(), _truth(right, b))
    if isinstance(b, ast.Constant) and not isinstance(a, ast.Constant):
        a, b = b, a
    match b:
        case ast.BinOp(ast.Constant(1), ast.Div(), divisor) if is_weak(node):
            return ast.BinOp(a, ast.Div(), divisor)
    return ast.BinOp(a, ast.Mult(), b)


def _with_truth(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr | None:
    """A sum, difference or comparison of a truth value and numbers, which NumPy takes as they are."""
    left, right = node.inputs
    a, b = operands
    if is_truth(left) == is_truth(right) or is_weak(left) or is_weak(right):
        return None
    a, b = (_truth(left, a), b) if is_truth(left) else (a, _truth(right, b))
    operator = _WITH_TRUTH[node.op]()
    if isinstance(operator, ast.cmpop):
        return ast.Compare(a, [operator], [b])
    return ast.BinOp(a, operator, b)


_WITH_TRUTH: dict[str, type[ast.operator] | type[ast.cmpop]] = {
    "add": ast.Add,
    "sub": ast.Sub,
    "equal": ast.Eq,
    "not_equal": ast.NotEq,
}


def is_truth(node: Node) -> bool:
    """Whether a number is a truth value that was made one: NumPy counts with truth values as they are."""
    return node.op == "cast" and node.inputs[0].type.dtype == "bool" and bool(node.shape)


def _truth(node: Node, tree: ast.expr) -> ast.expr:
    """The truth value behind a number, if the number is written out here and not a variable."""
    match tree:
        case ast.Call(ast.Attribute(value, "astype"), _, _):
            return value
    return tree


def count_of(node: Node, operand: ast.expr) -> ast.expr:
    """How often something is true: the operand of a sum without the conversion to numbers."""
    return _truth(node.inputs[0], operand) if is_truth(node.inputs[0]) else operand


def _relu(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr | None:
    """`np.clip(x, 0, np.inf)` for wide arrays: three times as fast as `np.maximum(x, 0)`, whose loop is not vectorised
    for a number, but it takes a microsecond to begin."""
    return call("np.clip", operands[0], number(0), parse("np.inf")) if is_wide(node) else None


def is_wide(node: Node) -> bool:
    return prod(size for size in node.shape if isinstance(size, int)) >= WIDE


def _random_uniform(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr | None:
    if not node.type.batched:
        return None
    shape = ast.Tuple([dim(size, sizes) for size in node.shape])
    seed, step, row = operands
    return call("random_uniform", seed, step, row=row, shape=shape, site=ast.Constant(node.attributes["site"]))


FORMS: dict[str, Form] = {
    "mul": _mul,
    **dict.fromkeys(_WITH_TRUTH, _with_truth),
    "relu": _relu,
    "random_uniform": _random_uniform,
    "constant": _constant,
    "size": _size,
    "cast": _cast,
    "transpose": _transpose,
    "reshape": _reshape,
    **dict.fromkeys(REDUCTIONS, _reduction),
    **dict.fromkeys(("argmax", "argmin"), _arg),
    "where": _where,
}
