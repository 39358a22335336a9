"""What layers are called (LANGUAGE, section 6, "Names"): by their binding, and by their kind where one has several.

    hidden = x -> dense(32)                             hidden
    h = x -> dense(32) -> dense(16)                     h.dense_1, h.dense_2
    h = x -> dense(32) -> dropout(0.5)                  h, and the dropout h: counted apart
    h = x -> repeat 2 { dense(32) }                     h.0.dense, h.1.dense
    for f in [8, 16] { x = x -> dense(f) }              x.0, x.1
    stage = x -> residual(64)                           stage.residual. and then the names inside the block

A name depends on nothing but the text of its own binding, and on how many bindings of that name stand above it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from nndsl.library.registry import Composite
from nndsl.source import Span
from nndsl.syntax import tree

Group = Literal["parameters", "plain", "reported", "block"]
"""Layers with parameters, layers without, losses and metrics, blocks: each is counted apart."""


@dataclass(frozen=True)
class Kind:
    """What a stage or call makes: its group, and the word it adds to a name."""

    group: Group
    word: str


def kind_of(composite: Composite) -> Kind | None:
    """The kind of a vocabulary word; functions and activations make nothing that needs a name."""
    if composite.kind == "layer":
        return Kind("parameters" if has_parameters(composite) else "plain", composite.name)
    return Kind("reported", composite.name) if composite.kind in ("loss", "metric") else None


def has_parameters(composite: Composite) -> bool:
    """Whether a layer has parameters: those have, that can be told `trainable = false`."""
    return any(parameter.name == "trainable" for parameter in composite.parameters)


class Plan:
    """The names of what one statement's expressions make: each call's own part, by where its callee stands."""

    def __init__(self, expressions: Sequence[tree.Expression], kind: Callable[[tree.Name], Kind | None]):
        made: list[tuple[int, Kind, bool]] = []
        for callee, repeated in callees(expressions):
            found = kind(callee)
            if found is not None:
                made.append((callee.span.start, found, repeated))
        groups = Counter(kind.group for _, kind, _ in made)
        # A block may make layers, as far as this binding's text can tell.
        groups["parameters"] += groups["block"]
        totals = Counter(kind for _, kind, _ in made)
        counts: Counter[Kind] = Counter()
        self.parts: dict[int, str] = {}
        for start, kind_, repeated in made:
            counts[kind_] += 1
            numbered = f"{kind_.word}_{counts[kind_]}"
            if kind_.group == "block":
                self.parts[start] = numbered if totals[kind_] > 1 else kind_.word
            elif groups[kind_.group] > 1:
                self.parts[start] = numbered
            else:
                self.parts[start] = kind_.word if repeated else ""

    def part(self, callee: tree.Expression, word: str) -> str:
        """What the name of a thing that `callee` makes adds to the statement's; `word` is its kind."""
        return self.parts.get(callee.span.start, word)


def join(*parts: str) -> str:
    return ".".join(filter(None, parts))


def callees(expressions: Sequence[tree.Expression]) -> Iterator[tuple[tree.Name, bool]]:
    """The names that are called in expressions, in the order of the text, and whether that stands in a `repeat`."""
    stack: list[tuple[tree.Stage, bool, bool]] = [(e, False, False) for e in reversed(expressions)]
    while stack:
        node, stage, repeated = stack.pop()
        if stage and isinstance(node, tree.Name):
            yield node, repeated
        elif isinstance(node, tree.Call) and isinstance(node.function, tree.Name):
            yield node.function, repeated
        inside = repeated or isinstance(node, tree.Repeat)
        stack += [(child, applied, inside) for child, applied in reversed(parts(node, stage))]


def parts(node: tree.Stage, stage: bool = False) -> list[tuple[tree.Stage, bool]]:
    """What an expression is made of, in the order of the text, each with whether a pipe hands something on to it.

    `stage` says so of the node itself. The name of a callee is no part.
    """
    match node:
        case tree.Call():
            callee = [] if isinstance(node.function, tree.Name) else [(node.function, False)]
            return [*callee, *((argument.value, False) for argument in node.arguments)]
        case tree.Pipe():
            return [(node.head, stage), *((s, True) for s in node.stages)]
        case tree.Repeat():
            return [(node.count, False), *((s, True) for s in node.stages)]
        case tree.Conditional():
            return [(node.condition, False), (node.yes, stage), (node.no, stage)]
        case tree.Chain():
            return [(node.first, False), *((operand, False) for _, operand in node.rest)]
        case tree.Unary():
            return [(node.operand, False)]
        case tree.List():
            return [(item, False) for item in node.items]
        case tree.Map():
            return [(part, False) for entry in node.items for part in entry]
        case tree.Index():
            return [(node.object, False), *((index, False) for index in node.indices)]
        case tree.Attribute():
            return [(node.object, False)]
        case _:
            return []


def ordinals(body: Sequence[tree.Statement]) -> dict[int, int]:
    """How many bindings of its name stand above each name that a statement binds, by where the name stands."""
    counts: Counter[str] = Counter()
    found: dict[int, int] = {}

    def number(name: tree.Name) -> None:
        counts[name.text] += 1
        found[name.span.start] = counts[name.text]

    def walk(statements: Sequence[tree.Statement]) -> None:
        for statement in statements:
            match statement:
                case tree.Binding():
                    for name in statement.names:
                        number(name)
                case tree.SharedLayer():
                    number(statement.name)
                case tree.Output() if statement.value is not None:
                    number(statement.name)
                case tree.For():
                    walk(statement.body)
                case _:
                    pass

    walk(body)
    return found


def bound_names(body: Sequence[tree.Statement]) -> dict[str, Span]:
    """The names that a body binds, and where each is bound first."""
    found: dict[str, Span] = {}
    for statement in body:
        match statement:
            case tree.Binding():
                names: Sequence[tree.Name] = statement.names
            case tree.SharedLayer() | tree.Output() | tree.Declaration():
                names = (statement.name,)
            case tree.For():
                names = statement.names
            case _:
                names = ()
        for name in names:
            found.setdefault(name.text, name.span)
        if isinstance(statement, tree.For):
            found = bound_names(statement.body) | found
    return found


def numbered(name: str, ordinal: int) -> str:
    """`hidden`, and `hidden_2`, `hidden_3` for later bindings of the name."""
    return name if ordinal == 1 else f"{name}_{ordinal}"
