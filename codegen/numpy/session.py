"""Sessions: the generated module and a state that it works on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.abc import SourceLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import Any, Literal

import numpy as np

from nndsl.codegen.arithmetic import without_subnormals
from nndsl.codegen.backend import Array, Arrays, State, all_finite, allocate, usable_cores
from nndsl.codegen.numpy.module import generate
from nndsl.codegen.numpy.parts import Compute, Cores
from nndsl.codegen.numpy.threads import find_blas
from nndsl.codegen.numpy.vectors import Vectors
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType
from nndsl.transform.names import LR
from nndsl.transform.step import Step

Task = Literal["gradients", "evaluate", "predict"]
"""The graphs of a step that are run on batches."""


class NumpySession:
    """Implements `nndsl.codegen.backend.Session`. Every number of rows has buffers and workspaces of its own.

    `sizes` are the values of the free sizes.
    """

    def __init__(
        self,
        step: Step,
        state: Arrays,
        *,
        seed: int,
        batch_size: int,
        sizes: Mapping[str, int] | None = None,
    ):
        generated = generate(step)
        self._module: Any = load_module(step.network.name, generated.text)
        self._update = without_subnormals(self._module.update)
        self._keywords = generated.keywords
        self._workspace_sizes = generated.sizes
        self._inputs = {self._keywords[item.name] for item in step.network.inputs}
        self._types = {
            item.name: TensorType(item.dtype, (BATCH, *item.shape))
            for item in (*step.network.inputs, *step.network.targets)
        }
        self._sizes = dict(sizes or {})
        self._seed = seed
        self._state = {name: np.array(array) for name, array in state.items()}
        self._vectors = Vectors(step.trainable, self._state) if generated.updates_alike else None
        self._statistics = [key.removesuffix(".next") for key in step.gradients.outputs if key.endswith(".next")]
        self._tensors, self._cut = [*self._state.values()], self._named
        if self._vectors:
            self._tensors, self._cut = self._vectors.tensors, self._vectors.cut
        self._buffers: dict[int, dict[str, Array]] = {}
        self._step = step
        self._cores = Cores(self._sizes, find_blas() if step.optimised else None)
        self._computes: dict[tuple[str, int], Compute] = {}
        self._workspaces: dict[int, dict[str, Array]] = {}
        self._apart: dict[int, list[str]] = {}
        self.set_accumulated({})
        self.buffers(batch_size)

    @property
    def engine(self) -> str:
        return f"numpy {np.__version__}"

    @property
    def threads(self) -> int:
        """What NumPy's library tells, or is told by the environment; or one for each core."""
        if blas := find_blas():
            return blas.threads
        told = [os.environ.get(f"{library}_NUM_THREADS", "") for library in ("OPENBLAS", "MKL", "OMP")]
        return next((int(number) for number in told if number.isdecimal() and int(number)), usable_cores())

    def buffers(self, rows: int) -> Arrays:
        if rows not in self._buffers:
            sizes = {**self._sizes, str(BATCH): rows}
            self._buffers[rows] = {name: allocate(type, sizes) for name, type in self._types.items()}
        return self._buffers[rows]

    def train_step(self, rows: int, step: int, lr_scale: float = 1.0) -> Arrays:
        measured, grads = self._measured(rows, step, 0)
        if self._vectors is None:
            measured[LR] = self._update(self._state, grads, step, lr_scale)
            return _arrays(measured)
        if rows not in self._apart:
            self._vectors.take(grads, grads)
            self._apart[rows] = self._vectors.adopt(self._workspaces.get(rows, {}), grads)
        else:
            self._vectors.take(grads, self._apart[rows])
        measured[LR] = self._update(self._vectors.pieces, self._vectors.gradient_pieces, step, lr_scale)
        return _arrays(measured)

    def _measured(self, rows: int, step: int, row: int) -> tuple[dict[str, Any], dict[str, Array]]:
        """What a batch measures and its gradients; the statistics that it changes have changed."""
        measured, grads = self._compute("gradients", rows)(step=step, row=row)
        for name in self._statistics:
            self._state[name][...] = measured.pop(f"{name}.next")
        return measured, grads

    def accumulate(self, rows: int, step: int, row: int) -> Arrays:
        measured, grads = self._measured(rows, step, row)
        for name, grad in grads.items():
            if name in self._sums:
                self._sums[name] += np.float32(rows) * grad
            else:
                self._sums[name] = np.float32(rows) * grad
        self._rows += rows
        return _arrays(measured)

    def apply(self, step: int, lr_scale: float = 1.0) -> Arrays:
        for total in self._sums.values():
            total /= np.float32(self._rows)
        lr = self._update(self._state, self._sums, step, lr_scale)
        self.set_accumulated({})
        return _arrays({LR: lr})

    def accumulated(self) -> dict[str, Array]:
        sums = {f"grad.{name}": total.copy() for name, total in self._sums.items()}
        return {**sums, "rows": np.array(self._rows)} if self._rows else {}

    def set_accumulated(self, sums: Arrays) -> None:
        self._sums = {name.removeprefix("grad."): np.array(total) for name, total in sums.items() if name != "rows"}
        self._rows = int(sums.get("rows", 0))

    def gradients(self, rows: int, step: int) -> Arrays:
        measured, grads = self._compute("gradients", rows)(step=step, row=0)
        return _arrays({"loss": measured["loss"], **{f"grad.{name}": grad for name, grad in grads.items()}})

    def evaluate(self, rows: int) -> Arrays:
        (measured,) = self._compute("evaluate", rows)()
        return _arrays(measured)

    def predict(self, rows: int) -> Arrays:
        (outputs,) = self._compute("predict", rows)()
        return _arrays(outputs)

    def state(self) -> State:
        return State([tensor.copy() for tensor in self._tensors], self._cut)

    def set_state(self, state: Arrays) -> None:
        for name, array in state.items():
            self._state[name][...] = array

    def is_finite(self) -> bool:
        return all_finite(self._tensors)

    def _named(self, tensors: Sequence[Array]) -> dict[str, Array]:
        return dict(zip(self._state, tensors, strict=True))

    def _examples(self, rows: int, start: int, stop: int) -> dict[str, Array]:
        """Some rows of the batch's arrays, by the module's keywords."""
        return {self._keywords[name]: array[start:stop] for name, array in self.buffers(rows).items()}

    def _compute(self, task: Task, rows: int) -> Compute:
        """What computes the buffers of so many rows."""
        if (task, rows) not in self._computes:
            open = partial(self._gradients, rows) if task == "gradients" else partial(self._outputs, task, rows)
            self._computes[task, rows] = self._cores.compute(getattr(self._step, task), rows, open)
        return self._computes[task, rows]

    def _gradients(self, rows: int, start: int, stop: int) -> Compute:
        """The module's `loss_and_grads` for some of the buffers' rows, with a workspace."""
        sizes = {**self._sizes, str(BATCH): stop - start}
        work = self._module.workspace(*(sizes[symbol] for symbol in self._workspace_sizes))
        if stop - start == rows:
            self._workspaces[rows] = work
        function = partial(
            self._module.loss_and_grads, self._state, **self._examples(rows, start, stop), seed=self._seed, work=work
        )
        return function if start == 0 else lambda step, row: function(step=step, row=row + start)

    def _outputs(self, task: Task, rows: int, start: int, stop: int) -> Compute:
        """The module's `evaluate` or `predict` for some of the buffers' rows."""
        examples = self._examples(rows, start, stop)
        if task == "predict":
            examples = {name: array for name, array in examples.items() if name in self._inputs}
        function = partial(getattr(self._module, task), self._state, **examples)
        return lambda: (function(),)


class TextLoader(SourceLoader):
    """Loads a module from its text, as Python's own loaders load it from a file."""

    def __init__(self, name: str, text: str):
        self.name = name
        self.text = text

    def get_filename(self, fullname: str) -> str:
        return f"<generated {self.name}.py>"

    def get_data(self, path: str) -> bytes:
        return self.text.encode()


def load_module(name: str, text: str) -> ModuleType:
    """A generated module from its text; it is not entered into `sys.modules`."""
    loader = TextLoader(name, text)
    spec = spec_from_loader(f"nndsl_generated_{name}", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def _arrays(values: Mapping[str, Any]) -> dict[str, Array]:
    return {name: np.asarray(value) for name, value in values.items()}
