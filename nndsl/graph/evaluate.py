"""The NumPy evaluator: runs a graph by interpreting each node's NumPy template, so what it runs is what gets printed.

It is the reference in float64 for gradients, and finishes metrics; speed is the generated module's business.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal

import numpy as np

from nndsl.graph.facets import numpy_expression
from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import Size
from nndsl.graph.types import NUMPY_DTYPES

Array = np.ndarray[Any, Any]


def evaluate(
    graph: Graph, inputs: Mapping[str, Any], *, float_dtype: Literal["f32", "f64"] = "f32"
) -> dict[str, Array]:
    """The graph's outputs by name for these inputs by name.

    With `float_dtype="f64"` every f32 of the graph is computed as float64. An input that no output needs may be left
    out unless a symbolic size is read from it.
    """
    values: dict[Node, Any] = {}
    sizes: dict[str, int] = {}
    for name, node in graph.inputs.items():
        if name in inputs:
            values[node] = np.asarray(inputs[name], _numpy_dtype(node, float_dtype))
            for dim, length in zip(node.shape, values[node].shape, strict=True):
                if isinstance(dim, Size):
                    solve(dim, length, sizes)
    scope: dict[str, Any] = {"np": np, **sizes}
    if float_dtype == "f64":
        scope["np"] = _Float64Numpy()
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            if node.op == "input":
                continue
            if node.op == "constant":
                values[node] = np.asarray(node.attributes["value"], _numpy_dtype(node, float_dtype))
                continue
            operands = {f"_{i}": values[operand] for i, operand in enumerate(node.inputs)}
            helpers = {helper.__name__: helper for helper in node.primitive.helpers}
            expression = _parsed(numpy_expression(node, tuple(operands)))
            result = _interpret(expression, {**scope, **helpers, **operands})
            values[node] = np.asarray(result, _numpy_dtype(node, float_dtype))
    return {name: values[node] for name, node in graph.outputs.items()}


def solve(dim: Size, length: int, sizes: dict[str, int]) -> None:
    """Record the value of a symbol from an axis whose size is a multiple of it (`n`, `2 * n`)."""
    if len(dim.terms) == 1 and len(dim.terms[0][0]) == 1 and isinstance(dim.terms[0][0][0], str):
        (((name,), factor),) = dim.terms
        sizes.setdefault(str(name), length // factor)


def _numpy_dtype(node: Node, float_dtype: Literal["f32", "f64"]) -> Any:
    dtype = node.type.dtype
    return NUMPY_DTYPES[float_dtype if dtype == "f32" else dtype]


class _Float64Numpy:
    """NumPy with `np.float32` read as `np.float64`, for evaluation in double precision."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, "float64" if name == "float32" else name)


@cache
def _parsed(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
}


def _interpret(tree: ast.expr | None, scope: Mapping[str, Any]) -> Any:
    """The value of an expression of the few kinds that templates are made of."""
    match tree:
        case None:
            return None
        case ast.Name(id=name):
            return scope[name]
        case ast.Constant(value=value):
            return value
        case ast.Attribute(value=value, attr=attribute):
            return getattr(_interpret(value, scope), attribute)
        case ast.Call(func=function, args=arguments, keywords=keywords):
            values = []
            for argument in arguments:
                if isinstance(argument, ast.Starred):
                    values.extend(_interpret(argument.value, scope))
                else:
                    values.append(_interpret(argument, scope))
            named = {keyword.arg or "": _interpret(keyword.value, scope) for keyword in keywords}
            return _interpret(function, scope)(*values, **named)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_interpret(left, scope), _interpret(right, scope))
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](_interpret(operand, scope))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _OPERATORS[type(op)](_interpret(left, scope), _interpret(right, scope))
        case ast.Subscript(value=value, slice=index):
            return _interpret(value, scope)[_interpret(index, scope)]
        case ast.Slice(lower=lower, upper=upper, step=step):
            return slice(_interpret(lower, scope), _interpret(upper, scope), _interpret(step, scope))
        case ast.Tuple(elts=items):
            return tuple(_interpret(item, scope) for item in items)
        case ast.List(elts=items):
            return [_interpret(item, scope) for item in items]
        case _:
            raise TypeError(f"a template holds {ast.unparse(tree)}, which the evaluator does not know")
