"""Charts in the terminal, as goldens; and that what is drawn is where it belongs."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from nndsl.training.chart import history_chart
from nndsl.training.history import History
from nndsl.training.panels import best_epoch, panels

GOLDEN = Path(__file__).parent / "golden"

CURVES = History(
    [
        {
            "loss": round(2 * math.exp(-i / 6) + 0.002, 6),
            "accuracy": round(1 - math.exp(-i / 8), 6),
            "val_loss": round(2 * math.exp(-i / 6) + 0.02 + 0.03 * math.sin(i) ** 2, 6),
            "val_accuracy": round(0.95 - math.exp(-i / 8), 6),
            "gap": (-1) ** i * 0.1,
            "lr": 1e-3 if i < 20 else 5e-4,
        }
        for i in range(40)
    ]
)

CASES = {
    "curves": CURVES,
    "one_epoch": History([{"loss": 1.0, "val_loss": 0.5, "lr": 0.1}]),
    "a_gap": History([{"loss": 1.0}, {"loss": math.nan}, {"loss": 2.0}, {"loss": math.inf}]),
    "always_the_same": History([{"loss": 0.0, "mae": -3.0}] * 5),
    "five_hundred_epochs": History([{"loss": round(1 / (i + 1), 9)} for i in range(500)]),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("style", ["braille", "ascii"])
def test_charts(golden: Callable[[Path, str], None], name: str, style: str) -> None:
    text = history_chart(CASES[name], 72, 8, unicode=style == "braille")
    assert style == "braille" or text.isascii()
    assert all(len(line) <= 72 for line in text.splitlines() if not line.startswith(("loss", "accuracy")))
    golden(GOLDEN / f"chart_{name}_{style}.txt", text + "\n")


def test_colours_change_nothing_else() -> None:
    painted = history_chart(CURVES, colour=True)
    assert "\x1b[33m" in painted
    for code in ("\x1b[33m", "\x1b[36m", "\x1b[0m"):
        painted = painted.replace(code, "")
    assert painted == history_chart(CURVES)


def test_a_straight_line_goes_from_corner_to_corner() -> None:
    lines = history_chart(
        History([{"loss": float(i)} for i in range(5)]), width=24, height=5, unicode=False
    ).splitlines()
    marks = [
        (row, column) for row, line in enumerate(lines[1:6]) for column, sign in enumerate(line[3:]) if sign == "*"
    ]
    assert min(marks, key=lambda mark: mark[1])[0] == 4
    assert max(marks, key=lambda mark: mark[1])[0] == 0


def test_panels_are_losses_metrics_reports_and_a_changing_rate() -> None:
    shown = panels(CURVES)
    assert [panel.name for panel in shown] == ["loss", "accuracy", "gap", "lr"]
    assert [list(panel.curves) for panel in shown] == [
        ["training", "validation"],
        ["training", "validation"],
        [""],
        [""],
    ]
    assert [panel.logarithmic for panel in shown] == [True, False, False, False]
    constant = History([{"loss": 1.0, "val_mae": 2.0, "lr": 0.1}] * 3)
    assert [(panel.name, list(panel.curves)) for panel in panels(constant)] == [("loss", [""]), ("mae", ["validation"])]


def test_the_best_epoch_is_that_of_the_lowest_validation_loss() -> None:
    losses = [3.0, math.nan, 1.0, 2.0]
    assert best_epoch(History([{"loss": 0.0, "val_loss": loss} for loss in losses])) == 2
    assert best_epoch(History([{"loss": 1.0}])) is None
    assert best_epoch(History()) is None
