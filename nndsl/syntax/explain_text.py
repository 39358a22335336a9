"""Why a token was refused, where it is wrong in itself: strings, numbers, characters, operators of other languages."""

from __future__ import annotations

import re
import unicodedata

from nndsl.diagnostics import Diagnostic, Edit
from nndsl.errors.expressions import ForeignOperator, Unexpected
from nndsl.errors.grammar import Semicolon
from nndsl.errors.syntax import (
    BadNumber,
    ForeignComment,
    PercentOrRemainder,
    SingleQuotes,
    UnclosedString,
    UnknownCharacter,
)
from nndsl.source import Span
from nndsl.syntax import tree
from nndsl.syntax.limits import HIDDEN
from nndsl.syntax.salvage import skip
from nndsl.syntax.situation import TERMINALS, Answer, Fed, Remedy, Situation

NUMBER = re.compile(r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+)?%?")
TYPOGRAPHIC = re.compile(r"[“”„‘’‚]([^“”„‘’‚\"\n]*)[“”‘’\"]")

PROSE = re.compile(r"[A-Za-z]+ +[A-Za-z]+")
"""Two words in a row, which no expression has (but for words of the language; then a comment is still likelier)."""

SPELT: dict[int, str] = {ord("ß"): "ss", ord("æ"): "ae", ord("œ"): "oe", ord("ø"): "o", ord("ł"): "l"}
"""Letters that do not come apart into one of ASCII and an accent."""

LOOK_ALIKES = {
    "×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-", "—": "-", "→": "->", "⟶": "->", "⇒": "->",
    "≤": "<=", "≥": ">=", "≠": "!=", "＝": "=", "（": "(", "）": ")", "，": ",", "：": ":", "∧": "and", "∨": "or",
    "¬": "not", "“": '"', "”": '"', "„": '"', "‘": '"', "’": '"', "\u00a0": " ", "²": "^ 2", "³": "^ 3",
}  # fmt: skip

OPERATORS = {
    "**": ("a power in Python", "^"),
    "&&": ("a logical and in C", "and"),
    "||": ("a logical or in C", "or"),
    "&": ("bits are not worked with; `and` is logical", "and"),
    "|": ("bits are not worked with; `or` is logical", "or"),
    "!": ("a logical not in C", "not"),
    "~": ("bits are not worked with; `not` is logical", "not"),
    "===": ("equality in JavaScript", "=="),
    "!==": ("inequality in JavaScript", "!="),
    "<>": ("inequality in SQL", "!="),
    "=<": ("the signs are the other way round", "<="),
    "|>": ("a pipe in other languages", "->"),
    ">>": ("composition in other languages", "->"),
}


def wrong_string(s: Situation) -> Answer | None:
    here = s.here
    if here is None or here.kind not in ("unclosed", "string") or (here.text.startswith('"') and here.kind == "string"):
        return None
    span = s.span(here)
    if here.kind == "string":
        body = here.text[1:-1].replace("\\'", "'")
        instead = '"' + re.sub(r'(?<!\\)"', '\\\\"', body) + '"'
        return SingleQuotes(span, instead), string(s, span, body)
    content = here.text[1:].rstrip()
    tail = re.search(r"[)\]}]*$", content)
    closers = tail.group() if tail and s.statement.unclosed[:] else ""
    core = content[: len(content) - len(closers)].rstrip("'\"")
    return UnclosedString(span, here.text[0], f'"{core}"{closers}'), skip(s)


def string(s: Situation, span: Span, value: str) -> Remedy:
    """Go on with a string in the place of a span."""
    if "HOLE" in s.expected:
        return Remedy((Fed("HOLE", tree.Literal(span, value), span),), span.end)
    return Remedy((Fed("STRING", value, span),), span.end) if "STRING" in s.expected else skip(s)


def wrong_number(s: Situation) -> Answer | None:
    here, before = s.here, s.before
    if here is None or here.kind != "number":
        return None
    if before and before.kind == "word" and before.end == here.start and here.text.startswith("."):
        how = f"an element is taken by `{before.text}[{here.text[1:] or 0}]`"
        return Unexpected(
            s.here_span, None, "a name behind `.`", f"`{here.text[1:]}`", "an attribute's name", how
        ), skip(s)
    if NUMBER.fullmatch(here.text):
        return None
    reason, instead = number_mistake(here.text, s.wants_name or s.at == 0)
    hole = Remedy((Fed("HOLE", tree.Hole(s.here_span), s.here_span),), here.end)
    return BadNumber(s.here_span, here.text, reason, instead), hole if s.wants_value else skip(s)


