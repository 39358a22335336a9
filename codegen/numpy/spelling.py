"""Spelling: the expression a person would write for a node, given those of its operands.

Most nodes are their primitive's own template, with operators where it calls NumPy's functions for them. This room is
about the rest: `x.T`, `x.sum(axis=0)`, `x[:, None]`, numbers that must not widen an array's element type.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nndsl.codegen.numpy.expressions import call, fill, method, number, occurrences, parse, template
from nndsl.graph.facets import NUMPY_NAMES, numpy_expression
from nndsl.graph.node import Node
from nndsl.graph.sizes import Dim, FloorDivision, Size, symbol

INFIX_ARITHMETIC = frozenset("add sub mul div pow mod neg".split())
VIEWS = frozenset("transpose reshape broadcast_to".split())
"""What costs nothing: never worth a name."""

REDUCTIONS = {"reduce_sum": "sum", "reduce_mean": "mean", "reduce_max": "max", "reduce_min": "min"}


def spell(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    """The expression of a node; `sizes` are the local names of symbolic sizes."""
    if node.op in _SPELLINGS:
        spelled = _SPELLINGS[node.op](node, operands, sizes)
        if isinstance(spelled, ast.expr):
            return spelled
    if _needs_scalar(node):
        operands = [_strong(node.inputs[0], operands[0]), *operands[1:]]
    return fill(_template(node, sizes), dict(zip(_placeholders(node), operands, strict=True)))


def repeats_operand(node: Node, position: int, sizes: Mapping[str, str]) -> bool:
    """Whether the node's template says an operand more than once, so that it wants to be a name."""
    if node.op in _SPELLINGS:
        return False
    return occurrences(_template(node, sizes), f"_{position}") > 1


def is_weak(node: Node) -> bool:
    """Whether the node's code is a plain Python number, which takes on the element type of the array beside it.

    NumPy's own scalars of another precision would not; so no function of NumPy is ever called on weak operands alone,
    unless it is float64 that is wanted: that is what Python's own floats are.
    """
    if node.type.shape:
        return False
    if node.op == "cast" and node.type.dtype == "f64":
        return is_weak(node.inputs[0])
    if node.op == "constant" or node.op == "size":
        return True
    if node.op == "input":
        return str(node.attributes["name"]).startswith("nndsl.")
    if node.op == "div" and not _is_never_zero(node.inputs[1]):
        return False
    exact = INFIX_ARITHMETIC if node.type.dtype == "f64" else INFIX_ARITHMETIC - {"pow", "mod"}
    return node.op in exact and all(map(is_weak, node.inputs))


def _needs_scalar(node: Node) -> bool:
    """Whether a function of NumPy would see Python numbers only, and take them for float64."""
    if node.op in INFIX_ARITHMETIC and all(map(is_weak, node.inputs)):
        return not is_weak(node)
    return bool(node.inputs) and all(o.type.dtype == "f32" and is_weak(o) for o in node.inputs)


def is_mask(node: Node) -> bool:
    """Whether the node is a ReLU's gradient, `where(relu > 0, g, 0)`, which is written as g times the mask."""
    if node.op != "where":
        return False
    condition, _, otherwise = node.inputs
    return (
        otherwise.op == "constant"
        and not otherwise.shape
        and otherwise.attributes["value"] == 0
        and condition.op == "greater"
        and condition.inputs[0].op == "relu"
        and node.type == node.inputs[1].type
    )


# ---------------------------------------------------------------- templates


def _placeholders(node: Node) -> list[str]:
    return [f"_{i}" for i in range(len(node.inputs))]


def _template(node: Node, sizes: Mapping[str, str]) -> ast.expr:
    attributes = {key: _localise(value, sizes) for key, value in node.attributes.items()}
    return template(numpy_expression(replace(node, attributes=attributes), _placeholders(node)))


def _localise(value: Any, sizes: Mapping[str, str]) -> Any:
    """An attribute with symbolic sizes by their local names."""
    if isinstance(value, tuple):
        return tuple(_localise(part, sizes) for part in value)
    return _rename(value, sizes) if isinstance(value, Size) else value


