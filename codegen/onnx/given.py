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
from nndsl.codegen.onnx.known import Known
from nndsl.codegen.onnx.processor import selecting
from nndsl.codegen.onnx.row_keys import RowKeys
from nndsl.codegen.onnx.row_sums import ONES
from nndsl.codegen.onnx.selection import Selected
from nndsl.graph.node import Graph
from nndsl.graph.sizes import BATCH
from nndsl.transform.names import LR
from nndsl.transform.step import Step


class Given:
    """The graphs of a step that are given all this, and its values for each step."""

    def __init__(self, step: Step, apply: Graph, seed: int):
        data = [item.name for item in (*step.network.inputs, *step.network.targets)]
        self._ahead = Ahead(apply)
        self._keys = RowKeys(step.gradients, seed)
        self._known = Known(selecting(self._keys.graph, data), data)
        self.update = self._ahead.update
        self.gradients = self._known.graph

    @property
    def scalars(self) -> dict[str, Array]:
        """What the update is given, which `set_update` changes."""
        return self._ahead.arrays

    def arrays(self, data: Arrays, sizes: Mapping[str, int]) -> dict[str, Array]:
        """What a batch of these sizes is given; `set_keys` changes its keys."""
        rows = sizes[str(BATCH)]
        ones = {ONES: np.ones((1, rows), np.float32)}
        return {**ones, **self._known.arrays(data, sizes), **self._keys.arrays(rows)}

    def selections(self, data: Arrays, sizes: Mapping[str, int]) -> dict[str, Selected]:
        """The sparse matrices that it is given."""
        return self._known.selections(data, sizes)

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
