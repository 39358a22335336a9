"""What is left of a wrong program: every error once, and everything else as it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndsl.diagnostics import Diagnostic
from nndsl.render import diagnostics_json, render
from nndsl.source import Source
from nndsl.syntax import tree
from nndsl.syntax.parse import parse
from nndsl.syntax.scan import ITEMS, RESERVED, STATEMENTS

Errors = Callable[[str], tuple[Diagnostic, ...]]


def test_each_wrong_line_gives_one_error_and_the_others_stay() -> None:
    program, errors = parse(
        Source(
            "test.nn",
            "model m {\n"
            "  input x: f32[8]\n"
            "  a = x -> dense(8 8)\n"
            "  b = a -> dense(4)\n"
            "  c = b +* 2\n"
            "  d = c -> dense(2)\n"
            "  output\n"
            "  loss mse(d, = 3)\n"
            "}\n"
            "train {\n  epochs = = 3\n  seed = 7\n}\n",
        )
    )
    assert [error.span.line for error in errors if error.span] == [3, 5, 7, 8, 11]
    model, train = program.items
    assert isinstance(model, tree.Model)
    assert isinstance(train, tree.Section)
    assert [type(each).__name__ for each in model.body] == ["Declaration", *["Binding"] * 4, "Loss"]
    assert [setting.name.text for setting in train.settings] == ["epochs", "seed"]


@pytest.mark.parametrize(
    ("line", "kind", "names"),
    [
        ("y = )", "Binding", ["y"]),
        ("u, v = )", "Binding", ["u", "v"]),
        ("input y: )", "Declaration", ["y"]),
        ("target y )", "Declaration", ["y"]),
        ("layer y = )", "SharedLayer", ["y"]),
        ("output y = )", "Output", ["y"]),
        ("loss ) as y", "Loss", ["y"]),
        ("metric ) as y", "Metric", ["y"]),
        ("for y in ) { z = y }", "For", ["y"]),
        ("for i, y in ) { z = y }", "For", ["i", "y"]),
    ],
)
def test_a_wrong_statement_still_defines_its_names(line: str, kind: str, names: list[str]) -> None:
    program, errors = parse(Source("test.nn", f"model m {{\n  {line}\n  after = y\n}}\n"))
    assert len(errors) == 1
    (model,) = program.items
    assert isinstance(model, tree.Model)
    wrong: Any = model.body[0]
    assert type(wrong).__name__ == kind
    found = getattr(wrong, "names", None) or (getattr(wrong, "alias", None) or wrong.name,)
    assert [name.text for name in found] == names
    assert len(model.body) == 2


@pytest.mark.parametrize(
    "header", ["model m(x) {", "model m = {", "block m(x, 3) {", "block m x {", "data = {", "train x {", "for in {"]
)
def test_a_body_is_read_although_its_header_is_wrong(errors: Errors, header: str) -> None:
    text = f"{header}\n  a = 1\n}}\n"
    text = f"model m {{\n{text}}}\n" if header.startswith("for") else text
    assert len(errors(text)) == 1


def test_a_mended_operator_leaves_its_value() -> None:
    program, errors = parse(Source("test.nn", "const a = b ** 2 && !c\n"))
    assert len(errors) == 3
    (const,) = program.items
    assert isinstance(const, tree.Const)
    assert isinstance(const.value, tree.Chain)
    assert const.value.rest[0][0].text == "and"


def test_statements_outside_any_model_are_one_mistake(errors: Errors) -> None:
    assert len(errors("a = 1\nb = a -> f\nloss b\n}\n\ntrain { epochs = 3 }\n")) == 1


def test_errors_come_in_the_order_of_the_text(errors: Errors) -> None:
    lines = [
        error.span.line for error in errors('const a = "\\q"\nconst b 1\nconst c = 1e999\n# \u202e\n') if error.span
    ]
    assert lines == [1, 2, 3, 4]


# What people type is mostly words and signs of the language in a wrong order; any text may come.
PIECES = [
    *ITEMS,
    *STATEMENTS,
    *sorted(RESERVED),
    "x",
    "f",
    "3",
    "0.5",
    "15%",
    '"a"',
    "'a'",
    "if",
    "**",
    "&&",
    "+=",
    ";",
]
PIECES += [*"+-*/%@^=<>!,.:()[]{}#\\\"'", "->", "==", "//", "\n", "\n", "\n  ", " ", "é", "\t", "\u202e", "\x1b"]


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join)))
def test_no_text_makes_the_parser_fail(text: str) -> None:
    source = Source("test.nn", text)
    program, errors = parse(source)
    assert isinstance(program, tree.Program)
    assert len(set(errors)) == len(errors)
    shown = render(errors)
    assert not set(shown) & set("\x1b\u202e\r\x00")
    for error in diagnostics_json(errors):
        assert error["line"] <= text.count("\n") + text.count("\r") + 1
