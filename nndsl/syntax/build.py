"""From the grammar's rules to the typed tree: one method for each rule, called by Lark as it reduces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lark.lexer import Token

from nndsl.diagnostics import Diagnostic
from nndsl.source import Source, Span
from nndsl.syntax import tree
from nndsl.syntax.literals import number_value, string_value


class Group(NamedTuple):
    """An expression in parentheses; the tree keeps only the expression, spans around it take the parentheses in."""

    span: Span
    node: tree.Expression


class Body(NamedTuple):
    """What stands in braces."""

    span: Span
    statements: tuple[Any, ...]


Children = list[Any]


def extent(token: Token) -> tuple[int, int]:
    """Where a token begins and ends. (Lark leaves both open in its types.)"""
    return token.start_pos or 0, token.end_pos or token.start_pos or 0


def node(child: Any) -> Any:
    return child.node if isinstance(child, Group) else child


def nodes(children: Children) -> tuple[Any, ...]:
    return tuple(node(child) for child in children if child is not None and not isinstance(child, Token))


class Builder:
    """Makes the tree of `source`, and reports literals that say what cannot be (`1e999`, `"\\q"`)."""

    source: Source
    report: Callable[[Diagnostic], None]

    def span(self, first: Any, last: Any = None) -> Span:
        last = first if last is None else last
        start = extent(first)[0] if isinstance(first, Token) else first.span.start
        end = extent(last)[1] if isinstance(last, Token) else last.span.end
        return Span(self.source, start, end)

    # ---------------------------------------------------------------- items

    def program(self, children: Children) -> tree.Program:
        return tree.Program(Span(self.source, 0, len(self.source.text)), nodes(children))

    def const(self, children: Children) -> tree.Const:
        keyword, name, value = children
        return tree.Const(self.span(keyword, value), name, node(value))

    def import_item(self, children: Children) -> tree.Import:
        keyword, path = children
        return tree.Import(self.span(keyword, path), self.literal([path]))

    def block(self, children: Children) -> tree.Block:
        keyword, name, parameters, body = children
        return tree.Block(self.span(keyword, body), name, parameters or (), body.statements)

    def model(self, children: Children) -> tree.Model:
        keyword, name, body = children
        return tree.Model(self.span(keyword, body), name, body.statements)

    def section(self, children: Children) -> tree.Section:
        keyword, body = children
        return tree.Section(self.span(keyword, body), str(keyword), body.statements)

    def parameters(self, children: Children) -> tuple[tree.Parameter, ...]:
        return nodes(children)

    def parameter(self, children: Children) -> tree.Parameter:
        name, default = children
        return tree.Parameter(self.span(name, default), name, node(default))

    def body(self, children: Children) -> Body:
        return Body(self.span(children[0], children[-1]), nodes(children))

    settings = body

    def setting(self, children: Children) -> tree.Setting:
        name, value = children
        return tree.Setting(self.span(name, value), name, node(value))

    option = setting

    # ----------------------------------------------------------- statements

    def declaration(self, children: Children) -> tree.Declaration:
        keyword, name, kind = children
        return tree.Declaration(self.span(keyword, kind), str(keyword), name, kind)

    def binding(self, children: Children) -> tree.Binding:
        *names, value = children
        return tree.Binding(self.span(names[0], value), tuple(names), node(value))

    def layer(self, children: Children) -> tree.SharedLayer:
        keyword, name, value = children
        return tree.SharedLayer(self.span(keyword, value), name, node(value))

    def output(self, children: Children) -> tree.Output:
        keyword, name, value = children
        return tree.Output(self.span(keyword, value or name), name, node(value))

    def loss(self, children: Children) -> tree.Loss:
        keyword, value, alias = children
        return tree.Loss(self.span(keyword, alias or value), node(value), alias)

    def metric(self, children: Children) -> tree.Metric:
        keyword, value, alias = children
        return tree.Metric(self.span(keyword, alias or value), node(value), alias)

    def loop(self, children: Children) -> tree.For:
        keyword, first, second, iterable, body = children
        names = (first,) if second is None else (first, second)
        return tree.For(self.span(keyword, body), names, node(iterable), body.statements)

    def assertion(self, children: Children) -> tree.Assert:
        keyword, condition, message = children
        return tree.Assert(self.span(keyword, message or condition), node(condition), node(message))

    def results(self, children: Children) -> tree.Return:
        return tree.Return(self.span(children[0], children[-1]), nodes(children))

    def type(self, children: Children) -> tree.TypeExpression:
        base, *rest = children
        brackets = tuple(child for child in rest if isinstance(child, tree.List))
        options = tuple(child for child in rest if isinstance(child, tree.Setting))
        return tree.TypeExpression(self.span(base, children[-1]), base, brackets, options)

    # ---------------------------------------------------------- expressions

    def pipe(self, children: Children) -> tree.Pipe:
        head, *stages = children
        return tree.Pipe(self.span(head, stages[-1]), node(head), nodes(stages))

    def repeat(self, children: Children) -> tree.Repeat:
        count, *stages = nodes(children)
        return tree.Repeat(self.span(children[0], children[-1]), count, tuple(stages))

    def conditional(self, children: Children) -> tree.Conditional:
        keyword, condition, yes, no = children
        return tree.Conditional(self.span(keyword, no), node(condition), node(yes), node(no))

    def chain(self, children: Children) -> tree.Chain:
        operators, operands = children[1::2], children[2::2]
        rest = tuple(
            (tree.Operator(self.span(operator), str(operator)), node(operand))
            for operator, operand in zip(operators, operands, strict=True)
        )
        return tree.Chain(self.span(children[0], children[-1]), node(children[0]), rest)

    disjunction = conjunction = comparison = sum = product = power = chain

    def unary(self, children: Children) -> tree.Unary:
        operator, operand = children
        return tree.Unary(self.span(operator, operand), str(operator), node(operand))

    negation = unary

    def call(self, children: Children) -> tree.Call:
        function, _, *arguments, close = children
        return tree.Call(self.span(function, close), node(function), nodes(arguments))

    def argument(self, children: Children) -> tree.Argument:
        name, value = children
        return tree.Argument(self.span(name or value, value), name, node(value))

    def attribute(self, children: Children) -> tree.Attribute:
        value, _, name = children
        return tree.Attribute(self.span(value, name), node(value), name)

    def index(self, children: Children) -> tree.Index:
        value, _, *indices, close = children
        return tree.Index(self.span(value, close), node(value), nodes(indices))

    def group(self, children: Children) -> Group:
        opening, value, close = children
        return Group(self.span(opening, close), node(value))

    def list_value(self, children: Children) -> tree.List:
        return tree.List(self.span(children[0], children[-1]), nodes(children))

    type_list = list_value

    def map_value(self, children: Children) -> tree.Map:
        entries = tuple(child for child in children[1:-1] if child is not None)
        return tree.Map(self.span(children[0], children[-1]), entries)

    def entry(self, children: Children) -> tuple[tree.Expression, tree.Expression]:
        key, value = children
        return node(key), node(value)

    def name(self, children: Children) -> tree.Name:
        (token,) = children
        return tree.Name(self.span(token), str(token))

    def literal(self, children: Children) -> tree.Literal:
        (token,) = children
        span = self.span(token)
        match token.type:
            case "STRING":
                return tree.Literal(span, string_value(span, self.report))
            case "TRUE" | "FALSE" | "NONE":
                return tree.Literal(span, {"TRUE": True, "FALSE": False, "NONE": None}[token.type])
            case _:
                return tree.Literal(span, number_value(span, self.report))
