"""Why a token was refused, where an item or a body does not begin or end as it must."""

from __future__ import annotations

from nndsl.diagnostics import Edit
from nndsl.errors.expressions import StrayCloser, Unexpected
from nndsl.errors.grammar import (
    BlockParameters,
    BraceMissing,
    ForeignWord,
    NameMissing,
    NestedItem,
    OutsideModel,
    SecondStatement,
    UnclosedBrace,
    UnknownItem,
)
from nndsl.errors.suggest import closest
from nndsl.source import Span
from nndsl.syntax.explain_statement import FOREIGN_WORDS, enclosing
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
from nndsl.syntax.situation import Answer, Fed, Remedy, Situation, found


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
    if first.text in (")", "]"):
        title, what = f"this `{first.text}` closes nothing", "nothing before it is open"
        return StrayCloser(s.span(first), Edit(s.span(first), ""), title, what, "delete it"), skip(s)
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
    if word == "layer" and s.at == 2 and here and here.text in ("(", ".", "["):
        place = s.after_before if s.before is None else s.span(s.before)
        at = Edit(Span(s.source, place.start, place.start), "shared = ")
        return NameMissing(place, at, "a layer", "a name and `=` are expected in front of this"), skip(s)
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
