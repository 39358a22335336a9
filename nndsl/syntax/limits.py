"""What a text may not hold whatever its grammar: hidden characters, names too long, nesting too deep."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lark.lexer import Token

from nndsl.diagnostics import Diagnostic
from nndsl.errors.syntax import HiddenCharacter, NameTooLong, TooDeep
from nndsl.source import Source, Span

DEEPEST = 64
LONGEST_NAME = 128

HIDDEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")
BIDIRECTIONAL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

OPENING, CLOSING = frozenset({"LPAR", "LSQB", "LBRACE"}), frozenset({"RPAR", "RSQB", "RBRACE"})
PREFIX = frozenset({"MINUS", "NOT", "CARET"})
OPERANDS = frozenset({"NAME", "NUMBER", "PERCENTAGE", "STRING", "TRUE", "FALSE", "NONE", "HOLE"}) | CLOSING
POSTFIX = frozenset({"LPAR", "LSQB", "DOT"})


def hidden_characters(source: Source) -> Iterator[Diagnostic]:
    for match in HIDDEN.finditer(source.text):
        kind = "a bidirectional control" if BIDIRECTIONAL.match(match.group()) else "a control"
        yield HiddenCharacter(Span(source, *match.span()), kind, ord(match.group()))


class Nesting:
    """Counts levels as tokens come by: brackets, braces, and runs of what leans on one operand.

    Prefix operators and `^` nest to the right, `.name`, calls and indices to the left, conditionals in their branches;
    a binary operator ends such a run, since sums and pipes are flat in the tree.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.frames: list[tuple[int, int]] = []  # around each open bracket: the run and the conditionals before it
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

    def enter(self, token: Token) -> Diagnostic | None:
        """Count a token; the diagnostic if it goes too deep or is too long a name."""
        kind = token.type
        if kind == "NAME" and len(token) > LONGEST_NAME:
            return NameTooLong(Span(self.source, token.start_pos, token.end_pos), len(token))
        if kind in OPENING:
            if self.last in OPERANDS and kind in POSTFIX:
                self.run += 1
            self.frames.append((self.run, self.conditionals))
            self.depth += 1 + self.run + self.conditionals
            self.run = self.conditionals = 0
        elif kind in CLOSING and self.frames:
            self.run, self.conditionals = self.frames.pop()
            self.depth -= 1 + self.run + self.conditionals
        elif kind == "DOT" or (kind in PREFIX and (kind != "MINUS" or self.last not in OPERANDS)):
            self.run += 1
        elif kind == "IF":
            self.conditionals += 1
            self.run = 0
        elif kind == "_NL":
            self.run = self.conditionals = 0
        elif kind == "COMMA":
            self.run = self.conditionals = 0
        elif kind not in OPERANDS:
            self.run = 0
        self.last = kind
        if self.depth + self.run + self.conditionals > DEEPEST:
            return TooDeep(Span(self.source, token.start_pos, token.end_pos))
        return None
