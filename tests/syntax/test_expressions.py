"""How expressions are read: what binds tighter, what a stage may be, what needs parentheses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nndsl.diagnostics import Diagnostic

Shape = Callable[[str], str]
Errors = Callable[[str], tuple[Diagnostic, ...]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", "(+ a (* b c))"),
        ("a - b - c", "(- (- a b) c)"),
        ("a / b // c % d @ e", "(@ (% (// (/ a b) c) d) e)"),
        ("a or b and not c", "(or a (and b (not c)))"),
        ("not a == b", "(not (== a b))"),
        ("a + 1 < b * 2", "(< (+ a 1) (* b 2))"),
        ("-a ^ 2", "(- (^ a 2))"),
        ("-a * b", "(* (- a) b)"),
        ("a * -b", "(* a (- b))"),
        ("2 ^ 3 ^ 4", "(^ 2 (^ 3 4))"),
        ("2 ^ -1", "(^ 2 (- 1))"),
        ("a ^ -b ^ c", "(^ a (- (^ b c)))"),
        ("f(x).y[0](1)", "f(x).y[0](1)"),
        ("a.b ^ c.d", "(^ a.b c.d)"),
        ("(a + b) * c", "(* (+ a b) c)"),
        ("not not a", "(not (not a))"),
        ("a--b", "(- a (- b))"),
    ],
)
def test_operators_bind_as_the_language_says(shape: Shape, text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x -> f", "(-> x f)"),
        ("x -> f -> g(1, k = 2)", "(-> x f g(1 k=2))"),
        ("a + b -> f", "(-> (+ a b) f)"),
        ("x -> (f + g)", "(-> x (+ f g))"),
        ("x -> f.g(3)", "(-> x f.g(3))"),
        ("x -> repeat 3 { f -> g(1) }", "(-> x (repeat 3 f g(1)))"),
        ("x -> repeat n + 1 { repeat 2 { f } } -> g", "(-> x (repeat (+ n 1) (repeat 2 f)) g)"),
        ("(x -> f) + y", "(+ (-> x f) y)"),
        ("(x -> f) -> g", "(-> (-> x f) g)"),
        ("f(x -> g)", "f((-> x g))"),
        ("[x -> f, y]", "[(-> x f) y]"),
        ("a->b", "(-> a b)"),
        ("a -b", "(- a b)"),
    ],
)
def test_a_pipe_is_flat_and_binds_loosest(shape: Shape, text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if c then a else b", "(if c a b)"),
        ("if c or d then a + 1 else b", "(if (or c d) (+ a 1) b)"),
        ("if c then a else if d then b else e", "(if c a (if d b e))"),
        ("if c then if d then a else b else e", "(if c (if d a b) e)"),
        ("(if c then a else b) -> f", "(-> (if c a b) f)"),
        ("if c then (x -> f) else x", "(if c (-> x f) x)"),
        ("1 + (if c then a else b)", "(+ 1 (if c a b))"),
        ("f(if c then a else b, k = if d then 1 else 2)", "f((if c a b) k=(if d 1 2))"),
    ],
)
def test_a_conditional_chooses_between_two_values(shape: Shape, text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", "[]"),
        ("[1, 2,]", "[1 2]"),
        ("{}", "{}"),
        ('{"no": 1, "yes": 5,}', "{'no':1 'yes':5}"),
        ("f()", "f()"),
        ("f(1, 2,)", "f(1 2)"),
        ("f(loss = 1, data = input, class = model)", "f(loss=1 data=input class=model)"),
        ("x[1, 2,]", "x[1 2]"),
        ("thenelse + iffy", "(+ thenelse iffy)"),
    ],
)
def test_lists_maps_and_calls(shape: Shape, text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a < b < c", "NN119"),
        ("a == b != c", "NN119"),
        ("x -> f + y", "NN120"),
        ("x -> f == y", "NN120"),
        ("1 + if c then a else b", "NN120"),
        ("if c then a else b -> f", "NN120"),
        ("if c then a -> f else b", "NN120"),
        ("if a -> f then b else c", "NN120"),
        ("x -> if c then f else g", "NN120"),
        ("x -> 3", "NN121"),
        ('x -> "f"', "NN121"),
        ("x -> f.g", "NN121"),
        ("x -> -f", "NN121"),
        ("x -> [f]", "NN121"),
    ],
)
def test_what_would_be_easy_to_misread_is_an_error(errors: Errors, text: str, code: str) -> None:
    assert [error.code for error in errors(f"const x = {text}\n")] == [code]


def test_a_long_sum_or_pipe_is_not_nesting(errors: Errors) -> None:
    assert errors("const x = " + " + ".join(["a"] * 5000) + "\n") == ()
    assert errors("const x = a" + " -> f" * 5000 + "\n") == ()
    assert errors("const x = [" + ", ".join(["-a ^ 2"] * 5000) + "]\n") == ()
