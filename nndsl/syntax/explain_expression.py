"""Why a token was refused, where an expression does not go on or end as it must."""

from __future__ import annotations

from nndsl.diagnostics import Edit
from nndsl.errors.grammar import (
    ChainedComparison,
    CommaMissing,
    ForeignConditional,
    ForeignWord,
    NotAStage,
    ParenthesesNeeded,
    SecondStatement,
    StrayCloser,
    UnclosedBracket,
    Unexpected,
    Unfinished,
    WrongSign,
)
from nndsl.source import Span
from nndsl.syntax.salvage import skip
from nndsl.syntax.scan import CLOSER, CONTINUING, RESERVED, STATEMENT_START, Lexeme
from nndsl.syntax.situation import Answer, Remedy, Situation, begins_value, ends_value, found

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
BINARY = COMPARISONS | {"+", "-", "*", "/", "//", "%", "@", "^", "and", "or"}


def unclosed_bracket(s: Situation) -> Answer | None:
    if s.here is not None or not s.statement.unclosed:
        return None
    opening, last = s.statement.unclosed[-1], s.statement.lexemes[-1]
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


def branch_missing(s: Situation) -> Answer | None:
    """A conditional without its `then` or `else`."""
    here, before = s.here, s.before
    if before is None or not ends_value(before) or (here is not None and here.text not in (")", "]", "}", ",", "as")):
        return None
    texts = [x.text for x in s.level()]
    if texts.count("if") > texts.count("then"):
        word = "then"
    elif texts.count("then") > texts.count("else"):
        word = "else"
    else:
        return None
    how = "a conditional has both branches: `if c then a else b`"
    return Unfinished(s.after_before, f"`{word}`", s.source.text[before.start : before.end], how), skip(s)


def wrong_sign(s: Situation) -> Answer | None:
    """`:` for `=` in a call, `=` for `==` in a condition, `=` for `:` in a map."""
    here = s.here
    if here is None or here.text not in (":", "="):
        return None
    level = s.level()
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


def parentheses(s: Situation) -> Answer | None:
    """Where a pipe, a conditional and an operator meet."""
    here = s.here
    if here is None:
        return None
    level = s.level()
    texts = [x.text for x in level]
    before = s.before
    if here.text == "if" and before and before.text == "->":
        return around(s, here, last_of(s), "`if` cannot be a stage as it is", "a stage begins here", "the conditional")
    if here.text == "if" and not ends_value(before) and before and before.text in BINARY | {"not"}:
        return around(
            s, here, last_of(s), f"`if` meets the operator `{before.text}`", "its end is not clear", "the conditional"
        )
    if here.text == "->" and "if" in texts and not s.wants_value:
        branch = max((i for i, text in enumerate(texts) if text in ("if", "then", "else")), default=0)
        if texts[branch] == "else":
            start = texts.index("if")
            return around(
                s,
                level[start],
                before or here,
                "`->` meets `if`",
                "what flows into this is not clear",
                "the conditional, or around the pipe behind `else`",
            )
        first = level[branch + 1] if branch + 1 < len(level) else here
        stop = next((x for x in s.statement.lexemes[s.at :] if x.text in ("then", "else")), None)
        index = s.statement.lexemes.index(stop) if stop else len(s.statement.lexemes)
        return around(
            s, first, s.statement.lexemes[index - 1], "`->` meets `if`", "a pipe inside a conditional", "the pipe"
        )
    if here.text in BINARY and "->" in texts and ends_value(before):
        start = next(
            (i + 1 for i in range(len(texts) - 1, -1, -1) if texts[i] in ("return", "loss", "metric", "assert")), 0
        )
        head = level[start] if start < len(level) else level[0]
        what = "the pipe"
        return around(
            s,
            head,
            before or here,
            f"`{here.text}` follows a stage of a pipe",
            "an operator cannot follow a stage",
            what,
        )
    return None


def last_of(s: Situation) -> Lexeme:
    """The last lexeme of the argument that the refused one stands in."""
    lexemes, enclosing = s.statement.lexemes, s.statement.enclosing
    around_, last = enclosing[s.at], s.at
    for index in range(s.at, len(lexemes)):
        if enclosing[index] is around_ and lexemes[index].text in (",", ")", "]", "}", "as"):
            break
        last = index
    return lexemes[last]


