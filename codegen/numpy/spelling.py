"""Spelling: the expression a person would write for a node, given those of its operands.

Most nodes are their primitive's own template, with operators where it calls NumPy's functions for them; `forms` has
the rest.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nndsl.codegen.numpy.expressions import fill, occurrences, template
from nndsl.codegen.numpy.forms import FORMS
from nndsl.codegen.numpy.scalars import needs_scalar, rename, strong
from nndsl.graph.facets import numpy_expression
from nndsl.graph.node import Node
from nndsl.graph.sizes import Size

METHODS = frozenset(["reshape", "transpose", "reduce_sum", "reduce_mean", "reduce_max", "reduce_min"])
"""What is written as a method of the array."""


def spell(node: Node, operands: Sequence[ast.expr], sizes: Mapping[str, str]) -> ast.expr:
    """The expression of a node; `sizes` are the local names of symbolic sizes."""
    if node.op in METHODS and needs_scalar(node):  # a Python number has no such method
        operands = [strong(node.inputs[0], operands[0])]
    if node.op in FORMS:
        formed = FORMS[node.op](node, operands, sizes)
        if formed is not None:
            return formed
    if needs_scalar(node):
        operands = [strong(node.inputs[0], operands[0]), *operands[1:]]
    return fill(_template(node, sizes), dict(zip(_placeholders(node), operands, strict=True)))


def repeats_operand(node: Node, position: int, sizes: Mapping[str, str]) -> bool:
    """Whether the node's template says an operand more than once, so that it wants to be a name."""
    return node.op not in FORMS and occurrences(_template(node, sizes), f"_{position}") > 1


def _placeholders(node: Node) -> list[str]:
    return [f"_{i}" for i in range(len(node.inputs))]


def _template(node: Node, sizes: Mapping[str, str]) -> ast.expr:
    attributes = {key: _localise(value, sizes) for key, value in node.attributes.items()}
    return template(numpy_expression(replace(node, attributes=attributes), _placeholders(node)))


def _localise(value: Any, sizes: Mapping[str, str]) -> Any:
    """An attribute with symbolic sizes by their local names."""
    if isinstance(value, tuple):
        return tuple(_localise(part, sizes) for part in value)
    return rename(value, sizes) if isinstance(value, Size) else value
