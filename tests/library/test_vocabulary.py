"""Names: where they mean what, their aliases, and the names of other frameworks."""

from __future__ import annotations

import pytest

from nndsl.library.registry import ALIASES, FOREIGN, TABLES, lookup
from nndsl.library.vocabulary import THEIRS, load

load()


def test_a_name_means_what_its_place_makes_of_it() -> None:
    assert getattr(lookup("mse"), "kind", None) == "loss"
    assert getattr(lookup("mse", "metric"), "kind", None) == "metric"
    assert getattr(lookup("softmax", "metric"), "kind", None) == "activation"
    assert getattr(lookup("uniform", "initializer"), "kind", None) == "initializer"
    assert lookup("uniform") is None
    assert lookup("accuracy") is None, "a metric is no expression"


def test_aliases_are_other_names_of_the_same() -> None:
    assert lookup("mean_squared_error") is lookup("mse")
    assert lookup("swish") is lookup("silu")
    names = {name for table in TABLES.values() for name in table}
    assert set(ALIASES.values()) <= names
    assert names.isdisjoint(ALIASES)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Linear", "dense"),
        ("Dense", "dense"),
        ("ReLU", "relu"),
        ("LeakyReLU", "leaky_relu"),
        ("Hardswish", "hard_silu"),
        ("CrossEntropyLoss", "cross_entropy"),
        ("NLLLoss", "cross_entropy"),
        ("nll_loss", "cross_entropy"),
        ("categorical_crossentropy", "cross_entropy"),
        ("sparse_categorical_crossentropy", "cross_entropy"),
        ("BCEWithLogitsLoss", "binary_cross_entropy"),
        ("bce", "binary_cross_entropy"),
        ("L1Loss", "mae"),
        ("MSELoss", "mse"),
        ("Adam", "adam"),
        ("AdamW", "adamw"),
        ("RMSprop", "rmsprop"),
        ("xavier_uniform_", "glorot_uniform"),
        ("concatenate", "concat"),
    ],
)
def test_names_of_other_frameworks(theirs: str, ours: str) -> None:
    assert FOREIGN[theirs] == ours


@pytest.mark.parametrize("name", ["loss", "hidden", "x", "layer", "dens"])
def test_other_words_are_nobodys(name: str) -> None:
    assert name not in FOREIGN


def test_suggestions_exist() -> None:
    names = {name for table in TABLES.values() for name in table}
    assert set(THEIRS.values()) <= names
