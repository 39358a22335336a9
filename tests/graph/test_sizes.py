"""Sizes are polynomials that compare equal when they are equal."""

from hypothesis import given
from hypothesis import strategies as st

from nndsl.graph.sizes import BATCH, Size, symbol
from nndsl.graph.text import parse_size

n, m = symbol("n"), symbol("m")
integers = st.integers(-20, 20)
sizes = st.recursive(
    st.one_of(integers, st.sampled_from([n, m])),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, st.integers(1, 5)).map(lambda p: p[0] // p[1]),
    ),
    max_leaves=6,
)


def value(size: int | Size, at: dict[str, int]) -> int:
    return size if isinstance(size, int) else size.evaluate(at)


def test_equal_polynomials_are_equal() -> None:
    assert n + n == 2 * n
    assert n - n == 0
    assert (n + 1) * (n - 1) == n * n - 1
    assert (4 * n + 6) // 2 == 2 * n + 3
    assert {BATCH * 3, 3 * BATCH} == {3 * BATCH}


def test_symbols_are_found_inside_divisions() -> None:
    assert ((n * m + 1) // 2).symbols == {"n", "m"}


@given(sizes, sizes, st.fixed_dictionaries({"n": st.integers(0, 9), "m": st.integers(0, 9)}))
def test_arithmetic_commutes_with_giving_symbols_values(a: int | Size, b: int | Size, at: dict[str, int]) -> None:
    assert value(a + b, at) == value(a, at) + value(b, at)
    assert value(a * b, at) == value(a, at) * value(b, at)
    assert value(a - b, at) == value(a, at) - value(b, at)


@given(sizes, st.integers(1, 7), st.fixed_dictionaries({"n": st.integers(0, 9), "m": st.integers(0, 9)}))
def test_division_rounds_down_as_integers_do(a: int | Size, k: int, at: dict[str, int]) -> None:
    assert value(a // k, at) == value(a, at) // k


@given(sizes)
def test_a_printed_size_reads_back(a: int | Size) -> None:
    assert parse_size(str(a)) == a


@given(sizes, st.integers(0, 9))
def test_substitution_agrees_with_evaluation(a: int | Size, k: int) -> None:
    partly = a if isinstance(a, int) else a.substitute({"n": k})
    assert value(partly, {"m": 3, "n": k}) == value(a, {"m": 3, "n": k})
