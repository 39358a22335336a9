"""Sessions: the generated module and a state that it works on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.abc import SourceLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import Any

import numpy as np

from nndsl.codegen.backend import Array, Arrays, State, all_finite, usable_cores
from nndsl.codegen.numpy.module import generate
from nndsl.codegen.numpy.vectors import Vectors
from nndsl.graph.sizes import BATCH, Dim, substitute
from nndsl.graph.types import NUMPY_DTYPES
from nndsl.transform.names import LR
from nndsl.transform.step import Step


class NumpySession:
    """Implements `nndsl.codegen.backend.Session`. Every number of rows has buffers and a workspace of its own.

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
        self._keywords = generated.keywords
        self._workspace_sizes = generated.sizes
        self._inputs = {self._keywords[item.name] for item in step.network.inputs}
        self._types = {
            item.name: (NUMPY_DTYPES[item.dtype], (BATCH, *item.shape))
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
        self._batches: dict[int, dict[str, Array]] = {}
        self._workspaces: dict[int, dict[str, Array]] = {}
        self._apart: dict[int, list[str]] = {}
        self.set_accumulated({})
        self.buffers(batch_size)

    @property
    def engine(self) -> str:
        return f"numpy {np.__version__}"

    @property
    def threads(self) -> int:
        """What NumPy's products are told by the environment, or one for each core."""
        told = [os.environ.get(f"{library}_NUM_THREADS", "") for library in ("OPENBLAS", "MKL", "OMP")]
        return next((int(number) for number in told if number.isdecimal() and int(number)), usable_cores())

    def buffers(self, rows: int) -> Arrays:
        if rows not in self._buffers:
            sizes = {**self._sizes, str(BATCH): rows}
            self._buffers[rows] = {
                name: np.zeros([_known(dim, sizes) for dim in shape], dtype)
                for name, (dtype, shape) in self._types.items()
            }
        return self._buffers[rows]

    def train_step(self, rows: int, step: int, lr_scale: float = 1.0) -> Arrays:
        if self._vectors is None:
            measured = self._module.train_step(
                self._state,
                **self._examples(rows),
                step=step,
                seed=self._seed,
                lr_scale=lr_scale,
                work=self._work(rows),
            )
            measured[LR] = measured.pop("lr")
            return _arrays(measured)
        measured, grads = self._measured(rows, step, 0)
        if rows not in self._apart:
            self._vectors.take(grads, grads)
            self._apart[rows] = self._vectors.adopt(self._workspaces[rows], grads)
        else:
            self._vectors.take(grads, self._apart[rows])
        measured[LR] = self._module.update(self._vectors.pieces, self._vectors.gradient_pieces, step, lr_scale)
        return _arrays(measured)

    def _measured(self, rows: int, step: int, row: int) -> tuple[dict[str, Any], dict[str, Array]]:
        """What a batch measures and its gradients; the statistics that it changes have changed."""
        measured, grads = self._module.loss_and_grads(
            self._state, **self._examples(rows), step=step, seed=self._seed, row=row, work=self._work(rows)
        )
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
        lr = self._module.update(self._state, self._sums, step, lr_scale)
        self.set_accumulated({})
        return _arrays({LR: lr})

    def accumulated(self) -> dict[str, Array]:
        sums = {f"grad.{name}": total.copy() for name, total in self._sums.items()}
        return {**sums, "rows": np.array(self._rows)} if self._rows else {}

    def set_accumulated(self, sums: Arrays) -> None:
        self._sums = {name.removeprefix("grad."): np.array(total) for name, total in sums.items() if name != "rows"}
        self._rows = int(sums.get("rows", 0))

    def gradients(self, rows: int, step: int) -> Arrays:
        measured, grads = self._module.loss_and_grads(
            self._state, **self._examples(rows), step=step, seed=self._seed, work=self._work(rows)
        )
        return _arrays({"loss": measured["loss"], **{f"grad.{name}": grad for name, grad in grads.items()}})

    def evaluate(self, rows: int) -> Arrays:
        return _arrays(self._module.evaluate(self._state, **self._examples(rows)))

    def predict(self, rows: int) -> Arrays:
        inputs = {name: array for name, array in self._examples(rows).items() if name in self._inputs}
        return _arrays(self._module.predict(self._state, **inputs))

    def state(self) -> State:
        return State([tensor.copy() for tensor in self._tensors], self._cut)

    def set_state(self, state: Arrays) -> None:
        for name, array in state.items():
            self._state[name][...] = array

    def is_finite(self) -> bool:
        return all_finite(self._tensors)

    def _named(self, tensors: Sequence[Array]) -> dict[str, Array]:
        return dict(zip(self._state, tensors, strict=True))

    def _examples(self, rows: int) -> dict[str, Array]:
        """The keywords of the batch's arrays."""
        if rows not in self._batches:
            self._batches[rows] = {self._keywords[name]: array for name, array in self.buffers(rows).items()}
        return self._batches[rows]

    def _work(self, rows: int) -> dict[str, Array]:
        if rows not in self._workspaces:
            sizes = {**self._sizes, str(BATCH): rows}
            self._workspaces[rows] = self._module.workspace(*(sizes[symbol] for symbol in self._workspace_sizes))
        return self._workspaces[rows]


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


def _known(dim: Dim, sizes: Mapping[str, int]) -> int:
    value = substitute(dim, sizes)
    if not isinstance(value, int):
        raise ValueError(f"the size {dim} of a session's buffer is not known")
    return value


def _arrays(values: Mapping[str, Any]) -> dict[str, Array]:
    return {name: np.asarray(value) for name, value in values.items()}
