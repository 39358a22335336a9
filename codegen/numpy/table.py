"""The table of shapes in a generated module's docstring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nndsl.graph.facets import NUMPY_NAMES
from nndsl.graph.sizes import show_shape
from nndsl.model.network import Declared
from nndsl.transform.step import Step

Row = tuple[str, str, str, str]


def table(step: Step, keywords: Mapping[str, str]) -> list[str]:
    """What the functions take, what the state holds and what prediction returns, as aligned lines."""
    rows = list(_rows(step, keywords))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = ["    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return ["What goes in and out, and what is learnt:", "", *(line.rstrip() for line in lines)]


def _rows(step: Step, keywords: Mapping[str, str]) -> Iterator[Row]:
    for declared in (*step.network.inputs, *step.network.targets):
        node = step.gradients.inputs[declared.name]
        yield (
            declared.role,
            keywords[declared.name],
            f"{_dtype(node.type.dtype)} {show_shape(node.shape)}",
            _kinds(declared),
        )
    for state in step.states:
        if state.role != "slot":
            yield state.role, state.name, f"float32 {show_shape(state.shape)}", _initial(state.initial.name)
    for output in step.network.outputs:
        node = step.predict.outputs[output.name]
        classes = _kinds(output.classes) if output.classes else ""
        yield "output", output.name, f"{_dtype(node.type.dtype)} {show_shape(node.shape)}", classes


def _dtype(dtype: str) -> str:
    return NUMPY_NAMES[dtype].removeprefix("np.").rstrip("_")


def _kinds(declared: Declared) -> str:
    """What the numbers of a class or a truth value mean."""
    if declared.kind == "binary":
        return "0 or 1"
    if declared.classes is None:
        return ""
    if declared.classes.names is None:
        return f"0 to {declared.classes.count - 1}"
    names = ", ".join(f"{i} {kind}" for i, kind in enumerate(declared.classes.names))
    return names if len(names) <= 60 else f"{names[:57]}…"


def _initial(name: str) -> str:
    return f"initially {name}"
