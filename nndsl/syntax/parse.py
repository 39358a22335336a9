"""Program text to syntax tree.

A right program, the common case, takes the short way: Lark's parser is fed its tokens and builds the tree. Anything
wrong sends the text the careful way (`nndsl.syntax.recover`), which finds and explains every error. Its modules are
imported only then, since they take longer to load than a program takes to parse.
"""

from __future__ import annotations

from functools import cache

from lark.exceptions import UnexpectedInput

from nndsl.diagnostics import Diagnostic
from nndsl.source import Source
from nndsl.syntax import tree
from nndsl.syntax.grammar import Parser, finish, tokens
from nndsl.syntax.limits import HIDDEN, LONGEST_NAME, Nesting, normalise


class Wrong(Exception):
    """Something in the text is wrong."""


def parse(source: Source) -> tuple[tree.Program, tuple[Diagnostic, ...]]:
    """The program's tree and its syntax errors, in the order of the text.

    Statements that could not be read are in the tree as far as they name something, with a `Hole` for their value.
    """
    text = normalise(source.text)
    if text != source.text:
        source = Source(source.name, text)
    parser = shared_parser()
    with parser.lock:
        try:
            return parse_right(parser, source), ()
        except (Wrong, UnexpectedInput):
            from nndsl.syntax.recover import Run

            return Run(parser, source).parse()


@cache
def shared_parser() -> Parser:
    return Parser()


def parse_right(parser: Parser, source: Source) -> tree.Program:
    """The tree of a program without errors; raises `Wrong` or Lark's exceptions for any other."""
    if HIDDEN.search(source.text):
        raise Wrong
    state = parser.start(source, refuse)
    nesting = Nesting()
    for token in tokens(state):
        if nesting.enter(token) or (token.type == "NAME" and len(token) > LONGEST_NAME):
            raise Wrong
        state.feed_token(token)
    program: tree.Program = state.feed_token(finish(source), True)
    return program


def refuse(diagnostic: Diagnostic) -> None:
    raise Wrong
