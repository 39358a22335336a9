"""`history.png`: the loss and each metric over the epochs, training and validation, the best epoch marked."""

from __future__ import annotations

import io
from importlib.util import find_spec

import numpy as np

from nndsl.training.history import History


def can_plot() -> bool:
    """Whether the extra `[plot]` is installed."""
    return find_spec("matplotlib") is not None


def history_png(history: History) -> bytes:
    """A picture with one panel for each logged number; the best epoch is that of the lowest validation loss."""
    from matplotlib.figure import Figure

    names = [name for name in history.names if not name.startswith("val_") and name != "lr"]
    figure = Figure(figsize=(4.2 * len(names), 3.2), layout="constrained")
    best = int(np.argmin(history["val_loss"])) if "val_loss" in history.names else None
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
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
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=110, metadata={"Software": None})
    return image.getvalue()
