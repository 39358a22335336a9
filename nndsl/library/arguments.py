"""The types a composite's parameters may have; the checker turns what the program says into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from nndsl.graph.builder import Value

Tensor = Value
"""A tensor of the network."""


@dataclass(frozen=True)
class Marker:
    """What an annotation means beyond its Python type, in words for the reference and for errors."""

    name: str
    expects: str


Size = Annotated[int, Marker("Size", "a whole number of at least 1")]
Sizes = Annotated[tuple[int, ...], Marker("Sizes", "a list of whole numbers")]
Axis = Annotated[tuple[int, ...] | None, Marker("Axis", "an axis of one example, or a list of them")]
Rate = Annotated[float, Marker("Rate", "a number from 0 up to, not including, 1")]
Positive = Annotated[float, Marker("Positive", "a number greater than 0")]
NonNegative = Annotated[float, Marker("NonNegative", "a number of at least 0")]
Activation = Annotated[Callable[[Value], Value] | None, Marker("Activation", "an activation, such as relu")]
ClassWeights = Annotated[
    Value | None, Marker("ClassWeights", "`balanced`, a list in class order or a map from class to weight")
]
"""Given to the composite as a tensor of one weight per class, `f32[classes]` (for `balanced` a fitted state)."""


@dataclass(frozen=True)
class Initial:
    """An initializer with its arguments, e.g. `he_normal` or `uniform(-0.1, 0.1)`."""

    name: str
    arguments: Mapping[str, Any]

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.arguments.items()))))


Initializer = Annotated[Initial, Marker("Initializer", "an initializer, such as he_normal")]
Schedule = Annotated[Value, Marker("Schedule", "a learning rate: a number greater than 0, or a schedule")]
"""Given to an optimizer as the scalar learning rate of the step, already multiplied by `nndsl.lr_scale`."""
