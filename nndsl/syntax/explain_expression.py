"""Why a token was refused, where an expression does not go on or end as it must."""

from __future__ import annotations

from nndsl.diagnostics import Edit
from nndsl.errors.expressions import (
    ChainedComparison,
    CommaMissing,
    ForeignConditional,
    StrayCloser,
    UnclosedBracket,
    Unexpected,
    Unfinished,
)
from nndsl.errors.grammar import ForeignWord, SecondStatement, WrongSign
from nndsl.source import Span
from nndsl.syntax.salvage import skip
from nndsl.syntax.scan import CLOSER, CONTINUING, RESERVED, STATEMENT_START
from nndsl.syntax.situation import Answer, Situation, begins_value, ends_value, found

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
BINARY = COMPARISONS | {"+", "-", "*", "/", "//", "%", "@", "^", "and", "or"}


def unclosed_bracket(s: Situation) -> Answer | None:
    at_brace = s.statement.opens and s.here is s.statement.lexemes[-1]
    if not s.statement.unclosed or not (s.here is None or at_brace):
        return None
    opening, last = s.statement.unclosed[-1], s.statement.lexemes[-2 if at_brace else -1]
    closer = CLOSER[opening.text]
    place = Span(s.source, last.end, last.end)
    return UnclosedBracket(s.span(opening), opening.text, closer, place), skip(s)


def closer(s: Situation) -> Answer | None:
    """A closing bracket of the wrong kind, or one too many."""
    here = s.here
    if here is None or here.text not in (")", "]", "}"):
        return None
    around = s.statement.enclosing[s.at]
    if around is None:
        title, what = f"this `{here.text}` closes nothing", "every bracket before it is closed already"
        return StrayCloser(s.here_span, s.replace(""), title, what, "delete it"), skip(s)
    right = CLOSER[around.text]
    if right == here.text:
        return None
    title = f"`{around.text}` is closed by `{right}`, not by `{here.text}`"
    what, how, edit = f"`{right}` is expected here", f"write `{right}`", s.replace(right)
    outer = next((x for x in reversed(s.statement.lexemes[: s.at]) if CLOSER.get(x.text) == here.text), None)
    if s.after and s.after.text == right and outer:
        how, edit = "they stand the wrong way round", Edit(s.span(here, s.after), right + here.text)
    elif outer and s.statement.unclosed:
        # The outer bracket is closed here, and the inner one was forgotten.
        how, edit = f"close the inner one first: `{right}{here.text}`", s.insert(right)
    return StrayCloser(s.here_span, edit, title, what, how, s.span(around)), skip(s)


def unfinished(s: Situation) -> Answer | None:
    """The line ends where a value, a name or a word must follow."""
    before = s.before
    if s.here is not None or before is None:
        return None
    place = s.end_span
    if before.text == "->":
        return Unfinished(place, "a stage", "->"), skip(s)
    if s.wants_value or before.text in CONTINUING:
        advice = ""
        if before.text == "=":
            advice = "the value begins on the same line (inside brackets it may go on over several)"
        return Unfinished(place, "a value", before.text, advice), skip(s)
    if before.text in ("as", ".", "for", ",") and s.wants_name:
        return Unfinished(place, "a name", before.text), skip(s)
    return None


def wrong_sign(s: Situation) -> Answer | None:
    """`:` for `=` in a call, `=` for `==` in a condition, `=` for `:` in a map."""
    here = s.here
    if here is None or here.text not in (":", "="):
        return None
    level = s.level()
    if here.text == ":" and s.text(0) == "block" and s.statement.opens and s.around is s.lexeme(2):
        last = parameter_end(s)
        where, how = "parameters have no types", "leave it out: shapes follow from what is given"
        edit = Edit(Span(s.source, here.start, last), "")
        return Unexpected(s.here_span, edit, "`,` or `)`", "`:`", where, how), skip(s)
    if here.text == ":" and s.bracket == "(" and len(level) == 1 and level[0].kind == "word" and s.after:
        title = "`:` gives no value to an argument"
        return WrongSign(s.here_span, s.replace_sign(" ="), title, "="), (
            s.mend("=") if "ASSIGN" in s.expected else skip(s)
        )
    if here.text == "=" and s.bracket == "{" and "COLON" in s.expected:
        return WrongSign(s.here_span, s.replace_sign(":"), "`=` gives no value to a key of a map", ":"), s.mend(":")
    conditions = {"if", "and", "or", "not", "assert"}
    if here.text == "=" and "EQUAL" in s.expected and (s.text(0) in conditions or conditions & {x.text for x in level}):
        return WrongSign(s.here_span, s.replace("=="), "`=` names a value; it does not compare", "=="), s.mend("==")
    return None


def chained(s: Situation) -> Answer | None:
    here = s.here
    if here is None or here.text not in COMPARISONS or s.wants_value:
        return None
    level = s.level()
    first = next((i for i in range(len(level) - 1, -1, -1) if level[i].text in COMPARISONS), None)
    if first is None or any(x.text in ("and", "or", "->", "then", "else") for x in level[first:]):
        return None
    middle = s.source.text[level[first].end : here.start].strip()
    edit = s.insert(f"and {middle} ") if middle and "\n" not in middle else None
    return ChainedComparison(s.here_span, edit, s.span(level[first])), skip(s)


