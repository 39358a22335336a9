"""Program text to syntax tree, with every syntax error that can be found in one run.

Lark's LALR parser is fed token by token. Where it refuses one, `nndsl.syntax.explain` says what is wrong and how to go
on: with other tokens in the place of the wrong ones, or behind the statement, for which a stand-in (`salvage`) is put
that still defines the statement's names. For that the parser's stacks are kept as they were where the statement began.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Any

from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lexer import Token

from nndsl.diagnostics import Diagnostic, Diagnostics
from nndsl.source import Source
from nndsl.syntax import tree
from nndsl.syntax.build import Builder
from nndsl.syntax.explain import Mend, Situation, Skip, explain
from nndsl.syntax.grammar import Newlines, load

END = "$END"


def parse(source: Source) -> tuple[tree.Program, tuple[Diagnostic, ...]]:
    """The program's tree and its syntax errors in the order of the text; wrong statements are left out or have holes."""
    if "\r" in source.text:
        source = Source(source.name, source.text.replace("\r\n", "\n").replace("\r", "\n"))
    parser = shared_parser()
    with parser.lock:
        return parser.parse(source)


class Parser:
    """A Lark parser with the builder and the newline filter that belong to it; one program at a time."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.builder, self.newlines = Builder(), Newlines()
        self.lark = load(self.builder, self.newlines)

    def parse(self, source: Source) -> tuple[tree.Program, tuple[Diagnostic, ...]]:
        return Run(self, source).parse()


@cache
def shared_parser() -> Parser:
    return Parser()


class Run:
    """One parse of one program."""

    def __init__(self, parser: Parser, source: Source) -> None:
        self.source = source
        self.found = Diagnostics()
        parser.builder.source, parser.builder.report = source, self.found.report
        self.newlines = parser.newlines
        self.newlines.depth = 0
        interactive = parser.lark.parse_interactive(source.text)
        self.state = interactive.parser_state
        self.lexer = interactive.lexer_thread
        self.tokens: Iterator[Token] = self.lexer.lex(self.state)
        self.begun = 0  # where the statement at hand begins
        self.stacks: tuple[list[Any], list[Any]] = ([], [])  # as they were there

    @property
    def actions(self) -> dict[str, Any]:
        """What the parser's state has an action for, by the name of the token."""
        return self.state.parse_conf.states[self.state.state_stack[-1]]

    def parse(self) -> tuple[tree.Program, tuple[Diagnostic, ...]]:
        program = None
        while program is None:
            starts = "SALVAGED" in self.actions
            if starts:
                self.stacks = (self.state.state_stack[:], self.state.value_stack[:])
            token = None
            try:
                token = next(self.tokens, None) or Token(END, "", start_pos=len(self.source.text))
                if starts:
                    self.begun = token.start_pos
                program = self.state.feed_token(token, token.type == END)
            except UnexpectedToken as error:
                self.recover(error.token.start_pos, starts and token is None)
            except UnexpectedCharacters as error:
                self.recover(error.pos_in_stream, starts)
        errors = sorted(self.found.errors, key=lambda error: error.span.start if error.span else 0)
        return program, tuple(errors)

    def recover(self, offset: int, starts: bool) -> None:
        if starts:
            self.begun = offset
        situation = Situation(self.source, self.begun, offset, frozenset(self.actions), self.state.value_stack)
        explanation, remedy = explain(situation)
        if explanation is not None:
            self.found.report(explanation)
        match remedy:
            case Mend(tokens, resume):
                self.feed(tokens, resume)
            case Skip(stand_in, resume, following):
                self.state.state_stack[:], self.state.value_stack[:] = self.stacks
                self.newlines.depth = 0
                self.feed([("SALVAGED", stand_in), *following], resume)

    def feed(self, tokens: list[tuple[str, Any]], resume: int) -> None:
        """Feed tokens that do not stand in the text, then go on at `resume`."""
        for kind, value in tokens:
            token = Token(kind, value if isinstance(value, str) else "", start_pos=resume)
            token.end_pos = resume
            self.state.feed_token(token)
            if not isinstance(value, str):
                self.state.value_stack[-1] = value
        self.lexer.state.line_ctr.char_pos = resume
        self.tokens = self.lexer.lex(self.state)
