"""The values of numbers and strings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndsl.diagnostics import Diagnostic
from nndsl.source import Source
from nndsl.syntax import tree
from nndsl.syntax.parse import parse
from nndsl.syntax.print import literal

Errors = Callable[[str], tuple[Diagnostic, ...]]


def value(text: str) -> object:
    program, errors = parse(Source("test.nn", f"const x = {text}\n"))
    assert not errors, errors
    (const,) = program.items
    assert isinstance(const, tree.Const)
    assert isinstance(const.value, tree.Literal)
    return const.value.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("1_000", 1000),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        ("0" * 5000 + "1", 1),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("1E+3", 1000.0),
        ("1_0.2_5", 10.25),
        ("1e-999999999999", 0.0),
        ("true", True),
        ("false", False),
        ("none", None),
    ],
)
def test_numbers_and_words(text: str, expected: object) -> None:
    assert value(text) == expected
    assert type(value(text)) is type(expected)


@pytest.mark.parametrize("whole", [*range(101), 12.5, 0.1, 33.3, 99.99])
def test_a_percentage_is_the_float_as_written_in_decimal(whole: float) -> None:
    from fractions import Fraction

    assert value(f"{whole}%") == float(Fraction(str(whole)) / 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"a\n\t\"\\"', 'a\n\t"\\'),
        (r'"\u{e9}\u{1F600}"', "é😀"),
        ('"größe # no comment -> {"', "größe # no comment -> {"),
        ('""', ""),
    ],
)
def test_strings_and_their_escapes(text: str, expected: str) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("9223372036854775808", "NN110"),
        ("1" * 6000, "NN110"),
        ("1e309", "NN110"),
        ("1e9999999999", "NN110"),
        (r'"\q"', "NN108"),
        (r'"\u{d800}"', "NN108"),
        (r'"\u{110000}"', "NN108"),
        (r'"\u{}"', "NN108"),
        (r'"\u12"', "NN108"),
        ('"open', "NN107"),
        ("3x", "NN109"),
        ("1.", "NN109"),
        (".5", "NN109"),
        ("1__0", "NN109"),
        ("1.2.3", "NN109"),
        ("1e", "NN109"),
        ("0x1f", "NN109"),
        ("5 %", "NN139"),
        ("7%3", "NN139"),
        ("7%x", "NN139"),
    ],
)
def test_what_is_no_literal(errors: Errors, text: str, code: str) -> None:
    assert [error.code for error in errors(f"const x = {text}\n")] == [code]


def test_percent_and_remainder() -> None:
    program, errors = parse(Source("test.nn", "const a = n % 3\nconst b = 7 % 3\nconst c = 15% + 1\n"))
    assert not errors
    assert len(program.items) == 3


@given(st.text())
def test_any_string_can_be_written(text: str) -> None:
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        return
    assert value(literal(text)) == text


@given(st.floats(min_value=0, allow_infinity=False, allow_nan=False))
def test_any_float_can_be_written(number: float) -> None:
    assert value(literal(number)) == number
