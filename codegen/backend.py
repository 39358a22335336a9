"""The protocol both backends keep: artifacts for `compile`, sessions for `train`, `eval` and `predict`."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from nndsl.graph.sizes import Dim, known
from nndsl.graph.types import NUMPY_DTYPES, TensorType
from nndsl.transform.step import Step

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def all_finite(arrays: Iterable[Array]) -> bool:
    """Whether no array holds an infinite number or none at all.

    The sum of squares tells in half the time; where it is too large, every number is looked at.
    """
    return all(math.isfinite(np.vdot(array, array)) or np.isfinite(array).all() for array in arrays)


def allocate(type: TensorType, sizes: Mapping[str, int]) -> Array:
    """An array of that type, with these values for its symbolic sizes; `ValueError` names one that has no value."""

    def length(dim: Dim) -> int:
        try:
            return known(dim, sizes)
        except KeyError as missing:
            raise ValueError(f"the size {missing} of a session's buffer is not known") from None

    return np.zeros([length(dim) for dim in type.shape], NUMPY_DTYPES[type.dtype])


class State(Mapping[str, Array]):
    """A copy of every state by single names: of a few tensors, from which these are cut when one is first looked at.

    Training takes one after each epoch, and looks at it only where something went wrong.
    """

    def __init__(self, tensors: Sequence[Array], cut: Callable[[Sequence[Array]], dict[str, Array]]):
        self._tensors = tensors
        self._cut = cut

    @cached_property
    def _arrays(self) -> dict[str, Array]:
        return self._cut(self._tensors)

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


class Session(Protocol):
    """A compiled model with its state, running on one engine.

    A batch is gathered into `buffers(rows)`, arrays by input and target name whose first axis is `rows` long (they
    stay the same objects for the same number of rows, which is one at least), then one of the methods runs on them.
    """

    @property
    def engine(self) -> str:
        """What computes, with its version: another one may round in another way."""
        ...

    @property
    def threads(self) -> int:
        """How many threads it computes with: another number may add up sums in another order."""
        ...

    def buffers(self, rows: int) -> Arrays: ...

    def train_step(self, rows: int, step: int, lr_scale: float = 1.0) -> Arrays:
        """One step (from 0): updates the state, gives `loss`, `loss.NAME`, `nndsl.lr` and accumulators of the batch.

        The arrays may be reused by the next call: add them up, or copy them.
        """
        ...

    def accumulate(self, rows: int, step: int, row: int) -> Arrays:
        """A micro-batch of the update `step`, whose rows begin at `row` of the whole batch.

        Adds its gradients, weighted by its rows, to the sums, and updates the statistics. Gives what `train_step`
        does but `nndsl.lr`.
        """
        ...

    def apply(self, step: int, lr_scale: float = 1.0) -> Arrays:
        """Update the parameters by the accumulated gradients, divided by their rows, and clear these.

        Gives `nndsl.lr`.
        """
        ...

    def accumulated(self) -> dict[str, Array]:
        """A copy of what was added up since the last update: `grad.PARAMETER` and, an int64 scalar, `rows`.

        It is empty where nothing was.
        """
        ...

    def set_accumulated(self, sums: Arrays) -> None:
        """Go on from these sums; empty ones clear what was added up."""
        ...

    def gradients(self, rows: int, step: int) -> Arrays:
        """`loss` and `grad.PARAMETER` for the batch, without an update (for `check`)."""
        ...

    def evaluate(self, rows: int) -> Arrays:
        """`loss`, `loss.NAME` and the accumulators of the batch in prediction mode."""
        ...

    def predict(self, rows: int) -> Arrays:
        """The outputs by name (only the inputs' buffers are read)."""
        ...

    def state(self) -> State:
        """A copy of every state, by single names."""
        ...

    def set_state(self, state: Arrays) -> None: ...

    def is_finite(self) -> bool:
        """Whether every number of the state is finite; asked after each epoch, so it copies nothing."""
        ...


class Backend(Protocol):
    """An engine that a program can be compiled for."""

    @property
    def name(self) -> str: ...

    def artifacts(self, step: Step, state: Arrays, *, split: bool = False) -> dict[str, bytes]:
        """The files that `compile` writes, by name (`NAME.train.onnx`, …); `state` is the initial state.

        With `split` the training step comes in two halves besides, gradients and update.
        """
        ...

    def session(
        self,
        step: Step,
        state: Arrays,
        *,
        seed: int,
        batch_size: int,
        provider: str = "cpu",
        sizes: Mapping[str, int] | None = None,
    ) -> Session:
        """A session for batches of up to `batch_size` rows, `sizes` being the values of the program's free sizes."""
        ...
