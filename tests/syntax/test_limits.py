"""Depth, length and hidden characters: what is refused before it can do harm, and what is not."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from nndsl.diagnostics import Diagnostic
from nndsl.render import render
from nndsl.source import Source
from nndsl.syntax.parse import parse
from nndsl.syntax.print import print_program

Errors = Callable[[str], tuple[Diagnostic, ...]]


@pytest.mark.parametrize(
    "nested",
    [
        lambda n: "(" * n + "a" + ")" * n,
        lambda n: "[" * n + "a" + "]" * n,
        lambda n: "f(" * n + "a" + ")" * n,
        lambda n: '{"a": ' * n + "1" + "}" * n,
        lambda n: "-" * n + "a",
        lambda n: "not " * n + "a",
        lambda n: "2 ^ " * n + "a",
        lambda n: "if a then b else " * n + "c",
        lambda n: "a" + ".b" * n,
        lambda n: "a" + "[0]" * n,
        lambda n: "a" + "()" * n,
        lambda n: "x -> " + "repeat 2 { " * n + "f" + " }" * n,
    ],
)
def test_nesting_ends_at_64_levels(errors: Errors, nested: Callable[[int], str]) -> None:
    assert errors(f"const x = {nested(64)}\n") == ()
    assert [error.code for error in errors(f"const x = {nested(65)}\nconst y = 1\n")] == ["NN105"]


def test_bodies_nest_too(errors: Errors) -> None:
    def loops(n: int) -> str:
        return "model m {\n" + "for i in [1] {\n" * n + "}\n" * n + "x = 1\n}\n"

    assert errors(loops(63)) == ()
    assert [error.code for error in errors(loops(64))] == ["NN105"]


def test_the_deepest_program_can_be_printed(errors: Errors) -> None:
    text = "const x = " + "a or b and not c == d + e * -f(" * 30 + "a" + ")" * 30 + "\n"
    program, found = parse(Source("test.nn", text))
    assert not found
    assert print_program(program) == text
    text = "const x = " + "a or b and c == d + e * f(" * 64 + "a" + ")" * 64 + "\n"
    assert print_program(parse(Source("test.nn", text))[0]) == text


def test_names_have_up_to_128_characters(errors: Errors) -> None:
    assert errors("const " + "a" * 128 + " = 1\n") == ()
    assert [error.code for error in errors("const " + "a" * 129 + " = 1\n")] == ["NN111"]


@pytest.mark.parametrize(
    "character", "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\x00\x1b\x7f\x9b"
)
@pytest.mark.parametrize("text", ["# comment {}\n", 'const a = "{}"\n', "const a ={} 1\n", "{}"])
def test_hidden_characters_are_errors_anywhere(errors: Errors, text: str, character: str) -> None:
    found = errors(text.format(character))
    assert [error.code for error in found] == ["NN104"]
    assert character not in render(found)


SIZE = 16_000


@pytest.mark.parametrize(
    "unit",
    [
        "(", "{", "[", ")", "}", "]", '"', "'", "#", "\n", " ", ";", "\\", "->", "-", "not ", "if ", "a ",
        "a\n", "a=", "x = (\n", "x = f(\n", "x = [\n  y,\n", "model a {\n", "for a in b {\n", "} ", "}\n",
        "a ** ", "a && ", "/*", "/*\n", "//", "é", "\u202e", "\u202ea", "1", "1_", "1.", ".b", "()", "2 ^ ",
        "if a then b else ", "a < ", "loss = x\n", "input x\n", "'a' ", "“a” ", "\t\n ->", "data ", "train {",
        "{ a = 1 }", "lambda x: ", "x if y ", "= ", ": ", ", ", "...", "%", "7%", "+=", "if a {\n", "else {\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("head", ["", "model m {\n", "model m {\n x = ", "train {\n a = f("])
def test_hostile_texts_take_time_in_proportion_to_their_length(head: str, unit: str) -> None:
    def seconds(size: int) -> float:
        start = time.process_time()
        parse(Source("test.nn", head + unit * (size // len(unit))))
        return time.process_time() - start

    short = seconds(SIZE // 4)
    # Four times the text may take some more than four times as long, by chance; far from the sixteen of a square.
    assert seconds(SIZE) < 9 * short + 0.5
