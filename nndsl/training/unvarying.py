"""Warnings of what `normalize` and `min_max` cannot scale: elements that do not vary in the training rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nndsl.data.wording import counted, listed
from nndsl.diagnostics import Diagnostic
from nndsl.errors.examples import UnvaryingElement
from nndsl.graph.node import Node
from nndsl.model.network import Layer
from nndsl.transform.algebra import ELEMENTWISE
from nndsl.transform.step import Step

LEAST_SPREAD = 1e-7
"""What `normalize` divides by at the least, where there is a spread at all."""

Array = np.ndarray[Any, Any]


def unvarying_elements(
    step: Step, fitted: Mapping[str, Array], columns: Mapping[str, Sequence[str]]
) -> Iterator[Diagnostic]:
    """A warning for each layer that was fitted to values some of which never change.

    `columns` are what the data call the elements of inputs (`column "age"`), as far as they have columns.
    """
    for layer in step.network.layers:
        constant = _constant(fitted, layer)
        if constant is None or not constant.any():
            continue
        seen = next(node for name, node in step.fit.outputs.items() if name.rpartition(".")[0] == layer.name)
        names = _elements(seen, columns)
        places = np.flatnonzero(constant).tolist()
        words = [names[place] for place in places] if names else [f"element {place}" for place in places]
        if len(words) == 1:
            said, them = f"{words[0]} is", "it"
        else:
            said = f"{len(words)} of {counted(constant.size, 'element')}, {listed(words, most=6)}, are"
            them = "them"
        yield UnvaryingElement(layer.span, said, layer.composite.name, them)


def _constant(fitted: Mapping[str, Array], layer: Layer) -> Array | None:
    """Which elements do not vary, for a layer that scales. Another may share its name (`normalize -> dense`)."""
    match layer.composite.name:
        case "normalize" if f"{layer.name}.variance" in fitted:
            return np.asarray(np.sqrt(fitted[f"{layer.name}.variance"]) <= LEAST_SPREAD)
        case "min_max" if f"{layer.name}.max" in fitted:
            return np.asarray(fitted[f"{layer.name}.max"] <= fitted[f"{layer.name}.min"])
    return None


def _elements(node: Node, columns: Mapping[str, Sequence[str]]) -> list[str] | None:
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
        names = _elements(node.inputs[0], columns)
        return names if names and len(names) == node.shape[-1] else None
    if node.op == "concat" and node.attributes["axis"] == len(node.shape) - 1:
        parts = [_elements(part, columns) for part in node.inputs]
        return [name for part in parts for name in part or ()] if all(parts) else None
    if node.op in ELEMENTWISE:
        found = [_elements(operand, columns) for operand in node.inputs if operand.shape == node.shape]
        return found[0] if found and all(names == found[0] for names in found) else None
    return None
