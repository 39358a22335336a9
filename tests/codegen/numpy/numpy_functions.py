"""Graphs written out as functions and run, to be held against the evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nndsl.codegen.numpy.buffers import share
from nndsl.codegen.numpy.emit import emit
from nndsl.codegen.numpy.expressions import name, show
from nndsl.codegen.numpy.layout import mapping
from nndsl.codegen.numpy.names import Names
from nndsl.codegen.numpy.pasting import source, with_dependencies
from nndsl.codegen.numpy.schedule import schedule
from nndsl.codegen.numpy.session import load_module
from nndsl.graph.evaluate import solve
from nndsl.graph.node import Graph
from nndsl.graph.sizes import Size
from nndsl.graph.types import NUMPY_DTYPES
from nndsl.source import Source, Span

Arrays = dict[str, Any]
BODY = Span(Source("test.nn", ""), 0, 0)


def function_source(graph: Graph, *, buffered: bool) -> str:
    """A module with `compute(work, sizes…, inputs…)`, and in its docstring which buffers share memory."""
    helpers = with_dependencies(helper for node in graph for helper in node.primitive.helpers)
    names = Names([helper.__name__ for helper in helpers])
    sizes = {s: s for node in graph for d in node.shape if isinstance(d, Size) for s in d.symbols}
    bound = {node: name(names.unique(key)) for key, node in graph.inputs.items()}
    body = emit(graph, schedule(graph, BODY), bound, names, sizes, buffered=buffered)
    lines = [line for statement in body.statements for line in statement.lines]
    lines += mapping(body.results.items())
    parameters = ", ".join(["work", *sorted(sizes), *(show(tree) for tree in bound.values())])
    code = "\n".join(f"    {line}" for line in lines)
    return "\n\n".join(["import numpy as np", *map(source, helpers), f"def compute({parameters}):\n{code}\n"])


def run(graph: Graph, inputs: Mapping[str, Any], *, buffered: bool) -> Arrays:
    """The graph's outputs as the written-out function computes them, its buffers shared as in a workspace."""
    sizes: dict[str, int] = {}
    for key, node in graph.inputs.items():
        for dim, length in zip(node.shape, np.shape(inputs[key]), strict=True):
            if isinstance(dim, Size):
                solve(dim, length, sizes)
    module: Any = load_module("test", function_source(graph, buffered=buffered))
    with np.errstate(all="ignore"):
        return dict(
            module.compute(workspace(graph, sizes), *(sizes[s] for s in sorted(_symbols(graph))), *inputs.values())
        )


def workspace(graph: Graph, sizes: Mapping[str, int]) -> Arrays:
    helpers = with_dependencies(helper for node in graph for helper in node.primitive.helpers)
    names = Names([helper.__name__ for helper in helpers])
    bound = {node: name(names.unique(key)) for key, node in graph.inputs.items()}
    body = emit(graph, schedule(graph, BODY), bound, names, {s: s for s in _symbols(graph)}, buffered=True)
    arrays: Arrays = {}
    for life in sorted(body.buffers, key=lambda life: life.first):
        shape = [d if isinstance(d, int) else d.evaluate(sizes) for d in life.type.shape]
        owner = share(body.buffers)[life.name]
        arrays[life.name] = arrays.get(owner, np.full(shape, np.nan, NUMPY_DTYPES[life.type.dtype]))
    return arrays


def _symbols(graph: Graph) -> set[str]:
    return {s for node in graph for d in node.shape if isinstance(d, Size) for s in d.symbols}