def around(s: Situation, first: Lexeme, last: Lexeme, title: str, why: str, what: str) -> Answer:
    edit = Edit(s.span(first, last), f"({s.source.text[first.start : last.end]})")
    return ParenthesesNeeded(s.here_span, edit, title, why, what), skip(s)


def not_a_stage(s: Situation) -> Answer | None:
    here, before = s.here, s.before
    if before is None or (here is not None and here.text == "if"):
        return None
    if before.text != "->":
        return value_as_stage(s)
    if here is None:
        return None
    if here.text == "->":
        return Unexpected(
            s.here_span, s.replace(""), "a stage", "a second `->`", "one arrow is enough", "delete it"
        ), Remedy((), here.end)
    how, edit = "a stage is what a value goes through, like `dense(64)` or `relu`", None
    if here.kind == "number":
        how, edit = f"did you mean `dense({here.text})`?", s.replace(f"dense({here.text})")
    elif here.text in ("-", "["):
        how = "put an expression in parentheses"
    return NotAStage(s.here_span, edit, here.text, how), skip(s)


def value_as_stage(s: Situation) -> Answer | None:
    """`x -> 64 -> …`, `x -> f.g`: what could have been the beginning of a call, and is none."""
    if "LPAR" not in s.expected or s.expected & {"PLUS", "NUMBER", "ARROW"}:
        return None
    level = s.level()
    arrow = next((i for i in range(len(level) - 1, -1, -1) if level[i].text == "->"), None)
    before = s.before
    if arrow is None or before is None or arrow + 1 >= len(level):
        return None
    span = s.span(level[arrow + 1], before)
    if before.kind == "number":
        how, edit = f"did you mean `dense({span.text})`?", Edit(span, f"dense({span.text})")
    elif before.kind == "word":
        how, edit = "call it, or put it in parentheses", Edit(span, f"({span.text})")
    else:
        return NotAStage(
            span, None, span.text, "a stage is what a value goes through, like `dense(64)` or `relu`"
        ), skip(s)
    return NotAStage(span, edit, span.text, how), skip(s)


def python_expression(s: Situation) -> Answer | None:
    here, before = s.here, s.before
    if here is None:
        return None
    level = s.level()
    if here.text == "if" and ends_value(before) and level:
        return python_conditional(s, level)
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


def python_conditional(s: Situation, level: list[Lexeme]) -> Answer:
    """`a if c else b`: turned round where all of it is seen."""
    here = s.here
    assert here is not None
    lexemes, text = s.statement.lexemes, s.source.text
    last = last_of(s)
    otherwise = next((x for x in lexemes[s.at :] if x.text == "else"), None)
    edit, how = None, "write `if c then a else b`"
    start = next(
        (i + 1 for i in range(len(level) - 1, -1, -1) if level[i].text in ("return", "loss", "metric", "assert")), 0
    )
    if otherwise and otherwise.end <= last.start and start < len(level):
        yes = text[level[start].start : level[-1].end]
        condition, no = text[here.end : otherwise.start].strip(), text[otherwise.end : last.end].strip()
        edit = Edit(s.span(level[start], last), f"if {condition} then {yes} else {no}")
        how = "put the condition first"
    return ForeignConditional(s.here_span, edit, "the condition comes first", how), skip(s)


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
    if before and before.text == "->":
        expected = "a stage"
    elif s.wants_value:
        expected = "a value"
        if here and here.kind == "word" and here.text in RESERVED:
            how = f"`{here.text}` is a word of the language and no value"
    elif s.wants_name:
        expected = "a name"
    elif s.bracket:
        expected = f"`,` or `{CLOSER[s.bracket]}`"
    elif (before and ends_value(before) and "PLUS" in s.expected) or "_NL" in s.expected:
        expected = "an operator or the end of the line" if here else "the rest of the statement"
        if here and here.kind == "word" and here.text not in RESERVED and before and s.place == "network":
            how, edit = "if it is a stage, `->` is missing", s.insert("-> ")
    else:
        expected = next((f"`{sign}`" for sign, name in SIGNS if name in s.expected), "something else")
    return Unexpected(s.here_span, edit, expected, found(here), f"{expected} is expected here", how), skip(s)


SIGNS = (
    ("{", "LBRACE"), ("=", "ASSIGN"), (":", "COLON"), ("in", "_IN"), ("then", "_THEN"), ("else", "_ELSE"),
    ("(", "LPAR"), (")", "RPAR"), ("]", "RSQB"), ("}", "RBRACE"),
)  # fmt: skip
