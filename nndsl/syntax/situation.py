"""What is known where the parser refused a token, and the ways to go on from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from lark.grammar import Rule

from nndsl.diagnostics import Diagnostic, Edit
from nndsl.source import Source, Span
from nndsl.syntax.scan import RESERVED, Lexeme, Statement

TERMINALS = {
    "->": "ARROW", "+": "PLUS", "-": "MINUS", "*": "STAR", "/": "SLASH", "//": "FLOOR_DIVIDE", "%": "PERCENT_SIGN",
    "@": "AT", "^": "CARET", "==": "EQUAL", "!=": "NOT_EQUAL", "<": "LESS", "<=": "LESS_EQUAL", ">": "GREATER",
    ">=": "GREATER_EQUAL", "=": "ASSIGN", ",": "COMMA", ":": "COLON", ".": "DOT", "(": "LPAR", ")": "RPAR",
    "[": "LSQB", "]": "RSQB", "{": "LBRACE", "}": "RBRACE", "and": "AND", "or": "OR", "not": "NOT",
}  # fmt: skip


class Fed(NamedTuple):
    """A token given to the parser that does not stand in the text as such."""

    type: str
    value: Any = ""
    span: Span | None = None


class Remedy(NamedTuple):
    """How to go on: feed tokens, then read on at `resume`; with `restart` the statement's own tokens are forgotten."""

    tokens: tuple[Fed, ...]
    resume: int
    restart: bool = False


Answer = tuple[Diagnostic | None, Remedy]


class OpenBody(NamedTuple):
    """A body whose `}` has not come yet."""

    brace: Span
    keyword: str
    owner: str  # `model digits`, `data`, `for`
    header: Span


@dataclass
class Memory:
    """What earlier errors of the same run make certain, so that one mistake gives one error."""

    adrift: bool = False  # statements follow outside any model, and that has been said
    branches: bool = False  # an `if` statement has been reported: its `else` need not be
    words: set[str] = field(default_factory=set)  # names with letters beyond ASCII that have been reported
    supplied: set[int] = field(default_factory=set)  # offsets of braces that are not in the text
    suspects: list[OpenBody] = field(default_factory=list)  # bodies whose `}` is indented less than their header
    endless: bool = False  # no `*/` follows
    closed: Span | None = None  # the last `}` of an item


class Expected:
    """The tokens that the parser would take.

    A state of an LALR table has actions for more than those: it may reduce before it sees that a token cannot follow.
    So the reductions are tried, on the states alone.
    """

    def __init__(self, states: Mapping[int, Mapping[str, Any]], stack: Sequence[int]) -> None:
        self.states, self.stack = states, list(stack)
        self.known: dict[str, bool] = {}

    def __contains__(self, terminal: str) -> bool:
        if terminal not in self.known:
            self.known[terminal] = self.takes(terminal)
        return self.known[terminal]

    def __and__(self, terminals: Iterable[str]) -> set[str]:
        return {terminal for terminal in terminals if terminal in self}

    def takes(self, terminal: str) -> bool:
        stack = self.stack[:]
        while action := self.states[stack[-1]].get(terminal):
            _, rule = action
            if not isinstance(rule, Rule):
                return True
            del stack[len(stack) - len(rule.expansion) :]
            _, state = self.states[stack[-1]][rule.origin.name]
            stack.append(state)
        return False


