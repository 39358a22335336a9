"""Why a token was refused, where a statement, an item or a body does not begin, go on or end as it must."""

from __future__ import annotations

from nndsl.diagnostics import Edit
from nndsl.errors.expressions import ReservedWord, Unexpected
from nndsl.errors.grammar import (
    BadTarget,
    ForeignWord,
    IfStatement,
    InputOrTarget,
    KeywordAsName,
    LoneExpression,
    TypeMissing,
    UnknownStatement,
    WrongSign,
)
from nndsl.errors.suggest import closest
from nndsl.source import Span
from nndsl.syntax.salvage import skip
from nndsl.syntax.scan import (
    ITEMS,
    RESERVED,
    STATEMENTS,
)
from nndsl.syntax.situation import Answer, Fed, OpenBody, Remedy, Situation, begins_value, found

FOREIGN_WORDS = {
    "def": ("a function in Python", "a reusable piece of network is `block NAME(x) { … return y }`"),
    "fn": ("a function in other languages", "a reusable piece of network is `block NAME(x) { … return y }`"),
    "func": ("a function in other languages", "a reusable piece of network is `block NAME(x) { … return y }`"),
    "function": ("a function in other languages", "a reusable piece of network is `block NAME(x) { … return y }`"),
    "class": ("a class in Python", "a network is `model NAME { … }`, a piece of one `block NAME(x) { … return y }`"),
    "while": ("a loop in other languages", "structure repeats by `for x in [1, 2] { … }` or `repeat 3 { … }`"),
    "elif": ("a branch in Python", "a conditional is an expression: `if a then x else if b then y else z`"),
    "from": ("an import in Python", 'another file is used by `import "blocks.nn"`'),
    "print": ("output in Python", "`nndsl show` prints what a program means"),
    "lambda": ("a function in Python", "a function is a `block`, or an expression"),
}
DECLARING = frozenset({"let", "var", "val", "auto", "final"})


def enclosing(s: Situation) -> OpenBody | None:
    return s.bodies[-1] if s.bodies else None


def if_statement(s: Situation) -> Answer | None:
    first = s.lexeme(0)
    if first is None or first.text not in ("if", "else", "elif", "then") or s.place == "program" or s.at > 0:
        return None
    if first.text != "if" and s.memory.branches:
        return None, skip(s)
    s.memory.branches = True
    end = next((x for x in s.statement.lexemes[1:] if x.text in ("{", ":", "then")), None)
    condition = s.source.text[first.end : end.start].strip() if end else ""
    return IfStatement(s.span(first), condition if 0 < len(condition) <= 40 else "c"), skip(s)


def foreign_statement(s: Situation) -> Answer | None:
    first, second = s.lexeme(0), s.lexeme(1)
    if s.place != "network" or first is None or first.kind != "word" or s.at != 1:
        return None
    if second is None or (second.kind not in ("word", "string", "number") and first.text != "print"):
        return None
    if first.text in DECLARING or first.text == "const":
        meaning, how = "a name is given by `=` alone", "leave it out"
        edit = Edit(Span(s.source, first.start, second.start), "")
        remedy = Remedy((), second.start, restart=True)
        return ForeignWord(s.span(first), edit, first.text, meaning, how), remedy
    if first.text in FOREIGN_WORDS:
        meaning, how = FOREIGN_WORDS[first.text]
        return ForeignWord(s.span(first), None, first.text, meaning, how), skip(s)
    if second.text in RESERVED or (s.text(2) == "=" and closest(first.text, STATEMENTS) is None):
        return None
    word = closest(first.text, STATEMENTS)
    if word is None:
        return None
    keyword = Fed(word.upper(), word, s.span(first))
    diagnostic = UnknownStatement(s.span(first), Edit(s.span(first), word), first.text, f"did you mean `{word}`?")
    return diagnostic, Remedy((keyword,), first.end, restart=True)


