"""What an expression can be while a program is checked: static values, terms, and things that can be called.

static      int, float, str, bool, None, lists (tuples), maps (dicts), sizes that the data fix (`Size`)
terms       tensors (`nndsl.model.network.Term`)
callable    `Word`, `WordCall`, `BlockValue`, `Shared`
POISON      what an error left behind: whatever meets it is silent
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nndsl.diagnostics import Diagnostic
from nndsl.graph.sizes import Size, show_shape
from nndsl.library.registry import Composite
from nndsl.model.network import Apply, Closure, Hole, Input, LayerState, Number, Term
from nndsl.source import Span
from nndsl.syntax import tree

if TYPE_CHECKING:
    from nndsl.model.program import File
    from nndsl.model.scope import Made, Place

LARGEST = 2**63 - 1
LONGEST = 1_000_000
TERMS = (Input, LayerState, Apply, Hole, Number)


class Found(Exception):
    """Raised where a value cannot be made; the expression that needed it becomes `POISON`."""

    def __init__(self, diagnostic: Diagnostic):
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class Unfixed(Exception):
    """Raised where free sizes must be known as numbers; checking starts again with them fixed."""

    def __init__(self, sizes: frozenset[str], span: Span):
        super().__init__(", ".join(sorted(sizes)))
        self.sizes = sizes
        self.span = span


class Silenced(Exception):
    """Raised where a value is needed and an error that has been reported left none."""


class Poison:
    """The value of what could not be evaluated."""

    def __repr__(self) -> str:
        return "<poison>"


POISON = Poison()


@dataclass(frozen=True)
class Word:
    """A word of the vocabulary standing for itself: `relu`, `same`, `he_uniform`."""

    name: str


@dataclass(frozen=True, eq=False)
class Given:
    """An argument of a call: its name if it has one, and its expression with the place where that stands, or a value
    (what a pipe hands on)."""

    name: tree.Name | None
    span: Span
    """Where the value stands."""
    expression: tree.Expression | None = None
    place: Place | None = None
    value: Any = None

    @property
    def whole(self) -> Span:
        """The argument with its name."""
        return self.span if self.name is None else self.name.span.to(self.span)


@dataclass(frozen=True, eq=False)
class WordCall:
    """A call of the vocabulary that waits for what it is to be used as: `leaky_relu(0.1)`, `uniform(-1, 1)`."""

    name: str
    arguments: tuple[Given, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class BlockValue:
    """A block, with the file whose names it sees."""

    tree: tree.Block
    file: File

    @property
    def name(self) -> str:
        return self.tree.name.text


@dataclass(frozen=True, eq=False)
class BlockCall:
    """A block given where an activation is wanted, with arguments besides the tensor: `swish(1.5)`."""

    block: BlockValue
    arguments: tuple[Given, ...]
    span: Span


@dataclass(eq=False)
class Shared:
    """What `layer NAME = …` makes: a layer or block with its arguments; `uses` counts how often it was applied."""

    name: str
    path: str
    callee: Composite | BlockValue
    arguments: Mapping[str, Any]
    span: Span
    made: Made = field(default_factory=dict)
    uses: int = 0


Value = Any
"""One of the values above."""

Function = Word | WordCall | BlockValue | BlockCall | Shared


def is_tensor(value: Value) -> bool:
    return isinstance(value, TERMS)


def is_whole(value: Value) -> bool:
    """A whole number; `true` and `false` are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def describe(value: Value) -> str:
    """The value in a few words, for errors."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case int() | float():
            return f"the number {show(value)}"
        case str():
            return f"the string {show(value)}"
        case tuple():
            return "a list" if value else "an empty list"
        case dict():
            return "a map"
        case Size():
            return f"the size {value}"
        case Input():
            return f"the {value.declared.role} `{value.declared.name}`, {show_type(value)}"
        case Number():
            return f"the number {show(value.value)}"
        case Apply() | LayerState() | Hole():
            return f"a tensor, {show_type(value)}"
        case Word() | WordCall():
            return f"`{value.name}`, a word of the vocabulary"
        case BlockValue():
            return f"the block `{value.name}`"
        case BlockCall():
            return f"the block `{value.block.name}`"
        case Shared():
            return f"the layer `{value.name}`"
        case _:
            return "something else"


def show(value: Value) -> str:
    """A static value as a program would write it, shortened where it is long."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case str():
            text = value if len(value) <= 40 else f"{value[:39]}…"
            escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
            return f'"{escaped}"'
        case int():
            text = str(value)
            return text if len(text) <= 24 else f"{text[:10]}…"
        case tuple():
            items = [show(item) for item in value[:8]]
            return f"[{', '.join(items)}{', …' if len(value) > 8 else ''}]"
        case Word():
            return value.name
        case _:
            return str(value)


def show_type(term: Term) -> str:
    """A tensor's type as users write it: `class[10]` for an input that is one, else its shape."""
    if isinstance(term, Input):
        return show_declared(term)
    return show_shape(term.type.shape) if term.type.shape else "one number"


def show_declared(term: Input) -> str:
    declared = term.declared
    shape = show_shape(declared.shape) if declared.shape else ""
    if declared.kind != "class":
        return f"{declared.kind}{shape}"
    count = f"[{declared.classes.count}]" if declared.classes else ""
    return f"class{count}{shape}"


def has_term(value: Closure | Value) -> bool:
    """Whether a value is or holds a tensor."""
    return any(has_term(item) for item in value) if isinstance(value, tuple) else is_tensor(value)


def is_static(value: Value) -> bool:
    """Whether it is a number, string, list or map: nothing that can be called."""
    return isinstance(value, int | float | str | tuple | dict | None)
