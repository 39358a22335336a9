"""The Lark parser of the grammar in `nndsl.grammar`, built on first use."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import Lock
from typing import Any

from lark import Lark
from lark import __version__ as version
from lark.grammar import Rule
from lark.lexer import TerminalDef, Token
from lark.parsers.lalr_parser_state import ParserState

from nndsl.diagnostics import Diagnostic
from nndsl.source import Source
from nndsl.syntax.build import Builder
from nndsl.syntax.tables import PLUGINS

GRAMMAR, TABLES = "nndsl.lark", "nndsl.tables.json"

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


END = "$END"


def finish(source: Source) -> Token:
    """The token behind the last one of the text."""
    return Token(END, "", start_pos=len(source.text))


class Parser:
    """A Lark parser with the builder and the newline filter that belong to it; one program at a time."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.builder, self.newlines = Builder(), Newlines()
        self.lark = load(self.builder, self.newlines)

    def start(self, source: Source, report: Callable[[Diagnostic], None]) -> ParserState[int]:
        """The parser's state before the first token of a text."""
        self.builder.source, self.builder.report = source, report
        self.newlines.depth = 0
        state: ParserState[int] = self.lark.parse_interactive(source.text).parser_state
        return state


def tokens(state: ParserState[int], offset: int = 0) -> Iterator[Token]:
    """The tokens of the text from an offset on, each chosen by the parser's state when it is asked for."""
    position: Any = state.lexer.state
    position.line_ctr.char_pos = offset
    lex: Callable[[ParserState[int]], Iterator[Token]] = state.lexer.lex
    return lex(state)


def load(builder: Any, newlines: Newlines) -> Lark:
    """The parser whose rules call `builder`'s methods.

    Lark takes longer to read a grammar than a program. So the tables that it makes are kept beside the grammar
    (`python -m nndsl.syntax.grammar` writes them), and used if this grammar and this version of Lark made them.
    """
    text = grammar_file(GRAMMAR).read_text(encoding="utf-8")
    tables = grammar_file(TABLES)
    if tables.is_file():
        made_by, data, memo = json.loads(tables.read_text(encoding="utf-8"))
        if made_by == maker(text):
            from_tables: Callable[..., Lark] = Lark._load_from_dict
            return from_tables(data, numbered(memo), transformer=builder, postlex=newlines, _plugins=PLUGINS)
    return build(text, builder, newlines)


def build(text: str, builder: Any, newlines: Newlines) -> Lark:
    return Lark(text, parser="lalr", lexer="contextual", start="program", transformer=builder, postlex=newlines)


def grammar_file(name: str) -> Traversable:
    return files("nndsl.grammar").joinpath(name)


def maker(text: str) -> str:
    return f"{sha256(text.encode()).hexdigest()} lark {version}"


def numbered(table: dict[str, Any]) -> dict[int, Any]:
    """Integer keys again, which JSON holds as strings."""
    return {int(key): value for key, value in table.items()}


def write_tables() -> None:
    text = grammar_file(GRAMMAR).read_text(encoding="utf-8")
    data, memo = build(text, None, Newlines()).memo_serialize([TerminalDef, Rule])
    data["options"] = {key: value for key, value in data["options"].items() if key not in ("transformer", "postlex")}
    path = Path(str(grammar_file(TABLES)))
    path.write_text(json.dumps([maker(text), data, memo], separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_tables()