@dataclass(frozen=True)
class Situation:
    source: Source
    offset: int
    expected: Expected
    starters: frozenset[str]  # the tokens with which the statement could begin
    statement: Statement
    bodies: tuple[OpenBody, ...]
    memory: Memory

    @property
    def place(self) -> str:
        """What holds the statement: `program`, `network` (a model, block or for) or `settings`."""
        return "program" if "CONST" in self.starters else "network" if "INPUT" in self.starters else "settings"

    @property
    def wants_value(self) -> bool:
        return "NUMBER" in self.expected

    @property
    def wants_name(self) -> bool:
        return "NAME" in self.expected and not self.wants_value

    # ------------------------------------------------------------- lexemes

    @cached_property
    def at(self) -> int:
        return self.statement.index(self.offset)

    def lexeme(self, index: int) -> Lexeme | None:
        return self.statement.lexemes[index] if 0 <= index < len(self.statement.lexemes) else None

    @property
    def here(self) -> Lexeme | None:
        """The refused lexeme, or None where the statement ends."""
        return self.lexeme(self.at)

    @property
    def before(self) -> Lexeme | None:
        return self.lexeme(self.at - 1)

    @property
    def after(self) -> Lexeme | None:
        return self.lexeme(self.at + 1)

    def text(self, index: int) -> str:
        lexeme = self.lexeme(index)
        return lexeme.text if lexeme else ""

    @property
    def bracket(self) -> str:
        """The innermost bracket around the refused lexeme, or nothing."""
        return self.around.text if self.around else ""

    @property
    def around(self) -> Lexeme | None:
        """The same as a lexeme."""
        if self.at < len(self.statement.enclosing):
            return self.statement.enclosing[self.at]
        return self.statement.unclosed[-1] if self.statement.unclosed else None

    def level(self) -> list[Lexeme]:
        """The lexemes before the refused one in the same bracket and the same argument, in order."""
        lexemes, enclosing = self.statement.lexemes, self.statement.enclosing
        around = self.around
        found: list[Lexeme] = []
        for index in range(min(self.at, len(lexemes)) - 1, -1, -1):
            if lexemes[index] is around or (enclosing[index] is around and lexemes[index].text in (",", "=", ":")):
                break
            if enclosing[index] is around:
                found.append(lexemes[index])
        return found[::-1]

    # --------------------------------------------------------------- spans

    def span(self, first: Lexeme, last: Lexeme | None = None) -> Span:
        return Span(self.source, first.start, (last or first).end)

    @property
    def here_span(self) -> Span:
        return self.span(self.here) if self.here else self.end_span

    @property
    def end_span(self) -> Span:
        """The empty place behind the last lexeme of the statement."""
        lexemes = self.statement.lexemes
        end = lexemes[-1].end if lexemes else self.statement.end
        return Span(self.source, end, end)

    @property
    def after_before(self) -> Span:
        """The empty place behind the lexeme before the refused one."""
        end = self.before.end if self.before else self.statement.start
        return Span(self.source, end, end)

    def rest(self) -> Span:
        """From the refused lexeme to the statement's end."""
        return self.here_span.to(self.end_span)

    # ------------------------------------------------------------ remedies

    def replace(self, text: str) -> Edit:
        return Edit(self.here_span, text)

    def replace_sign(self, text: str) -> Edit:
        """The refused sign replaced by another one, with the space before it that is usual there."""
        return Edit(Span(self.source, self.after_before.start, self.here_span.end), text)

    def insert(self, text: str) -> Edit:
        """Text put in front of the refused lexeme."""
        start = self.here_span.start
        return Edit(Span(self.source, start, start), text)

    def mend(self, *terminals: str, resume: int | None = None) -> Remedy:
        """Go on as though the refused lexeme were these tokens."""
        tokens = tuple(Fed(TERMINALS.get(text, text), text, self.here_span) for text in terminals)
        return Remedy(tokens, self.here_span.end if resume is None else resume)

    def supply(self, *terminals: str) -> Remedy:
        """Go on as though these tokens stood in front of the refused lexeme."""
        return self.mend(*terminals, resume=self.offset)


def found(lexeme: Lexeme | None) -> str:
    """How a refused lexeme is called in a message."""
    if lexeme is None:
        return "the end of the line"
    if lexeme.kind == "string":
        return "a string"
    if lexeme.kind == "number":
        return f"the number `{lexeme.text}`"
    return f"`{lexeme.text}`"


def ends_value(lexeme: Lexeme | None) -> bool:
    """Whether a value may end with this lexeme."""
    if lexeme is None:
        return False
    if lexeme.kind == "word":
        return lexeme.text not in RESERVED or lexeme.text in ("true", "false", "none")
    return lexeme.kind in ("number", "string") or lexeme.text in (")", "]", "}")


def begins_value(lexeme: Lexeme | None) -> bool:
    """Whether a value may begin with this lexeme (a sign apart)."""
    if lexeme is None:
        return False
    if lexeme.kind == "word":
        return lexeme.text not in RESERVED or lexeme.text in ("true", "false", "none", "if", "not")
    return lexeme.kind in ("number", "string") or lexeme.text in ("(", "[", "{")