def _rename(size: Size, sizes: Mapping[str, str]) -> Dim:
    total: Dim = 0
    for atoms, factor in size.terms:
        part: Dim = factor
        for atom in atoms:
            if isinstance(atom, FloorDivision):
                part = part * (_rename(atom.numerator, sizes) // atom.denominator)
            else:
                part = part * symbol(sizes.get(atom, atom))
        total = total + part
    return total


def dim(value: Dim, sizes: Mapping[str, str]) -> ast.expr:
    """The size of an axis as code."""
    return number(value) if isinstance(value, int) else parse(str(_rename(value, sizes)))


# ---------------------------------------------------------------- scalars


def _strong(node: Node, tree: ast.expr) -> ast.expr:
    """A Python number as a NumPy scalar of the graph's type."""
    return call(NUMPY_NAMES[node.type.dtype], tree)


def _is_never_zero(node: Node) -> bool:
    return node.op == "size" or (node.op == "constant" and bool(node.attributes["value"] != 0))


def _constant(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr | None:
    """A scalar as the shortest number that reads back the same in its type."""
    value = np.asarray(node.attributes["value"])
    if value.ndim:
        return None
    if value.dtype.kind == "f" and not np.isfinite(value):
        return parse("np.nan" if np.isnan(value) else "np.inf" if value > 0 else "-np.inf")
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
    if not before or not after:
        return method(operands[0], "reshape", *(dim(d, sizes) for d in after))
    if index := _insert(before, after, ast.Constant(None)) or _insert(after, before, number(0)):
        return ast.Subscript(operands[0], index[0] if len(index) == 1 else ast.Tuple(index))
    return method(operands[0], "reshape", *(dim(d, sizes) for d in after))


def _chosen(node: Node, operand: ast.expr, sizes: Mapping[str, str]) -> ast.expr | None:
    """One element of each row, `x[np.arange(batch), index]`, where the graph takes a column and drops its axis."""
    (column,) = node.inputs
    if column.op != "take_along" or column.attributes["axis"] != 1 or column.shape != (*node.shape, 1):
        return None
    match operand:
        case ast.Call(_, [x, ast.Subscript(index, ast.Tuple([ast.Slice(), ast.Constant(None)]))], _):
            return ast.Subscript(x, ast.Tuple([call("np.arange", dim(node.shape[0], sizes)), index]))
    return None


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
            return ast.UnaryOp(ast.USub(), method(operand, REDUCTIONS[node.op], **keywords))
    return method(operands[0], REDUCTIONS[node.op], **keywords)


def _arg(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    axis: Any = node.attributes["axis"]
    return method(operands[0], node.op, axis=number(axis))


def _where(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    condition, then, otherwise = operands
    if is_mask(node):
        return ast.BinOp(then, ast.Mult(), condition)
    if is_weak(node.inputs[1]) and is_weak(node.inputs[2]):
        then = _strong(node.inputs[1], then)
    return call("np.where", condition, then, otherwise)


# ---------------------------------------------------------------- arithmetic


def _mul(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    """`x**2` for a product of equal factors; numbers come first, and truth values may stay as they are."""
    left, right = node.inputs
    a, b = operands
    if left is right and isinstance(a, ast.Name):
        return ast.BinOp(a, ast.Pow(), number(2))
    if is_weak(left) and _is_truth(right):
        (left, right), (a, b) = (right, left), (b, a)
    if _is_truth(left):
        return ast.BinOp(_truth(left, a), ast.Mult(), _strong(right, b) if is_weak(right) else b)
    if _is_truth(right):
        return ast.BinOp(a, ast.Mult(), _truth(right, b))
    if isinstance(b, ast.Constant) and not isinstance(a, ast.Constant):
        a, b = b, a
    return ast.BinOp(a, ast.Mult(), b)


def _sub(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr | None:
    left, right = node.inputs
    if _is_truth(right) and not is_weak(left):
        return ast.BinOp(operands[0], ast.Sub(), _truth(right, operands[1]))
    return None


def _is_truth(node: Node) -> bool:
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
    return _truth(node.inputs[0], operand) if _is_truth(node.inputs[0]) else operand


def _random_uniform(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr | None:
    if not node.type.batched:
        return None
    shape = ast.Tuple([dim(size, sizes) for size in node.shape])
    return call("random_uniform", *operands, shape, site=ast.Constant(node.attributes["site"]))


_SPELLINGS = {
    "mul": _mul,
    "sub": _sub,
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
