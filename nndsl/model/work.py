"""What one run of the checker shares: what was found, facts, the layers and states made so far, and the limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nndsl.diagnostics import Diagnostic, Diagnostics
from nndsl.errors.names import SameLayerName
from nndsl.errors.static import TooMuchWork
from nndsl.library.building import State
from nndsl.model.naming import Group
from nndsl.model.network import Closure, Declared, Facts, Layer, Term
from nndsl.model.program import Global
from nndsl.model.scope import Made
from nndsl.model.values import Found, Shared, Value
from nndsl.source import Span
from nndsl.syntax import tree

LAYERS = 10_000
OPERATIONS = 100_000
STEPS = 1_000_000


@dataclass
class Work:
    """The state of a run.

    - `fixed`: free sizes that are known as numbers because something needs them.
    - `overrides`: consts that the command line sets; `consts`: the values of those evaluated so far.
    - `silent`: what an error was reported about, so that no other about the same thing is.
    - `epochs`: terms that are numbers of a whole epoch: metric functions, and what is calculated from them.
    - `probabilities`: terms that look like probabilities; `links`: functions given as arguments that
      are `softmax` or `sigmoid`; `behind`: the scores behind those that are direct results
      of `softmax` or `sigmoid`; `scored`: the scores that losses compare with classes.
    - `values`: the names that the model binds, for errors about blocks that use one.
    - `shared`: the shared layers; `inside`: the layers that functions given as arguments make.
    - `of`: whose classes an `argmax` gives, where the program says it.
    """

    facts: Facts = field(default_factory=Facts)
    fixed: Mapping[str, int] = field(default_factory=dict)
    overrides: Mapping[Global, tree.Expression] = field(default_factory=dict)
    found: Diagnostics = field(default_factory=Diagnostics)
    states: dict[str, State] = field(default_factory=dict)
    layers: dict[tuple[str, Group], Layer] = field(default_factory=dict)
    consts: dict[Global, Value] = field(default_factory=dict)
    silent: set[tuple[object, ...]] = field(default_factory=set)
    epochs: set[Term] = field(default_factory=set)
    probabilities: set[Term] = field(default_factory=set)
    links: dict[Closure, str] = field(default_factory=dict)
    behind: dict[Term, Term] = field(default_factory=dict)
    scored: list[tuple[Term, Declared]] = field(default_factory=list)
    of: dict[Term, Declared] = field(default_factory=dict)
    values: frozenset[str] = frozenset()
    shared: list[Shared] = field(default_factory=list)
    inside: dict[Closure, Made] = field(default_factory=dict)
    operations: int = 0
    steps: int = 0

    def report(self, diagnostic: Diagnostic) -> None:
        self.found.report(diagnostic)

    def spend(self, steps: int, span: Span) -> None:
        """Count steps of evaluation; too many end the run."""
        self.steps += steps
        if self.steps > STEPS:
            raise Exhausted(TooMuchWork(span, f"{STEPS:,}".replace(",", " "), "steps"))

    def operate(self, span: Span) -> None:
        """Count an operation of the network; too many end the run."""
        self.operations += 1
        if self.operations > OPERATIONS:
            raise Exhausted(TooMuchWork(span, f"{OPERATIONS:,}".replace(",", " "), "operations"))

    def release(self) -> None:
        """Start counting anew: lowering evaluates what was checked again, closure by closure."""
        self.steps = self.operations = 0

    def register(self, layer: Layer, group: Group) -> None:
        """Take a new layer in; two of one name are an error."""
        first = self.layers.setdefault((layer.name, group), layer)
        if first is not layer:
            raise Found(SameLayerName(layer.span, layer.name, first.span))
        if len(self.layers) > LAYERS:
            raise Exhausted(TooMuchWork(layer.span, f"{LAYERS:,}".replace(",", " "), "layers"))


class Exhausted(Exception):
    """Raised where a limit is reached: nothing more is evaluated."""

    def __init__(self, diagnostic: Diagnostic):
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
