"""Static values: exact bounded arithmetic, lists, maps, and what `if`, `for` and `repeat` take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_programs import codes, model, program

from nndsl.compiler import compile_network
from nndsl.source import Source

WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)


def value(expression: str, expected: str) -> list[str]:
    """No errors if the expression has the value."""
    return codes(f"assert ({expression}) == ({expected})")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 // 2", "3"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("7 / 2", "3.5"),
        ("2 ^ 10", "1024"),
        ("2 ^ -1", "0.5"),
        ("2 ^ 3 ^ 2", "512"),
        ("-2 ^ 2", "-4"),
        ("9_007_199_254_740_993 * 3", "27_021_597_764_222_979"),
        ("15%", "0.15"),
        ("[1, 2] + [3]", "[1, 2, 3]"),
        ('"a" + "b"', '"ab"'),
        ("[1, 2, 3][-1]", "3"),
        ("[[1, 2], [3, 4]][1, 0]", "3"),
        ('{"a": 1, "b": 2}["b"]', "2"),
        ('len("four")', "4"),
        ("len(range(3, 7))", "4"),
        ("range(7, 3, -2)", "[7, 5]"),
        ("zip([1, 2], [3, 4])", "[[1, 3], [2, 4]]"),
        ("max(3, 4)", "4"),
        ("sum([1, 2, 3])", "6"),
        ("sqrt(16)", "4"),
        ("floor(2.7)", "2"),
        ("if 2 > 1 then 5 else 1 // 0", "5"),
        ("1 == 1.0 and not (true == 1)", "true"),
        ("false and 1 // 0 == 1", "false"),
        ("x.shape", "[4]"),
        ("x.shape[0] * 2", "8"),
        ("kind.classes", "3"),
        ("(x -> dense(7)).shape", "[7]"),
    ],
)
def test_what_static_expressions_are(expression: str, expected: str) -> None:
    assert value(expression, expected) == []


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("2 ^ 63", "NN233"),
        ("9_223_372_036_854_775_807 + 1", "NN233"),
        ("1e308 * 10", "NN233"),
        ("10 ^ 400", "NN233"),
        ("(-8) ^ 0.5", "NN233"),
        ("0 ^ -1", "NN234"),
        ("1 // 0", "NN234"),
        ("1 % 0", "NN234"),
        ("1 / 0.0", "NN234"),
        ("sqrt(-1)", "NN233"),
        ("true + 1", "NN232"),
        ('"a" * 3', "NN232"),
        ("[1] < [2]", "NN232"),
        ("relu + 1", "NN232"),
        ("1 @ 2", "NN232"),
        ("not 1", "NN232"),
        ('-"a"', "NN232"),
        ("[1, 2][2]", "NN235"),
        ("[1, 2][0.5]", "NN231"),
        ('{"a": 1}["b"]', "NN235"),
        ("len(3)", "NN231"),
        ("range(0.5)", "NN231"),
        ("range(0, 5, 0)", "NN231"),
        ("range(0, 1_000_001)", "NN233"),
        ("zip([1], [1, 2])", "NN231"),
        ("if 1 then 2 else 3", "NN231"),
        ("if x then 2 else 3", "NN230"),
        ("[1, 2][argmax(x)]", "NN230"),
    ],
)
def test_what_has_no_value_is_an_error_and_no_exception(expression: str, code: str) -> None:
    assert codes(f"n = {expression}") == [code]


@given(WHOLE, WHOLE, st.sampled_from(["+", "-", "*", "//", "%"]))
def test_whole_numbers_are_exact_or_refused(a: int, b: int, sign: str) -> None:
    if sign in ("//", "%") and b == 0:
        assert codes(f"n = ({a}) {sign} ({b})") == ["NN234"]
        return
    exact = {"+": a + b, "-": a - b, "*": a * b, "//": a // b if b else 0, "%": a % b if b else 0}[sign]
    expected = [] if abs(exact) <= 2**63 - 1 else ["NN233"]
    assert codes(f"n = ({a}) {sign} ({b})\n{f'assert n == ({exact})' if not expected else ''}") == expected


@pytest.mark.parametrize("count", [0, 1, 3])
def test_repeat_applies_a_pipeline_that_often(count: int) -> None:
    assert len(model(f"output o = x -> repeat {count} {{ dense(4) -> relu }}").layers) == count


def test_an_assertion_that_holds_is_silent_and_one_that_does_not_says_its_message() -> None:
    assert codes("assert x.shape[0] == 4") == []
    assert codes('assert x.shape[0] == 5, "five"') == ["NN236"]


def test_tensors_may_stand_in_lists() -> None:
    assert model("both = [x, v]\noutput o = concat(both)").outputs[0].term.type.shape[1:] == (8,)
    assert model("h = x\nfor t in [x, v] { h = h + t }\noutput o = h").outputs


def test_a_list_of_numbers_beside_a_tensor_is_a_constant() -> None:
    assert codes("output o = x * [1, 2, 3, 4]") == []
    assert codes("output o = x * [1, 2, 3]") == ["NN304"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [("3.4028235e38", []), ("-3.4028235e38", []), ("3.4028236e38", ["NN233"]), ("[1, 2, 3, -1e39]", ["NN233"])],
)
def test_a_network_computes_with_the_numbers_of_float32(number: str, expected: list[str]) -> None:
    """The first is how the largest is mostly written; as float64 it lies above that, and is rounded to it."""
    assert codes(f"moved = x + {number}") == expected


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_numpy_does_not_warn_of_what_is_derived_from_large_numbers() -> None:
    """Twice 2e38, and the square of 1e20."""
    text = """
        model m {
          input  x: f32[4]
          target y: f32[2]
          output h = x -> dense(2, l2 = 2e38)
          loss   huber(h, y, 1e20)
        }
        train { optimizer = sgd }
    """
    checked = program(text)
    compile_network(checked.network, checked.train, Source("test.nn", text))
