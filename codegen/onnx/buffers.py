"""Buffers that sessions bind: those of a batch, those of the state, and a program bound to some of them.

Nothing is copied in a step. A tensor that steps change has two buffers, one that a step reads and one that it writes,
and they swap roles after it; what may be written in place (`in_place`) has one. A batch is gathered into the buffers
that are bound; a shorter one uses the front of the same buffers, at its true size.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np
import onnxruntime

from nndsl.codegen.arithmetic import without_subnormals
from nndsl.codegen.backend import Array, Arrays, allocate
from nndsl.codegen.onnx.selection import Selected
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType
from nndsl.transform.step import Step

Place = Callable[[Array], onnxruntime.OrtValue]
"""Puts an array where the provider computes: on the CPU the array's own memory, else a copy."""


class Tensors:
    """Tensors on the device. Those called `changed` have two buffers, and `swap` lets them change roles; those called
    `in_place` change where they are."""

    def __init__(self, arrays: Arrays, changed: Iterable[str], place: Place, in_place: Collection[str] = ()):
        doubled = {*changed} - {*in_place}
        self._shared = {name: place(array) for name, array in arrays.items() if name not in doubled}
        self._in_place = {name: value for name, value in self._shared.items() if name in in_place}
        twins = {name: array.copy() if name in doubled else array for name, array in arrays.items()}
        self._memory = arrays, twins
        first, second = ({name: place(side[name]) for name in arrays if name in doubled} for side in self._memory)
        self._sides = first, second
        self.side = 0

    @property
    def read(self) -> dict[str, onnxruntime.OrtValue]:
        """What the next step reads: the tensors' values."""
        return {**self._shared, **self._sides[self.side]}

    @property
    def memory(self) -> Arrays:
        """The arrays that tensors of the next step were put in place from: on the CPU, where these are."""
        return self._memory[self.side]

    @property
    def written(self) -> dict[str, onnxruntime.OrtValue]:
        """What the next step writes."""
        return {**self._in_place, **self._sides[self.side ^ 1]}

    def swap(self) -> None:
        self.side ^= 1

    def set(self, arrays: Arrays) -> None:
        current = self.read
        for name, array in arrays.items():
            if name in current:
                current[name].update_inplace(array)

    def arrays(self) -> dict[str, Array]:
        """The values as arrays, which may be the buffers themselves."""
        return {name: value.numpy() for name, value in self.read.items()}


class Matrix:
    """A sparse matrix on the CPU whose ones are at indices that change."""

    def __init__(self, selected: Selected):
        self._indices = selected.indices
        self._places = np.stack([selected.indices, selected.columns], axis=1)
        self._ones = np.ones(len(self._places), np.float32)
        shape, device = np.array(selected.shape, np.int64), onnxruntime.OrtDevice.make("cpu", 0)
        tensor = onnxruntime.SparseTensor.sparse_coo_from_numpy(shape, self._ones, self._places.reshape(-1), device)
        self.value = onnxruntime.OrtValue.ort_value_from_sparse_tensor(tensor)
        """The matrix over the memory of these arrays."""

    def update(self) -> None:
        """Let the matrix be that of the indices as they are now."""
        self._places[:, 0] = self._indices


class Binding:
    """A program with all its inputs and outputs bound."""

    def __init__(self, program: onnxruntime.InferenceSession):
        self._run = without_subnormals(program.run_with_iobinding)
        self._io = program.io_binding()
        self._kept: list[onnxruntime.OrtValue] = []
        self._uploads: list[tuple[onnxruntime.OrtValue, Array]] = []
        self._matrices: list[Matrix] = []
        self._results: dict[str, Array] = {}

    def read(self, name: str, value: onnxruntime.OrtValue) -> None:
        """Bind an input to a value that stays where it is."""
        self._io.bind_ortvalue_input(name, value)
        self._kept.append(value)

    def lend(self, name: str, array: Array) -> None:
        """Bind an input to an array's own memory, on the CPU."""
        self.read(name, onnxruntime.OrtValue.ortvalue_from_numpy(array))

    def feed(self, name: str, array: Array, value: onnxruntime.OrtValue) -> None:
        """Bind an input to `array` by its value; where that is a copy on a device, each run copies anew."""
        self.read(name, value)
        if value.device_name() != "cpu":
            self._uploads.append((value, array))

    def select(self, name: str, matrix: Matrix) -> None:
        """Bind an input to a matrix of the indices that are there when it runs."""
        self.read(name, matrix.value)
        self._matrices.append(matrix)

    def write(self, name: str, value: onnxruntime.OrtValue) -> None:
        """Bind an output to a value."""
        self._io.bind_ortvalue_output(name, value)
        self._kept.append(value)

    def give(self, name: str, array: Array) -> None:
        """Bind an output to an array that `run` gives back."""
        self.write(name, onnxruntime.OrtValue.ortvalue_from_numpy(array))
        self._results[name] = array

    def add(self, name: str, array: Array) -> None:
        """Let `run` give back an array that is computed elsewhere."""
        self._results[name] = array

    def run(self) -> Arrays:
        for value, array in self._uploads:
            value.update_inplace(array)
        for matrix in self._matrices:
            matrix.update()
        self._run(self._io)
        return self._results


class Batch:
    """The buffers that a batch is gathered into: for up to `capacity` rows, views of the front of the same arrays."""

    def __init__(self, step: Step, capacity: int, sizes: Mapping[str, int]):
        self._types = {
            item.name: TensorType(item.dtype, (BATCH, *item.shape))
            for item in (*step.network.inputs, *step.network.targets)
        }
        self._sizes = sizes
        self._capacity = capacity
        self._whole = self._allocate(capacity)
        self._arrays: dict[int, dict[str, Array]] = {capacity: self._whole}

    def arrays(self, rows: int) -> dict[str, Array]:
        if rows not in self._arrays:
            smaller = rows < self._capacity
            self._arrays[rows] = (
                {name: array[:rows] for name, array in self._whole.items()} if smaller else self._allocate(rows)
            )
        return self._arrays[rows]

    def _allocate(self, rows: int) -> dict[str, Array]:
        sizes = {**self._sizes, str(BATCH): rows}
        return {name: allocate(type, sizes) for name, type in self._types.items()}
