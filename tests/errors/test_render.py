"""How diagnostics look: the gutter, marks under the very words, the edited line, colours, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndsl.diagnostics import Diagnostic, Edit, Help, Label
from nndsl.render import diagnostics_json, render, render_json
from nndsl.snippet import WIDEST, width
from nndsl.source import Source, Span


class Example(Diagnostic):
    """A message made for these tests."""

    code = "NN999"
    title = "{words}"
    label = "{under}"

    words: str = "something is wrong"
    under: str = "here"
    others: tuple[Label, ...] = ()
    advice_text: str = ""
    edit: Edit | None = None

    def secondary(self) -> Iterator[Label]:
        return iter(self.others)

    def help(self) -> Help | None:
        return Help(self.advice_text, self.edit) if self.advice_text else None


def source(text: str, name: str = "a.nn") -> Source:
    return Source(name, text)


def at(text: Source, words: str) -> Span:
    start = text.text.index(words)
    return Span(text, start, start + len(words))


def test_the_page_of_the_language() -> None:
    text = source("\n" * 8 + "  logits = h -> dense(10)\n\n\n\n  loss cross_entropy(logits, digit)\n", "mnist.nn")
    diagnostic = Example(
        at(text, "cross_entropy(logits, digit)"),
        "`cross_entropy` compares scores [batch, 13, 13, 10] with class[10]",
        "expects scores [batch, 10]",
        (Label(at(text, "dense(10)"), "acts on the last axis: [batch, 13, 13, 32] -> [batch, 13, 13, 10]"),),
        "flatten before it, to [batch, 5408]",
        Edit(at(text, "dense(10)"), "flatten -> dense(10)"),
    )
    assert render([diagnostic]) == (
        "error[NN999]: `cross_entropy` compares scores [batch, 13, 13, 10] with class[10]\n"
        "  --> mnist.nn:13:8\n"
        "   |\n"
        " 9 |   logits = h -> dense(10)\n"
        "   |                 --------- acts on the last axis: [batch, 13, 13, 32] -> [batch, 13, 13, 10]\n"
        "13 |   loss cross_entropy(logits, digit)\n"
        "   |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expects scores [batch, 10]\n"
        "   |\n"
        " help: flatten before it, to [batch, 5408]\n"
        "   |\n"
        " 9 |   logits = h -> flatten -> dense(10)\n"
    )


def test_several_labels_on_one_line_keep_apart() -> None:
    text = source("y = f(left, right)\n")
    diagnostic = Example(at(text, "f"), others=(Label(at(text, "left"), "one"), Label(at(text, "right"), "two")))
    assert render([diagnostic]).splitlines()[3:] == [
        " 1 | y = f(left, right)",
        "   |     ^ ----  ----- two",
        "   |     | |",
        "   |     | one",
        "   |     here",
    ]


def test_labels_in_another_file_get_a_place_of_their_own() -> None:
    main, other = source("x = 1\n"), source("\n\ny = 2\n", "b.nn")
    shown = render([Example(at(main, "x"), others=(Label(at(other, "y"), "and there"),))])
    assert "  --> a.nn:1:1\n" in shown
    assert "  --> b.nn:3:1\n   |\n 3 | y = 2\n   | - and there\n" in shown


def test_a_span_over_several_lines_is_marked_at_both_ends() -> None:
    text = source("m {\n  a\n  b\n} x\n")
    assert render([Example(Span(text, 2, 13))]).splitlines()[3:] == [
        " 1 | m {",
        "   |   ^",
        " 4 | } x",
        "   | ^ here",
    ]


@pytest.mark.parametrize(
    ("line", "words", "shown", "mark"),
    [
        ("\ta\tb", "b", "    a   b", "        ^ here"),
        ('f("学習", x)', "x", 'f("学習", x)', "          ^ here"),
        ("e\u0301 = x", "x", "e\u0301 = x", "    ^ here"),
        ("a\x1b[31m = x", "x", "a\\u{1b}[31m = x", "              ^ here"),
        ("a\u202eb = x", "x", "a\\u{202e}b = x", "             ^ here"),
    ],
)
def test_marks_stand_under_the_words_as_a_terminal_shows_them(line: str, words: str, shown: str, mark: str) -> None:
    text = source(line + "\n")
    assert render([Example(at(text, words))]).splitlines()[3:] == [f" 1 | {shown}", f"   | {mark}"]


def test_long_lines_are_cut_around_the_mark() -> None:
    text = source("x = [" + "a, " * 500 + "wrong, " + "b, " * 500 + "]\n")
    line, mark = render([Example(at(text, "wrong"))]).splitlines()[3:]
    assert len(line) < WIDEST + 20
    assert line[mark.index("^") : mark.rindex("^") + 1] == "wrong"
    assert line.startswith(" 1 | …")
    assert line.endswith("…")


def test_empty_spans_and_the_end_of_the_file() -> None:
    text = source("x = ")
    assert render([Example(Span(text, 4, 4))]).splitlines()[3:] == [" 1 | x =", "   |     ^ here"]
    text = source("x = 1\n")
    assert render([Example(Span(text, 6, 6))]).splitlines()[1] == "  --> a.nn:2:1"


def test_a_message_without_a_place() -> None:
    assert render([Example(None, advice_text="try\nagain")]) == (
        "error[NN999]: something is wrong\n help: try\n       again\n"
    )


def test_edits_over_several_lines() -> None:
    text = source("a\nb\nc\n")
    inserted = Example(at(text, "b"), advice_text="put them in", edit=Edit(Span(text, 3, 3), "\n1\n2"))
    assert render([inserted]).splitlines()[-3:] == [" 2 | b", " 3 | 1", " 4 | 2"]
    joined = Example(at(text, "b"), advice_text="join them", edit=Edit(Span(text, 1, 4), ""))
    assert render([joined]).splitlines()[-1] == " 1 | ac"


def test_what_users_wrote_never_steers_the_terminal() -> None:
    text = source("x\n", "evil\x1b[2J.nn")
    shown = render([Example(at(text, "x"), "\x1b]0;title\x07", "a\nb\r\u202e", advice_text="\x1b[31m")])
    assert not set(shown) & set("\x1b\x07\r\u202e")


def test_colours_are_only_added() -> None:
    text = source("y = f(x)\n")
    diagnostics = [Example(at(text, "x"), advice_text="so", edit=Edit(at(text, "x"), "z"))]
    coloured = render(diagnostics, colour=True)
    assert "\x1b[1;31merror[NN999]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(diagnostics)


def test_json_has_everything() -> None:
    text = source("y = f(\n  x)\n")
    diagnostic = Example(
        Span(text, 4, 10), others=(Label(at(text, "y"), "y"),), advice_text="so", edit=Edit(at(text, "x"), "z")
    )
    where = {"file": "a.nn", "line": 1, "column": 5, "end_line": 2, "end_column": 4}
    y = {"file": "a.nn", "line": 1, "column": 1, "end_line": 1, "end_column": 2}
    x = {"file": "a.nn", "line": 2, "column": 3, "end_line": 2, "end_column": 4}
    assert diagnostics_json([diagnostic]) == [
        {
            "severity": "error",
            "code": "NN999",
            "message": "something is wrong",
            **where,
            "labels": [{**where, "text": "here", "primary": True}, {**y, "text": "y", "primary": False}],
            "help": "so",
            "edit": {**x, "replacement": "z"},
        }
    ]
    assert json.loads(render_json([diagnostic])) == diagnostics_json([diagnostic])
    (nowhere,) = diagnostics_json([Example(None)])
    assert (nowhere["file"], nowhere["line"], nowhere["help"], nowhere["edit"]) == (None, None, None, None)


texts = st.text(st.characters(exclude_categories=[]) | st.sampled_from("\t\n 学é\u0301\x1b\u202e"), max_size=60)


@settings(max_examples=300, deadline=None)
@given(texts, st.data())
def test_any_span_of_any_text_can_be_shown(text: str, data: st.DataObject) -> None:
    shown = source(text)

    def span() -> Span:
        start = data.draw(st.integers(0, len(text)))
        return Span(shown, start, data.draw(st.integers(start, len(text))))

    edit = Edit(span(), data.draw(texts))
    diagnostic = Example(span(), text, text, (Label(span(), text), Label(span(), "")), text or "so", edit)
    plain = render([diagnostic])
    assert not {character for character in plain if character < " " and character != "\n"}
    assert re.sub(r"\x1b\[[0-9;]*m", "", render([diagnostic], colour=True)) == plain
    assert all(width(line) < 4 * WIDEST + len(text) * 10 for line in plain.split("\n"))
    diagnostics_json([diagnostic])
