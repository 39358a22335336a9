"""The registry of composites: everything a program can name, each declared once, as a function over graph values.

    @layer("dense", example="x: f32[4] -> dense(3, relu)")
    def dense(b, x: Tensor, units: Size, activation: Activation = None, *, bias: bool = True, ...) -> Tensor:

A parameter's annotation (`nndsl.library.arguments`) says what the program may give for it; a trailing `_` of a
parameter's name is dropped (`from_` is `from`). The docstring is the reference: first line with the formula and
shapes, then what a user must know; `follows` is the page of the source.

One name can mean two things in two places (`mse` is a loss where a loss is wanted, a metric in a `metric` statement),
so there is one table for each place: `lookup(name, place)` looks into it, aliases included.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar, get_type_hints

from nndsl.graph.builder import Value

Kind = Literal[
    "layer",
    "activation",
    "function",
    "loss",
    "operator",
    "metric",
    "optimizer",
    "initializer",
    "constraint",
    "regularizer",
    "schedule",
]

Place = Literal["expression", "operator", "metric", "optimizer", "initializer", "constraint", "regularizer", "schedule"]
"""Where a name stands: layers, activations, functions and losses are all called in expressions."""

Body = TypeVar("Body", bound=Callable[..., Any])

SUPPLIED: dict[Kind, tuple[str, ...]] = {
    "optimizer": ("b", "p", "g"),
    "initializer": ("seed", "name", "shape"),
    "constraint": ("W",),
    "regularizer": ("W",),
    "schedule": ("step",),
}
"""Parameters that the machine gives, by kind; for the others it is the builder `b`, where they take one."""


@dataclass(frozen=True)
class Composite:
    """A name of the vocabulary.

    - `function`: its body. What needs parameters, randomness or a mode takes a `LayerBuilder` first (`takes_builder`);
      the rest takes values alone. Optimizers are `f(b: UpdateBuilder, p, g, **arguments) -> new p`, initializers plain
      NumPy functions `f(seed, name, shape, **arguments) -> array`; constraints are `f(W, **arguments) -> new W`,
      regularizers `f(W, **arguments) -> penalty`; metrics return an `Accumulated`.
    - `example`: inputs and an expression of the language that uses it, for the reference and the registry's tests:
      `"x: f32[4] => dense(x, 3)"` reads: with that input, this expression.
    - `differentiable`: False for what has no gradient (it needs an oracle test instead).
    - `link`: what turns scores into what this loss takes as probabilities: `softmax`, `sigmoid` or none. For these
      the checker uses the scores behind a direct `softmax`/`sigmoid`, and passes `from_="scores"` or "probabilities".
    """

    name: str
    kind: Kind
    function: Callable[..., Any]
    example: str
    differentiable: bool = True
    link: Literal["softmax", "sigmoid"] | None = None
    follows: str = ""

    @cached_property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """The parameters a program can give, tensors first, annotations resolved, what is `SUPPLIED` left out."""
        hints = get_type_hints(self.function, include_extras=True)
        parameters = list(inspect.signature(self.function).parameters.values())
        first = len(SUPPLIED.get(self.kind, ("b",) if self.takes_builder else ()))
        return tuple(p.replace(annotation=hints[p.name]) for p in parameters[first:])

    @cached_property
    def takes_builder(self) -> bool:
        """Whether the body asks for a builder, as its first parameter `b` (an operator's operand may be a `b` too)."""
        return next(iter(inspect.signature(self.function).parameters), None) == "b"

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.function) or ""


COMPOSITES: dict[str, Composite] = {}
"""What an expression can call: layers, activations, functions and losses; filled by `nndsl.library.vocabulary.load`."""

METRICS: dict[str, Composite] = {}
"""What a `metric` statement looks up before `COMPOSITES`."""

OPERATORS: dict[str, Composite] = {}
"""What the language's operators mean, by their sign; unary minus is `neg`."""

OPTIMIZERS: dict[str, Composite] = {}
INITIALIZERS: dict[str, Composite] = {}
CONSTRAINTS: dict[str, Composite] = {}
REGULARIZERS: dict[str, Composite] = {}
SCHEDULES: dict[str, Composite] = {}

TABLES: Mapping[Place, dict[str, Composite]] = {
    "expression": COMPOSITES,
    "operator": OPERATORS,
    "metric": METRICS,
    "optimizer": OPTIMIZERS,
    "initializer": INITIALIZERS,
    "constraint": CONSTRAINTS,
    "regularizer": REGULARIZERS,
    "schedule": SCHEDULES,
}

ALIASES: dict[str, str] = {}
"""Second names (`mean_squared_error` for `mse`), the same in every place."""


class Spellings(Mapping[str, str]):
    """Names found in any spelling: `LeakyReLU`, `leakyrelu` and `leaky_relu` are one, a last `loss` or `layer` is left
    out (`CrossEntropyLoss`)."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def update(self, names: Mapping[str, str]) -> None:
        self._names.update({_folded(name): meaning for name, meaning in names.items()})

    def __getitem__(self, name: str) -> str:
        key = _folded(name)
        return self._names[key if key in self._names else key.removesuffix("loss").removesuffix("layer")]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


FOREIGN = Spellings()
"""Names that other frameworks use, each with ours, to be suggested, never accepted: `nll_loss`, `Linear`, `ReLU`."""


def place_of(kind: Kind) -> Place:
    return "expression" if kind in ("layer", "activation", "function", "loss") else kind  # type: ignore[return-value]


def lookup(name: str, place: Place = "expression") -> Composite | None:
    """What `name`, or what it is an alias of, means there. In a `metric` statement, metrics hide losses."""
    own = ALIASES.get(name, name)
    found = TABLES[place].get(own)
    return COMPOSITES.get(own) if found is None and place == "metric" else found


def composite(
    kind: Kind,
    name: str,
    *,
    example: str,
    differentiable: bool = True,
    link: Literal["softmax", "sigmoid"] | None = None,
    follows: str = "",
    aliases: tuple[str, ...] = (),
) -> Callable[[Body], Body]:
    """Register a function of that kind; it stays an ordinary function that other composites can call."""

    def declare(function: Body) -> Body:
        table = TABLES[place_of(kind)]
        if name in table:
            raise ValueError(f"{name!r} is declared twice")
        table[name] = Composite(name, kind, function, example, differentiable, link, follows)
        ALIASES.update(dict.fromkeys(aliases, name))
        return function

    return declare


@dataclass(frozen=True)
class Accumulated:
    """What a metric returns: sums over the batch, and how the epoch's sums make the epoch's number.

    `sums`: values of fixed size, each added up over batches (in float64 outside the graph).
    `finish`: takes the sums as f64 values of another graph and gives the metric: `lambda s: s["correct"] / s["count"]`.
    `kept`: values [batch, ...] that are not added up but kept for the whole epoch, for what no sums of fixed size give;
    `finish` takes them too. They make it a metric of evaluation only.
    """

    sums: Mapping[str, Value]
    finish: Callable[[Mapping[str, Value]], Value]
    kept: Mapping[str, Value] = field(default_factory=dict)
