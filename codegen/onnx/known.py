"""What is known of a batch as soon as its buffers are bound: how many rows it has, and the same data in another shape.

    size(batch)                         a number that a buffer holds
    reshape(y, shape = [batch, 1])      the buffer of y again, which has that shape too
    selection(x)                        a sparse matrix of the indices in the buffer of x (`selection`)

Sessions on the CPU give these to their models instead of having them worked out in each step, which takes as many
nodes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from nndsl.codegen.backend import Array, Arrays
from nndsl.codegen.onnx.selection import GIVEN, SELECTION, Selected, selected
from nndsl.graph.node import Graph, Node
from nndsl.graph.sizes import known
from nndsl.graph.types import NUMPY_DTYPES
from nndsl.transform.rewrite import with_given


class Known:
    """A graph that is given what is known of its data, which are its inputs of these names."""

    def __init__(self, graph: Graph, data: Collection[str]):
        outputs = {node: name for name, node in graph.outputs.items()}
        found = [node for node in graph.nodes if node.op == "size" or (_is_view(node, data) and node not in outputs)]
        names = {node: f"nndsl.known.{i}" for i, node in enumerate(found)}
        selections = [node for node in graph.nodes if node.primitive is SELECTION]
        self._selections = {f"{GIVEN}{i}": node for i, node in enumerate(selections)}
        self.graph = with_given(graph, names | {node: name for name, node in self._selections.items()})
        """The rest of the graph; sizes are none of its outputs."""
        self._nodes = {name: node for node, name in names.items()}
        self._outputs = {name: names[node] for name, node in graph.outputs.items() if node in names}

    def arrays(self, data: Arrays, sizes: Mapping[str, int]) -> dict[str, Array]:
        """Values for the graph's inputs, views of the data among them."""
        return {name: _value(node, data, sizes) for name, node in self._nodes.items()}

    def selections(self, data: Arrays, sizes: Mapping[str, int]) -> dict[str, Selected]:
        """The matrices among the graph's inputs."""
        return {name: selected(node, data, sizes) for name, node in self._selections.items()}

    def results(self, arrays: Arrays) -> dict[str, Array]:
        """The outputs that are known."""
        return {output: arrays[name] for output, name in self._outputs.items()}


def _is_view(node: Node, data: Collection[str]) -> bool:
    return node.op == "reshape" and node.inputs[0].op == "input" and node.inputs[0].attributes["name"] in data


def _value(node: Node, data: Arrays, sizes: Mapping[str, int]) -> Array:
    if node.op == "size":
        return np.array(known(node.attributes["size"], sizes), NUMPY_DTYPES[node.type.dtype])
    return data[node.inputs[0].attributes["name"]].reshape([known(dim, sizes) for dim in node.shape])
