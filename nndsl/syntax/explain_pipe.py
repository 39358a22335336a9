"""Why a token was refused, where pipes, conditionals and operators meet."""

from __future__ import annotations

from nndsl.diagnostics import Edit
from nndsl.errors.expressions import ForeignConditional, NotAStage, ParenthesesNeeded, Unexpected, Unfinished
from nndsl.errors.grammar import BraceMissing
from nndsl.syntax.explain_expression import BINARY
from nndsl.syntax.salvage import skip
from nndsl.syntax.scan import Lexeme
from nndsl.syntax.situation import Answer, Remedy, Situation, ends_value


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


def repeat(s: Situation) -> Answer | None:
    """`repeat 3 f`, `repeat { f }`: a count and braces are missing."""
    here, before, level = s.here, s.before, s.level()
    start = next((x for x in reversed(level) if x.text == "repeat"), None)
    if start is None and s.bracket == "{":
        opened = s.around
        index = s.statement.lexemes.index(opened) if opened else 0
        if opened and s.text(index - 1) == "repeat" and "COLON" in s.expected:
            how = "write how often: `repeat 3 { … }`"
            return Unexpected(
                s.span(opened), None, "a number", "`{`", "how often it is repeated is missing", how
            ), skip(s)
    if start is None or before is None or "LBRACE" not in s.expected or s.wants_value:
        return None
    if here is not None and here.text in BINARY | {".", "(", "["}:
        return None
    place = s.after_before
    stages = s.source.text[here.start : s.statement.lexemes[-1].end] if here else ""
    edit = Edit(s.rest(), f"{{ {stages} }}") if here and "\n" not in stages else None
    return BraceMissing(place if here is None else s.here_span, edit, "repeat"), skip(s)


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


def python_conditional(s: Situation) -> Answer | None:
    """`a if c else b`: turned round where all of it is seen."""
    here, level = s.here, s.level()
    if here is None or here.text != "if" or not ends_value(s.before) or not level:
        return None
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
