"""A picture of a program's data: a histogram of each column and bars of each class, for every split."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from nndsl.data.histograms import Bars, Histogram
from nndsl.extras import optional
from nndsl.snippet import plain

PURPOSE = "drawing a picture of the data"
COLOURS = {"train": "#4c72b0", "validation": "#dd8452", "test": "#55a868"}
MOST_PANELS = 60
PANELS_IN_ROW = 5
LONGEST = 28
"""Characters of a title."""

LABEL = 12
"""Characters of a class's name."""


def data_picture(
    title: str, panels: Sequence[Histogram | Bars], rows: Mapping[str, int], kind: Literal["png", "svg", "pdf"] = "png"
) -> bytes:
    """The picture as a file's content. Bars and histograms are shares of their split, so that splits of different sizes
    can be compared. Of very many columns the first are drawn.

    Raises `Failure` (NN507) where the extra `[plot]` is not installed.
    """
    figures = optional("matplotlib.figure", "plot", PURPOSE)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # what it says of its fonts and folders helps nobody here
    shown = panels[:MOST_PANELS]
    columns = max(1, min(PANELS_IN_ROW, len(shown), round((len(shown) * 1.3) ** 0.5)))
    lines = -(-len(shown) // columns)
    figure = figures.Figure(figsize=(max(3.1 * columns, 5), 2.3 * max(lines, 1) + 0.9), layout="constrained")
    grid = figure.subplots(max(lines, 1), columns, squeeze=False)
    for axes, panel in zip(grid.flat, shown, strict=False):
        if isinstance(panel, Bars):
            _bars(axes, panel)
        else:
            _histogram(axes, panel)
        axes.set_title(_cut(panel.title, LONGEST), fontsize=10, parse_math=False)
        axes.tick_params(labelsize=8)
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
        axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    more = f", the first {len(shown)} of {len(panels)} columns" if len(panels) > len(shown) else ""
    figure.suptitle(_cut(title, 80) + more, fontsize=11, parse_math=False)
    _legend(figure, rows)
    content = io.BytesIO()
    rc_context = optional("matplotlib", "plot", PURPOSE).rc_context
    with warnings.catch_warnings(), rc_context({"svg.hashsalt": "nndsl"}):  # else ids in an SVG are random
        warnings.simplefilter("ignore")  # of characters that the font lacks
        metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
        figure.savefig(content, format=kind, dpi=110, metadata=metadata)
    return content.getvalue()


def _legend(figure: Any, rows: Mapping[str, int]) -> None:
    patches = optional("matplotlib.patches", "plot", PURPOSE)
    handles = [patches.Patch(color=COLOURS[split], label=f"{split} ({count:,})") for split, count in rows.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(rows), frameon=False, fontsize=9)


def _histogram(axes: Any, panel: Histogram) -> None:
    """Training filled, the other splits as outlines over it."""
    for split, counts in panel.counts.items():
        shares = counts / max(counts.sum(), 1)
        if split == "train":
            axes.stairs(shares, panel.edges, fill=True, color=COLOURS[split], alpha=0.55)
        else:
            axes.stairs(shares, panel.edges, color=COLOURS[split], linewidth=1.2)
    axes.set_ylim(bottom=0)
    if panel.whole:
        axes.xaxis.get_major_locator().set_params(integer=True)


def _bars(axes: Any, panel: Bars) -> None:
    places = np.arange(len(panel.names))
    width = 0.84 / len(panel.counts)
    for i, (split, counts) in enumerate(panel.counts.items()):
        shift = (i - (len(panel.counts) - 1) / 2) * width
        axes.bar(places + shift, counts / max(panel.totals[split], 1), width, color=COLOURS[split])
    labels = [_cut(str(name), LABEL) for name in panel.names]
    slanted = len(labels) > 10 or sum(map(len, labels)) > 30
    axes.set_xticks(places, labels, rotation=45 if slanted else 0, ha="right" if slanted else "center")
    for label in axes.get_xticklabels():
        label.set_parse_math(False)
        label.set_rotation_mode("anchor")
        label.set_fontsize(7 if slanted else 8)
    if panel.classes > len(panel.names):
        axes.set_xlabel(f"the {len(panel.names)} most frequent of {panel.classes} classes", fontsize=8)


def _cut(text: str, length: int) -> str:
    text = plain(text)
    return text if len(text) <= length else f"{text[: length - 1]}…"
