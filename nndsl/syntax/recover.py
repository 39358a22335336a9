"""The careful way to parse a program: every syntax error that can be found in one run.

Lark's LALR parser is fed token by token. Where it refuses one, `nndsl.syntax.explain` says what is wrong and how to go
on: with other tokens in the place of the wrong ones, or behind the statement, for which a stand-in is put that still
defines the statement's names. For that the parser's stacks are kept as they were where the statement began.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lexer import Token

from nndsl.diagnostics import Diagnostic, Diagnostics
from nndsl.errors.syntax import HiddenCharacter, NameTooLong, TooDeep
from nndsl.source import Source, Span
from nndsl.syntax import tree
from nndsl.syntax.build import extent
from nndsl.syntax.explain import behind_body, explain
from nndsl.syntax.grammar import END, Parser, finish, tokens
from nndsl.syntax.limits import BIDIRECTIONAL, HIDDEN, LONGEST_NAME, Nesting
from nndsl.syntax.salvage import skip
from nndsl.syntax.scan import ITEM_HEADERS, LOOPS, Statement, begins_line, indentation, statement
from nndsl.syntax.situation import Expected, Fed, Memory, OpenBody, Remedy, Situation

MOST_MENDS = 16
"""Errors of one statement that are mended in passing; after that the rest of it is left alone."""

MOST_HIDDEN = 100
"""Hidden characters that are reported."""

MOST_REWINDS = 4
"""How often the text may be read again, all in all."""


class Run:
    """One parse of one program."""

    def __init__(self, parser: Parser, source: Source) -> None:
        self.source = source
        self.found = Diagnostics()
        self.found.extend(hidden_characters(source))
        self.newlines = parser.newlines
        self.state = parser.start(source, self.found.report)
        self.tokens: Iterator[Token] = tokens(self.state)
        self.nesting = Nesting()
        self.memory = Memory()
        self.begun = 0  # where the statement at hand begins
        self.stacks: tuple[list[Any], list[Any]] = ([], [])  # as they were there
        self.scanned: Statement | None = None  # the same statement, if it has been looked at
        self.scanned_to = 0  # how far any has been looked at
        self.mends = 0
        self.stack: list[int] = []
        self.refused = -1  # where the last error was
        self.rewound = 0  # characters that were read again, in all
        self.closed = False  # the last token closed a body

    @property
    def actions(self) -> dict[str, Any]:
        """What the parser's state has an action for, by the name of the token."""
        actions: dict[str, Any] = self.state.parse_conf.states[self.state.state_stack[-1]]
        return actions

    def parse(self) -> tuple[tree.Program, tuple[Diagnostic, ...]]:
        program: tree.Program | None = None
        while program is None:
            # As it is before the next token: one that is refused may have made the parser reduce.
            self.stack = self.state.state_stack[:]
            starts = "SALVAGED" in self.actions
            if starts:
                self.stacks = (self.state.state_stack[:], self.state.value_stack[:])
                self.nesting.begin()
            try:
                token = next(self.tokens, None) or finish(self.source)
                if starts:
                    self.begin(extent(token)[0])
                program = self.take(token)
            except (UnexpectedToken, UnexpectedCharacters) as error:
                offset = extent(error.token)[0] if isinstance(error, UnexpectedToken) else error.pos_in_stream or 0
                if starts:
                    self.begin(offset)
                self.recover(offset)
        errors = sorted(self.found.errors, key=lambda error: error.span.start if error.span else 0)
        return program, tuple(errors)

    def begin(self, offset: int) -> None:
        if offset != self.begun or self.scanned is None:
            self.begun, self.scanned = offset, None

    def take(self, token: Token) -> tree.Program | None:
        """Feed a token of the text, watching what only tokens tell: nesting, long names, how braces are indented."""
        if token.type == "NAME" and len(token) > LONGEST_NAME:
            self.found.report(NameTooLong(self.span(token), len(token)))
        if self.nesting.enter(token):
            self.refuse_depth(token)
            return None
        closes = token.type == "RBRACE" and self.closes_body(token)
        program: tree.Program | None = self.state.feed_token(token, token.type == END)
        self.closed = closes
        if token.type in ("CONST", "IMPORT", "BLOCK", "MODEL", "DATA", "TRAIN"):
            self.memory.adrift = False
        return program

    def refuse_depth(self, token: Token) -> None:
        offset, _ = extent(token)
        scanned = self.situation(offset).statement
        if scanned.end <= offset and not scanned.opens:
            # A bracket that is not closed on its line drew the following ones in.
            self.recover(offset)
            return
        self.found.report(TooDeep(self.span(token)))
        # The whole statement is left alone, its body too: nothing so deep may reach the tree.
        self.scanned = statement(self.source.text, self.begun, frozenset())
        self.apply(skip(self.situation(offset)))

    def closes_body(self, token: Token) -> bool:
        """Whether a `}` closes a body, and no map; how it is indented is noted."""
        braces = self.open_braces(self.state.value_stack)
        body = braces[-1] if braces else None
        if body is None:
            return False
        text, closing = self.source.text, self.span(token)
        self.memory.closed = closing
        # One that begins its line left of where the body's header does was probably meant for an outer body.
        outdented = indentation(text, closing.start) < indentation(text, body.header.start)
        if outdented and begins_line(text, closing.start):
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
        # An unclosed bracket swallows lines that are then read again: once or twice each, not once for every bracket.
        self.rewound += max(0, offset - remedy.resume)
        if self.rewound > MOST_REWINDS * len(self.source.text):
            remedy = remedy._replace(resume=max(offset, remedy.resume))
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
        expected = Expected(self.state.parse_conf.states, self.stack)
        situation = Situation(self.source, offset, expected, starters, scanned, bodies, self.memory)
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
            # Statements that begin within one that has been looked at come of mends on one line.
            self.mends = self.mends + 1 if self.begun < self.scanned_to else 0
            self.scanned_to = max(self.scanned_to, self.scanned.end)
        bodies = self.open_bodies(self.stacks[1])
        return Situation(self.source, offset, Expected(states, self.stack), starters, self.scanned, bodies, self.memory)

    def open_bodies(self, values: Iterable[Any]) -> tuple[OpenBody, ...]:
        return tuple(body for body in self.open_braces(values) if body is not None)

    def open_braces(self, values: Iterable[Any]) -> list[OpenBody | None]:
        """The open braces among the values on the parser's stack (keyword, name, …, brace); None if of no body."""
        braces: list[OpenBody | None] = []
        keyword: Token | None = None
        name = ""
        for value in values:
            if isinstance(value, Token) and value.type in ("MODEL", "BLOCK", "DATA", "TRAIN", "FOR"):
                keyword, name = value, ""
            elif (
                isinstance(value, tree.Name) and keyword is not None and not name and keyword.type in ("MODEL", "BLOCK")
            ):
                name = value.text
            elif isinstance(value, Token) and value.type == "LBRACE" and keyword is None:
                braces.append(None)
            elif isinstance(value, Token) and value.type == "LBRACE" and keyword is not None:
                owner = f"{keyword} {name}".rstrip()
                braces.append(OpenBody(self.span(value), str(keyword), owner, self.span(keyword)))
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
        self.tokens = tokens(self.state, remedy.resume)

    def span(self, token: Token) -> Span:
        return Span(self.source, *extent(token))

    def token(self, fed: Fed, offset: int) -> Token:
        value = fed.value if isinstance(fed.value, str) else ""
        token = Token(fed.type, value, start_pos=fed.span.start if fed.span else offset)
        token.end_pos = fed.span.end if fed.span else offset
        return token


def hidden_characters(source: Source) -> Iterator[Diagnostic]:
    for match in islice(HIDDEN.finditer(source.text), MOST_HIDDEN):
        kind = "a bidirectional control" if BIDIRECTIONAL.match(match.group()) else "a control"
        yield HiddenCharacter(Span(source, *match.span()), kind, ord(match.group()[0]))
