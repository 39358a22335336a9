"""Sessions: a compiled model and its state on ONNX Runtime.

A step copies nothing: every input and output is bound once to a buffer of ours. Tensors that a step changes have two
buffers, one that it reads and one that it writes, and they swap roles after each step. A batch is gathered into the
buffers that are bound; a shorter one uses the front of the same buffers, at its true size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import onnxruntime
from onnx import ModelProto

from nndsl.codegen.backend import Array, Arrays
from nndsl.codegen.onnx.engine import load, require, threads_for
from nndsl.codegen.onnx.models import evaluate_model, gradients_model, predict_model, train_model
from nndsl.codegen.onnx.packing import Packing, pack_step
from nndsl.codegen.onnx.proto import serialize
from nndsl.graph.sizes import BATCH, Dim, substitute
from nndsl.graph.types import NUMPY_DTYPES, TensorType
from nndsl.transform.names import LR_SCALE, ROW, SEED, STEP
from nndsl.transform.step import Step

Task = Literal["train", "gradients", "evaluate", "predict"]

MODELS: Mapping[Task, Callable[[Step, Packing], ModelProto]] = {
    "train": train_model,
    "gradients": gradients_model,
    "evaluate": evaluate_model,
    "predict": predict_model,
}


class OnnxSession:
    """Implements `nndsl.codegen.backend.Session`. Each task's model is built and loaded when it is first run.

    `sizes` are the values of the free sizes; `threads` None chooses by the size of the network, 0 is all cores.
    Raises `Failure` (exit code 4) where the provider is missing.
    """

    def __init__(
        self,
        step: Step,
        state: Arrays,
        *,
        seed: int,
        batch_size: int,
        provider: str = "cpu",
        threads: int | None = None,
        sizes: Mapping[str, int] | None = None,
        packing: Packing | None = None,
    ):
        require(provider)
        self._step = step
        self._packing = packing or pack_step(step)
        self._provider = provider
        self._sizes = dict(sizes or {})
        if threads is None:
            threads = threads_for(step.gradients, {**self._sizes, str(BATCH): batch_size})
        self._threads = threads
        self._programs: dict[Task, onnxruntime.InferenceSession] = {}
        self._bindings: dict[tuple[Task, int, int], Binding] = {}

        self._batch = Batch(step, batch_size, self._sizes)
        self._scalars: dict[str, Array] = {
            STEP: np.zeros((), np.int64),
            SEED: np.array(seed, np.int64),
            ROW: np.zeros((), np.int64),
            LR_SCALE: np.ones((), np.float32),
        }
        self._outputs = _output_types(step, self._packing)
        self._sides = self._make_sides(self._packing.pack(state))
        self._side = 0

    # ------------------------------------------------------------ running

    def buffers(self, rows: int) -> Arrays:
        return self._batch.arrays(rows)

    def train_step(self, rows: int, step: int, lr_scale: float = 1.0) -> Arrays:
        self._scalars[STEP][()] = step
        self._scalars[LR_SCALE][()] = lr_scale
        results = self._run("train", rows)
        self._side ^= 1
        return results

    def gradients(self, rows: int, step: int) -> Arrays:
        self._scalars[STEP][()] = step
        return self._run("gradients", rows)

    def evaluate(self, rows: int) -> Arrays:
        return self._run("evaluate", rows)

    def predict(self, rows: int) -> Arrays:
        return self._run("predict", rows)

    def _run(self, task: Task, rows: int) -> Arrays:
        key = task, rows, self._side
        binding = self._bindings.get(key)
        if binding is None:
            binding = self._bindings[key] = self._bind(task, rows)
        return binding.run()

    # ------------------------------------------------------------ the state

    def state(self) -> dict[str, Array]:
        return self._packing.unpack({name: value.numpy() for name, value in self._sides[self._side].items()})

    def set_state(self, state: Arrays) -> None:
        current = self._sides[self._side]
        for name, array in self._packing.pack(state).items():
            current[name].update_inplace(array)

    def _make_sides(self, tensors: Arrays) -> tuple[dict[str, onnxruntime.OrtValue], dict[str, onnxruntime.OrtValue]]:
        """The state's two sets of buffers; a tensor that no step changes has the same one in both."""
        first = {name: self._place(array) for name, array in tensors.items()}
        changed = {name.removesuffix(".next") for name in self._outputs["train"]}
        second = {
            name: self._place(array.copy()) if name in changed else first[name] for name, array in tensors.items()
        }
        return first, second

    # ------------------------------------------------------------ programs and bindings

    def _program(self, task: Task) -> onnxruntime.InferenceSession:
        if task not in self._programs:
            model = serialize(MODELS[task](self._step, self._packing))
            self._programs[task] = load(model, self._provider, self._threads)
        return self._programs[task]

    def _bind(self, task: Task, rows: int) -> Binding:
        """Bind a task's inputs and outputs to buffers, for this number of rows and this side of the state."""
        program = self._program(task)
        binding = Binding(program)
        data = self._batch.arrays(rows)
        current, following = self._sides[self._side], self._sides[self._side ^ 1]
        for name in (info.name for info in program.get_inputs()):
            if name in current:
                binding.read(name, current[name])
            else:
                array = data[name] if name in data else self._scalars[name]
                binding.feed(name, array, self._place(array))
        sizes = {**self._sizes, str(BATCH): rows}
        for name in (info.name for info in program.get_outputs()):
            tensor = name.removesuffix(".next")
            if task == "train" and tensor != name and tensor in following:
                binding.write(name, following[tensor])
            else:
                binding.give(name, _allocate(self._outputs[task][name], sizes))
        return binding

    def _place(self, array: Array) -> onnxruntime.OrtValue:
        """The array as a value where the provider computes: on the CPU the array's own memory, else a copy."""
        return onnxruntime.OrtValue.ortvalue_from_numpy(array, self._provider, 0)


