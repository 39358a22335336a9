"""Syntax tree to program text, in one canonical form; parsing that text gives the same tree back (spans apart)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from nndsl.syntax import tree
from nndsl.syntax.limits import room_for_nesting

WIDEST = 100
"""Columns beyond which a pipe gets a line for each stage."""

PIPE, CONDITIONAL, OR, AND, NOT, COMPARISON, SUM, PRODUCT, UNARY, POWER, POSTFIX, ATOM = range(12)
LEVELS = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), COMPARISON),
    **dict.fromkeys(("+", "-"), SUM),
    **dict.fromkeys(("*", "/", "//", "%", "@"), PRODUCT),
    "or": OR,
    "and": AND,
    "^": POWER,
}
"""How tightly each binary operator binds."""


def print_program(program: tree.Program) -> str:
    """The program's text, a blank line between items that have a body."""
    out: list[str] = []
    with room_for_nesting():
        for index, each in enumerate(program.items):
            bare = isinstance(each, tree.Const | tree.Import)
            if index and not (bare and isinstance(program.items[index - 1], tree.Const | tree.Import)):
                out.append("")
            out.extend(item(each))
    return "\n".join(out) + "\n" if out else ""


def item(node: tree.Item) -> list[str]:
    match node:
        case tree.Const(name=name, value=value):
            return [f"const {name.text} = {expression(value)}"]
        case tree.Import(path=path):
            return [f"import {expression(path)}"]
        case tree.Block(name=name, parameters=parameters, body=statements):
            return body(f"block {name.text}({', '.join(map(parameter, parameters))})", statements)
        case tree.Model(name=name, body=statements):
            return body(f"model {name.text}", statements)
        case tree.Section(kind=kind, settings=settings):
            return braces(kind, [setting(each) for each in settings])


def parameter(node: tree.Parameter) -> str:
    return node.name.text if node.default is None else f"{node.name.text} = {expression(node.default)}"


def setting(node: tree.Setting) -> str:
    return f"{node.name.text} = {expression(node.value)}"


def body(header: str, statements: Iterable[tree.Statement]) -> list[str]:
    return braces(header, [line for each in statements for line in statement(each)])


def braces(header: str, lines: list[str]) -> list[str]:
    return [f"{header} {{", *(f"  {line}" for line in lines), "}"] if lines else [f"{header} {{ }}"]


def statement(node: tree.Statement) -> list[str]:
    match node:
        case tree.Declaration(kind=kind, name=name, type=kind_of):
            return [f"{kind} {name.text}: {type_text(kind_of)}"]
        case tree.Binding(names=names, value=value):
            return defined(f"{', '.join(name.text for name in names)} = ", value)
        case tree.SharedLayer(name=name, value=value):
            return defined(f"layer {name.text} = ", value)
        case tree.Output(name=name, value=None):
            return [f"output {name.text}"]
        case tree.Output(name=name, value=value):
            assert value is not None
            return defined(f"output {name.text} = ", value)
        case tree.Loss(value=value, alias=alias):
            return [f"loss {expression(value)}" + (f" as {alias.text}" if alias else "")]
        case tree.Metric(value=value, alias=alias):
            return [f"metric {expression(value)}" + (f" as {alias.text}" if alias else "")]
        case tree.For(names=names, iterable=iterable, body=statements):
            return body(f"for {', '.join(name.text for name in names)} in {expression(iterable)}", statements)
        case tree.Assert(condition=condition, message=message):
            return [f"assert {expression(condition)}" + (f", {expression(message)}" if message else "")]
        case tree.Return(values=values):
            return [f"return {', '.join(map(expression, values))}"]


def defined(head: str, value: tree.Expression) -> list[str]:
    line = head + expression(value)
    if len(line) <= WIDEST or not isinstance(value, tree.Pipe):
        return [line]
    return [head + expression(value.head, OR), *(f"  -> {stage(each)}" for each in value.stages)]


def type_text(node: tree.TypeExpression | tree.Hole) -> str:
    if isinstance(node, tree.Hole):
        return "?"
    options = "".join(f" {option.name.text} = {expression(option.value, ATOM)}" for option in node.options)
    return node.base.text + "".join(map(expression, node.brackets)) + options


def expression(node: tree.Expression, least: int = PIPE) -> str:
    """The text of an expression, in parentheses if it binds less tightly than `least`."""
    level, text = shown(node)
    return text if level >= least else f"({text})"


def shown(node: tree.Expression) -> tuple[int, str]:
    """How tightly an expression binds, and its text."""
    match node:
        case tree.Name(text=text):
            return ATOM, text
        case tree.Literal(value=value):
            return ATOM, literal(value)
        case tree.List(items=items):
            return ATOM, f"[{', '.join(map(expression, items))}]"
        case tree.Map(items=entries):
            return ATOM, "{" + ", ".join(f"{expression(key)}: {expression(value)}" for key, value in entries) + "}"
        case tree.Unary(operator="not", operand=operand):
            return NOT, f"not {expression(operand, NOT)}"
        case tree.Unary(operand=operand):
            return UNARY, f"-{expression(operand, UNARY)}"
        case tree.Chain():
            return chain(node)
        case tree.Conditional(condition=condition, yes=yes, no=no):
            branches = (expression(branch, CONDITIONAL) for branch in (yes, no))
            return CONDITIONAL, "if {} then {} else {}".format(expression(condition, OR), *branches)
        case tree.Call(function=function, arguments=arguments):
            return POSTFIX, f"{expression(function, POSTFIX)}({', '.join(map(argument, arguments))})"
        case tree.Attribute(object=value, name=name):
            text = expression(value, POSTFIX)
            # A number and a point would be read as one.
            return POSTFIX, f"({text}).{name.text}" if text[-1].isdigit() and text[
                0
            ].isdigit() else f"{text}.{name.text}"
        case tree.Index(object=value, indices=indices):
            return POSTFIX, f"{expression(value, POSTFIX)}[{', '.join(map(expression, indices))}]"
        case tree.Pipe(head=head, stages=stages):
            return PIPE, " -> ".join([expression(head, OR), *map(stage, stages)])
        case tree.Hole():
            return ATOM, "?"


def chain(node: tree.Chain) -> tuple[int, str]:
    level = LEVELS[node.rest[0][0].text]
    # Operands bind one level tighter; those of a comparison are sums, the right one of `^` may have a sign.
    first, others = (POSTFIX, UNARY) if level == POWER else (level + 1, level + 1)
    parts = [expression(node.first, first)]
    for operator, operand in node.rest:
        parts += [operator.text, expression(operand, others)]
    return level, " ".join(parts)


def argument(node: tree.Argument) -> str:
    return expression(node.value) if node.name is None else f"{node.name.text} = {expression(node.value)}"


def stage(node: tree.Stage) -> str:
    match node:
        case tree.Repeat(count=count, stages=stages):
            return f"repeat {expression(count, OR)} {{ {' -> '.join(map(stage, stages))} }}"
        case tree.Name() | tree.Call():
            return expression(node)
        case _:
            return f"({expression(node)})"


def literal(value: float | str | bool | None) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + "".join(map(escaped, value)) + '"'
        case _:
            return repr(value)


def escaped(character: str) -> str:
    if named := {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}.get(character):
        return named
    hidden = character != " " and unicodedata.category(character)[0] in "CZ"
    return f"\\u{{{ord(character):x}}}" if hidden else character