def number_mistake(text: str, as_name: bool) -> tuple[str, str]:
    """What is wrong with a number, and how it was probably meant (or "")."""
    if re.fullmatch(r"[0-9]+\.[fF]?", text):
        return "a digit is missing behind the point", f"{text.rstrip('.fF')}.0"
    if re.fullmatch(r"\.[0-9]+(?:[eE][+-]?[0-9]+)?%?", text):
        return "a digit is missing in front of the point", f"0{text}"
    if text.startswith("."):
        return "a number begins with a digit", ""
    if re.fullmatch(r"0[xXbBoO][0-9A-Fa-f_]+", text):
        try:
            return "numbers are written in decimal", str(int(text, 0)) if len(text) < 20 else ""
        except ValueError:
            return "numbers are written in decimal", ""
    if text.count(".") > 1:
        return "a number has one point", ""
    if re.fullmatch(r"[0-9_.]+", text):
        return "an underscore stands between two digits", re.sub(r"_+", "_", text).rstrip("_").replace("_.", ".")
    if re.fullmatch(r"[0-9_.]+[eE]", text):
        return "the exponent lacks its digits", f"{text}0"
    match = re.fullmatch(r"([0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?)([A-Za-z_][A-Za-z0-9_]*)", text)
    if as_name:
        return "a name cannot begin with a digit", f"_{text}" if "." not in text and "%" not in text else ""
    if match and match.group(2) in ("f", "F", "d", "L", "l"):
        return "numbers have no suffix", match.group(1)
    if match:
        return "a letter follows its digits", f"{match.group(1)} * {match.group(2)}"
    return "a letter or a point follows its digits", ""


def percent(s: Situation) -> Answer | None:
    here, before = s.here, s.before
    number = s.lexeme(s.at - 2)
    if before and before.text == "%" and number and number.kind == "number" and (s.wants_value or here is None):
        instead = f"{number.text.rstrip('%')}%"
        fact, meaning = "`%` without a number behind it", "behind a space, `%` is the remainder operator"
        if before.start == number.end:
            meaning = "one `%` is enough"
        return PercentOrRemainder(s.span(number, before), fact, meaning, instead), skip(s)
    if before and before.kind == "number" and before.text.endswith("%") and here and here.start == before.end:
        instead = f"{before.text[:-1]} % {here.text}"
        fact, meaning = (
            f"`{before.text}` is a percentage, and nothing joins it to `{here.text}`",
            "`%` touches the number",
        )
        return PercentOrRemainder(s.span(before, here), fact, meaning, instead), skip(s)
    return None


def foreign_comment(s: Situation) -> Answer | None:
    here = s.here
    if here is None:
        return None
    text = s.source.text
    if here.text == "/*":
        close = -1 if s.memory.endless else text.find("*/", here.end)
        s.memory.endless = close < 0
        end = close + 2 if close >= 0 else s.statement.end
        remedy = Remedy((Fed("SALVAGED", None),), end, True) if s.at == 0 else Remedy((), end)
        return ForeignComment(s.here_span, "/*"), remedy
    slashes = next((x for x in s.statement.lexemes[max(0, s.at - 8) : s.at + 1] if x.text == "//"), None)
    if slashes is None:
        return None
    end = text.find("\n", slashes.end)
    end = len(text) if end < 0 else end
    if end < here.start or (slashes is not here and here.kind != "word"):
        return None
    if not PROSE.search(text, slashes.end, end) and s.at > 0:
        return None
    if slashes is here and "_NL" in s.expected and s.at > 0:
        return ForeignComment(s.span(slashes), "//"), Remedy((), end)
    return ForeignComment(s.span(slashes), "//"), skip(s)._replace(resume=end)


def semicolon(s: Situation) -> Answer | None:
    here = s.here
    if here is None or here.text != ";":
        return None
    if s.after is None:
        return Semicolon(s.here_span, s.replace(""), "delete it"), Remedy((), here.end)
    following = s.source.text[here.end : s.after.start]
    edit = Edit(Span(s.source, here.start, s.after.start), "\n" + indent_of(s))
    how = "put what follows on a line of its own"
    separated = Remedy((Fed("_NL", "\n"),), here.end + len(following))
    return Semicolon(s.here_span, edit if not s.bracket else s.replace(","), how if not s.bracket else "write `,`"), (
        s.mend(",") if s.bracket else separated
    )


def indent_of(s: Situation) -> str:
    """The space that a line needs to stand under the statement."""
    text, start = s.source.text, s.statement.start
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return line if not line.strip() else "  "


