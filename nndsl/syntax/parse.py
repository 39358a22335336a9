"""Program text to syntax tree, with every syntax error that can be found in one run.

Lark's LALR parser is fed token by token. Where it refuses one, `nndsl.syntax.explain` says what is wrong and how to go
on: with other tokens in the place of the wrong ones, or behind the statement, for which a stand-in is put that still
defines the statement's names. For that the parser's stacks are kept as they were where the statement began.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from threading import Lock
from typing import Any

from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lexer import Token

from nndsl.diagnostics import Diagnostic, Diagnostics
from nndsl.source import Source, Span
from nndsl.syntax import tree
from nndsl.syntax.build import Builder
from nndsl.syntax.explain import behind_body, explain
from nndsl.syntax.grammar import Newlines, load
from nndsl.syntax.limits import Nesting, hidden_characters
from nndsl.syntax.read import normalise
from nndsl.syntax.salvage import skip
from nndsl.syntax.scan import ITEM_HEADERS, LOOPS, Statement, begins_line, indentation, statement
from nndsl.syntax.situation import Fed, Memory, OpenBody, Remedy, Situation

END = "$END"
MOST_MENDS = 16
"""Errors of one statement that are mended in passing; after that the rest of it is left alone."""


def parse(source: Source) -> tuple[tree.Program, tuple[Diagnostic, ...]]:
    """The program's tree and its syntax errors, in the order of the text.

    Statements that could not be read are in the tree as far as they name something, with a `Hole` for their value.
    """
    text = normalise(source.text)
    parser = shared_parser()
    with parser.lock:
        return Run(parser, source if text == source.text else Source(source.name, text)).parse()


class Parser:
    """A Lark parser with the builder and the newline filter that belong to it; one program at a time."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.builder, self.newlines = Builder(), Newlines()
        self.lark = load(self.builder, self.newlines)


@cache
def shared_parser() -> Parser:
    return Parser()


