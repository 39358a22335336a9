"""Did you mean: near names are found, far ones are not, and the same answer comes every time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndsl.errors.suggest import closest, distance

KNOWN = [
    "dense",
    "dropout",
    "conv2d",
    "cross_entropy",
    "relu",
    "selu",
    "elu",
    "batch_norm",
    "true",
    "none",
    "mse",
    "max_pool2d",
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dnese", "dense"),
        ("Dense", "dense"),
        ("desne", "dense"),
        ("droput", "dropout"),
        ("crossentropy", "cross_entropy"),
        ("CrossEntropy", "cross_entropy"),
        ("batchnorm", "batch_norm"),
        ("conv2", "conv2d"),
        ("maxpool2d", "max_pool2d"),
        ("ReLU", "relu"),
        ("True", "true"),
        ("None", "none"),
        ("null", "none"),
        ("mes", "mse"),
    ],
)
def test_near_names_are_found(typed: str, meant: str) -> None:
    assert closest(typed, KNOWN) == meant


@pytest.mark.parametrize("typed", ["linear", "x", "ab", "softmax", "attention", ""])
def test_far_names_are_not(typed: str) -> None:
    assert closest(typed, KNOWN) is None


def test_ties_go_to_the_same_first_letter() -> None:
    assert closest("unit", ["init", "units", "until"]) == "units"


def test_other_ties_go_to_the_first_of_the_alphabet() -> None:
    assert closest("zelu", ["selu", "relu", "celu"]) == "celu"


words = st.text("abAB_", max_size=8)


@given(words, words)
def test_distance_is_symmetric_and_zero_only_for_the_same(a: str, b: str) -> None:
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)


@given(words, st.lists(words))
def test_the_answer_is_a_candidate_other_than_the_name(name: str, candidates: list[str]) -> None:
    found = closest(name, candidates)
    assert found is None or (found in candidates and found != name)
    assert found == closest(name, reversed(candidates))
