"""What can be saved of a statement that could not be read: the names that it defines, so that later ones know them."""

from __future__ import annotations

from typing import Any

from nndsl.syntax import tree
from nndsl.syntax.scan import RESERVED, Lexeme
from nndsl.syntax.situation import Fed, Remedy, Situation

NAMING = frozenset({"=", "==", ":=", "<-", ":", "+=", "-=", "*=", "/="})


def skip(s: Situation) -> Remedy:
    """Go on behind the statement (or in its body, if it has one), with a stand-in for it."""
    # Where there is nothing to leave out, one character must go.
    resume = s.statement.end if s.statement.lexemes else min(s.offset + 1, len(s.source.text))
    tokens = header(s) if s.statement.opens else None
    return Remedy(tokens or (Fed("SALVAGED", stand_in(s)),), resume, restart=True)


def name_at(s: Situation, index: int) -> tree.Name | None:
    lexeme = s.lexeme(index)
    if lexeme is None or lexeme.kind != "word" or lexeme.text in RESERVED:
        return None
    return tree.Name(s.span(lexeme), lexeme.text)


def stand_in(s: Situation) -> Any:
    """A node that defines what the statement was to define, with holes for what could not be read; or None."""
    first = s.lexeme(0)
    if first is None:
        return None
    span = s.span(first, s.statement.lexemes[-1])
    hole = tree.Hole(span)
    name, second = name_at(s, 1), s.text(1)
    if s.place == "settings":
        named = name_at(s, 0)
        return tree.Setting(span, named, hole) if named else None
    if s.place == "program":
        return tree.Const(span, name, hole) if first.text == "const" and name else None
    if second not in NAMING:
        match first.text:
            case "input" | "target" if name:
                return tree.Declaration(span, first.text, name, hole)
            case "layer" if name:
                return tree.SharedLayer(span, name, hole)
            case "output" if name:
                return tree.Output(span, name, hole)
            case "loss":
                return tree.Loss(span, hole, alias(s))
            case "metric":
                return tree.Metric(span, hole, alias(s))
            case "return":
                return tree.Return(span, (hole,))
    names = bound_names(s)
    return tree.Binding(span, names, hole) if names else None


def alias(s: Situation) -> tree.Name | None:
    """The `as NAME` at the end of a loss or metric."""
    last = len(s.statement.lexemes) - 1
    return name_at(s, last) if s.text(last - 1) == "as" else None


def bound_names(s: Situation) -> tuple[tree.Name, ...]:
    """The names on the left of a binding: `a = …`, `a, b = …`."""
    names: list[tree.Name] = []
    index = 0
    while name := name_at(s, index):
        names.append(name)
        if s.text(index + 1) in NAMING:
            return tuple(names)
        if s.text(index + 1) != ",":
            break
        index += 2
    return ()


def header(s: Situation) -> tuple[Fed, ...] | None:
    """The tokens of a header (`model NAME {`, `for NAME in … {`) that open the body although the header is wrong."""
    lexemes = s.statement.lexemes
    keyword, brace = lexemes[0], lexemes[-1]
    name = name_at(s, 1)
    first = Fed(keyword.text.upper(), keyword.text, s.span(keyword))
    called = Fed("NAME", name.text if name else "_", name.span if name else s.span(keyword))
    last = Fed("LBRACE", "{", s.span(brace))
    match keyword.text:
        case "data" | "train":
            return first, last
        case "model":
            return first, called, last
        case "block":
            return first, called, Fed("LPAR", "("), *parameters(s), Fed("RPAR", ")"), last
        case "for":
            hole = Fed("HOLE", tree.Hole(s.span(keyword, brace)), s.span(brace))
            second = name_at(s, 3) if s.text(2) == "," else None
            more = (Fed("COMMA", ","), Fed("NAME", second.text, second.span)) if second else ()
            return first, called, *more, Fed("_IN", "in"), hole, last
        case _:
            return None


def parameters(s: Situation) -> list[Fed]:
    """The parameters of a block whose header is wrong, as far as they can be seen: names behind `(` or `,`."""
    found: list[Fed] = []
    lexemes: list[Lexeme] = s.statement.lexemes
    for index in range(2, len(lexemes)):
        name = name_at(s, index)
        if name and lexemes[index - 1].text in ("(", ",") and len(name.text) <= 128:
            comma = [Fed("COMMA", ",")] if found else []
            found += [*comma, Fed("NAME", name.text, name.span)]
            if s.text(index + 1) == "=":
                found += [Fed("ASSIGN", "="), Fed("HOLE", tree.Hole(name.span), name.span)]
    return found