def declaration(s: Situation) -> Answer | None:
    """`input x f32[3]`, `input x`, `input x = …`, `x: f32[3]`."""
    first, second, here = s.lexeme(0), s.lexeme(1), s.here
    if s.place != "network" or first is None:
        return None
    if first.kind == "word" and first.text not in STATEMENTS and s.at == 1 and here and here.text == ":":
        keyword = Fed("INPUT", "input", s.span(first))
        edit = Edit(Span(s.source, first.start, first.start), "input ")
        return InputOrTarget(s.span(first), edit, first.text), Remedy((keyword,), first.start, restart=True)
    if first.text not in ("input", "target") or second is None or second.kind != "word" or s.at != 2:
        return None
    example = "class[10]" if first.text == "target" else "f32[8]"
    how = f"write its type: `{first.text} {second.text}: {example}`"
    if here is None:
        title = f"`{first.text} {second.text}` has no type"
        return TypeMissing(s.end_span, None, title, "`:` and a type are expected here", how), skip(s)
    if here.text == ",":
        title = f"each {first.text} has a statement of its own"
        what = "one name and its type are expected"
        return TypeMissing(s.here_span, None, title, what, f"write `{first.text} NAME: TYPE` for each"), skip(s)
    if here.text == "=" and s.after and s.after.kind == "word" and s.after.text in ("f32", "class", "binary", "i64"):
        title = "a type follows `:`, not `=`"
        return TypeMissing(s.here_span, s.replace_sign(":"), title, "`:` is expected here", "write `:`"), s.mend(":")
    if here.kind == "word":
        title, place = f"`:` is missing between `{second.text}` and its type", s.after_before
        edit = Edit(place, ":")
        return TypeMissing(place, edit, title, "`:` is expected here", "put it there"), s.supply(":")
    if here.text == "=":
        title, what = (
            f"`{second.text}` is given from outside; it has a type and no value",
            "`:` and a type are expected",
        )
        return TypeMissing(s.here_span, None, title, what, how), skip(s)
    return None


def keyword_as_name(s: Situation) -> Answer | None:
    first, here = s.lexeme(0), s.here
    if (
        s.place == "settings"
        or first is None
        or here is None
        or s.at != 1
        or here.text not in ("=", ":", "==", ",", "->", ".")
    ):
        return None
    word = first.text
    if (word not in STATEMENTS and word not in ITEMS) or word in RESERVED:
        return None
    if s.place == "program":
        if word in ("data", "train") and here.text in ("=", ":") and s.after and s.after.text == "{":
            title, what = f"`{word}` is followed by its braces", f"no `{here.text}` stands between them"
            return KeywordAsName(s.here_span, s.replace_sign(""), title, what, "delete it"), Remedy((), here.end)
        return None
    if word in ("loss", "metric") and here.text in ("=", ":", "=="):
        title, what = f"`{word}` is a statement: its expression follows without `{here.text}`", "nothing is named here"
        edit = Edit(Span(s.source, first.end, here.end), "")
        return KeywordAsName(s.here_span, edit, title, what, f"delete the `{here.text}`"), Remedy((), here.end)
    if word in ("return", "assert"):
        title, what = f"`{word}` begins a statement", "an expression is expected here"
        return KeywordAsName(s.here_span, None, title, what, f"write `{word} …`"), skip(s)
    title = f"`{word}` begins a statement and cannot be the name of a value here"
    if word in ("output", "layer", "input", "target") and here.text in ("=", ":"):
        examples = {"output": "output y = …", "layer": "layer shared = …", "input": "input x: f32[8]"}
        example = examples.get(word, "target y: f32")
        title = f"`{word}` needs a name"
        how = f"write `{example}`, or choose another word if a value is to be named"
        return KeywordAsName(s.here_span, None, title, "a name is expected here", how), skip(s)
    how = f"choose another name, for example `{word}_`"
    return KeywordAsName(s.span(first), None, title, "a statement begins with this word", how), skip(s)


def reserved_word(s: Situation) -> Answer | None:
    here = s.here
    if here is None or here.kind != "word" or here.text not in RESERVED:
        return None
    if s.at == 0 and here.text in ("not", "true", "false", "none") and s.text(1) not in ("=", ":", ","):
        return None
    as_name = s.wants_name or (s.after is not None and s.after.text in ("=", ":") and "NAME" in s.expected)
    if here.text == "repeat" and s.at == 0:
        how = "write `y = x -> repeat …`, or repeat statements by `for`"
        where = "`repeat` is a stage of a pipe"
        return Unexpected(s.here_span, None, "a statement", "`repeat`", where, how), skip(s)
    return (ReservedWord(s.here_span, here.text), skip(s)) if as_name and not (s.at == 0 and s.after is None) else None


