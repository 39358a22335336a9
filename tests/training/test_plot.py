"""`history.png`: what is drawn in it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nndsl.training.history import History
from nndsl.training.plot import history_figure, history_png


def history(epochs: int, metrics: int = 1, *, validated: bool = True) -> History:
    names = ["loss", *(f"metric_{i}" for i in range(metrics))]
    rows = []
    for epoch in range(epochs):
        logs = {name: (i + 1) * 10.0 ** -(epoch / 4) for i, name in enumerate(names)}
        rows.append({**logs, **({f"val_{name}": 2 * logs[name] for name in names} if validated else {}), "lr": 0.1})
    return History(rows)


def test_each_number_has_a_panel_with_its_curves() -> None:
    loss, metric = history_figure(history(13)).axes
    assert (loss.get_title(), metric.get_title()) == ("loss", "metric_0")
    curves = {line.get_label(): line for line in loss.lines}
    np.testing.assert_array_equal(curves["training"].get_xdata(), np.arange(1, 14))
    np.testing.assert_array_equal(curves["training"].get_ydata(), [10.0 ** -(i / 4) for i in range(13)])
    assert {"training", "validation", "best epoch (13): 0.002"} <= set(curves)
    assert (loss.get_yscale(), metric.get_yscale()) == ("log", "linear")


def test_a_learning_rate_that_changes_has_a_panel() -> None:
    shown = history(4)
    shown.epochs[-1]["lr"] = 0.05
    assert [axes.get_title() for axes in history_figure(shown).axes] == ["loss", "metric_0", "learning rate"]


def test_without_validation_rows_nothing_is_best() -> None:
    loss, _ = history_figure(history(3, validated=False)).axes
    assert len(loss.lines) == 1
    assert loss.get_legend() is None


def test_numbers_that_are_not_finite_are_gaps() -> None:
    shown = History([{"loss": 1.0}, {"loss": math.inf}, {"loss": math.nan}, {"loss": 2.0}])
    (axes,) = history_figure(shown).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [1.0, np.nan, np.nan, 2.0])


def test_tables_are_drawn_with_their_numbers() -> None:
    table = np.array([[5.0, 1.0], [0.0, 7.0]])
    *_, axes = history_figure(history(3, 0), {"confusion_matrix": table}).axes
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("confusion_matrix (test)", "predicted", "true")
    assert [text.get_text() for text in axes.texts] == ["5", "1", "0", "7"]
    *_, large = history_figure(history(3, 0), {"confusion_matrix": np.eye(20)}).axes
    assert not large.texts


@pytest.mark.parametrize(("epochs", "metrics"), [(1, 0), (1, 8), (500, 3)])
def test_the_same_history_gives_the_same_png(epochs: int, metrics: int) -> None:
    first = history_png(history(epochs, metrics))
    assert first.startswith(b"\x89PNG")
    assert first == history_png(history(epochs, metrics))