def foreign_operator(s: Situation) -> Answer | None:
    here = s.here
    if here is None or here.kind != "operator":
        return None
    span, text = s.here_span, here.text
    if text in OPERATORS:
        meaning, ours = OPERATORS[text]
        replacement = ours if not ours.isalpha() or s.after is None or s.after.start > here.end else f"{ours} "
        remedy = s.mend(ours) if TERMINALS[ours] in s.expected else skip(s)
        return ForeignOperator(span, s.replace(replacement), text, meaning, f"`{ours}`"), remedy
    if text in ("++", "+=", "-=", "*=", "/=", "//=", "%=", "@=", "^=", "**="):
        return in_place(s, text)
    if text == ":=":
        return ForeignOperator(span, s.replace("="), text, "values are named by `=`", "`=`"), s.mend("=")
    if text == "=>":
        ours = "=" if s.bracket == "(" else "->"
        meaning = "arguments are given by `=`" if ours == "=" else "values flow through `->`"
        return ForeignOperator(span, s.replace(ours), text, meaning, f"`{ours}`"), s.mend(ours)
    if text == "?":
        condition = s.source.text[s.level()[0].start : here.start].strip() if s.level() else "c"
        diagnostic = ForeignOperator(span, None, text, "a choice in C", f"`if {condition} then a else b`")
        return diagnostic, skip(s)
    if text == "<<":
        return ForeignOperator(span, None, text, "bits are not worked with", "a power of two, `* 2 ^ n`"), skip(s)
    return None


def in_place(s: Situation, text: str) -> Answer:
    """`x += 1` and its like; and `++`."""
    name, operator = s.before, text.rstrip("=")
    if text == "++" or name is None or s.at != 1:
        ours = f"`{name.text} = {name.text} + 1`" if text == "++" and name else "the operation in full"
        return ForeignOperator(s.here_span, None, text, "values are not changed in place", ours), skip(s)
    operator = "^" if operator == "**" else operator
    diagnostic = ForeignOperator(
        s.here_span,
        s.replace(f"= {name.text} {operator}"),
        text,
        "values are not changed in place",
        f"`{name.text} = {name.text} {operator} …`",
    )
    value = tree.Name(s.span(name), name.text)
    tokens = (
        Fed("ASSIGN", "=", s.here_span),
        Fed("HOLE", value, s.span(name)),
        Fed(TERMINALS[operator], operator, s.here_span),
    )
    return diagnostic, Remedy(tokens, s.here_span.end)


def unknown_character(s: Situation) -> Answer | None:
    here = s.here
    if here is None or not (here.kind == "other" or here.text in ("$", "`", "\\")):
        return None
    if HIDDEN.match(here.text):
        return None, Remedy((), here.end)  # reported already, as every one in the text
    text = s.source.text
    if quoted := TYPOGRAPHIC.match(text, here.start):
        span = Span(s.source, *quoted.span())
        diagnostic = UnknownCharacter(span, here.text, "strings stand in straight quotes", f'"{quoted.group(1)}"')
        return diagnostic, string(s, span, quoted.group(1))
    if here.text == "\\":
        diagnostic = UnknownCharacter(s.here_span, "\\", "a line goes on by itself behind an operator or in brackets")
        return diagnostic, Remedy((), here.end) if s.after is None else skip(s)
    if here.text.isalpha() and here.text not in LOOK_ALIKES:
        return foreign_letters(s, here.start)
    name = (
        unicodedata.name(here.text, "a character without a name").lower()
        if here.kind == "other"
        else "it means nothing here"
    )
    ours = LOOK_ALIKES.get(here.text, "")
    diagnostic = UnknownCharacter(s.here_span, here.text, name, ours)
    if ours == " ":
        return diagnostic, Remedy((), here.end)
    return diagnostic, s.mend(ours) if TERMINALS.get(ours, "") in s.expected else skip(s)


def foreign_letters(s: Situation, start: int) -> Answer:
    """A name with letters beyond ASCII: reported once, at its first use."""
    text = s.source.text
    begin, end = start, start
    while begin > s.statement.start and (text[begin - 1].isalnum() or text[begin - 1] == "_"):
        begin -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    word = text[begin:end]
    remedy = skip(s)
    if word in s.memory.words:
        return None, remedy
    s.memory.words.add(word)
    spelt = word.translate(SPELT)
    folded = "".join(c for c in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(c))
    instead = folded if folded.isascii() and folded.isidentifier() else ""
    diagnostic: Diagnostic = UnknownCharacter(
        Span(s.source, begin, end), word, "names are of ASCII letters, digits and `_`", instead
    )
    return diagnostic, remedy
