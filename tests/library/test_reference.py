"""The reference: what it says of a word is what the word's signature, docstring and example say."""

from __future__ import annotations

from typing import Literal

import pytest

from nndsl.library.arguments import Activation, Extents2, Initial, Initializer, Positive, Size, Tensor
from nndsl.library.building import LayerBuilder
from nndsl.library.entries import arguments_of, entry, kinds, shown, signature
from nndsl.library.reference import markdown, overview, pages, text
from nndsl.library.registry import TABLES, Composite, lookup
from nndsl.library.vocabulary import load
from nndsl.model.expectations import expectations

load()

HE = Initial("he_normal", {})


def fancy(
    b: LayerBuilder,
    x: Tensor,
    units: Size,
    activation: Activation = None,
    *,
    strides: Extents2 = (1, 1),
    padding: Literal["valid", "same"] = "valid",
    init: Initializer = HE,
    epsilon: Positive = 1e-7,
    from_: bool = True,
) -> Tensor:
    """f(x): [batch, h, w, in] -> [batch, units].

    `padding` says more.
    """
    return x


FANCY = Composite(
    "fancy", "layer", fancy, example="x: f32[4, 4, 1], y: f32 => fancy(x, 3, relu) * y", follows="https://example.org/"
)


def test_a_layer() -> None:
    assert (
        text(entry(FANCY))
        == """\
fancy: a layer

  x -> fancy(units, activation = none, strides = 1, padding = valid, init = he_normal,
             epsilon = 1e-7, from = true)

  f(x): [batch, h, w, in] -> [batch, units].

  `padding` says more.

  units              a whole number of at least 1
  activation = none  an activation, such as relu
  strides = 1        a whole number of at least 1, or a list of two
  padding = valid    valid or same
  init = he_normal   an initializer, such as he_normal
  epsilon = 1e-7     a number greater than 0
  from = true        true or false

  model example {
    input x: f32[4, 4, 1]
    input y: f32
    output result = fancy(x, 3, relu) * y
  }

  Follows https://example.org/
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
        ("he_normal", "initializer", "he_normal"),
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
    flatten = lookup("flatten")
    assert flatten
    section = markdown(entry(flatten))
    assert "[batch, h \\* w \\* c]" in section
    assert "```text\nx -> flatten\n```" in section
