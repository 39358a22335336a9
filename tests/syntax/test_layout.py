"""Where a statement ends: lines, continuation, braces, comments, line ends of all systems."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nndsl.diagnostics import Diagnostic
from nndsl.source import Source
from nndsl.syntax import tree
from nndsl.syntax.parse import parse
from nndsl.syntax.print import print_program

Program = Callable[[str], tree.Program]
Errors = Callable[[str], tuple[Diagnostic, ...]]

ONE_LINE = "model m {\n  h = x -> dense(8, relu) -> dropout(0.5)\n  y = h\n}\n"


@pytest.mark.parametrize(
    "text",
    [
        "model m { h = x -> dense(8, relu) -> dropout(0.5)\ny = h }",
        "model m\n{\n  h = x\n    -> dense(8, relu)\n    -> dropout(0.5)\n  y = h\n}\n",
        "model m {\n  h = x\n\n    # why\n\n    -> dense(8, relu) # a\n  # b\n    -> dropout(0.5)\n\n\n  y = h\n}\n",
        "model m # a\n  # b\n{ # c\n  h = x ->\n    dense(8, relu) ->\n\n    dropout(0.5)\n  y = h # end\n}",
        "model m {\n  h = x -> dense(\n    8,\n\n    relu, # last\n  ) -> dropout(0.5)\n  y = h\n}\n",
        "model m {\n\th = x -> dense(8, relu)\n\t\t-> dropout(0.5)\n\ty = h\n\t}\n",
        "\n\n\nmodel m {\n  h = x -> dense(8, relu) -> dropout(0.5)\n  y = h}",
        "model m {\r\n  h = x\r\n    -> dense(8, relu) -> dropout(0.5)\r\n  y = h\r\n}\r\n",
        "model m {\r  h = x\r    -> dense(8, relu) -> dropout(0.5)\r  y = h\r}\r",
        "\ufeffmodel m {\n  h = x -> dense(8, relu) -> dropout(0.5)\n  y = h\n}\n",
    ],
)
def test_one_program_laid_out_in_many_ways(program: Program, text: str) -> None:
    assert print_program(program(text)) == ONE_LINE


@pytest.mark.parametrize(
    "text",
    [
        "a +\n  b",
        "a and\n\n  # comment\n  b",
        "not\n  a",
        "if a then\n  b else\n  c",
        "a ==\nb",
        "[\n  1,\n  2,\n]",
        '{\n  "a": 1,\n\n  "b": 2,\n}',
        "f(\n)",
        "x -> repeat 2\n{\n  f ->\n  g\n  -> h\n}",
        "[x -> repeat 2 {\n f\n}]",
    ],
)
def test_expressions_over_several_lines(errors: Errors, text: str) -> None:
    assert errors(f"const x = {text}\nconst y = 1\n") == ()


@pytest.mark.parametrize("text", ["a\n+ b", "a\n(b)", "f\n[1]", "\na", "a\n.b", "if a\nthen b else c"])
def test_a_line_that_does_not_lead_with_an_arrow_is_another_statement(errors: Errors, text: str) -> None:
    assert errors(f"const x = {text}\n")


def test_an_empty_text_is_an_empty_program(program: Program) -> None:
    for text in ("", "\n", "   ", "# only a comment", "\n# a\n\n# b\n", "\ufeff"):
        assert program(text).items == ()


def test_bodies_on_one_line(program: Program) -> None:
    items = program("train { epochs = 3 }\ndata { }\nmodel m { for f in [1] { x = f } }\n").items
    assert len(items) == 3


def test_lines_are_counted_alike_whatever_ends_them() -> None:
    for end in ("\n", "\r\n", "\r"):
        _, errors = parse(Source("test.nn", f"const a = 1{end}{end}const b 2{end}"))
        assert [(error.span.line, error.span.column) for error in errors if error.span] == [(3, 8)]