class Binding:
    """A program with all its inputs and outputs bound."""

    def __init__(self, program: onnxruntime.InferenceSession):
        self._program = program
        self._io = program.io_binding()
        self._kept: list[onnxruntime.OrtValue] = []
        self._uploads: list[tuple[onnxruntime.OrtValue, Array]] = []
        self._results: dict[str, Array] = {}

    def read(self, name: str, value: onnxruntime.OrtValue) -> None:
        """Bind an input to a value that stays where it is."""
        self._io.bind_ortvalue_input(name, value)
        self._kept.append(value)

    def feed(self, name: str, array: Array, value: onnxruntime.OrtValue) -> None:
        """Bind an input to `array` by its value; where that is a copy on a device, each run copies anew."""
        self.read(name, value)
        if value.device_name() != "cpu":
            self._uploads.append((value, array))

    def write(self, name: str, value: onnxruntime.OrtValue) -> None:
        """Bind an output to a value."""
        self._io.bind_ortvalue_output(name, value)
        self._kept.append(value)

    def give(self, name: str, array: Array) -> None:
        """Bind an output to an array that `run` gives back."""
        self.write(name, onnxruntime.OrtValue.ortvalue_from_numpy(array))
        self._results[name] = array

    def run(self) -> Arrays:
        for value, array in self._uploads:
            value.update_inplace(array)
        self._program.run_with_iobinding(self._io)
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
        return {name: _allocate(type, sizes) for name, type in self._types.items()}


def _allocate(type: TensorType, sizes: Mapping[str, int]) -> Array:
    def known(dim: Dim) -> int:
        value = substitute(dim, sizes)
        if not isinstance(value, int):
            raise ValueError(f"the size {dim} of a session's buffer is not known")
        return value

    return np.zeros([known(dim) for dim in type.shape], NUMPY_DTYPES[type.dtype])


def _output_types(step: Step, packing: Packing) -> dict[Task, dict[str, TensorType]]:
    graphs = {
        "train": (step.gradients, packing.apply),
        "gradients": (step.gradients,),
        "evaluate": (step.evaluate,),
        "predict": (step.predict,),
    }
    return {
        task: {name: node.type for graph in graphs[task] for name, node in graph.outputs.items()} for task in MODELS
    }
