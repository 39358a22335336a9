"""What a composite's body may ask for besides its operands: parameters, fitted statistics, randomness, its mode."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal, Protocol

from nndsl.graph.builder import Builder, Value
from nndsl.graph.types import Shape
from nndsl.library.arguments import Initial, Rule

Role = Literal["parameter", "slot", "statistic"]


@dataclass(frozen=True)
class State:
    """A tensor that outlives a step: its name in all artifacts, shape, role and initial value.

    `fit` says how a statistic is computed from the training split before the first step, over the values that the
    layer sees: `mean` and `variance` per element of the last axis, `class_weights` for `balanced`; empty: not fitted.
    `like` names the state whose initial value it begins with, where that is not one of its own.
    `constraint` is what the parameter is put under after each update, `l1`, `l2` and `regularizer` add to the loss.
    """

    name: str
    shape: tuple[int, ...]
    role: Role
    initial: Initial
    trainable: bool = True
    l1: float = 0.0
    l2: float = 0.0
    fit: str = ""
    constraint: Rule | None = None
    regularizer: Rule | None = None
    like: str = ""

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)

    @property
    def bias(self) -> bool:
        """Whether it is a bias, gamma or beta, which regularisation is usually not for."""
        return self.name.rpartition(".")[2] in BIASES


BIASES = ("b", "gamma", "beta")
"""Parameters that shift or scale what a kernel gives."""


class LayerBuilder(Protocol):
    """Handed to layers, losses and metrics as `b`."""

    graph: Builder
    training: bool

    def parameter(
        self,
        name: str,
        shape: Shape,
        init: Initial,
        *,
        trainable: bool = True,
        l1: float = 0,
        l2: float = 0,
        regularizer: Rule | None = None,
        constraint: Rule | None = None,
    ) -> Value:
        """The layer's parameter `LAYER.name`; made at the first use, the same one at every later use."""
        ...

    def fitted(self, name: str, shape: Shape, init: Initial, *, fit: str, values: Value) -> Value:
        """A statistic `LAYER.name` fitted to `values` over the training split, stored with the weights."""
        ...

    def statistic(self, name: str, shape: Shape, init: Initial) -> Value:
        """A statistic `LAYER.name` that training keeps up to date, such as a running mean; it has no gradient."""
        ...

    def update(self, name: str, value: Value) -> None:
        """What the statistic `LAYER.name` becomes after this training step."""
        ...

    def uniform(self, shape: Shape) -> Value:
        """Numbers in [0, 1), `f32[shape]` (shape[0] is the batch): a pure function of seed, step, this use and row."""
        ...

    def penalize(self, value: Value) -> None:
        """Add a scalar to the loss that is reported and minimised (regularisation)."""
        ...


class UpdateBuilder(Protocol):
    """Handed to optimizers as `b`, once for each tensor that is updated (elementwise, so it may be a packed one)."""

    graph: Builder
    bias: bool
    """Whether the tensor is a bias, gamma or beta (a packed one holds such or others, where this matters)."""
    step: Value
    """The number of this step from 1, an `f64` scalar: bias corrections such as 1 - beta^t cancel in f32. Cast what
    meets tensors to f32."""

    def slot(self, name: str, value: float = 0.0) -> Value:
        """The tensor's slot of that name (`PARAMETER.name`), of its shape, initially `value`."""
        ...

    def set(self, name: str, value: Value) -> None:
        """What the slot becomes after this step."""
        ...

    def norm(self, x: Value) -> Value:
        """The Euclidean norm of each parameter of `x`, a tensor of the shape that is updated; it lines up with it."""
        ...
