"""The typed syntax tree: what the parser makes of a program, every node with its span.

Left-leaning operators are flat (`Chain`), as are pipes, so that a long sum or pipe is not deep.
"""

from __future__ import annotations

from nndsl.record import Record
from nndsl.source import Span

# ---------------------------------------------------------------- expressions


class Tree(Record):
    span: Span


class Name(Tree):
    """An identifier: a reference where an expression stands, a definition in a statement's head."""

    text: str


class Literal(Tree):
    """An int, float (percentages too), string, `true`, `false` or `none`."""

    value: int | float | str | bool | None


class List(Tree):
    items: tuple[Expression, ...]


class Map(Tree):
    items: tuple[tuple[Expression, Expression], ...]


class Unary(Tree):
    """`-x` or `not x`."""

    operator: str
    operand: Expression


class Chain(Tree):
    """Left-associative operators of one precedence: `first op operand op operand …`.

    The operators are those of one group: `or`; `and`; `+ -`; `* / // % @`; a comparison (one only); `^` (one only,
    its right operand nested). Each operator's own span is kept for errors.
    """

    first: Expression
    rest: tuple[tuple[Operator, Expression], ...]


class Operator(Tree):
    text: str


class Conditional(Tree):
    """`if condition then yes else no`."""

    condition: Expression
    yes: Expression
    no: Expression


class Argument(Tree):
    name: Name | None
    value: Expression


class Call(Tree):
    function: Expression
    arguments: tuple[Argument, ...]


class Attribute(Tree):
    """`object.name`."""

    object: Expression
    name: Name


class Index(Tree):
    """`object[i, j]`."""

    object: Expression
    indices: tuple[Expression, ...]


class Pipe(Tree):
    """`head -> stage -> stage …`."""

    head: Expression
    stages: tuple[Stage, ...]


class Hole(Tree):
    """Where an expression or a type could not be read: the error is reported, so later stages stay silent about it."""


class Repeat(Tree):
    """`repeat count { stage -> stage … }`, a stage of a pipe."""

    count: Expression
    stages: tuple[Stage, ...]


Expression = Name | Literal | List | Map | Unary | Chain | Conditional | Call | Attribute | Index | Pipe | Hole
Stage = Expression | Repeat

# ---------------------------------------------------------------- statements


class TypeExpression(Tree):
    """`f32[28, 28, 1]`, `class[10][28, 28]`, `class unknown = other`: a base name, its brackets, its options."""

    base: Name
    brackets: tuple[List, ...]
    options: tuple[Setting, ...]


class Declaration(Tree):
    """`input NAME: TYPE` or `target NAME: TYPE`."""

    kind: str
    name: Name
    type: TypeExpression | Hole


class Binding(Tree):
    """`NAME = expr`, or `a, b = expr`."""

    names: tuple[Name, ...]
    value: Expression


class SharedLayer(Tree):
    """`layer NAME = expr`."""

    name: Name
    value: Expression


class Output(Tree):
    """`output NAME = expr`, or `output NAME` with no value."""

    name: Name
    value: Expression | None


class Loss(Tree):
    value: Expression
    alias: Name | None


class Metric(Tree):
    value: Expression
    alias: Name | None


class For(Tree):
    """`for NAME in expr { … }` or `for INDEX, NAME in expr { … }`."""

    names: tuple[Name, ...]
    iterable: Expression
    body: tuple[Statement, ...]


class Assert(Tree):
    condition: Expression
    message: Expression | None


class Return(Tree):
    values: tuple[Expression, ...]


Statement = Declaration | Binding | SharedLayer | Output | Loss | Metric | For | Assert | Return

# ---------------------------------------------------------------- items


class Const(Tree):
    name: Name
    value: Expression


class Import(Tree):
    path: Literal


class Parameter(Tree):
    name: Name
    default: Expression | None


class Block(Tree):
    name: Name
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]


class Model(Tree):
    name: Name
    body: tuple[Statement, ...]


class Setting(Tree):
    name: Name
    value: Expression


class Section(Tree):
    """`data { … }` or `train { … }`."""

    kind: str
    settings: tuple[Setting, ...]


Item = Const | Import | Block | Model | Section


class Program(Tree):
    items: tuple[Item, ...]
