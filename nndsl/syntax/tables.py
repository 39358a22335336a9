"""The parser from its kept tables, and a lexer that begins at once: Lark's own, but for what they do before they read.

Lark compiles one regular expression of all terminals that may follow, for every state of the parser that a program
comes to: 23 for a small one, 17 ms. Tried one after another, in the same order, the terminals that it uses are compiled
once each: 5 ms. A state that comes often is worth an expression of its own. A rule in the tables is a number, which
takes Lark 10 ms to look up as it reads them, and 1 as here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from lark.lexer import BasicLexer, ContextualLexer, Scanner, TerminalDef
from lark.parsers.lalr_analysis import IntParseTable, Reduce, Shift
from lark.parsers.lalr_parser import LALR_Parser, _Parser
from lark.utils import TextSlice

OFTEN = 100
"""How many tokens a state has read before its own expression, which takes 1 ms, pays: 10 µs a token are saved."""


@cache
def _matcher(expression: str) -> Any:
    return re.compile(expression).match


class OneByOne:
    """The first of some terminals, in their order, that matches at a place of the text: what Lark's `Scanner` finds."""

    def __init__(self, terminals: Collection[TerminalDef]):
        self.allowed_types = {terminal.name for terminal in terminals}
        self._tries = [(terminal.name, terminal.pattern.to_regexp()) for terminal in terminals]

    def match(self, text: TextSlice[str], place: int) -> tuple[str, str] | None:
        for name, expression in self._tries:
            if found := _matcher(expression)(text.text, place, text.end):
                return found.group(), name
        return None


class StateLexer(BasicLexer):
    """The lexer of one state. No terminal of ours is a special case of another, as keywords often are of names: ours
    say themselves where they end."""

    count = 0

    def __init__(self, *settings: Any):
        super().__init__(*settings)
        self.callback = {}

    def _build_scanner(self) -> Any:
        return OneByOne(self.terminals)

    def match(self, text: TextSlice[str], pos: int) -> tuple[str, str] | None:
        self.count += 1
        if self.count == OFTEN:
            scanner: Any = Scanner
            self._scanner = scanner(self.terminals, self.g_regex_flags, re, self.use_bytes)
        found: tuple[str, str] | None = self.scanner.match(text, pos)
        return found


class Lexer(ContextualLexer):
    BasicLexer = StateLexer


class Tables:
    """Stands in for Lark's class where a parser is made of its tables."""

    @staticmethod
    def deserialize(data: Mapping[str, Any], memo: Mapping[int, Any], callbacks: Any, debug: bool) -> LALR_Parser:
        tokens = data["tokens"]
        states = {
            int(state): {
                tokens[token]: (Reduce, memo[to["@"]]) if reduces else (Shift, to)
                for token, (reduces, to) in actions.items()
            }
            for state, actions in data["states"].items()
        }
        made: Any = LALR_Parser.__new__(LALR_Parser)
        table: Any = IntParseTable
        made._parse_table = table(states, data["start_states"], data["end_states"])
        made.parser = _Parser(made._parse_table, callbacks, debug)
        parser: LALR_Parser = made
        return parser


PLUGINS = {"ContextualLexer": Lexer, "LALR_Parser": Tables}
"""What `Lark._load_from_dict` takes instead of its own."""
