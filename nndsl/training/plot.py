"""`history.png`: the loss and each metric over the epochs, training and validation, the best epoch marked."""

from __future__ import annotations

import io
import logging

import numpy as np

from nndsl.extras import is_installed
from nndsl.training.history import History

PANELS_IN_ROW = 4


def can_plot() -> bool:
    """Whether the extra `[plot]` is installed."""
    return is_installed("matplotlib")


def history_png(history: History) -> bytes:
    """A picture with one panel for each logged number; the best epoch is that of the lowest validation loss."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # what it says of its fonts and folders helps nobody here
    from matplotlib.figure import Figure

    names = [name for name in history.names if not name.startswith("val_") and name != "lr"]
    columns = min(len(names), PANELS_IN_ROW)
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.2 * rows), layout="constrained")
    losses = np.array(history["val_loss"])
    best = int(np.nanargmin(losses)) if np.isfinite(losses).any() else None
    for axes, name in zip(figure.subplots(rows, columns, squeeze=False).flat, names, strict=False):
        epochs = np.arange(1, len(history[name]) + 1)
        axes.plot(epochs, history[name], color="#4c72b0", label="training")
        if f"val_{name}" in history.names:
            axes.plot(epochs, history[f"val_{name}"], color="#dd8452", label="validation")
        if best is not None:
            axes.axvline(best + 1, color="#999999", linestyle=":", linewidth=1, label=f"best epoch ({best + 1})")
        axes.set_title(name)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(color="#e6e6e6", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize="small")
    for axes in figure.axes[len(names) :]:
        axes.set_visible(False)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=110, metadata={"Software": None})
    return image.getvalue()
