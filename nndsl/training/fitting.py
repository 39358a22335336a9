"""Fitted statistics of a network: each computed from the values its layer sees over the training split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nndsl.data.dataset import Dataset
from nndsl.data.fitting import fit_states
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph, Node
from nndsl.transform.step import Step

CHUNK = 4096
"""Rows that are looked at together."""

Array = np.ndarray[Any, Any]


def fit_statistics(step: Step, state: Mapping[str, Array], train: Dataset) -> dict[str, Array]:
    """The fitted states by name. A layer that sees what another fitted layer made is fitted after it: one pass over the
    data for each such depth, mostly one."""
    fitted: dict[str, Array] = {}
    needs = {name: _inputs_of(step.fit, node) & set(step.fit.outputs) for name, node in step.fit.outputs.items()}
    while len(fitted) < len(needs):
        ready = [name for name in needs if name not in fitted and needs[name] <= fitted.keys()]
        graph = Graph(step.fit.name, step.fit.inputs, {name: step.fit.outputs[name] for name in ready})
        states = [spec for spec in step.states if spec.name in ready]
        fitted |= fit_states(states, _values(graph, {**state, **fitted}, train))
    return fitted


def _values(graph: Graph, state: Mapping[str, Array], train: Dataset) -> Iterator[Mapping[str, Array]]:
    for chunk in train.chunks(CHUNK):
        yield evaluate(graph, {**state, **chunk.arrays})


def _inputs_of(graph: Graph, node: Node) -> set[str]:
    """The names of the inputs that a node is computed from."""
    part = Graph(graph.name, {}, {"value": node})
    return {str(inner.attributes["name"]) for inner in part.nodes if inner.op == "input"}
