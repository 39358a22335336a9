"""The reference: what it says of a word is what the word's signature, docstring and example say."""

from __future__ import annotations

import pytest

from nndsl.library.arguments import Initial
from nndsl.library.reference import arguments_of, entry, kinds, markdown, overview, pages, shown, signature, text
from nndsl.library.registry import TABLES, lookup
from nndsl.library.vocabulary import load
from nndsl.model.expectations import expectations

load()

DENSE = lookup("dense")
assert DENSE


def test_a_layer() -> None:
    assert (
        text(entry(DENSE))
        == """\
dense: a layer

  x -> dense(units, activation = none, bias = true, init = glorot_uniform, bias_init = zeros,
             l1 = 0, l2 = 0, trainable = true)

  activation(x @ W + b), over the last axis: [..., d] -> [..., units]; W [d, units], b [units].

  A single number per example counts as [1].

  units                  a whole number of at least 1
  activation = none      an activation, such as relu
  bias = true            true or false
  init = glorot_uniform  an initializer, such as he_normal
  bias_init = zeros      an initializer, such as he_normal
  l1 = 0                 a number of at least 0
  l2 = 0                 a number of at least 0
  trainable = true       true or false

  model example {
    input x: f32[4]
    output result = dense(x, 3, relu)
  }

  Follows https://keras.io/api/layers/core_layers/dense/
"""
    )


@pytest.mark.parametrize(
    ("name", "place", "written"),
    [
        ("flatten", "expression", "x -> flatten"),
        ("concat", "expression", "concat(xs, …, axis = -1)"),
        ("relu", "expression", "relu(x)"),
        ("mse", "expression", "mse(prediction, target)"),
        ("+", "operator", "a + b"),
        ("constant", "initializer", "constant(value = 0)"),
        (
            "adam",
            "optimizer",
            "adam(lr = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7, amsgrad = false,\n     weight_decay = 0)",
        ),
    ],
)
def test_signatures(name: str, place: str, written: str) -> None:
    composite = lookup(name, place)  # type: ignore[arg-type]
    assert composite
    assert signature(entry(composite)) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "none"),
        (True, "true"),
        (0.0, "0"),
        (0.25, "0.25"),
        (1e-7, "1e-7"),
        (-1, "-1"),
        ((1, 1), "1"),
        ((1, 2), "[1, 2]"),
        ("same", "same"),
        ("a b", '"a b"'),
        (Initial("uniform", {"minval": -0.5}), "uniform(minval = -0.5)"),
    ],
)
def test_defaults_as_a_program_writes_them(value: object, written: str) -> None:
    assert shown(value) == written


def test_the_reference_and_the_checker_say_the_same_of_arguments() -> None:
    for table in TABLES.values():
        for composite in table.values():
            told = arguments_of(composite.parameters)
            assert [argument.name for argument in told] == [e.name for e in expectations(composite)]
            for argument, expected in zip(told, expectations(composite), strict=True):
                assert (argument.default is None) == (expected.required or expected.variadic), composite.name


def test_every_word_is_on_one_page_and_in_the_list() -> None:
    made = pages()
    listed = overview({kind: [each.name for each in members] for kind, members in kinds().items()}).split()
    for table in TABLES.values():
        for name in table:
            assert name in listed
            assert any(f"## `{name}`\n" in page for page in made.values())


def test_signs_of_markdown_are_escaped() -> None:
    assert lookup("flatten")
    section = markdown(entry(lookup("flatten")))  # type: ignore[arg-type]
    assert "[batch, h \\* w \\* c]" in section
    assert "```text\nx -> flatten\n```" in section
