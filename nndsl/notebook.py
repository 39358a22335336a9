"""Networks in a notebook: how they show themselves, curves that grow while they are trained, `%%nndsl` (extra
`[notebook]`).

%load_ext nndsl

%%nndsl digits --set train.epochs=5
model digits { … }

The cell's text becomes the network `digits`, in the cell's own words where something is wrong with it.
"""

from __future__ import annotations

import argparse
import math
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.extras import optional
from nndsl.render import render
from nndsl.training.history import History
from nndsl.training.loop import Observer, Trainer
from nndsl.training.panels import Panel, best_epoch, panels
from nndsl.training.results import bytes_text, format_logs
from nndsl.transform.summary import layer_table

if TYPE_CHECKING:
    from nndsl.api import Net, Run

# ---------------------------------------------------------------- curves

WIDTH, HEIGHT = 250, 150
"""Of a panel's plot, in pixels."""

LEFT, TOP, BETWEEN, BELOW = 48, 24, 16, 34
"""Room around it: for numbers, its name, the next panel, the epochs."""

IN_ROW = 3
COLOURS = {"training": "#3b82c4", "validation": "#e08a2e", "": "#3b82c4"}
FONT = "font-family:system-ui,sans-serif;font-size:11px"

REFRESH = 0.25
"""Seconds between two pictures of a curve that grows."""


