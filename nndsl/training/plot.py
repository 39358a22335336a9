"""`history.png`: the loss and each metric over the epochs, training and validation, the best epoch marked."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from nndsl.codegen.backend import Array
from nndsl.extras import is_installed
from nndsl.training.history import History
from nndsl.training.panels import Panel, best_epoch, panels

PANELS_IN_ROW = 4
COLOURS = {"training": "#4c72b0", "validation": "#dd8452", "": "#4c72b0"}

FEW = 12
"""Up to so many epochs have a dot each."""

WRITTEN = 12
"""Tables of up to so many rows and columns show their numbers."""


def can_plot() -> bool:
    """Whether the extra `[plot]` is installed."""
    return is_installed("matplotlib")


def history_png(history: History, tables: Mapping[str, Array] = MappingProxyType({})) -> bytes:
    """The picture of a history of at least one epoch, as a PNG; `history_figure` says what is in it."""
    image = io.BytesIO()
    history_figure(history, tables).savefig(image, format="png", dpi=110, metadata={"Software": None})
    return image.getvalue()


def history_figure(history: History, tables: Mapping[str, Array] = MappingProxyType({})) -> Any:
    """A Matplotlib figure with one panel for each logged number, and one for the learning rate if it changes; the best
    epoch is that of the lowest validation loss. Losses that span decades are on a logarithmic scale.

    `tables` are metrics of the test rows that are tables, such as a confusion matrix: each has a panel too.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # what it says of its fonts and folders helps nobody here
    from matplotlib.figure import Figure

    shown, best = panels(history), best_epoch(history)
    count = len(shown) + len(tables)
    rows = -(-count // PANELS_IN_ROW)
    columns = -(-count // rows)
    figure = Figure(figsize=(4.2 * columns, 3.1 * rows), layout="constrained")
    places = iter(figure.subplots(rows, columns, squeeze=False).flat)
    for panel in shown:
        _draw(next(places), panel, best, len(history))
    for name, table in tables.items():
        _draw_table(next(places), name, np.atleast_2d(table))
    for place in places:
        place.set_visible(False)
    return figure


def _draw(axes: Any, panel: Panel, best: int | None, epochs: int) -> None:
    numbers = np.arange(1, epochs + 1)
    for of, curve in panel.curves.items():
        finite = np.where(np.isfinite(curve), curve, np.nan)
        axes.plot(numbers, finite, color=COLOURS[of], label=of, marker="o" if epochs <= FEW else None, markersize=3.5)
    if best is not None and panel.name != "lr":
        axes.axvline(best + 1, color="#999999", linestyle=":", linewidth=1, zorder=0)
        measured = panel.curves.get("validation")
        if measured is not None and math.isfinite(measured[best]):
            label = f"best epoch ({best + 1}): {measured[best]:.4g}"
            axes.plot(best + 1, measured[best], "o", color=COLOURS["validation"], markersize=5, label=label)
    if panel.logarithmic:
        axes.set_yscale("log")
    axes.set_title("learning rate" if panel.name == "lr" else panel.name)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    if epochs == 1:
        axes.set_xticks([1])
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if len(panel.curves) > 1:
        axes.legend(frameon=False, fontsize="small")


def _draw_table(axes: Any, name: str, table: Array) -> None:
    """A table as a field of shades, with its numbers where there is room for them."""
    axes.imshow(table, cmap="Blues")
    axes.set_title(f"{name} (test)")
    if name.startswith("confusion_matrix"):
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.get_major_locator().set_params(integer=True)
    if max(table.shape) > WRITTEN:
        return
    middle = (float(table.min()) + float(table.max())) / 2
    for (row, column), value in np.ndenumerate(table):
        colour = "white" if value > middle else "#111827"
        axes.text(column, row, f"{value:g}", ha="center", va="center", color=colour, fontsize="small")
