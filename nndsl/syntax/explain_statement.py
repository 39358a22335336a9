"""Why a token was refused, where a statement, an item or a body does not begin, go on or end as it must."""

from __future__ import annotations

from nndsl.diagnostics import Edit
from nndsl.errors.grammar import (
    BadTarget,
    BlockParameters,
    BraceMissing,
    ForeignWord,
    IfStatement,
    InputOrTarget,
    KeywordAsName,
    LoneExpression,
    NameMissing,
    NestedItem,
    OutsideModel,
    ReservedWord,
    SecondStatement,
    StrayCloser,
    TypeMissing,
    UnclosedBrace,
    Unexpected,
    UnknownItem,
    UnknownStatement,
    WrongSign,
)
from nndsl.errors.suggest import closest
from nndsl.source import Span
from nndsl.syntax.salvage import skip
from nndsl.syntax.scan import (
    ITEM_HEADERS,
    ITEM_START,
    ITEMS,
    RESERVED,
    STATEMENTS,
    begins_line,
    indentation,
    skip_blank,
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


def unclosed_body(s: Situation) -> Answer | None:
    """An item at the beginning of a line, or the end of the file, while a body is still open."""
    if not s.bodies:
        return None
    text, start = s.source.text, s.statement.start
    at_item = indentation(text, start) == 0 and begins_line(text, start) and ITEM_START.match(text, start)
    at_end = s.here is None and s.offset >= len(text) and "RBRACE" in s.expected and not s.statement.unclosed
    if at_item:
        first = s.statement.lexemes[0]
        reached, what = s.span(first), f"`{first.text}` begins"
        closing = Remedy((Fed("RBRACE", "}"),) * len(s.bodies) + (Fed("_NL", "\n"),), start, restart=True)
    elif at_end:
        reached, what = last_text(s, len(text)), "the file ends"
        closing = Remedy((Fed("RBRACE", "}"),) * len(s.bodies), s.offset)
    else:
        return None
    if any(body.brace.start in s.memory.supplied for body in s.bodies):
        return None, closing
    # Where a `}` inside was indented like an outer one it was meant for that, and the inner one is missing.
    inside = [body for body in s.memory.suspects if body.brace.start > s.bodies[-1].brace.start]
    body = inside[0] if inside else s.bodies[-1]
    indent = indentation(text, body.header.start)
    place = last_text(s, outdented(text, body.brace.end, indent) if inside else reached.start)
    edit = Edit(place, "\n" + " " * indent + "}")
    return UnclosedBrace(body.brace, body.owner, reached, what, edit), closing


def last_text(s: Situation, offset: int) -> Span:
    """The empty place behind the last text before `offset`."""
    while offset and s.source.text[offset - 1].isspace():
        offset -= 1
    return Span(s.source, offset, offset)


def outdented(text: str, offset: int, indent: int) -> int:
    """Where the first line behind `offset` begins that is indented by no more than `indent`."""
    while (offset := text.find("\n", offset) + 1) > 0:
        begin = skip_blank(text, offset)
        if indentation(text, begin) <= indent:
            return begin
    return len(text)


def behind_body(s: Situation) -> Answer:
    edit = Edit(s.here_span if s.here is None else Span(s.source, s.here_span.start, s.here_span.start), "\n")
    return SecondStatement(s.here_span, edit), Remedy((Fed("_NL", "\n"),), s.offset)


def stray_brace(s: Situation) -> Answer | None:
    text = s.source.text
    if s.place != "program" or not text.startswith("}", s.offset):
        return None
    tokens = (Fed("SALVAGED", None),) if "SALVAGED" in s.expected else ()
    remedy = Remedy(tokens, s.offset + 1)
    if s.memory.adrift:
        return None, remedy
    s.memory.adrift = True
    span = Span(s.source, s.offset, s.offset + 1)
    title, what = "this `}` closes nothing", "every `{` before it is closed already"
    return StrayCloser(span, Edit(span, ""), title, what, "delete it"), remedy


def top_level(s: Situation) -> Answer | None:
    """Something that is no item at the top of a file."""
    first, second = s.lexeme(0), s.lexeme(1)
    if s.place != "program" or first is None or first.text in ITEMS:
        return None
    if first.kind == "word" and first.text not in STATEMENTS and first.text not in RESERVED and second:
        holds = "{" in (second.text, s.text(2)) or s.text(-1) == "{"
        word = closest(first.text, ITEMS)
        if word and (holds or second.kind in ("word", "string")) and second.text != "=":
            s.memory.adrift = False
            how = f"did you mean `{word}`?"
            keyword = Fed(word.upper(), word, s.span(first))
            edit = Edit(s.span(first), word)
            return UnknownItem(s.span(first), edit, first.text, how), Remedy((keyword,), first.end, restart=True)
        if first.text in FOREIGN_WORDS:
            meaning, how = FOREIGN_WORDS[first.text]
            s.memory.adrift = True
            return ForeignWord(s.span(first), None, first.text, meaning, how), skip(s)
        if holds or second.kind == "word":
            s.memory.adrift = True
            how = "a network is `model NAME { … }`, a piece of one `block NAME(x) { … }`"
            return UnknownItem(s.span(first), None, first.text, how), skip(s)
    if s.memory.adrift:
        return None, skip(s)
    s.memory.adrift = True
    span = s.span(first, s.statement.lexemes[-1])
    closed = s.memory.closed
    if second and second.text == "=" and closed is None:
        how, edit = "a value for the whole file is a const", Edit(Span(s.source, first.start, first.start), "const ")
        return OutsideModel(span, edit, "only items stand here", how), skip(s)
    how = "move it into the braces of a model" if closed else "put it in `model NAME { … }`"
    return OutsideModel(span, None, "only items stand here", how, closed), skip(s)


def nested_item(s: Situation) -> Answer | None:
    first = s.lexeme(0)
    body = enclosing(s)
    if s.place == "program" or body is None or first is None or not ITEM_START.match(s.source.text, first.start):
        return None
    # The body of the item goes with it.
    remedy = Remedy((Fed("SALVAGED", None),), s.statement.end, restart=True)
    return NestedItem(s.span(first), first.text, body.owner, body.header), remedy


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
    joins = here.kind == "number" or here.kind == "string" or (here.kind == "word" and here.text not in RESERVED)
    if (s.place == "settings" and joins) or (
        first in ("output", "layer", "const") and begins_value(here) and s.at == 2
    ):
        place = s.after_before
        title = f"`=` is missing after `{s.before.text if s.before else first}`"
        return WrongSign(place, Edit(place, " ="), title, "="), s.supply("=")
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
    bare = s.at == 0 and (begins_value(first) or first.text == "-")
    named = s.at >= 1 and len(s.expected & {"ASSIGN", "COMMA"}) == 2 and "PLUS" not in s.expected and not s.bracket
    setting = s.place == "settings" and s.at == 1 and "ASSIGN" in s.expected
    if not (bare or named or setting):
        return None
    lexemes = s.statement.lexemes
    span = s.span(first, lexemes[-1])
    equals = next((i for i, x in enumerate(lexemes) if x.text == "=" and s.statement.enclosing[i] is None), None)
    if equals and here and here.text in (".", "[", "("):
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
    name = "return " if body and body.keyword == "block" else "y = "
    return LoneExpression(span, Edit(at, name)), skip(s)


def header(s: Situation) -> Answer | None:
    """`model {`, `model m:`, `model m` without a brace, `block f {`, `import blocks.nn`."""
    first, here = s.lexeme(0), s.here
    if first is None or first.text not in (*ITEMS, "for", "layer", "output", "input", "target"):
        return None
    word = first.text
    if s.at == 1 and s.wants_name and not (here and here.kind in ("word", "number", "other", "unclosed")):
        owner = {"input": "an input", "output": "an output", "import": "an import"}.get(word, f"a {word}")
        place = s.after_before
        if word == "for":
            return None
        edit = Edit(place, " main") if word == "model" else None
        remedy = s.supply("NAME") if here and here.text in ("{", "(") and word in ITEM_HEADERS else skip(s)
        return NameMissing(place, edit, owner, "a name is expected here"), remedy
    if word == "import" and s.at == 1:
        end = s.statement.lexemes[-1]
        path = s.source.text[first.end : end.end].strip()
        edit = Edit(Span(s.source, s.here_span.start, end.end), f'"{path}"') if here else None
        where = "the path of a file stands in quotes"
        return Unexpected(
            s.rest(), edit, "a path in quotes", found(here), where, "put it in quotes" if here else ""
        ), skip(s)
    if word == "block" and s.at == 2 and (here is None or here.text in ("{", ":")):
        name, place = s.text(1), s.after_before
        return BlockParameters(place, Edit(place, "(x)"), name), s.supply("(", ")")
    if word not in (*ITEM_HEADERS, "for") or "LBRACE" not in s.expected or s.wants_value:
        return None
    names = word in ("model", "block") and s.at > 1
    owner = f"{word} {s.text(1)}" if names else word
    if here is None or here.text == ":" or begins_line(s.source.text, here.start):
        place = s.here_span if here and here.text == ":" else s.after_before
        edit = Edit(place, "{" if place.start < place.end and s.source.text[place.start - 1] == " " else " {")
        s.memory.supplied.add(s.here_span.start)
        remedy = s.mend("{") if here and here.text == ":" else s.supply("{")
        return BraceMissing(place, edit, owner), remedy
    return None
