"""What a session on the CPU gives its models, which exported ones work out in each step.

ahead    numbers that follow from the step's own, such as a schedule's learning rate
keys     what random numbers are made of, such as those of dropout
known    the size of a batch, its data in other shapes, sparse matrices of its indices
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nndsl.codegen.backend import Array, Arrays
from nndsl.codegen.onnx.ahead import Ahead
from nndsl.codegen.onnx.buffers import Matrix
from nndsl.codegen.onnx.known import Known
from nndsl.codegen.onnx.processor import adds_selected
from nndsl.codegen.onnx.row_keys import RowKeys
from nndsl.codegen.onnx.row_sums import ONES
from nndsl.codegen.onnx.selection import with_selections
from nndsl.graph.node import Graph
from nndsl.graph.sizes import BATCH
from nndsl.model.index_range import index_ranges
from nndsl.model.network import Network
from nndsl.transform.names import LR
from nndsl.transform.step import Step


class Given:
    """The graphs of a step that are given all this, and its values for each step. `factors` are the arrays of those of
    the update's outputs that are wanted ahead as well (`lanes`)."""

    def __init__(self, step: Step, apply: Graph, seed: int, factors: Arrays):
        self._ahead = Ahead(apply, factors)
        self._keys = RowKeys(step.gradients, seed)
        selected = with_selections(self._keys.graph, _counted_from_zero(step.network))
        if selected is not self._keys.graph and not adds_selected():
            selected = self._keys.graph
        data = [item.name for item in (*step.network.inputs, *step.network.targets)]
        self._known = Known(selected, data)
        self._matrices: dict[tuple[str, int], Matrix] = {}
        self.update = self._ahead.update
        self.gradients = self._known.graph
        self.draws = self._keys.draws
        """Whether a step draws numbers, and wants `set_keys`."""

    @property
    def scalars(self) -> dict[str, Array]:
        """What the update is given, which `set_update` changes."""
        return self._ahead.arrays

    def arrays(self, data: Arrays, sizes: Mapping[str, int]) -> dict[str, Array]:
        """What a batch of these sizes is given; `set_keys` changes its keys."""
        rows = sizes[str(BATCH)]
        ones = {ONES: np.ones((1, rows), np.float32)}
        return {**ones, **self._known.arrays(data, sizes), **self._keys.arrays(rows)}

    def matrices(self, data: Arrays, sizes: Mapping[str, int]) -> dict[str, Matrix]:
        """The sparse matrices that it is given."""
        rows = sizes[str(BATCH)]
        for name, selected in self._known.selections(data, sizes).items():
            if (name, rows) not in self._matrices:
                self._matrices[name, rows] = Matrix(selected)
        return {name: matrix for (name, count), matrix in self._matrices.items() if count == rows}

    def set_update(self, step: int, lr_scale: float) -> None:
        self._ahead.set(step, lr_scale)

    def set_keys(self, rows: int, step: int, row: int) -> None:
        self._keys.set(rows, step, row)

    def results_of_update(self) -> dict[str, Array]:
        """The outputs of an update that are given: the learning rate, unless it is the callbacks' factor."""
        return {LR: self.scalars[LR]} if LR in self.scalars else {}

    def results_of_batch(self, arrays: Arrays) -> dict[str, Array]:
        """The outputs for a batch that are among these arrays."""
        return self._known.results(arrays)


def _counted_from_zero(network: Network) -> list[str]:
    """The inputs that hold no negative number: classes, and what an embedding takes. Data were looked at for that."""
    ranges = index_ranges(network)
    return [item.name for item in network.inputs if item.kind == "class" or item.name in ranges]
