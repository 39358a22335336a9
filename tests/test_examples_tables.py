"""Examples on tables and pictures of real kinds: trained, scored on held-back rows, and run from model.onnx alone.

What onnxruntime answers from the cells of the CSV file is compared with `predict`, and, as loss and accuracy in a few
lines of NumPy, with training's own evaluation: words, gaps, scaling and all.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import nndsl

EXAMPLES = Path(__file__).parent.parent / "examples"
Array = np.ndarray[Any, Any]


def trained(name: str, folder: Path, **overrides: object) -> nndsl.Run:
    net = nndsl.load(EXAMPLES / f"{name}.nn", set={key.replace("__", "."): value for key, value in overrides.items()})
    assert isinstance(net, nndsl.Net)
    run = net.train(folder / name, picture=False)
    assert not net.warnings
    return run


@pytest.mark.parametrize(
    ("name", "metric", "bar", "guess"),
    [
        # The rule by which the passengers were made up is right about 0.83 of them: sigmoid(score) > 0.5.
        ("titanic", "binary_accuracy", 0.79, 0.63),
        ("wine", "accuracy", 0.93, 0.40),
        # scikit-learn's LogisticRegression on the ten scaled measures: 0.94.
        ("breast_cancer", "accuracy", 0.89, 0.63),
    ],
)
def test_scores_on_held_back_rows(tmp_path: Path, name: str, metric: str, bar: float, guess: float) -> None:
    """The mean of three splits is above the bar; `guess` is what the commonest answer would reach."""
    found = [trained(name, tmp_path / str(i), data__split_seed=i).evaluate("test")[metric] for i in range(3)]
    assert guess + 0.1 < bar <= np.mean(found)


@pytest.mark.parametrize("name", ["titanic", "wine", "breast_cancer"])
def test_numpy_learns_them_too(tmp_path: Path, name: str) -> None:
    first = trained(name, tmp_path / "onnx", train__epochs=3)
    net = nndsl.load(EXAMPLES / f"{name}.nn", set={"train.epochs": 3})
    second = net.train(tmp_path / "numpy", backend="numpy", picture=False)  # type: ignore[union-attr]
    losses = [[epoch["val_loss"] for epoch in run.history] for run in (first, second)]
    # Two engines round differently, some hundred steps long: far more than a rounding error, far less than a step.
    np.testing.assert_allclose(*losses, rtol=1e-3)


def rows_of(path: Path) -> dict[str, list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def words(cells: list[str]) -> Array:
    return np.array(cells, object)


def numbers(cells: list[str]) -> Array:
    return np.array([float(cell or "nan") for cell in cells], np.float32)


def side_by_side(columns: dict[str, list[str]], *names: str) -> Array:
    return np.stack([numbers(columns[name]) for name in names], axis=1)


def titanic(columns: dict[str, list[str]]) -> dict[str, Array]:
    return {
        **{name: words(columns[name]) for name in ("cabin", "sex", "port")},
        **{name: numbers(columns[name]) for name in ("age", "fare")},
        "family": side_by_side(columns, "siblings", "parents"),
    }


FEEDS: dict[str, tuple[str, Callable[[dict[str, list[str]]], dict[str, Array]]]] = {
    "titanic": ("passengers.csv", titanic),
    "iris": (
        "iris.csv",
        lambda c: {"flower": side_by_side(c, "sepal_length", "sepal_width", "petal_length", "petal_width")},
    ),
    "wine": ("wine.csv", lambda c: {"measures": side_by_side(c, *list(c)[:-1])}),
    "breast_cancer": ("breast_cancer.csv", lambda c: {"cells": side_by_side(c, *list(c)[:-1])}),
}
"""The data of an example, and what its model.onnx takes, made of the cells with nothing but NumPy."""


@pytest.mark.parametrize("name", FEEDS)
def test_the_bare_model_answers_from_the_cells_as_training_does(tmp_path: Path, name: str) -> None:
    file, feed = FEEDS[name]
    run = trained(name, tmp_path, train__epochs=3)
    columns = rows_of(EXAMPLES / "data" / file)
    session = onnxruntime.InferenceSession(run.path / "model.onnx", providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = dict(zip(names, session.run(names, feed(columns)), strict=True))

    predicted = run.predict(EXAMPLES / "data" / file)
    assert set(predicted) == set(answers)
    for output, values in answers.items():
        if values.dtype.kind == "f":
            # Sums over rows of another batch size round differently: a few of float32's 1.2e-7.
            np.testing.assert_allclose(values, predicted[output], rtol=2e-5, atol=2e-6)
        else:
            assert values.tolist() == predicted[output].tolist()

    test = run.net.data.test
    assert test is not None
    measured = run.evaluate("test")
    rows = test.numbers
    if name == "titanic":
        p = answers["chance"][rows].ravel().astype(np.float64)
        y = np.array(columns["survived"])[rows] == "yes"
        assert np.mean((p > 0.5) == y) == pytest.approx(measured["binary_accuracy"])
        assert -np.mean(np.log(np.where(y, p, 1 - p))) == pytest.approx(measured["loss"], rel=1e-5)
        return
    target = list(columns)[-1]
    truth = np.array(columns[target])[rows]
    assert np.mean(answers["label"][rows] == truth) == pytest.approx(measured["accuracy"])
    if name == "iris":  # the losses of the others have a penalty or weights
        kinds = sorted(set(columns[target]))
        p = answers["probability"][rows, [kinds.index(kind) for kind in truth]].astype(np.float64)
        assert -np.mean(np.log(p)) == pytest.approx(measured["loss"], rel=1e-5)


def test_a_passenger_from_a_port_that_was_never_seen(tmp_path: Path) -> None:
    """`unknown = other` answers, a cabin that does not exist fails the run: in `predict` and bare alike."""
    run = trained("titanic", tmp_path, train__epochs=1)
    columns = {name: cells[:2] for name, cells in rows_of(EXAMPLES / "data/passengers.csv").items()}
    session = onnxruntime.InferenceSession(run.path / "model.onnx", providers=["CPUExecutionProvider"])
    columns["port"] = ["Belfast", "Cork"]
    (bare,) = session.run(["chance"], titanic(columns))
    given = run.predict({**titanic(columns), "port": np.array(columns["port"])})["chance"]
    np.testing.assert_allclose(bare, given, rtol=2e-5, atol=2e-6)
    columns["cabin"][1] = "fourth"
    with pytest.raises(Exception, match="out of data bounds"):
        session.run(["chance"], titanic(columns))
    with pytest.raises(nndsl.Failure, match='"fourth" is not a kind of `cabin`'):
        run.predict({**titanic(columns)})


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The program of the pictures beside pictures, as its first lines say they are made."""
    for name in ("digits_png.nn", "data/make_pictures.py", "data/digits.npz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(EXAMPLES / name, tmp_path / name)
    subprocess.run([sys.executable, tmp_path / "data/make_pictures.py"], check=True)
    return tmp_path


def test_digits_from_a_folder_of_pictures(pictures: Path) -> None:
    net = nndsl.load(pictures / "digits_png.nn", set={"train.epochs": 4})
    assert isinstance(net, nndsl.Net)
    data = net.read_data()
    assert len(data.train) + len(data.validation or ()) + len(data.test or ()) == 1797
    digits = np.load(EXAMPLES / "data/digits.npz")
    order = np.argsort(digits["digit"], kind="stable")  # the files' order is that of their folders and names
    np.testing.assert_array_equal(data.train.arrays["image"], digits["image"][order][data.train.numbers] * 15)
    np.testing.assert_array_equal(data.train.arrays["digit"], digits["digit"][order][data.train.numbers])
    run = net.train(pictures / "run", picture=False)
    assert run.evaluate("test")["accuracy"] > 0.93
