"""A history as a chart of characters: curves of braille dots, or of plain ASCII where the terminal has no others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import groupby, pairwise
from operator import itemgetter, or_

from nndsl.training.history import History
from nndsl.training.panels import Panel, best_epoch, panels

BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a braille character's dots, by row and column."""

COLOURS = {"training": "36", "validation": "33", "": "36"}
MARKS = {"training": "*", "validation": "o", "": "*"}
BOTH = "@"
"""What stands for two curves in one place, where there is neither colour nor braille."""

LABELS = 3
"""Numbers beside the axis: its ends and its middle."""


def history_chart(
    history: History, width: int = 72, height: int = 10, *, unicode: bool = True, colour: bool = False
) -> str:
    """A chart for each logged number, `width` characters wide and `height` lines high, below one another.

    Training is a line and validation a dotted one (`*` and `o` in ASCII).
    """
    best = best_epoch(history)
    charts = [_chart(panel, width, height, best, unicode, colour) for panel in panels(history)]
    return "\n\n".join("\n".join(lines) for lines in charts)


def _chart(panel: Panel, width: int, height: int, best: int | None, unicode: bool, colour: bool) -> list[str]:
    scale = math.log10 if panel.logarithmic else float
    curves = {of: [scale(v) if math.isfinite(v) else math.nan for v in curve] for of, curve in panel.curves.items()}
    values = [value for curve in curves.values() for value in curve if math.isfinite(value)]
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    if not high - low > 1e-12 * max(abs(low), abs(high), 1e-300):  # one value: in the middle
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    ticks = [low + (high - low) * i / (LABELS - 1) for i in range(LABELS)]
    texts = [f"{10**tick if panel.logarithmic else tick:.3g}" for tick in ticks]
    margin = max(map(len, texts))
    across = max(width - margin - 2, 8)
    columns, rows = (across * 2, height * 4) if unicode else (across, height)
    dots = {}
    for of, curve in curves.items():
        places = [
            (round(i * (columns - 1) / max(len(curve) - 1, 1)), round((high - v) / (high - low) * (rows - 1)))
            if math.isfinite(v)
            else None
            for i, v in enumerate(curve)
        ]
        dots[of] = set(_line(places, dotted=unicode and of == "validation"))
    cells = _braille(dots, across, height, colour) if unicode else _ascii(dots, across, height)
    lines = [_heading(panel, best, unicode, colour)]
    at = {round((1 - i / (LABELS - 1)) * (height - 1)): text for i, text in enumerate(texts)}
    axis, corner, below = ("┤", "└", "─") if unicode else ("|", "+", "-")
    lines += [
        f"{at.get(i, ''):>{margin}} {axis if i in at or not unicode else '│'}{row}".rstrip()
        for i, row in enumerate(cells)
    ]
    epochs = str(max(map(len, curves.values())))
    lines.append(f"{'':>{margin}} {corner}{below * across}")
    lines.append(f"{'':>{margin}}  1{epochs if epochs != '1' else '':>{across - 1}}".rstrip())
    return lines


def _heading(panel: Panel, best: int | None, unicode: bool, colour: bool) -> str:
    signs = {"training": "──", "validation": "┄┄"} if unicode else {of: mark * 2 for of, mark in MARKS.items()}
    legend = [f"{_paint(signs[of], of, colour)} {of}" for of in panel.curves if of]
    if best is not None and "validation" in panel.curves:
        legend.append(f"best epoch {best + 1}: {panel.curves['validation'][best]:.4g}")
    return "  ".join([f"{panel.name}{' (logarithmic)' if panel.logarithmic else ''}", *legend])


def _line(places: Sequence[tuple[int, int] | None], dotted: bool) -> Iterator[tuple[int, int]]:
    """The dots of a line through places, with gaps where there is none; `dotted` leaves out every second character."""
    for before, place, after in zip([None, *places], places, [*places[1:], None], strict=False):
        if place is not None and (not dotted or (before is None and after is None)):
            yield place
    for first, second in pairwise(places):
        if first is None or second is None:
            continue
        (x, y), (u, v) = first, second
        steps = max(abs(u - x), abs(v - y), 1)
        for i in range(steps + 1):
            column, row = round(x + (u - x) * i / steps), round(y + (v - y) * i / steps)
            if not dotted or column % 4 < 2:
                yield column, row


def _braille(dots: dict[str, set[tuple[int, int]]], across: int, height: int, colour: bool) -> list[str]:
    """Two by four dots a character; it has the colour of the curve that has more of them."""
    bits: dict[tuple[int, int], dict[str, int]] = {}
    for of, places in dots.items():
        for x, y in places:
            cell = bits.setdefault((x // 2, y // 4), dict.fromkeys(dots, 0))
            cell[of] |= DOTS[y % 4][x % 2]
    rows = []
    for line in range(height):
        characters = []
        for column in range(across):
            cell = bits.get((column, line), {})
            most = max(cell, key=lambda of: cell[of].bit_count(), default=None)
            characters.append((most, chr(BRAILLE + reduce(or_, cell.values())) if cell else " "))
        groups = ((of, "".join(text for _, text in group)) for of, group in groupby(characters, key=itemgetter(0)))
        rows.append("".join(text if of is None else _paint(text, of, colour) for of, text in groups))
    return rows


def _ascii(dots: dict[str, set[tuple[int, int]]], across: int, height: int) -> list[str]:
    def mark(place: tuple[int, int]) -> str:
        here = [of for of, places in dots.items() if place in places]
        return " " if not here else MARKS[here[0]] if len(here) == 1 else BOTH

    return ["".join(mark((x, y)) for x in range(across)) for y in range(height)]


def _paint(text: str, of: str, colour: bool) -> str:
    return f"\x1b[{COLOURS[of]}m{text}\x1b[0m" if colour else text
