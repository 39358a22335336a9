"""A forgiving look at the text of a statement that the parser refused: its tokens, whatever they are, and its end.

The parser proper never sees these tokens. They serve to explain an error and to find where to go on after it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RESERVED = words("if then else and or not true false none repeat for in as")
ITEMS = ("const", "import", "block", "model", "data", "train")
STATEMENTS = ("input", "target", "layer", "output", "loss", "metric", "for", "assert", "return")
ITEM_HEADERS = words("block model data train")
LOOPS = words("for")
CONTINUING = words("-> + - * / // % @ ^ == != < <= > >= ** && || |> >> and or not if then else")
CLOSER = {"(": ")", "[": "]", "{": "}"}

TOKEN = re.compile(
    r"""
      (?P<newline>\n)
    | (?P<space>[ \t\f]+)
    | (?P<comment>\#[^\n]*)
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*')
    | (?P<unclosed>["'][^\n]*)
    | (?P<number>(?:[0-9]|\.[0-9])(?:(?<=[0-9][eE])[+-](?=[0-9])|[0-9A-Za-z_.])*%?)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<operator>->|<-|\*\*=?|&&|\|\||\|>|[-+*/%@^:]=|//=?|/\*|===?|!==?|=>|=<|<=|>=|>>|<<|<>|\+\+
                  |[-+*/%@^=<>!&|~?:;,.(){}\[\]\\$`])
    | (?P<other>.)
    """,
    re.VERBOSE,
)
NAME = r"[A-Za-z_]\w*"
SPACE = r"[ \t]*"
ITEM_START = re.compile(
    rf"(?:model|block)[ \t]+{NAME}{SPACE}[{{(\n]|(?:data|train){SPACE}\{{|const[ \t]+{NAME}{SPACE}=|import{SPACE}\"",
    re.ASCII,
)
STATEMENT_START = re.compile(
    rf"(?:{'|'.join(STATEMENTS)})[ \t]+[A-Za-z_\"0-9(\[]|{NAME}(?:{SPACE},{SPACE}{NAME})*{SPACE}=(?!=)", re.ASCII
)
BLANK = re.compile(r"(?>(?:[ \t\f]*(?:#[^\n]*)?\n)*)[ \t\f]*")
LINE_END = re.compile(r"[ \t\f]*(?:#[^\n]*)?(?:\n|$)")
INDENT = re.compile(r"[ \t\f]*")


@dataclass(frozen=True)
class Lexeme:
    kind: str  # newline, string, unclosed, number, word, operator or other
    text: str
    start: int
    end: int


@dataclass
class Statement:
    """The tokens (no comments, no line ends) of what seems one statement, and the offset where it ends."""

    start: int
    end: int
    lexemes: list[Lexeme] = field(default_factory=list)
    enclosing: list[Lexeme | None] = field(default_factory=list)  # the bracket around each of them
    unclosed: list[Lexeme] = field(default_factory=list)  # brackets that nothing in it closes
    opens: bool = False  # it ends with the `{` of its body

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


def begins_line(text: str, offset: int) -> bool:
    """Whether nothing but space stands before `offset` on its line."""
    return not text[text.rfind("\n", 0, offset) + 1 : offset].strip(" \t\f")


def skip_blank(text: str, offset: int) -> int:
    """The offset behind space, comments and line ends."""
    match = BLANK.match(text, offset)
    return match.end() if match else offset


def statement(text: str, start: int, headers: frozenset[str]) -> Statement:
    """The statement that begins at `start`; one that begins with a word of `headers` ends with the `{` of its body."""
    found = Statement(start, len(text))
    indent = indentation(text, start)
    braces = 0  # of the unclosed brackets
    in_body = False  # the outermost open bracket seems to be a body's brace, so that whole statements stand inside
    position = start
    while match := TOKEN.match(text, position):
        kind = match.lastgroup or "other"
        lexeme = Lexeme(kind, match.group(), match.start(), match.end())
        position = match.end()
        if kind in ("space", "comment"):
            continue
        last = found.lexemes[-1] if found.lexemes else None
        if kind == "newline":
            after = skip_blank(text, position)
            if ends(found, text, after, indent, headers, in_body):
                found.end = match.start()
                break
            position = after
            continue
        if lexeme.text in CLOSER:
            if not found.unclosed:
                in_body = lexeme.text == "{" and last is not None and (last.kind != "operator" or last.text in ")]}")
            found.enclosing.append(found.unclosed[-1] if found.unclosed else None)
            found.unclosed.append(lexeme)
            braces += lexeme.text == "{"
        else:
            found.enclosing.append(found.unclosed[-1] if found.unclosed else None)
            if lexeme.text in (")", "]", "}"):
                if found.unclosed and CLOSER[found.unclosed[-1].text] == lexeme.text:
                    found.unclosed.pop()
                    braces -= lexeme.text == "}"
                elif lexeme.text == "}" and not braces:
                    found.enclosing.pop()
                    found.end = match.start()
                    break
        found.lexemes.append(lexeme)
        if lexeme.text == "{" and found.lexemes[0].text in headers and opens_body(found, text, position):
            found.unclosed.pop()
            found.end, found.opens = position, True
            break
    return found


def opens_body(found: Statement, text: str, after: int) -> bool:
    """Whether the `{` at the end of a header is its body's: no bracket is open, or one that was forgotten."""
    return len(found.unclosed) == 1 or LINE_END.match(text, after) is not None


def ends(found: Statement, text: str, after: int, indent: int, headers: frozenset[str], in_body: bool) -> bool:
    """Whether the statement ends with a line, when `after` is where the text goes on."""
    if not found.lexemes or found.lexemes[-1].kind == "unclosed":
        return True
    first, last = found.lexemes[0], found.lexemes[-1]
    if found.unclosed:
        # A line that begins a statement shows that a bracket before it was never closed.
        return begins_anew(text, after, indent, in_body)
    if first.text in headers and text.startswith("{", after):
        return False
    if last.text in CONTINUING:
        return begins_anew(text, after, indent, in_body)
    return not text.startswith("->", after)


def begins_anew(text: str, offset: int, indent: int, in_body: bool) -> bool:
    here = indentation(text, offset)
    if here == 0 and ITEM_START.match(text, offset):
        return True
    if in_body:
        return False
    return here <= indent and (text.startswith("}", offset) or STATEMENT_START.match(text, offset) is not None)
