"""The checked model as data: what the checker makes of a program, and all that lowering needs of it.

A network is a graph of `Term`s at the level of layers, as in Keras's functional API: `Input`s and `Apply`s.
Types are graph types, so a tensor that has one value for each example starts with the `batch` axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nndsl.graph.sizes import Dim
from nndsl.graph.types import TensorType
from nndsl.library.registry import Composite
from nndsl.source import Span

# ---------------------------------------------------------------- inputs and targets


@dataclass(frozen=True)
class Classes:
    """The kinds of a class type: how many, their names if they have some (in index order), what an unseen one does."""

    count: int
    names: tuple[str | int, ...] | None = None
    unknown: Literal["error", "other"] = "error"

    @property
    def indices(self) -> int:
        """How many indices there are: one more than kinds where an unseen one is `other`."""
        return self.count + (self.unknown == "other")


@dataclass(frozen=True)
class Declared:
    """An `input` or `target`: `shape` is one example's. `classes` only for `class`; None while the data must say."""

    name: str
    role: Literal["input", "target"]
    kind: Literal["f32", "class", "binary", "i64"]
    shape: tuple[Dim, ...]
    span: Span
    classes: Classes | None = None
    unknown: Literal["error", "other"] = "error"

    @property
    def dtype(self) -> Literal["f32", "i64"]:
        return "i64" if self.kind in ("class", "i64") else "f32"


@dataclass(frozen=True)
class Facts:
    """What checking needs to know of the data: found by a probe of them, empty where there are none."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    """The value of each free size, by name."""
    classes: Mapping[str, Classes] = field(default_factory=dict)
    """Kinds read from the training split, by input or target."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """Rows of `train`, `validation` and `test`."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the columns of an input or target are called, in order, where the data say it: frames, and files of which
    a pattern takes some."""


# ---------------------------------------------------------------- terms


@dataclass(frozen=True, eq=False)
class Layer:
    """One use-independent layer: its name in artifacts (`hidden`, `h.0.dense`), its composite and static arguments.

    Shared layers are applied by several terms. Layers without state have a name too (for random sites and summaries).
    """

    name: str
    composite: Composite
    span: Span


@dataclass(frozen=True, eq=False)
class Input:
    """A declared input or target, as a tensor."""

    declared: Declared
    type: TensorType
    span: Span


@dataclass(frozen=True, eq=False)
class LayerState:
    """A layer's parameter used in an expression (`hidden.W`)."""

    name: str
    type: TensorType
    span: Span


@dataclass(frozen=True, eq=False)
class Apply:
    """A composite applied. `arguments` by parameter name: terms (or tuples of terms) for tensors, else static values.

    An activation is a `Closure`. `layer` names it; `use` is 0, or counts the uses of a shared layer from 1.
    `name` is the program's name for this value if a binding ends here. Of a composite that gives several values, each
    is an application of its own: `part` says which, and what they have in common is computed once.
    """

    composite: Composite
    arguments: Mapping[str, Any]
    type: TensorType
    layer: Layer
    span: Span
    use: int = 0
    name: str = ""
    part: int | None = None


@dataclass(frozen=True, eq=False)
class Hole:
    """The argument of a closure."""

    type: TensorType


@dataclass(frozen=True, eq=False)
class Closure:
    """A function of one tensor given as an argument (an activation, a partial application, a user's block).

    `apply(term)` gives the result as a term; layers that it makes are the same each time.
    """

    name: str
    apply: Callable[[Term], Term]


NUMBER = TensorType("f32", ())


@dataclass(frozen=True, eq=False)
class Number:
    """A static number where a tensor is expected, or nested tuples of them."""

    value: float | int | bool | tuple[Any, ...]
    span: Span
    type: TensorType = NUMBER


@dataclass(frozen=True)
class Balanced:
    """`class_weight = balanced`: a fitted state, one weight for each class of the argument called `target`."""

    classes: int
    target: str


Term = Input | LayerState | Apply | Hole | Number

# ---------------------------------------------------------------- what a model is for


@dataclass(frozen=True)
class OutputSpec:
    """An output; `classes` says whose kinds an `argmax` output is in (the target), if any."""

    name: str
    term: Term
    span: Span
    classes: Declared | None = None


@dataclass(frozen=True)
class LossSpec:
    """One `loss` statement; `name` is empty unless it says `as NAME`."""

    name: str
    term: Term
    span: Span


@dataclass(frozen=True)
class MetricSpec:
    """One `metric` statement: an expression whose `Apply`s of metric composites stand for numbers of the epoch."""

    name: str
    term: Term
    span: Span


@dataclass(frozen=True)
class Network:
    """The checked model."""

    name: str
    inputs: tuple[Declared, ...]
    targets: tuple[Declared, ...]
    outputs: tuple[OutputSpec, ...]
    losses: tuple[LossSpec, ...]
    metrics: tuple[MetricSpec, ...]
    layers: tuple[Layer, ...]
    span: Span
