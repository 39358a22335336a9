"""Expressions as Python's own syntax trees: read from the primitives' templates, printed as people write them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

INFIX: dict[str, type[ast.operator] | type[ast.cmpop]] = {
    "np.add": ast.Add,
    "np.subtract": ast.Sub,
    "np.multiply": ast.Mult,
    "np.divide": ast.Div,
    "np.power": ast.Pow,
    "np.mod": ast.Mod,
    "np.matmul": ast.MatMult,
    "np.less": ast.Lt,
    "np.less_equal": ast.LtE,
    "np.greater": ast.Gt,
    "np.greater_equal": ast.GtE,
    "np.equal": ast.Eq,
    "np.not_equal": ast.NotEq,
}
"""NumPy's functions that have an operator."""

FUNCTIONS = {operator: function for function, operator in INFIX.items()}

SYMBOLS: dict[type[ast.AST], tuple[str, int]] = {
    ast.Or: ("or", 4),
    ast.And: ("and", 5),
    ast.Lt: ("<", 7),
    ast.LtE: ("<=", 7),
    ast.Gt: (">", 7),
    ast.GtE: (">=", 7),
    ast.Eq: ("==", 7),
    ast.NotEq: ("!=", 7),
    ast.BitOr: ("|", 8),
    ast.BitXor: ("^", 9),
    ast.BitAnd: ("&", 10),
    ast.LShift: ("<<", 11),
    ast.RShift: (">>", 11),
    ast.Add: ("+", 12),
    ast.Sub: ("-", 12),
    ast.Mult: ("*", 13),
    ast.Div: ("/", 13),
    ast.FloorDiv: ("//", 13),
    ast.Mod: ("%", 13),
    ast.MatMult: ("@", 13),
    ast.USub: ("-", 14),
    ast.Invert: ("~", 14),
    ast.Pow: ("**", 15),
}
"""How each operator is written, and how tightly it binds."""

UNARY, POWER, ATOM = 14, 15, 17

# ---------------------------------------------------------------- making


def name(identifier: str) -> ast.expr:
    return ast.Name(identifier)


def number(value: float | int | bool) -> ast.expr:
    """A number; a float that is whole is written without its `.0`, which no array's element type depends on."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        value = int(value)
    return ast.Constant(value)


def call(function: str, *arguments: ast.expr, **keywords: ast.expr) -> ast.expr:
    return ast.Call(parse(function), list(arguments), [ast.keyword(key, value) for key, value in keywords.items()])


def method(value: ast.expr, name: str, *arguments: ast.expr, **keywords: ast.expr) -> ast.expr:
    named = [ast.keyword(key, argument) for key, argument in keywords.items()]
    return ast.Call(ast.Attribute(value, name), list(arguments), named)


def item(value: ast.expr, key: str) -> ast.expr:
    """`value["key"]`"""
    return ast.Subscript(value, ast.Constant(key))


def parse(text: str) -> ast.expr:
    """The tree of an expression, with operators where it calls NumPy's functions for them."""
    return _Infix().visit(ast.parse(text, mode="eval").body)  # type: ignore[no-any-return]


def fill(template: ast.expr, operands: Mapping[str, ast.expr]) -> ast.expr:
    """The template with each operand's tree where its name stands."""
    return _infix_copy(template, operands)


@cache
def template(text: str) -> ast.expr:
    return parse(text)


def occurrences(tree: ast.expr, identifier: str) -> int:
    return sum(isinstance(part, ast.Name) and part.id == identifier for part in ast.walk(tree))


def as_function(tree: ast.expr) -> tuple[str, list[ast.expr]] | None:
    """An operation as a NumPy function and its operands (`a + b`: `np.add`, [a, b]), if there is such a function."""
    match tree:
        case ast.BinOp(left, ast.Pow(), ast.Constant(2)):
            return "np.square", [left]
        case ast.BinOp(left, operator, right) if type(operator) in FUNCTIONS:
            return FUNCTIONS[type(operator)], [left, right]
        case ast.UnaryOp(ast.USub(), operand):
            return "np.negative", [operand]
        case ast.Call(ast.Attribute(ast.Name("np"), function), arguments, []):
            return f"np.{function}", list(arguments)
    return None


