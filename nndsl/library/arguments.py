"""The types a composite's parameters may have; the checker turns what the program says into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from nndsl.graph.builder import Value
from nndsl.graph.types import TypeMismatch

Tensor = Value
"""A tensor of the network."""


@dataclass(frozen=True)
class Marker:
    """What an annotation means beyond its Python type, in words for the reference and for errors.

    `count`: how many numbers are made of what is given, for those that take one for each spatial axis.
    """

    name: str
    expects: str
    count: int = 0


Size = Annotated[int, Marker("Size", "a whole number of at least 1")]
Sizes = Annotated[tuple[int, ...], Marker("Sizes", "a list of whole numbers")]
Extents1 = Annotated[tuple[int, ...], Marker("Extents", "a whole number of at least 1", 1)]
Extents2 = Annotated[tuple[int, ...], Marker("Extents", "a whole number of at least 1, or a list of two", 2)]
Extents3 = Annotated[tuple[int, ...], Marker("Extents", "a whole number of at least 1, or a list of three", 3)]
"""A stride, a kernel's or a pool's size along each spatial axis: given to the composite as a tuple."""
Amounts2 = Annotated[tuple[int, ...], Marker("Amounts", "a whole number of at least 0, or a list of two", 2)]
Margins2 = Annotated[
    tuple[tuple[int, int], ...],
    Marker("Margins", "a whole number of at least 0, or a list of two, each a number or [before, after]", 2),
]
"""What is added or taken away at the ends of each spatial axis: given to the composite as pairs (before, after)."""
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
class Chosen:
    """A word of the vocabulary with its arguments, for a parameter's sake."""

    name: str
    arguments: Mapping[str, Any]

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.arguments.items()))))


class Initial(Chosen):
    """An initializer: `he_normal`, or `uniform(-0.1, 0.1)`."""


class Rule(Chosen):
    """A constraint or a regularizer: `max_norm(2)`, `orthogonal`."""


Initializer = Annotated[Initial, Marker("Initializer", "an initializer, such as he_normal")]
Constraint = Annotated[Rule | None, Marker("Constraint", "a constraint, such as max_norm(2)")]
Regularizer = Annotated[Rule | None, Marker("Regularizer", "a regularizer, such as orthogonal(0.01)")]
Schedule = Annotated[Value | float, Marker("Schedule", "a learning rate: a number greater than 0, or a schedule")]
"""Given to an optimizer as the scalar `Value` of the step's learning rate, already multiplied by `nndsl.lr_scale`; a
float only as a default."""


class Misuse(TypeMismatch):
    """Operands or arguments that a composite cannot work with, worded for the user.

    - the message: what was found and what it conflicts with (``"`add` combines [batch, 3] with [batch, 4]"``);
    - `label`: the few words under the place (`"expects scores [batch, 10]"`);
    - `argument`: the parameter whose argument is wrong, where it is one alone (else the whole call is to be marked);
    - `help`: what to do, where that is known.
    """

    def __init__(self, message: str, label: str = "", argument: str | None = None, help: str | None = None):
        super().__init__(message)
        self.message, self.label, self.argument, self.help = message, label, argument, help
