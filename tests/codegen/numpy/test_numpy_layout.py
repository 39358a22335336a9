"""Statements too long for a line are broken, and say the same as before."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from nndsl.codegen.numpy.expressions import name, parse
from nndsl.codegen.numpy.layout import WIDTH, laid_out, mapping, signature

W, x, b = (f"{letter}_{'_'.join(['long'] * 6)}" for letter in "Wxb")


def test_what_fits_stays_on_one_line() -> None:
    assert laid_out("h = ", parse("x @ W + b")) == ["h = x @ W + b"]


def test_a_call_opens_its_brackets() -> None:
    assert laid_out("hidden = ", parse(f"np.matmul({x}, {W}, out={b}[0])")) == [
        "hidden = np.matmul(",
        f"    {x}, {W}, out={b}[0]",
        ")",
    ]


def test_a_sum_is_put_in_brackets() -> None:
    assert laid_out("value_of_the_hidden_layer = ", parse(f"{x} @ {W} + {b}")) == [
        "value_of_the_hidden_layer = (",
        f"    {x} @ {W} + {b}",
        ")",
    ]


def test_a_long_mapping_has_a_line_for_each_entry() -> None:
    assert mapping([("a", name(x)), ("b", name(W)), ("c", name(b))]) == [
        "return {",
        f'    "a": {x},',
        f'    "b": {W},',
        f'    "c": {b},',
        "}",
    ]


def test_a_head_of_many_keywords() -> None:
    assert signature("predict", ["pixels"]) == "def predict(state, *, pixels):"
    assert signature("predict", [x, W, b], "work=None").splitlines()[1:3] == ["    state,", "    *,"]


long = st.sampled_from([x, W, b, "y", "2"])
expressions = st.recursive(
    long,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "@"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"np.f({p[0]}, {p[1]}, axis=1)"),
        inner.map(lambda p: f"np.g({p})"),
        inner.map(lambda p: f"({p})[:, None]"),
    ),
    max_leaves=10,
)


@given(expressions)
def test_breaking_lines_changes_nothing(text: str) -> None:
    tree = ast.parse(text, mode="eval").body
    lines = laid_out("value = ", tree)
    (statement,) = ast.parse("\n".join(lines)).body
    assert isinstance(statement, ast.Assign)
    assert ast.dump(statement.value) == ast.dump(tree)
    if len(lines) == 1:
        assert len(lines[0]) + 4 <= WIDTH or "[" in lines[0]
