"""The NumPy evaluator: runs a graph by interpreting each node's NumPy template, so what it runs is what gets printed.

It is the reference in float64 for gradients, and finishes metrics; speed is the generated module's business.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    return Evaluator(graph, float_dtype=float_dtype)(inputs)


class Evaluator:
    """`evaluate` for one graph and inputs again and again: its expressions are made once."""

    def __init__(self, graph: Graph, *, float_dtype: Literal["f32", "f64"] = "f32"):
        self._graph = graph
        self._numpy: Any = _Float64Numpy() if float_dtype == "f64" else np
        self._inputs = [(name, node, _numpy_dtype(node, float_dtype)) for name, node in graph.inputs.items()]
        self._constants = {
            node: np.asarray(node.attributes["value"], _numpy_dtype(node, float_dtype))
            for node in graph.nodes
            if node.op == "constant"
        }
        self._steps = [
            _Step(node, _numpy_dtype(node, float_dtype), read)
            for node, read in _read_last(graph)
            if node.op not in ("input", "constant")
        ]

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Array]:
        values: dict[Node, Any] = dict(self._constants)
        sizes: dict[str, int] = {}
        for name, node, dtype in self._inputs:
            if name in inputs:
                values[node] = np.asarray(inputs[name], dtype)
                for dim, length in zip(node.shape, values[node].shape, strict=True):
                    if isinstance(dim, Size):
                        solve(dim, length, sizes)
        scope: dict[str, Any] = {"np": self._numpy, **sizes}
        with np.errstate(all="ignore"):
            for step in self._steps:
                operands = {name: values[operand] for name, operand in step.operands}
                result = step.compute({**scope, **step.helpers, **operands})
                values[step.node] = np.asarray(result, step.dtype)
                for node in step.read_last:
                    del values[node]
        return {name: values[node] for name, node in self._graph.outputs.items()}


class _Step:
    """A node that computes something: its expression in the names of its operands, and what else stands in it.

    `read_last` are the operands that nothing reads after it. Memory that is given back at once is taken again at once;
    that of a whole graph goes back to the system, whose new pages take longer than small arrays' arithmetic.
    """

    def __init__(self, node: Node, dtype: Any, read_last: Sequence[Node]):
        self.node = node
        self.read_last = read_last
        self.dtype = dtype
        self.operands = [(f"_{i}", operand) for i, operand in enumerate(node.inputs)]
        self.compute = _compiled(numpy_expression(node, [name for name, _ in self.operands]))
        self.helpers = {helper.__name__: helper for helper in node.primitive.helpers}


def _read_last(graph: Graph) -> Iterator[tuple[Node, list[Node]]]:
    """Each node, and those of its operands that it is the last to read: computed ones that are no outputs."""
    kept = {*graph.outputs.values()}
    last = {operand: node for node in graph.nodes for operand in node.inputs}
    for node in graph.nodes:
        read = dict.fromkeys(o for o in node.inputs if o.op not in ("input", "constant") and o not in kept)
        yield node, [operand for operand in read if last[operand] is node]


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


Compiled = Callable[[Mapping[str, Any]], Any]
"""Gives the value of an expression from those of the names in it."""


@cache
def _compiled(expression: str) -> Compiled:
    return _closure(ast.parse(expression, mode="eval").body)


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


def _closure(tree: ast.expr | None) -> Compiled:
    """The expression as functions of its parts; it is one of the few kinds that templates are made of."""
    match tree:
        case None:
            return lambda scope: None
        case ast.Name(id=name):
            return operator.itemgetter(name)
        case ast.Constant(value=value):
            return lambda scope: value
        case ast.Attribute(value=whole, attr=attribute):
            return _applied(operator.attrgetter(attribute), whole)
        case ast.Call(func=function, args=arguments, keywords=keywords):
            called, values = _closure(function), _values(arguments)
            named = {keyword.arg or "": _closure(keyword.value) for keyword in keywords}
            return lambda scope: called(scope)(*values(scope), **{name: part(scope) for name, part in named.items()})
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            return _applied(_OPERATORS[type(op)], left, right)
        case ast.UnaryOp(op=op, operand=operand):
            return _applied(_OPERATORS[type(op)], operand)
        case ast.Subscript(value=whole, slice=index):
            return _applied(operator.getitem, whole, index)
        case ast.Slice(lower=lower, upper=upper, step=step):
            return _applied(slice, lower, upper, step)
        case ast.Tuple(elts=items):
            parts = _values(items)
            return lambda scope: tuple(parts(scope))
        case ast.List(elts=items):
            return _values(items)
        case _:
            raise TypeError(f"a template holds {ast.unparse(tree)}, which the evaluator does not know")


def _applied(function: Callable[..., Any], *operands: ast.expr | None) -> Compiled:
    parts = [_closure(operand) for operand in operands]
    return lambda scope: function(*[part(scope) for part in parts])


def _values(items: Sequence[ast.expr]) -> Callable[[Mapping[str, Any]], list[Any]]:
    """What a list of expressions stands for; one with a star for all that it holds."""
    starred = [isinstance(item, ast.Starred) for item in items]
    parts = [_closure(item.value if isinstance(item, ast.Starred) else item) for item in items]
    if not any(starred):
        return lambda scope: [part(scope) for part in parts]

    def values(scope: Mapping[str, Any]) -> list[Any]:
        found: list[Any] = []
        for part, star in zip(parts, starred, strict=True):
            found.extend(part(scope) if star else [part(scope)])
        return found

    return values
