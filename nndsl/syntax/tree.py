"""The typed syntax tree: what the parser makes of a program, every node with its span.

Left-leaning operators are flat (`Chain`), as are pipes, so that a long sum or pipe is not deep.
"""

from __future__ import annotations

from dataclasses import dataclass

from nndsl.source import Span

# ---------------------------------------------------------------- expressions


@dataclass(frozen=True)
class Tree:
    span: Span


@dataclass(frozen=True)
class Name(Tree):
    """An identifier: a reference where an expression stands, a definition in a statement's head."""

    text: str


@dataclass(frozen=True)
class Literal(Tree):
    """An int, float (percentages too), string, `true`, `false` or `none`."""

    value: int | float | str | bool | None


@dataclass(frozen=True)
class List(Tree):
    items: tuple[Expression, ...]


@dataclass(frozen=True)
class Map(Tree):
    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True)
class Unary(Tree):
    """`-x` or `not x`."""

    operator: str
    operand: Expression


@dataclass(frozen=True)
class Chain(Tree):
    """Left-associative operators of one precedence: `first op operand op operand …`.

    The operators are those of one group: `or`; `and`; `+ -`; `* / // % @`; a comparison (one only); `^` (one only,
    its right operand nested). Each operator's own span is kept for errors.
    """

    first: Expression
    rest: tuple[tuple[Operator, Expression], ...]


@dataclass(frozen=True)
class Operator(Tree):
    text: str


@dataclass(frozen=True)
class Conditional(Tree):
    """`if condition then yes else no`."""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True)
class Argument(Tree):
    name: Name | None
    value: Expression


@dataclass(frozen=True)
class Call(Tree):
    function: Expression
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Attribute(Tree):
    """`object.name`."""

    object: Expression
    name: Name


@dataclass(frozen=True)
class Index(Tree):
    """`object[i, j]`."""

    object: Expression
    indices: tuple[Expression, ...]


@dataclass(frozen=True)
class Pipe(Tree):
    """`head -> stage -> stage …`."""

    head: Expression
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Hole(Tree):
    """Where an expression or a type could not be read: the error is reported, so later stages stay silent about it."""


@dataclass(frozen=True)
class Repeat(Tree):
    """`repeat count { stage -> stage … }`, a stage of a pipe."""

    count: Expression
    stages: tuple[Stage, ...]


Expression = Name | Literal | List | Map | Unary | Chain | Conditional | Call | Attribute | Index | Pipe | Hole
Stage = Expression | Repeat

# ---------------------------------------------------------------- statements


@dataclass(frozen=True)
class TypeExpression(Tree):
    """`f32[28, 28, 1]`, `class[10][28, 28]`, `class unknown = other`: a base name, its brackets, its options."""

    base: Name
    brackets: tuple[List, ...]
    options: tuple[Setting, ...]


@dataclass(frozen=True)
class Declaration(Tree):
    """`input NAME: TYPE` or `target NAME: TYPE`."""

    kind: str
    name: Name
    type: TypeExpression | Hole


@dataclass(frozen=True)
class Binding(Tree):
    """`NAME = expr`, or `a, b = expr`."""

    names: tuple[Name, ...]
    value: Expression


@dataclass(frozen=True)
class SharedLayer(Tree):
    """`layer NAME = expr`."""

    name: Name
    value: Expression


@dataclass(frozen=True)
class Output(Tree):
    """`output NAME = expr`, or `output NAME` with no value."""

    name: Name
    value: Expression | None


@dataclass(frozen=True)
class Loss(Tree):
    value: Expression
    alias: Name | None


@dataclass(frozen=True)
class Metric(Tree):
    value: Expression
    alias: Name | None


@dataclass(frozen=True)
class For(Tree):
    """`for NAME in expr { … }` or `for INDEX, NAME in expr { … }`."""

    names: tuple[Name, ...]
    iterable: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Assert(Tree):
    condition: Expression
    message: Expression | None


@dataclass(frozen=True)
class Return(Tree):
    values: tuple[Expression, ...]


Statement = Declaration | Binding | SharedLayer | Output | Loss | Metric | For | Assert | Return

# ---------------------------------------------------------------- items


@dataclass(frozen=True)
class Const(Tree):
    name: Name
    value: Expression


@dataclass(frozen=True)
class Import(Tree):
    path: Literal


@dataclass(frozen=True)
class Parameter(Tree):
    name: Name
    default: Expression | None


@dataclass(frozen=True)
class Block(Tree):
    name: Name
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Model(Tree):
    name: Name
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Setting(Tree):
    name: Name
    value: Expression


@dataclass(frozen=True)
class Section(Tree):
    """`data { … }` or `train { … }`."""

    kind: str
    settings: tuple[Setting, ...]


Item = Const | Import | Block | Model | Section


@dataclass(frozen=True)
class Program(Tree):
    items: tuple[Item, ...]
