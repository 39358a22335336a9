"""Rules for a text whatever its grammar: line ends, hidden characters, how long names and how deep nesting may be."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lark.lexer import Token

DEEPEST = 64
LONGEST_NAME = 128

HIDDEN = re.compile(
    "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+|[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufeff\ud800-\udfff]+"
)
BIDIRECTIONAL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

OPENING, CLOSING = frozenset({"LPAR", "LSQB", "LBRACE"}), frozenset({"RPAR", "RSQB", "RBRACE"})
PREFIX = frozenset({"MINUS", "NOT", "CARET"})
OPERANDS = frozenset({"NAME", "NUMBER", "PERCENTAGE", "STRING", "TRUE", "FALSE", "NONE", "HOLE"}) | CLOSING
POSTFIX = frozenset({"LPAR", "LSQB", "DOT"})


FRAMES = 10_000
"""Enough calls within calls for any function that walks a tree of 64 levels, each of which may hold every operator."""


@contextmanager
def room_for_nesting() -> Iterator[None]:
    """Lets recursive functions go as deep as the deepest program needs, which is deeper than Python's own limit."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def normalise(text: str) -> str:
    """Text without a byte order mark and with `\\n` for every line end."""
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class Nesting:
    """Counts levels as tokens come by: brackets, braces, and runs of what leans on one operand.

    Prefix operators and `^` nest to the right, `.name`, calls and indices to the left, conditionals in their branches;
    a binary operator ends such a run, since sums and pipes are flat in the tree.
    """

    def __init__(self) -> None:
        self.frames: list[
            tuple[int, int, bool]
        ] = []  # before each open bracket: run, conditionals; whether it is a call
        self.run = self.conditionals = 0
        self.depth = 0
        self.statement = (0, 0)  # open brackets and depth where the statement began
        self.last = ""

    def begin(self) -> None:
        """A statement begins."""
        self.statement = (len(self.frames), self.depth)

    def restart(self) -> None:
        """Forget the statement at hand."""
        while len(self.frames) > self.statement[0]:
            self.frames.pop()
        self.depth = self.statement[1]
        self.run = self.conditionals = 0
        self.last = ""

    def enter(self, token: Token) -> bool:
        """Count a token; whether it goes too deep."""
        kind = token.type
        if kind in OPENING:
            leans = self.last in OPERANDS and kind in POSTFIX
            self.frames.append((self.run, self.conditionals, leans))
            self.depth += 1 + self.run + self.conditionals
            self.run = self.conditionals = 0
        elif kind in CLOSING and self.frames:
            self.run, self.conditionals, leans = self.frames.pop()
            self.depth -= 1 + self.run + self.conditionals
            # A call or an index is one level for what stands inside, and one for what is called or taken of it.
            self.run += leans
        elif kind == "DOT" or (kind in PREFIX and (kind != "MINUS" or self.last not in OPERANDS)):
            self.run += 1
        elif kind == "IF":
            self.conditionals += 1
            self.run = 0
        elif kind == "_NL" or kind == "COMMA":
            self.run = self.conditionals = 0
        elif kind not in OPERANDS:
            self.run = 0
        self.last = kind
        return self.depth + self.run + self.conditionals > DEEPEST
