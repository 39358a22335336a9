"""Fitted statistics of a network: each computed from the values its layer sees over the training split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nndsl.data.dataset import Dataset
from nndsl.data.fitting import fit_states
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph, Node
from nndsl.training.elements import element_names
from nndsl.transform.step import Step

CHUNK = 4096
"""Rows that are looked at together, or fewer if these are large."""

ELEMENTS = 1 << 22
"""Numbers that are looked at together, as far as more than one row is."""

Array = np.ndarray[Any, Any]


def fit_statistics(
    step: Step, state: Mapping[str, Array], train: Dataset, columns: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Array]:
    """The fitted states by name. A layer that sees what another fitted layer made is fitted after it: one pass over the
    data for each such depth, mostly one.

    `columns` are what the data call the elements of inputs (`column "age"`), for messages.
    """
    called = {name: element_names(node, columns or {}) for name, node in step.fit.outputs.items()}
    fitted: dict[str, Array] = {}
    needs = {name: _inputs_of(step.fit, node) & set(step.fit.outputs) for name, node in step.fit.outputs.items()}
    while len(fitted) < len(needs):
        ready = [name for name in needs if name not in fitted and needs[name] <= fitted.keys()]
        graph = Graph(step.fit.name, step.fit.inputs, {name: step.fit.outputs[name] for name in ready})
        states = [spec for spec in step.states if spec.name in ready]
        fitted |= fit_states(states, _Values(graph, {**state, **fitted}, train), called)
    return fitted


@dataclass(frozen=True)
class _Values:
    """What the outputs of a graph are over the training split, in chunks; computed anew each time."""

    graph: Graph
    state: Mapping[str, Array]
    train: Dataset

    def __iter__(self) -> Iterator[Mapping[str, Array]]:
        width = sum(values.size // len(values) for values in self.train.arrays.values())
        for chunk in self.train.chunks(max(1, min(CHUNK, ELEMENTS // max(width, 1)))):
            yield evaluate(self.graph, {**self.state, **chunk.arrays})


def _inputs_of(graph: Graph, node: Node) -> set[str]:
    """The names of the inputs that a node is computed from."""
    part = Graph(graph.name, {}, {"value": node})
    return {str(inner.attributes["name"]) for inner in part.nodes if inner.op == "input"}