def history_svg(history: History, epochs: int | None = None) -> str:
    """The loss and each metric over the epochs as an SVG picture, the best epoch marked; `epochs` is how many there
    will be."""
    shown = panels(history)
    columns = min(len(shown), IN_ROW)
    wide, high = LEFT + WIDTH + BETWEEN, TOP + HEIGHT + BELOW
    size = columns * wide, -(-len(shown) // max(columns, 1)) * high
    parts = [
        f'<g transform="translate({i % columns * wide + LEFT},{i // columns * high + TOP})">'
        f"{_panel(panel, max(epochs or 0, len(history), 2), best_epoch(history))}</g>"
        for i, panel in enumerate(shown)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" role="img" style="{FONT}">'
    return f"{head}{''.join(parts)}</svg>"


def _panel(panel: Panel, epochs: int, best: int | None) -> str:
    scale: Callable[[float], float] = math.log10 if panel.logarithmic else float
    curves = {of: [scale(v) if math.isfinite(v) else math.nan for v in values] for of, values in panel.curves.items()}
    finite = [value for values in curves.values() for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if not high > low:  # one value: in the middle
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2

    def place(epoch: int, value: float) -> str:
        return f"{epoch * WIDTH / (epochs - 1):.1f},{(high - value) / (high - low) * HEIGHT:.1f}"

    lines = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#8884"/>',
        f'<text x="0" y="-8" fill="currentColor" style="font-weight:600">{escape(panel.name)}</text>',
        f'<text x="0" y="{HEIGHT + 15}" fill="currentColor">1</text>',
        f'<text x="{WIDTH}" y="{HEIGHT + 15}" text-anchor="end" fill="currentColor">epoch {epochs}</text>',
    ]
    for tick in (low, (low + high) / 2, high):
        y = (high - tick) / (high - low) * HEIGHT
        shown = f"{10**tick if panel.logarithmic else tick:.3g}"
        lines.append(f'<line x1="-3" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#8883"/>')
        lines.append(f'<text x="-6" y="{y + 4:.1f}" text-anchor="end" fill="currentColor">{shown}</text>')
    if best is not None:
        x = place(best, low).partition(",")[0]
        lines.append(f'<line x1="{x}" x2="{x}" y1="0" y2="{HEIGHT}" stroke="#888" stroke-dasharray="2 3"/>')
    for number, (of, values) in enumerate(curves.items()):
        for run in _runs(values):
            points = " ".join(place(epoch, value) for epoch, value in run)
            cap = 'stroke-linecap="round" stroke-linejoin="round"'
            lines.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[of]}" stroke-width="1.8" {cap}/>')
        if of:
            where = WIDTH - 118 + 60 * number
            lines.append(f'<text x="{where}" y="-8" fill="{COLOURS[of]}">{of}</text>')
    return "".join(lines)


def _runs(values: Sequence[float]) -> list[list[tuple[int, float]]]:
    """Stretches without a gap, a single point as a line of no length."""
    runs: list[list[tuple[int, float]]] = [[]]
    for epoch, value in enumerate(values):
        if math.isfinite(value):
            runs[-1].append((epoch, value))
        elif runs[-1]:
            runs.append([])
    return [run * 2 if len(run) == 1 else run for run in runs if run]


class Curve(Observer):
    """Shows the curves of `fit` below its cell, and draws them anew as epochs end."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._trainer: Trainer | None = None
        self._drawn = 0.0

    def start(self, trainer: Trainer) -> None:
        display = optional("IPython.display", "notebook", "curves in a notebook")
        self._trainer = trainer
        self._handle = display.display(display.HTML(self._html("")), display_id=True)

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        if time.monotonic() - self._drawn > REFRESH:
            self._draw("")

    def stop(self, reason: str) -> None:
        self._draw(reason)

    def _draw(self, reason: str) -> None:
        display = optional("IPython.display", "notebook", "curves in a notebook")
        if self._handle is not None:  # a shell without a page to draw on gives none
            self._handle.update(display.HTML(self._html(reason)))
        self._drawn = time.monotonic()

    def _html(self, reason: str) -> str:
        assert self._trainer is not None
        history, epochs = self._trainer.history, self._trainer.epochs
        words = f"epoch {len(history)} of {epochs}"
        if len(history):
            words += f"&ensp;{escape(format_logs(history.epochs[-1]))}"
        if reason:
            words += f"<br>stopped: {escape(reason)}"
        picture = history_svg(history, epochs) if len(history) else ""
        return f'<div>{picture}<div style="{FONT}">{words}</div></div>'


# ---------------------------------------------------------------- networks and runs


def net_html(net: Net) -> str:
    """A network as a picture beside its layers; where its program is wrong, the messages."""
    from nndsl.pictures.svg import network_svg

    try:
        if (waiting := net.waits_for_data) is not None:
            raise Failure(waiting)
        step, memory = net.step, net.memory
    except Failure as failure:
        return f"<pre>{escape(render(failure.diagnostics))}</pre>"
    rows = "".join(
        f"<tr><td>{escape(row.name)}</td><td>{row.kind}</td><td>{escape(row.shape)}</td>"
        f"<td>{f'{row.parameters:,}' if row.parameters else ''}</td></tr>"
        for row in layer_table(step)
    )
    head = "<tr><th>layer</th><th>kind</th><th>output</th><th>parameters</th></tr>"
    total = sum(state.size for state in step.parameters)
    trained = f"trained for {net.progress.epoch} epochs" if net.is_trained else "not trained yet"
    words = f"<b>{escape(step.network.name)}</b>: {total:,} parameters, {bytes_text(memory.total)} a step; {trained}"
    return (
        f'<div>{words}<div style="display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start">'
        f"<div>{network_svg(step)}</div><table>{head}{rows}</table></div></div>"
    )


def run_html(run: Run) -> str:
    """A run as its curves and the numbers of its last epoch."""
    if not len(run.history):
        return f"<pre>{escape(repr(run))}</pre>"
    words = f"{len(run.history)} epochs&ensp;{escape(format_logs(run.history.epochs[-1]))}"
    stopped = f"<br>stopped: {escape(run.stopped)}" if run.stopped else ""
    return f'<div>{history_svg(run.history)}<div style="{FONT}">{words}{stopped}</div></div>'


# ---------------------------------------------------------------- %%nndsl


class _Arguments(argparse.ArgumentParser):
    """A parser that raises what is wrong, where others end the process."""

    def error(self, message: str) -> Any:
        raise Failure(BadOption(None, "%%nndsl", message))


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext nndsl`: the cell magic `%%nndsl NAME [--set NAME=value]… [--model MODEL]`."""

    def nndsl(line: str, cell: str) -> None:
        ipython.push(_compiled(line, cell))

    ipython.register_magic_function(nndsl, magic_kind="cell", magic_name="nndsl")


def _compiled(line: str, cell: str) -> dict[str, Net]:
    """The network of a cell, by the name that the magic's line gives it; raises `Failure` with all that is wrong."""
    from nndsl.api import loads

    parser = _Arguments(prog="%%nndsl", add_help=False, allow_abbrev=False)
    parser.add_argument("name")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--model")
    try:
        asked = parser.parse_args(shlex.split(line))
    except ValueError as error:
        raise Failure(BadOption(None, "%%nndsl", str(error))) from None
    if not asked.name.isidentifier() or iskeyword(asked.name):
        raise Failure(BadOption(None, "%%nndsl", f"`{asked.name}` is no name of a variable"))
    net = loads(cell, name=f"%%nndsl {asked.name}", set=asked.set, model=asked.model)
    if net.waits_for_data is None and net.checked.warnings:
        print(render(net.checked.warnings), end="")
    return {asked.name: net}