def python_expression(s: Situation) -> Answer | None:
    here, before = s.here, s.before
    if here is None:
        return None
    level = s.level()
    if before and before.text == "lambda" and s.at > 1:
        how = "a function is a `block`, or an expression written out"
        return ForeignWord(s.span(before), None, "lambda", "a function in Python", how), skip(s)
    if here.text == "for" and s.bracket in ("[", "(") and ends_value(before):
        how = "statements repeat by `for x in [1, 2] { … }`, stages by `repeat 3 { … }`"
        return Unexpected(
            s.here_span, None, f"`,` or `{CLOSER[s.bracket]}`", "`for`", "there are no comprehensions", how
        ), skip(s)
    if here.text in ("in", "is") and ends_value(before):
        how = "compare with `==`, joined by `or`" if here.text == "in" else "compare with `==`"
        return Unexpected(s.here_span, None, "an operator", f"`{here.text}`", "no operator of the language", how), skip(
            s
        )
    if here.text == ":" and s.bracket == "[":
        return Unexpected(
            s.here_span, None, "`,` or `]`", "`:`", "there are no slices in brackets", "use `slice(x, …)`"
        ), skip(s)
    if here.text == ":" and "if" in {x.text for x in level}:
        start = next(x for x in level if x.text == "if")
        what, how = "`then` is expected here", "write `then`, and `else` for the other value"
        del start
        return ForeignConditional(s.here_span, s.replace(" then"), what, how), skip(s)
    return None


def comma_missing(s: Situation) -> Answer | None:
    here = s.here
    if (
        here is None
        or not s.bracket
        or not ends_value(s.before)
        or not begins_value(here)
        or here.text in ("(", "[", "if")
    ):
        return None
    if here.text == "{":
        return None
    place = s.here_span
    edit = Edit(s.after_before, ",")
    return CommaMissing(place, edit), (s.supply(",") if "COMMA" in s.expected else skip(s))


def second_statement(s: Situation) -> Answer | None:
    here = s.here
    if here is None or s.bracket or s.at == 0 or not ends_value(s.before):
        return None
    if not STATEMENT_START.match(s.source.text, here.start) or here.text in RESERVED - {"for"}:
        return None
    before = s.before
    assert before is not None
    line = s.source.text.rfind("\n", 0, s.statement.start) + 1
    indent = s.source.text[line : s.statement.start]
    edit = Edit(Span(s.source, before.end, here.start), "\n" + (indent if not indent.strip() else "  "))
    return SecondStatement(s.here_span, edit), (s.supply("_NL") if "_NL" in s.expected else skip(s))


def otherwise(s: Situation) -> Answer:
    """What no other rule explains."""
    here, before = s.here, s.before
    expected, how = "", ""
    edit: Edit | None = None
    if s.at == 0:
        expected = {"program": "an item", "network": "a statement", "settings": "a setting"}[s.place]
        if here and here.text == "->":
            how = "a line that leads with `->` continues the one before it, and there is none"
    elif before and before.text == "->":
        expected = "a stage"
    elif s.wants_value:
        expected = "a value"
        if here and here.kind == "word" and here.text in RESERVED:
            how = f"`{here.text}` is a word of the language and no value"
    elif s.wants_name:
        expected = "a name"
    elif s.bracket:
        expected = f"`,` or `{CLOSER[s.bracket]}`" if "COMMA" in s.expected else f"`{CLOSER[s.bracket]}`"
        if here and here.text == "," and s.bracket == "(":
            how = "there are no tuples; a list is `[a, b]`"
    elif "PLUS" in s.expected or ("_NL" in s.expected and "LBRACE" not in s.expected):
        more = "an operator or " if "PLUS" in s.expected else "`->` or " if "ARROW" in s.expected else ""
        expected = f"{more}the end of the line"
        how, edit = behind_value(s)
    else:
        expected = next((f"`{sign}`" for sign, name in SIGNS if name in s.expected), "something else")
    return Unexpected(s.here_span, edit, expected, found(here), f"{expected} is expected here", how), skip(s)


def behind_value(s: Situation) -> tuple[str, Edit | None]:
    """What may be meant by something behind a complete value."""
    here, before = s.here, s.before
    if here is None or before is None:
        return "", None
    if here.kind in ("number", "string") and before.kind == "word":
        return "arguments stand in parentheses", Edit(s.span(before, here), f"{before.text}({here.text})")
    if here.kind == "word" and here.text not in RESERVED and s.place == "network":
        return "if it is a stage, `->` is missing", s.insert("-> ")
    if here.text == "=":
        return "a statement names one value (`==` compares)", None
    if here.text == ",":
        first = s.text(0)
        if s.place == "settings":
            return "each setting has a line of its own", None
        return (f"write a line with `{first}` for each" if first in ("output", "loss", "metric") else ""), None
    return "", None


def parameter_end(s: Situation) -> int:
    """Where the parameter ends that the refused lexeme stands in."""
    index = s.at
    while s.text(index + 1) and s.text(index + 1) not in (",", "=", ")"):
        index += 1
    last = s.lexeme(index)
    return last.end if last else s.statement.end


SIGNS = (
    ("{", "LBRACE"), ("=", "ASSIGN"), (":", "COLON"), ("in", "_IN"), ("then", "_THEN"), ("else", "_ELSE"),
    ("(", "LPAR"), (")", "RPAR"), ("]", "RSQB"), ("}", "RBRACE"),
)  # fmt: skip
