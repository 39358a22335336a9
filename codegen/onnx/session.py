"""Sessions: a compiled model and its state on ONNX Runtime, every input and output bound once to a buffer of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import onnxruntime
from onnx import ModelProto

from nndsl.codegen.backend import Array, Arrays, State, all_finite, allocate, usable_cores
from nndsl.codegen.onnx.blocks import Images
from nndsl.codegen.onnx.buffers import Batch, Binding, Tensors
from nndsl.codegen.onnx.choices import USUAL, Choices
from nndsl.codegen.onnx.engine import PLANNED, load, require, threads_for
from nndsl.codegen.onnx.given import Given
from nndsl.codegen.onnx.in_place import written_in_place
from nndsl.codegen.onnx.lanes import Memory
from nndsl.codegen.onnx.models import evaluate_model, gradients_model, predict_model, train_model
from nndsl.codegen.onnx.packing import LARGEST_PACKED, NARROW, Packing, pack_step
from nndsl.codegen.onnx.processor import adds_in_place, block_of_images
from nndsl.codegen.onnx.proto import serialize
from nndsl.codegen.onnx.sums import ROWS, accumulate_model, apply_sums_model, packed_sums, sum_of, unpacked_sums
from nndsl.codegen.onnx.waiting import Waiting
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType
from nndsl.transform.memory import estimate
from nndsl.transform.names import LR_SCALE, ROW, SEED, STEP
from nndsl.transform.step import Step

Task = Literal["train", "accumulate", "apply", "gradients", "evaluate", "predict"]

MODELS: Mapping[Task, Callable[[Step, Packing, Images | None], ModelProto]] = {
    "train": train_model,
    "accumulate": accumulate_model,
    "apply": apply_sums_model,
    "gradients": gradients_model,
    "evaluate": evaluate_model,
    "predict": predict_model,
}


UPDATING: frozenset[Task] = frozenset({"train", "apply"})
"""The tasks that change parameters."""


LEARNING: frozenset[Task] = frozenset({"train", "accumulate"})
"""The tasks that measure batches with gradients."""

TRAINING: frozenset[Task] = LEARNING | {"gradients"}
"""The tasks that run a network as in training: they draw random numbers, and go backwards."""


class OnnxSession:
    """Implements `nndsl.codegen.backend.Session`. Each task's model is built and loaded when it is first run.

    `sizes` are the values of the free sizes. Raises `Failure` (exit code 4) where the provider is missing.
    """

    def __init__(
        self,
        step: Step,
        state: Arrays,
        *,
        seed: int,
        batch_size: int,
        provider: str = "cpu",
        sizes: Mapping[str, int] | None = None,
        choices: Choices = USUAL,
    ):
        require(provider)
        self._step = step
        self._provider = provider
        largest = LARGEST_PACKED if choices.packed is None else choices.packed
        here = provider == "cpu" and step.optimised
        rows = batch_size if provider == "cpu" else None
        self._sizes = dict(sizes or {})
        threads = choices.threads
        if threads is None:
            threads = threads_for(step, {**self._sizes, str(BATCH): batch_size})
        self._threads = threads
        # In a small network nothing is on lanes, and what the processor can do need not be asked.
        on_lanes = here and sum(state.size for state in step.trainable) > NARROW and adds_in_place()
        self._packing = pack_step(step, largest, rows=rows, lanes_for=threads if on_lanes else None)
        self._memory = Memory(self._packing.lanes)
        self._images: Images | None = None
        self._given: Given | None = None
        if here:
            self._given = Given(step, self._packing.apply, seed, self._memory.factors)
            self._packing = replace(self._packing, apply=self._given.update)
            self._step = replace(step, gradients=self._given.gradients)
            block = 0 if choices.blocks is False else block_of_images(step.gradients)
            self._images = Images(block, batch_size)
        self._planned = estimate(step, batch_size, self._sizes).activations <= PLANNED
        self._waiting = Waiting(several_threads=threads != 1 and provider == "cpu", told=choices.polls)
        self._programs: dict[tuple[Task, bool], onnxruntime.InferenceSession] = {}
        self._bindings: dict[tuple[object, ...], Binding] = {}

        self._batch = Batch(step, batch_size, self._sizes)
        self._scalars: dict[str, Array] = {
            STEP: np.zeros((), np.int64),
            SEED: np.array(seed, np.int64),
            ROW: np.zeros((), np.int64),
            ROWS: np.zeros((), np.float32),
            LR_SCALE: np.ones((), np.float32),
            **(self._given.scalars if self._given else {}),
        }
        self._outputs = _output_types(step, self._packing)
        packed, updated = self._packing.pack(state), _changed(self._packing.apply.outputs)
        tensors = {name: self._memory.put(name, array) for name, array in packed.items()}
        slots = {tensor.name for tensor in self._packing.tensors if tensor.role == "slot"}
        in_place = self._memory.states | (written_in_place(self._packing.apply) & slots if self._given else set())
        self._updated = Tensors({k: v for k, v in tensors.items() if k in updated}, updated, self._place, in_place)
        statistics = {k: v for k, v in tensors.items() if k not in updated}
        self._statistics = Tensors(statistics, _changed(step.gradients.outputs), self._place)
        self._sums = Tensors({}, (), self._place)

    # ------------------------------------------------------------ running

    @property
    def engine(self) -> str:
        return f"onnxruntime {onnxruntime.__version__}"

    @property
    def threads(self) -> int:
        return self._threads or usable_cores()

    def buffers(self, rows: int) -> Arrays:
        return self._batch.arrays(rows)

    def train_step(self, rows: int, step: int, lr_scale: float = 1.0) -> Arrays:
        results = self._run("train", rows, step=step, lr_scale=lr_scale)
        self._updated.swap()
        self._statistics.swap()
        return results

    def accumulate(self, rows: int, step: int, row: int) -> Arrays:
        self._make_sums()
        results = self._run("accumulate", rows, step=step, row=row)
        self._statistics.swap()
        self._sums.swap()
        self._scalars[ROWS] += rows
        return results

    def apply(self, step: int, lr_scale: float = 1.0) -> Arrays:
        results = self._run("apply", 0, step=step, lr_scale=lr_scale)
        self._updated.swap()
        self.set_accumulated({})
        return results

    def gradients(self, rows: int, step: int) -> Arrays:
        return self._run("gradients", rows, step=step)

    def evaluate(self, rows: int) -> Arrays:
        return self._run("evaluate", rows)

    def predict(self, rows: int) -> Arrays:
        return self._run("predict", rows)

    def _run(self, task: Task, rows: int, *, step: int = 0, row: int = 0, lr_scale: float = 1.0) -> Arrays:
        self._scalars[STEP][()] = step
        self._scalars[ROW][()] = row
        self._scalars[LR_SCALE][()] = lr_scale
        polls = self._polls(task)
        key = task, polls, rows, self._updated.side, self._statistics.side, self._sums.side
        binding = self._bindings.get(key)
        if binding is None:
            binding = self._bindings[key] = self._bind(task, rows, polls)
        if self._given and task in UPDATING:
            self._given.set_update(step, lr_scale)
        if self._given and self._given.draws and task in TRAINING:
            self._given.set_keys(rows, step, row)
        return binding.run()

    def _polls(self, task: Task) -> bool:
        """Whether the threads of this run poll for work: what the steps of training found, or are finding out."""
        if task not in LEARNING:
            return False
        tried = self._waiting.trying
        polls = self._waiting.next()
        if tried and not self._waiting.trying:
            self._programs.pop((task, not polls), None)
            self._bindings = {key: binding for key, binding in self._bindings.items() if key[:2] != (task, not polls)}
        return polls

    # ------------------------------------------------------------ the state

    def state(self) -> State:
        return State([tensor.copy() for tensor in self._tensors()], self._packing.unpack)

    def set_state(self, state: Arrays) -> None:
        tensors = self._packing.pack(state)
        self._updated.set(tensors)
        self._statistics.set(tensors)

    def is_finite(self) -> bool:
        pairs = zip(self._packing.tensors, self._tensors(), strict=True)
        return all_finite(tensor.filled(array) for tensor, array in pairs)

    def _tensors(self) -> list[Array]:
        """The tensors of the packing, in its order."""
        arrays = {**self._updated.arrays(), **self._statistics.arrays()}
        return [arrays[tensor.name] for tensor in self._packing.tensors]

    def accumulated(self) -> dict[str, Array]:
        rows = int(self._scalars[ROWS])
        return {**unpacked_sums(self._packing, self._sums.arrays()), "rows": np.array(rows)} if rows else {}

    def set_accumulated(self, sums: Arrays) -> None:
        self._make_sums()
        self._sums.set(packed_sums(self._packing, sums))
        self._scalars[ROWS][()] = sums.get("rows", 0)

    def _make_sums(self) -> None:
        """Buffers for the sums of gradients, which only accumulation takes."""
        if not self._sums.read:
            sums = {sum_of(group): np.zeros(group.shape, np.float32) for group in self._packing.groups}
            self._sums = Tensors(sums, sums, self._place)

    # ------------------------------------------------------------ programs and bindings

    def _program(self, task: Task, polls: bool) -> onnxruntime.InferenceSession:
        if (task, polls) not in self._programs:
            model = serialize(MODELS[task](self._step, self._packing, self._images))
            self._programs[task, polls] = load(
                model,
                self._provider,
                self._threads,
                polls=polls,
                optimised=self._step.optimised,
                planned=self._planned,
            )
        return self._programs[task, polls]

    def _bind(self, task: Task, rows: int, polls: bool) -> Binding:
        """Bind a task's inputs and outputs to buffers, for this number of rows and these sides of the tensors."""
        program = self._program(task, polls)
        binding = Binding(program)
        data = self._batch.arrays(rows) if rows else {}
        every = (self._updated, self._statistics, self._sums)
        read = {name: value for tensors in every for name, value in tensors.read.items()}
        inside = self._packing.inside(self._updated.memory)
        sizes = {**self._sizes, str(BATCH): rows}
        training = self._given if task in TRAINING else None
        given = training.arrays(data, sizes) if training else {}
        matrices = training.matrices(data, sizes) if training else {}
        written = {f"{name}.next": value for tensors in every for name, value in tensors.written.items()}
        for name in (info.name for info in program.get_inputs()):
            if name in read:
                binding.read(name, read[name])
            elif name in inside:
                binding.read(name, self._place(inside[name]))
            elif name in self._memory.arrays:
                binding.read(name, self._place(self._memory.arrays[name]))
            elif name in given:
                binding.read(name, self._place(given[name]))
            elif name in matrices:
                binding.select(name, matrices[name])
            else:
                array = data[name] if name in data else self._scalars[name]
                binding.feed(name, array, self._place(array))
        for name in (info.name for info in program.get_outputs()):
            if name in written:
                binding.write(name, written[name])
            elif name in self._memory.arrays:
                binding.write(name, self._place(self._memory.arrays[name]))
            else:
                binding.give(name, allocate(self._outputs[name], sizes))
        if self._given:
            updated = self._given.results_of_update() if task in UPDATING else {}
            measured = self._given.results_of_batch(given) if task in LEARNING else {}
            for name, array in {**updated, **measured}.items():
                binding.add(name, array)
        return binding

    def _place(self, array: Array) -> onnxruntime.OrtValue:
        """The array as a value where the provider computes: on the CPU the array's own memory, else a copy."""
        return onnxruntime.OrtValue.ortvalue_from_numpy(array, self._provider, 0)


def _changed(outputs: Mapping[str, object]) -> frozenset[str]:
    """The tensors whose next values are among these outputs."""
    return frozenset(name.removesuffix(".next") for name in outputs if name.endswith(".next"))


def _output_types(step: Step, packing: Packing) -> dict[str, TensorType]:
    graphs = step.gradients, packing.apply, step.evaluate, step.predict
    return {name: node.type for graph in graphs for name, node in graph.outputs.items()}
