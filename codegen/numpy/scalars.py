"""Scalars and sizes: what is a plain Python number in the code, and what must be a NumPy scalar.

NumPy's rule: beside a float32 array, the Python number 0.1 is float32, and np.float64(0.1) makes the result float64.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from nndsl.codegen.numpy.expressions import call, number, parse
from nndsl.graph.facets import NUMPY_NAMES
from nndsl.graph.node import Node
from nndsl.graph.sizes import Dim, FloorDivision, Size, symbol

INFIX_ARITHMETIC = frozenset("add sub mul div pow mod neg".split())
EXACT_IN_F32 = INFIX_ARITHMETIC - {"pow", "mod"}


def is_weak(node: Node) -> bool:
    """Whether the node's code is a plain Python number, which takes on the element type of the array beside it.

    NumPy's own scalars of another precision would not; so no function of NumPy is ever called on weak operands alone,
    unless it is float64 that is wanted: that is what Python's own floats are.
    """
    parts = [node]
    while parts:  # a total of many losses is deeper than calls may be
        part = parts.pop()
        if not _may_be_weak(part):
            return False
        parts += part.inputs
    return True


def _may_be_weak(node: Node) -> bool:
    """Whether the node's code is a plain Python number if that of its operands is."""
    if node.type.shape:
        return False
    if node.op in ("constant", "size") or (node.op == "cast" and node.type.dtype == "f64"):
        return True
    if node.op == "input":
        return str(node.attributes["name"]).startswith("nndsl.")
    if node.op == "div" and not _is_never_zero(node.inputs[1]):
        return False
    return node.op in (INFIX_ARITHMETIC if node.type.dtype == "f64" else EXACT_IN_F32)


def needs_scalar(node: Node) -> bool:
    """Whether a function of NumPy would see Python numbers only, and take them for float64."""
    if node.op in INFIX_ARITHMETIC and all(map(is_weak, node.inputs)):
        return not is_weak(node)
    return bool(node.inputs) and all(o.type.dtype == "f32" and is_weak(o) for o in node.inputs)


def strong(node: Node, tree: ast.expr) -> ast.expr:
    """A Python number as a NumPy scalar of the graph's type."""
    return call(NUMPY_NAMES[node.type.dtype], tree)


def _is_never_zero(node: Node) -> bool:
    return node.op == "size" or (node.op == "constant" and bool(node.attributes["value"] != 0))


def rename(size: Size, sizes: Mapping[str, str]) -> Dim:
    total: Dim = 0
    for atoms, factor in size.terms:
        part: Dim = factor
        for atom in atoms:
            if isinstance(atom, FloorDivision):
                part = part * (rename(atom.numerator, sizes) // atom.denominator)
            else:
                part = part * symbol(sizes.get(atom, atom))
        total = total + part
    return total


def dim(value: Dim, sizes: Mapping[str, str]) -> ast.expr:
    """The size of an axis as code."""
    return number(value) if isinstance(value, int) else parse(str(rename(value, sizes)))
