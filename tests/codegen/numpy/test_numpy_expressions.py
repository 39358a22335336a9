"""Expressions are printed with the brackets that they need and no others."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndsl.codegen.numpy.expressions import as_function, fill, name, number, parse, quote, show, template


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("np.add(np.matmul(x, W), b)", "x @ W + b"),
        ("np.multiply(np.add(a, b), c)", "(a + b) * c"),
        ("np.subtract(a, np.subtract(b, c))", "a - (b - c)"),
        ("np.subtract(np.subtract(a, b), c)", "a - b - c"),
        ("np.divide(a, np.multiply(b, c))", "a / (b * c)"),
        ("np.power(np.negative(x), 2)", "(-x)**2"),
        ("np.negative(np.power(x, 2))", "-(x**2)"),
        ("np.power(np.add(a, b), 2)", "(a + b) ** 2"),
        ("np.greater(np.add(a, b), 0)", "a + b > 0"),
        ("np.multiply(g, np.greater(y, 0))", "g * (y > 0)"),
        ("np.matmul(np.divide(x, 16), W)", "(x / 16) @ W"),
        ("np.sum(np.multiply(a, b), axis=(0,))", "np.sum(a * b, axis=(0,))"),
        ("np.concatenate((a, b,), axis=1)", "np.concatenate((a, b), axis=1)"),
        ("x[:, 2:5]", "x[:, 2:5]"),
        ("np.maximum(x, 0)", "np.maximum(x, 0)"),
    ],
)
def test_numpy_functions_become_operators(written: str, shown: str) -> None:
    assert show(parse(written)) == shown


def test_numbers_are_written_short() -> None:
    assert [show(number(x)) for x in (16.0, 0.5, 1e-07, 1e30, -2.0, 1e9)] == [
        "16",
        "0.5",
        "1e-7",
        "1e30",
        "-2",
        "1000000000.0",
    ]


def test_a_template_is_filled_without_changing_it() -> None:
    assert show(fill(template("np.tanh(_0)"), {"_0": parse("a + b")})) == "np.tanh(a + b)"
    assert show(fill(template("np.tanh(_0)"), {"_0": name("x")})) == "np.tanh(x)"


def test_what_can_be_written_into_an_array_is_known_as_a_function() -> None:
    functions = {text: as_function(parse(text)) for text in ("a + b", "x**2", "-x", "np.exp(x)", "x.sum(axis=0)")}
    assert {text: found and found[0] for text, found in functions.items()} == {
        "a + b": "np.add",
        "x**2": "np.square",
        "-x": "np.negative",
        "np.exp(x)": "np.exp",
        "x.sum(axis=0)": None,
    }


operations = st.recursive(
    st.sampled_from(["a", "b", "c", "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "@", "**", "%", "<", "=="]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
        inner.map(lambda x: f"-({x})"),
        inner.map(lambda x: f"({x}).sum(axis=0)"),
        st.tuples(inner, inner).map(lambda parts: f"np.where({parts[0]}, {parts[1]}, ({parts[0]})[:, None])"),
    ),
    max_leaves=12,
)


@given(operations)
def test_printing_and_reading_give_the_same_tree(text: str) -> None:
    tree = ast.parse(text, mode="eval").body
    assert ast.dump(ast.parse(show(tree), mode="eval").body) == ast.dump(tree)


@given(st.text())
def test_strings_read_back_the_same(text: str) -> None:
    assert ast.literal_eval(quote(text)) == text
