"""What names mean where: the environments of models, blocks and sections, and the place an expression stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from nndsl.model.naming import Group, Plan, join
from nndsl.model.network import Layer
from nndsl.model.program import File
from nndsl.model.values import Value
from nndsl.source import Span
from nndsl.syntax import tree

Role = Literal["input", "target", "value", "output", "layer", "parameter"]

ROLES: Mapping[Role, str] = {
    "input": "an input",
    "target": "a target",
    "value": "a value",
    "output": "an output",
    "layer": "a layer",
    "parameter": "a parameter of the block",
}
REBINDABLE = ("input", "value", "parameter")


@dataclass(eq=False)
class Entry:
    """A name of a model or block: what it stands for now, and where it was bound."""

    value: Value
    role: Role
    span: Span
    path: str = ""
    """What the layers that its binding made are called after."""


@dataclass(eq=False)
class Environment:
    """The names of one model, or of one use of a block.

    - `sizes`: free sizes of the model, by name, and where each was first used.
    - `later`: where names are bound that the body binds, for errors about those that are not bound yet.
    - `prefix`: what the names of its layers begin with; `use` is that of the shared block which this is a use of.
    - `calls`: the blocks that are being unfolded, outermost first.
    """

    file: File
    kind: Literal["model", "block", "section"]
    names: dict[str, Entry] = field(default_factory=dict)
    sizes: dict[str, Span] = field(default_factory=dict)
    later: Mapping[str, Span] = field(default_factory=dict)
    prefix: str = ""
    use: int = 0
    calls: tuple[tree.Block, ...] = ()

    def known(self) -> Iterator[str]:
        """Every name that is defined here, vocabulary aside."""
        yield from self.names
        yield from self.file.names
        yield from self.sizes

    @property
    def words(self) -> str:
        """Where this is, for errors."""
        return {"model": "in this model", "block": "in this block", "section": "here"}[self.kind]


Statement = Literal["binding", "layer", "output", "loss", "metric", "static", "setting"]
"""What kind of statement an expression belongs to."""

Made = dict[tuple[str, Group], Layer]
"""Layers by name and group."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where an expression stands: its environment, its statement, and how the layers it makes are called.

    - `path`: the name of the statement's layers, iterations of `for` included; `repeats` are the iterations of
      `repeat`, `plan` knows how to tell the statement's layers apart.
    - `made`: layers that are made once and used again, where the same text is evaluated several times (shared
      blocks, functions given as arguments); None where every evaluation makes fresh ones.
    - `result`: the program's name for the value of this expression, "" where it has none.
    - `whole`: whether this expression is all that a statement says.
    """

    environment: Environment
    statement: Statement = "static"
    path: str = ""
    plan: Callable[[], Plan] | None = None
    repeats: tuple[int, ...] = ()
    made: Made | None = None
    result: str = ""
    whole: bool = False

    def inner(self) -> Place:
        """The place of an operand or argument: its value has no name."""
        return replace(self, result="", whole=False) if self.result or self.whole else self

    def repeated(self, iteration: int) -> Place:
        """The place of a stage in an iteration of `repeat`."""
        return replace(self, repeats=(*self.repeats, iteration))

    def layer_name(self, callee: tree.Expression, word: str) -> str:
        """The name of the layer, block or loss that `callee` makes here; `word` is its kind."""
        part = word if self.plan is None else self.plan().part(callee, word)
        return join(self.path, *map(str, self.repeats), part)
