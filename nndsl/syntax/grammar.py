"""The Lark parser of the grammar in `nndsl.grammar`, built on first use."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark
from lark.lexer import Token

OPENING, CLOSING = frozenset({"LPAR", "LSQB"}), frozenset({"RPAR", "RSQB"})

OPERATORS = "ARROW PLUS MINUS STAR SLASH FLOOR_DIVIDE PERCENT_SIGN AT CARET AND OR NOT IF _THEN _ELSE"
COMPARATORS = "EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL"
CONTINUING = frozenset(f"{OPERATORS} {COMPARATORS}".split())
"""What continues a statement on the next line when it ends a line."""


class Newlines:
    """Drops the line ends that end no statement: those inside `( )` and `[ ]` and those after an operator.

    It never looks a token ahead, since the contextual lexer chooses a token by the parser's state after the last one.
    """

    always_accept = ("_NL", "FOREIGN")

    def __init__(self) -> None:
        self.depth = 0

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        continuing = False
        for token in stream:
            if token.type == "_NL":
                if self.depth or continuing:
                    continue
            elif token.type in OPENING:
                self.depth += 1
            elif token.type in CLOSING:
                self.depth = max(0, self.depth - 1)
            continuing = token.type in CONTINUING
            yield token


@cache
def grammar_text() -> str:
    return files("nndsl.grammar").joinpath("nndsl.lark").read_text(encoding="utf-8")


def load(builder: Any, newlines: Newlines) -> Lark:
    """The parser whose rules call `builder`'s methods."""
    return Lark(
        grammar_text(),
        parser="lalr",
        lexer="contextual",
        start="program",
        transformer=builder,
        postlex=newlines,
        maybe_placeholders=True,
    )