class Run:
    """One parse of one program."""

    def __init__(self, parser: Parser, source: Source) -> None:
        self.source = source
        self.found = Diagnostics()
        self.found.extend(hidden_characters(source))
        parser.builder.source, parser.builder.report = source, self.found.report
        self.newlines = parser.newlines
        self.newlines.depth = 0
        interactive = parser.lark.parse_interactive(source.text)
        self.state = interactive.parser_state
        self.lexer = interactive.lexer_thread
        self.tokens: Iterator[Token] = self.lexer.lex(self.state)
        self.nesting = Nesting(source)
        self.memory = Memory()
        self.begun = 0  # where the statement at hand begins
        self.stacks: tuple[list[Any], list[Any]] = ([], [])  # as they were there
        self.scanned: Statement | None = None  # the same statement, if it has been looked at
        self.mends = 0
        self.refused = -1  # where the last error was
        self.closed = False  # the last token closed a body

    @property
    def actions(self) -> dict[str, Any]:
        """What the parser's state has an action for, by the name of the token."""
        actions: dict[str, Any] = self.state.parse_conf.states[self.state.state_stack[-1]]
        return actions

    def parse(self) -> tuple[tree.Program, tuple[Diagnostic, ...]]:
        program: tree.Program | None = None
        while program is None:
            starts = "SALVAGED" in self.actions
            if starts:
                self.stacks = (self.state.state_stack[:], self.state.value_stack[:])
                self.nesting.begin()
            try:
                token = next(self.tokens, None) or self.token(Fed(END), len(self.source.text))
                if starts:
                    self.begin(token.start_pos)
                program = self.take(token)
            except UnexpectedToken as error:
                if starts:
                    self.begin(error.token.start_pos)
                self.recover(error.token.start_pos)
            except UnexpectedCharacters as error:
                if starts:
                    self.begin(error.pos_in_stream)
                self.recover(error.pos_in_stream)
        errors = sorted(self.found.errors, key=lambda error: error.span.start if error.span else 0)
        return program, tuple(errors)

    def begin(self, offset: int) -> None:
        if offset != self.begun or self.scanned is None:
            self.begun, self.scanned, self.mends = offset, None, 0

    def take(self, token: Token) -> tree.Program | None:
        """Feed a token of the text, watching what only tokens tell: nesting, long names, how braces are indented."""
        if deep := self.nesting.enter(token):
            self.found.report(deep)
            # The whole of it is left alone, bodies too: nothing so deep may reach the tree.
            self.scanned = statement(self.source.text, self.begun, frozenset())
            self.apply(skip(self.situation(token.start_pos)))
            return None
        closes = token.type == "RBRACE" and self.closes_body(token)
        program: tree.Program | None = self.state.feed_token(token, token.type == END)
        self.closed = closes
        if token.type in ("CONST", "IMPORT", "BLOCK", "MODEL", "DATA", "TRAIN"):
            self.memory.adrift = False
        return program

    def closes_body(self, token: Token) -> bool:
        """Whether a `}` closes a body, and no map; how it is indented is noted."""
        braces = self.open_braces(self.state.value_stack)
        body = braces[-1] if braces else None
        if body is None:
            return False
        text = self.source.text
        self.memory.closed = Span(self.source, token.start_pos, token.end_pos)
        # One that begins its line left of where the body's header does was probably meant for an outer body.
        outdented = indentation(text, token.start_pos) < indentation(text, body.header.start)
        if outdented and begins_line(text, token.start_pos):
            self.memory.suspects.append(body)
        return True

    # ------------------------------------------------------------------------------------------------ recovery

    def recover(self, offset: int) -> None:
        if self.closed:
            return self.recover_behind_body(offset)
        situation = self.situation(offset)
        if offset == self.refused or self.mends >= MOST_MENDS:
            # Mending did not help: the error has been reported, so go on behind the statement.
            remedy = skip(situation)
        else:
            explanation, remedy = explain(situation)
            if explanation is not None:
                self.found.report(explanation)
        self.refused = offset
        try:
            self.apply(remedy)
        except UnexpectedToken:
            self.apply(skip(situation))

    def recover_behind_body(self, offset: int) -> None:
        """After the `}` of a body comes the end of the line, and here it does not."""
        self.closed = False
        bodies = self.open_bodies(self.state.value_stack)
        scanned = statement(self.source.text, offset, ITEM_HEADERS | LOOPS)
        starters = frozenset({"INPUT" if bodies else "CONST"})
        situation = Situation(self.source, offset, frozenset({"_NL"}), starters, scanned, bodies, self.memory)
        explanation, remedy = behind_body(situation)
        if explanation is not None:
            self.found.report(explanation)
        self.apply(remedy)

    def situation(self, offset: int) -> Situation:
        states = self.state.parse_conf.states
        starters = frozenset(states[self.stacks[0][-1]])
        if self.scanned is None:
            headers = ITEM_HEADERS if "CONST" in starters else LOOPS if "INPUT" in starters else frozenset()
            self.scanned = statement(self.source.text, self.begun, headers)
        bodies = self.open_bodies(self.stacks[1])
        return Situation(self.source, offset, frozenset(self.actions), starters, self.scanned, bodies, self.memory)

    def open_bodies(self, values: Iterable[Any]) -> tuple[OpenBody, ...]:
        return tuple(body for body in self.open_braces(values) if body is not None)

    def open_braces(self, values: Iterable[Any]) -> list[OpenBody | None]:
        """The open braces among the values on the parser's stack (keyword, name, …, brace); None for those of no body."""
        braces: list[OpenBody | None] = []
        keyword: Token | None = None
        name = ""
        for value in values:
            if isinstance(value, Token) and value.type in ("MODEL", "BLOCK", "DATA", "TRAIN", "FOR"):
                keyword, name = value, ""
            elif isinstance(value, tree.Name) and keyword is not None and not name and keyword.type in ("MODEL", "BLOCK"):
                name = value.text
            elif isinstance(value, Token) and value.type == "LBRACE" and keyword is None:
                braces.append(None)
            elif isinstance(value, Token) and value.type == "LBRACE" and keyword is not None:
                brace = Span(self.source, value.start_pos, value.end_pos)
                header = Span(self.source, keyword.start_pos, keyword.end_pos)
                braces.append(OpenBody(brace, str(keyword), f"{keyword} {name}".rstrip(), header))
                keyword = None
            elif isinstance(value, Token) and value.type == "RBRACE" and braces:
                braces.pop()
        return braces

    def apply(self, remedy: Remedy) -> None:
        """Feed the tokens of a remedy, then go on at its place."""
        if remedy.restart:
            self.state.state_stack[:], self.state.value_stack[:] = (stack[:] for stack in self.stacks)
            self.newlines.depth = 0
            self.nesting.restart()
        self.mends += 1
        for fed in remedy.tokens:
            token = self.token(fed, remedy.resume)
            self.nesting.enter(token)
            self.state.feed_token(token)
            if not isinstance(fed.value, str):
                self.state.value_stack[-1] = fed.value
            self.newlines.depth += {"LPAR": 1, "LSQB": 1, "RPAR": -1, "RSQB": -1}.get(fed.type, 0)
        if any(fed.type == "SALVAGED" for fed in remedy.tokens):
            self.refused, self.begun, self.scanned = -1, remedy.resume, None
        self.lexer.state.line_ctr.char_pos = remedy.resume
        self.tokens = self.lexer.lex(self.state)

    def token(self, fed: Fed, offset: int) -> Token:
        value = fed.value if isinstance(fed.value, str) else ""
        token = Token(fed.type, value, start_pos=fed.span.start if fed.span else offset)
        token.end_pos = fed.span.end if fed.span else offset
        return token
