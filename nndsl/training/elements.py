"""What the elements of a layer's values are called in messages: the columns or inputs that they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nndsl.graph.node import Node
from nndsl.transform.algebra import ELEMENTWISE


def element_names(node: Node, columns: Mapping[str, Sequence[str]]) -> list[str] | None:
    """What the elements of the last axis are called, where each is an element of an input; else None."""
    if len(node.shape) > 2:
        return None
    if node.op == "input":
        name = str(node.attributes["name"])
        if name in columns:
            return list(columns[name])
        if len(node.shape) < 2:
            return [f"`{name}`"]
        size = node.shape[1]
        return [f"`{name}[{i}]`" for i in range(size)] if isinstance(size, int) else None
    if node.op == "reshape":
        names = element_names(node.inputs[0], columns)
        return names if names and len(names) == node.shape[-1] else None
    if node.op == "concat" and node.attributes["axis"] == len(node.shape) - 1:
        parts = [element_names(part, columns) for part in node.inputs]
        return [name for part in parts for name in part or ()] if all(parts) else None
    if node.op in ELEMENTWISE:
        found = [element_names(operand, columns) for operand in node.inputs if operand.shape == node.shape]
        return found[0] if found and all(names == found[0] for names in found) else None
    return None
