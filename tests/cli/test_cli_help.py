"""`nndsl help`: what a word means, the names of other frameworks, and what to do about a word that means nothing."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nndsl.data.sources import OPENERS
from nndsl.library.registry import TABLES
from nndsl.model.callback_settings import CALLBACKS
from nndsl.model.sources import SOURCES
from nndsl.training.callbacks import known_callbacks

Command = Callable[..., Any]


def test_alone_it_lists_every_word(nndsl: Command) -> None:
    done = nndsl("help")
    words = done.out.split()
    assert done.code == 0
    assert {name for table in TABLES.values() for name in table} | {*CALLBACKS} <= {*words}
    assert words[0] == "Layers"
    assert max(map(len, done.out.splitlines())) <= 100


@pytest.mark.parametrize("word", ["dense", "mse", "adam", "he_normal", "accuracy", "+", "early_stopping"])
def test_a_word(nndsl: Command, word: str) -> None:
    done = nndsl("help", word)
    assert done.code == 0
    assert done.out.startswith(f"{word}: a")
    assert "\n  Follows http" in done.out


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Dense", "dense"),
        ("nn.Linear", "dense"),
        ("keras.layers.LeakyReLU", "leaky_relu"),
        ("torch.nn.functional.relu", "relu"),
        ("CrossEntropyLoss", "cross_entropy"),
        ("sparse_categorical_crossentropy", "cross_entropy"),
        ("pow", "^"),
        ("nn.MaxPool2d", "max_pool2d"),
        ("MeanSquaredError", "mse"),
        ("CosineDecayRestarts", "cosine_restarts"),
        ("EarlyStopping", "early_stopping"),
        ("ReduceLROnPlateau", "reduce_lr_on_plateau"),
        ("CSVLogger", "csv_log"),
        ("ModelCheckpoint", "checkpoint"),
        ("keras.callbacks.TensorBoard", "tensorboard"),
        ("StandardScaler", "normalize"),
        ("sklearn.preprocessing.OneHotEncoder", "one_hot"),
        ("pd.read_csv", "csv"),
        ("read_parquet", "parquet"),
        ("keras.utils.image_dataset_from_directory", "images"),
    ],
)
def test_names_of_other_frameworks_lead_to_ours(nndsl: Command, theirs: str, ours: str) -> None:
    done = nndsl("help", theirs)
    assert done.code == 0
    assert done.out.startswith(f"`{theirs}` is called `{ours}` here.\n\n{ours}: a")


@pytest.mark.parametrize("name", CALLBACKS)
def test_every_callback_has_help_with_what_it_takes_and_an_example_that_is_right(nndsl: Command, name: str) -> None:
    done = nndsl("help", name)
    assert done.out.startswith(f"{name}: a callback\n\n  {name}")
    parameters = [line.split()[0] for line in done.out.splitlines() if line.startswith("  ")]
    assert {expectation.name for expectation in CALLBACKS[name]} <= {*parameters}
    assert set(known_callbacks()) == set(CALLBACKS)
    program = Path("small.nn").read_text()
    example = re.search(r"callbacks = \[.*\]", done.out)
    assert example
    Path("small.nn").write_text(program.replace("epochs = 2", f"epochs = 2\n  {example[0]}"))
    assert nndsl("check", "small.nn").code == 0


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_has_help_with_its_options_and_an_example_that_is_right(nndsl: Command, name: str) -> None:
    done = nndsl("help", name)
    assert done.out.startswith(f"{name}: a source\n\n  {name}(")
    assert all(f"\n  {option} = {taken.default}" in done.out for option, taken in SOURCES[name].options.items())
    assert list(inspect.signature(OPENERS[name]).parameters)[3:] == list(SOURCES[name].options)
    example = re.search(r"source = (.*)", done.out)
    assert example
    assert nndsl("check", "small.nn", "--set", f"data.source={example[1]}").code == 0


def test_second_names(nndsl: Command) -> None:
    out = nndsl("help", "swish").out
    assert out.startswith("`swish` is another name of `silu`.\n\nsilu: an activation; also called swish\n")


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("dens", "did you mean `dense`?"),
        ("keras.Sequential", "a pipe does that: `x -> dense(64, relu) -> dense(10)`"),
        ("to_categorical", 'a class needs no encoding: `target kind: class["cat", "dog"]`'),
        ("train_test_split", "`data` says it: `test = 20%`"),
        ("model.fit", "a method of the network in Python"),
        ("kwyjibo", "`nndsl help` lists all words"),
        ("nn.", "`nndsl help` lists all words"),
    ],
)
def test_words_that_mean_nothing(nndsl: Command, word: str, advice: str) -> None:
    done = nndsl("help", word)
    assert done.code == 2
    assert done.out == ""
    assert f"error[NN521]: there is nothing called `{word}`" in done.err
    assert advice in done.err
