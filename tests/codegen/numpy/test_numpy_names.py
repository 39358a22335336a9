"""Identifiers: safe, unique, and not those that a module uses itself."""

from __future__ import annotations

import keyword

from hypothesis import given
from hypothesis import strategies as st

from nndsl.codegen.numpy.names import RESERVED, Names, identifier


def test_dots_become_underscores() -> None:
    assert identifier("hidden.dense_1.W") == "hidden_dense_1_W"
    assert identifier("a_.W") == "a_W"
    assert identifier("a__b") == "a__b"


def test_reserved_names_get_an_underscore() -> None:
    names = Names()
    assert [names.unique(name) for name in ("lambda", "state", "step", "pixels")] == [
        "lambda_",
        "state_",
        "step_",
        "pixels",
    ]


def test_builtins_are_hidden_only_where_callers_write_the_name() -> None:
    assert Names().unique("sum") == "sum_"
    assert Names(hide_builtins=True).unique("sum") == "sum"


def test_names_that_collide_are_counted() -> None:
    names = Names()
    assert [names.unique(name) for name in ("hidden.W", "hidden_W", "hidden.W")] == [
        "hidden_W",
        "hidden_W_2",
        "hidden_W_3",
    ]


def test_the_first_free_wish_is_granted() -> None:
    names = Names(["hidden"])
    assert names.unique("hidden", "hidden.relu") == "hidden_relu"


@given(st.lists(st.text(), max_size=8))
def test_any_text_gives_a_new_safe_identifier(texts: list[str]) -> None:
    names = Names()
    given_out = [names.unique(text) for text in texts]
    assert len(set(given_out)) == len(given_out)
    for name in given_out:
        assert name.isidentifier()
        assert name.isascii()
        assert not keyword.iskeyword(name)
        assert name not in RESERVED
        assert not name.startswith("_")