def equals_missing(s: Situation) -> Answer | None:
    """`NAME == …`, `NAME: …`, `NAME …` where `NAME = …` is meant."""
    here = s.here
    if here is None or "ASSIGN" not in s.expected or s.expected & {"NUMBER", "PLUS"}:
        return None
    first = s.text(0)
    named = s.at == 1 or (s.at == 2 and first in ("output", "layer", "const")) or "COMMA" in s.expected
    if s.bracket or not named:
        return None
    if here.text in ("==", ":", "<-"):
        title = {"==": "`==` compares; a name is given by `=`", ":": "`:` gives no value"}.get(
            here.text, "names are given by `=`"
        )
        return WrongSign(s.here_span, s.replace_sign(" ="), title, "="), s.mend("=")
    # Two words are a misspelt keyword or a missing `=`; the former has been looked for.
    if s.text(s.at + 1) in (":", "="):
        return None
    joins = here.kind == "number" or here.kind == "string" or (here.kind == "word" and here.text not in RESERVED)
    if (s.place == "settings" and joins) or (
        first in ("output", "layer", "const") and begins_value(here) and s.at == 2
    ):
        place = s.after_before
        title = f"`=` is missing after `{s.before.text if s.before else first}`"
        return WrongSign(place, Edit(place, " ="), title, "="), s.supply("=")
    return None


def wrong_type(s: Situation) -> Answer | None:
    """`input x: [3]`, `input x: f32(3)`, `input x: f32[3], y: f32`."""
    here, first = s.here, s.text(0)
    if s.place != "network" or first not in ("input", "target") or here is None or s.text(2) != ":" or s.bracket:
        return None
    if s.at == 3 and here.text in ("[", "("):
        how = "numbers are `f32`, kinds `class`, yes or no `binary`, indices `i64`"
        edit = s.insert("f32") if here.text == "[" else None
        return Unexpected(s.here_span, edit, "a type", found(here), "a type begins with what it is of", how), skip(s)
    if here.text == "(":
        close = s.statement.lexemes[-1]
        inside = s.source.text[here.end : close.start]
        edit = Edit(s.span(here, close), f"[{inside}]") if close.text == ")" else None
        return Unexpected(s.here_span, edit, "`[`", "`(`", "a shape stands in square brackets", "write `[…]`"), skip(s)
    if here.text == ",":
        how = f"write `{first} NAME: TYPE` for each"
        return Unexpected(s.here_span, None, "the end of the line", "`,`", f"each {first} has its own line", how), skip(
            s
        )
    return None


def lone_expression(s: Situation) -> Answer | None:
    first, here = s.lexeme(0), s.here
    if (
        s.place == "program"
        or first is None
        or first.text in STATEMENTS
        or first.text in RESERVED - {"true", "false", "not"}
    ):
        return None
    bare = s.at == 0 and s.place == "network" and (begins_value(first) or first.text == "-")
    named = s.at >= 1 and len(s.expected & {"ASSIGN", "COMMA"}) == 2 and "PLUS" not in s.expected and not s.bracket
    setting = s.place == "settings" and s.at == 1 and "ASSIGN" in s.expected
    if not (bare or named or setting):
        return None
    lexemes = s.statement.lexemes
    span = s.span(first, lexemes[-1])
    equals = next((i for i, x in enumerate(lexemes) if x.text == "=" and s.statement.enclosing[i] is None), None)
    if setting and s.at == 0:
        return None
    if equals and s.text(0) != "for":
        return BadTarget(s.span(first, lexemes[equals - 1])), skip(s)
    if setting:
        title = f"the setting `{first.text}` has no value"
        return Unexpected(s.here_span, None, "`=` and a value", found(here), title), skip(s)
    if named and here and (here.kind in ("word", "number", "string")):
        word = closest(first.text, STATEMENTS)
        how = f"did you mean `{word}`?" if word else "a value is named by `NAME = …`"
        return UnknownStatement(s.span(first), None, first.text, how), skip(s)
    at = Span(s.source, first.start, first.start)
    body = enclosing(s)
    in_block = body is not None and body.keyword == "block"
    how = "return it, or give it a name" if in_block else "give it a name"
    return LoneExpression(span, Edit(at, "return " if in_block else "y = "), how), skip(s)
