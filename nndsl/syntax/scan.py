"""A forgiving look at the text of a statement that the parser refused: its tokens, whatever they are, and its end.

The parser proper never sees these tokens. They serve to explain an error and to find where to go on after it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["word", "number", "string", "unclosed", "operator", "comment", "newline", "other"]

RESERVED = frozenset("if then else and or not true false none repeat for in as".split())
ITEMS = ("const", "import", "block", "model", "data", "train")
STATEMENTS = ("input", "target", "layer", "output", "loss", "metric", "for", "assert", "return")
HEADERS = frozenset({"block", "model", "data", "train", "for"})

TOKEN = re.compile(
    r"""
      (?P<newline>\n)
    | (?P<space>[ \t\f]+)
    | (?P<comment>\#[^\n]*)
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*')
    | (?P<unclosed>["'][^\n]*)
    | (?P<number>(?:[0-9]|\.[0-9])(?:[eE][+-](?=[0-9])|[0-9A-Za-z_.])*%?)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<operator>->|=>|<-|\*\*=?|//=?|&&|\|\||==+|!=|<=|>=|:=|\+=|-=|\*=|/=|\+\+|/\*|[-+*/%@^=<>!&|~?:;,.(){}\[\]\\$`])
    | (?P<other>.)
    """,
    re.VERBOSE,
)
CONTINUING = frozenset("-> + - * / // % @ ^ == != < <= > >= ** && || and or not if then else".split())
ITEM_START = re.compile(
    r"(?:model|block)[ \t]+[A-Za-z_]\w*[ \t]*[{(\n]|(?:data|train)[ \t]*\{|const[ \t]+[A-Za-z_]\w*[ \t]*=|import[ \t]*\"",
    re.ASCII,
)
STATEMENT_START = re.compile(
    r"(?:input|target|layer|output|loss|metric|for|assert|return)[ \t]+[A-Za-z_\"0-9(\[]"
    r"|[A-Za-z_]\w*(?:[ \t]*,[ \t]*[A-Za-z_]\w*)*[ \t]*=(?!=)",
    re.ASCII,
)
BLANK = re.compile(r"(?>(?:[ \t\f]*(?:#[^\n]*)?\n)*)[ \t\f]*")
INDENT = re.compile(r"[ \t\f]*")
CLOSER = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Lexeme:
    kind: Kind
    text: str
    start: int
    end: int


@dataclass
class Statement:
    """The tokens (no comments, no line ends) of what seems one statement, and the offset where it ends."""

    start: int
    end: int
    lexemes: list[Lexeme]
    opens: bool = False  # it ends with the `{` of its body
    unclosed: list[Lexeme] = field(default_factory=list)  # brackets that nothing in it closes

    def index(self, offset: int) -> int:
        """Which lexeme covers `offset`, or else the first one behind it (maybe one past the last)."""
        at = bisect_right(self.lexemes, offset, key=lambda lexeme: lexeme.start) - 1
        if at >= 0 and offset < self.lexemes[at].end:
            return at
        return at + 1


def indentation(text: str, offset: int) -> int:
    """How far the line of `offset` is indented, in characters."""
    begin = text.rfind("\n", 0, offset) + 1
    width = INDENT.match(text, begin)
    return width.end() - begin if width else 0


def statement(text: str, start: int, headers: frozenset[str] = HEADERS) -> Statement:
    """The statement that begins at `start`; one that begins with a word of `headers` ends with the `{` of its body."""
    found = Statement(start, len(text), [])
    open_: list[Lexeme] = []
    in_body = False  # the outermost open bracket seems to be a body's brace, so that whole statements stand inside
    indent = indentation(text, start)
    position = start
    while match := TOKEN.match(text, position):
        kind: str = match.lastgroup or "other"
        position = match.end()
        if kind in ("space", "comment"):
            continue
        lexeme = Lexeme(kind, match.group(), match.start(), match.end())  # type: ignore[arg-type]
        if kind == "newline":
            following = BLANK.match(text, position)
            after = following.end() if following else position
            last = found.lexemes[-1] if found.lexemes else None
            if (
                text.startswith("->", after)
                or (last and last.text in CONTINUING)
                or awaits_brace(found, text, after, headers)
            ):
                position = after
            elif not open_ or begins_anew(text, after, indent, in_body):
                found.end = match.start()
                break
            else:
                position = after
            continue
        if lexeme.text in CLOSER:
            before = found.lexemes[-1] if found.lexemes else None
            if not open_:
                in_body = lexeme.text == "{" and before is not None and (before.kind == "word" or before.text == ")")
            open_.append(lexeme)
        elif lexeme.text in (")", "]", "}"):
            if open_ and CLOSER[open_[-1].text] == lexeme.text:
                open_.pop()
            elif lexeme.text == "}" and not any(bracket.text == "{" for bracket in open_):
                found.end = match.start()
                break
        found.lexemes.append(lexeme)
        if lexeme.text == "{" and len(open_) == 1 and found.lexemes[0].text in headers:
            open_.clear()
            found.end, found.opens = position, True
            break
    found.unclosed = open_
    return found


def awaits_brace(found: Statement, text: str, after: int, headers: frozenset[str]) -> bool:
    """Whether a header's line ended and its `{` stands at the beginning of the next."""
    return text.startswith("{", after) and bool(found.lexemes) and found.lexemes[0].text in headers


def begins_anew(text: str, offset: int, indent: int, in_body: bool) -> bool:
    """Whether a line seems to begin a statement although a bracket is open: then the bracket was never closed."""
    here = indentation(text, offset)
    if here == 0 and ITEM_START.match(text, offset):
        return True
    if in_body:
        return False
    return here <= indent and (text.startswith("}", offset) or STATEMENT_START.match(text, offset) is not None)
