"""The registry of composites: everything a program can name, each declared once, as a function over graph values.

    @layer("dense", example="x: f32[4] -> dense(3, relu)")
    def dense(b, x: Tensor, units: Size, activation: Activation = None, *, bias: bool = True, ...) -> Tensor:

A parameter's annotation (`nndsl.library.arguments`) says what the program may give for it; a trailing `_` of a
parameter's name is dropped (`from_` is `from`). The docstring is the reference: first line with the formula and
shapes, then what a user must know, last the source it follows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_type_hints

from nndsl.graph.builder import Value

Kind = Literal["layer", "activation", "function", "loss", "metric", "optimizer", "initializer", "schedule"]


@dataclass(frozen=True)
class Composite:
    """A name of the vocabulary.

    - `function`: its body. Layers, losses and metrics take a `LayerBuilder` first (`takes_builder`), optimizers an
      `UpdateBuilder`; activations and functions take values alone; initializers are plain NumPy functions.
    - `example`: inputs and an expression of the language that uses it, for the reference and the registry's tests.
      Inputs are written `x: f32[4], y: class[3]` before ` -> ` or ` => `:
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
        """The parameters a program can give, tensors first, annotations resolved, builder left out."""
        hints = get_type_hints(self.function, include_extras=True)
        parameters = inspect.signature(self.function).parameters.values()
        return tuple(p.replace(annotation=hints[p.name]) for p in parameters if p.name != "b")

    @property
    def takes_builder(self) -> bool:
        return "b" in inspect.signature(self.function).parameters

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.function) or ""


COMPOSITES: dict[str, Composite] = {}
"""All composites by name; filled by `nndsl.library.load`."""

ALIASES: dict[str, str] = {}
"""Second names (`mean_squared_error` for `mse`)."""

FOREIGN: dict[str, str] = {}
"""Names that other frameworks use, each with ours, to be suggested: never accepted (`nll_loss`, `batchnorm2d`)."""


def composite(
    kind: Kind,
    name: str,
    *,
    example: str,
    differentiable: bool = True,
    link: Literal["softmax", "sigmoid"] | None = None,
    follows: str = "",
    aliases: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of that kind; it stays an ordinary function that other composites can call."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        if name in COMPOSITES:
            raise ValueError(f"{name!r} is declared twice")
        COMPOSITES[name] = Composite(name, kind, function, example, differentiable, link, follows)
        ALIASES.update(dict.fromkeys(aliases, name))
        return function

    return declare


@dataclass(frozen=True)
class Accumulated:
    """What a metric returns: sums over the batch, and how the epoch's sums make the epoch's number.

    `sums`: values of fixed size, each added up over batches (in float64 outside the graph).
    `finish`: takes the sums as values of another graph and gives the metric, e.g. `lambda s: s["correct"] / s["count"]`.
    """

    sums: Mapping[str, Value]
    finish: Callable[[Mapping[str, Value]], Value]