class _Infix(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(ast.Attribute(ast.Name("np"), function), [left, right], []) if f"np.{function}" in INFIX:
                operator = INFIX[f"np.{function}"]()
                if isinstance(operator, ast.cmpop):
                    return ast.Compare(left, [operator], [right])
                return ast.BinOp(left, operator, right)
            case ast.Call(ast.Attribute(ast.Name("np"), "negative"), [operand], []):
                return ast.UnaryOp(ast.USub(), operand)
        return node


def _infix_copy(tree: ast.expr, operands: Mapping[str, ast.expr]) -> ast.expr:
    """A copy in which operands replace names; operands are shared between trees, since no one changes them."""

    def copy(value: object) -> object:
        if isinstance(value, ast.Name) and value.id in operands:
            return operands[value.id]
        if isinstance(value, ast.AST):
            return type(value)(**{field: copy(part) for field, part in ast.iter_fields(value)})
        if isinstance(value, list):
            return [piece for part in value for piece in spread(part)]
        return value

    def spread(part: object) -> Iterator[object]:
        yield copy(part)

    result = copy(tree)
    assert isinstance(result, ast.expr)
    return result


# ---------------------------------------------------------------- printing


def show(tree: ast.expr, binding: int = 0) -> str:
    """The source of an expression, bracketed if it binds less tightly than `binding`."""
    text, own = _show(tree)
    return f"({text})" if own < binding else text


def _show(tree: ast.expr) -> tuple[str, int]:
    match tree:
        case ast.Name(identifier):
            return identifier, ATOM
        case ast.Constant(value):
            return _show_constant(value)
        case ast.Attribute(value, attribute):
            return f"{_show_object(value)}.{attribute}", ATOM
        case ast.Subscript(value, index):
            return f"{_show_object(value)}[{_show_index(index)}]", ATOM
        case ast.Call(function, arguments, keywords):
            return f"{show(function, ATOM)}({', '.join(show_arguments(arguments, keywords))})", ATOM
        case ast.Starred(value):
            return f"*{show(value, ATOM)}", 0
        case ast.List(items):
            return f"[{', '.join(map(show, items))}]", ATOM
        case ast.Tuple(items):
            return f"({', '.join(map(show, items))}{',' if len(items) == 1 else ''})", ATOM
        case ast.UnaryOp(operator, operand):
            symbol, own = SYMBOLS[type(operator)]
            clear = ATOM if _operator(operand) is ast.Pow else own  # `-(x**2)`: correct without, clear with
            return f"{symbol}{show(operand, clear)}", own
        case ast.Compare(left, [operator], [right]):
            symbol, own = SYMBOLS[type(operator)]
            return f"{show(left, own + 1)} {symbol} {show(right, own + 1)}", own
        case ast.BinOp(left, ast.Pow(), right):
            space = "" if _is_simple(left) and _is_simple(right) else " "
            return f"{show(left, POWER + 1)}{space}**{space}{show(right, UNARY)}", POWER
        case ast.BinOp(left, operator, right):
            symbol, own = SYMBOLS[type(operator)]
            kinds = {_operator(left), type(operator)}
            tight = ast.MatMult in kinds and len(kinds) == 2  # `(x / 16) @ W`: correct without, clear with
            return f"{show(left, own + tight)} {symbol} {show(right, own + 1)}", own
        case ast.GeneratorExp(element, [ast.comprehension(target, iterable, [])]):  # a call's only argument
            return f"{show(element, 3)} for {show(target)} in {show(iterable, 3)}", 0
        case ast.IfExp(test, body, orelse):
            return f"{show(body, 3)} if {show(test, 3)} else {show(orelse, 2)}", 2
    raise TypeError(f"a template holds {ast.unparse(tree)}, which generated modules have no use for")


def show_arguments(arguments: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> list[str]:
    return [*map(show, arguments), *(f"{keyword.arg}={show(keyword.value)}" for keyword in keywords)]


def _show_object(tree: ast.expr) -> str:
    """What stands before a `.` or `[`: a number there would run into the dot."""
    text = show(tree, ATOM)
    return f"({text})" if isinstance(tree, ast.Constant) and not text.startswith("(") else text


def _show_index(tree: ast.expr) -> str:
    match tree:
        case ast.Tuple(items) if len(items) > 1:
            return ", ".join(map(_show_index, items))
        case ast.Slice(lower, upper, step):
            text = f"{show(lower) if lower else ''}:{show(upper) if upper else ''}"
            return f"{text}:{show(step)}" if step else text
    return show(tree)


def _show_constant(value: object) -> tuple[str, int]:
    if isinstance(value, str):
        return quote(value), ATOM
    if isinstance(value, float):
        text = repr(value).replace("e-0", "e-").replace("e+", "e")
        return text, UNARY if text.startswith("-") else ATOM
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value), UNARY if value < 0 else ATOM
    if value is Ellipsis:
        return "...", ATOM
    return repr(value), ATOM


def _operator(tree: ast.expr) -> type[ast.operator] | None:
    return type(tree.op) if isinstance(tree, ast.BinOp) else None


def _is_simple(tree: ast.expr) -> bool:
    match tree:
        case ast.UnaryOp(_, operand):
            return _is_simple(operand)
        case ast.Attribute(value, _):
            return _is_simple(value)
    return isinstance(tree, ast.Name | ast.Constant)


def quote(text: str) -> str:
    """A string literal, in double quotes where that needs no more escapes."""
    plain = repr(text)
    if plain.startswith("'") and '"' not in plain and "\\'" not in plain:
        return f'"{plain[1:-1]}"'
    return plain
