"""A network as an SVG picture, in light and dark, for files and notebooks; the same network, the same text."""

from __future__ import annotations

from itertools import pairwise
from xml.sax.saxutils import escape

from nndsl.pictures.diagram import Box, diagram
from nndsl.pictures.layout import Point, lay_out
from nndsl.snippet import width as columns
from nndsl.transform.step import Step

LETTER, TITLE_LETTER = 6.7, 7.6
"""Widths that a character of a line and of a heading take at most, on average, in the fonts below."""

LINE, PADDING, MARGIN = 16, 10, 14
NARROWEST = 84

STYLE = """\
.nndsl { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Arial, sans-serif }
.nndsl text { text-anchor: middle; fill: #4b5563 }
.nndsl .title { font-size: 13px; font-weight: 600; fill: #111827 }
.nndsl .box { stroke-width: 1; fill: #ffffff; stroke: #9ca3af }
.nndsl .input .box, .nndsl .output .box { fill: #dcfce7; stroke: #4ade80 }
.nndsl .target .box { fill: #fef9c3; stroke: #eab308 }
.nndsl .layer .box { fill: #dbeafe; stroke: #60a5fa }
.nndsl .activation .box { fill: #ede9fe; stroke: #a78bfa }
.nndsl .loss .box { fill: #fee2e2; stroke: #f87171 }
.nndsl .fixed .box { stroke-dasharray: 4 3 }
.nndsl .edge { fill: none; stroke: #8b929e; stroke-width: 1.3 }
.nndsl .tip { fill: #8b929e }
@media (prefers-color-scheme: dark) {
.nndsl text { fill: #c3c9d3 }
.nndsl .title { fill: #f3f4f6 }
.nndsl .box { fill: #1f2937; stroke: #6b7280 }
.nndsl .input .box, .nndsl .output .box { fill: #14382a; stroke: #2f9e63 }
.nndsl .target .box { fill: #3b3413; stroke: #b58b12 }
.nndsl .layer .box { fill: #172f55; stroke: #3b73c4 }
.nndsl .activation .box { fill: #30264f; stroke: #7c62c9 }
.nndsl .loss .box { fill: #4a1d22; stroke: #c55252 }
}
"""


def network_svg(step: Step) -> str:
    """The whole SVG file; it can also stand in an HTML page as it is."""
    drawing = diagram(step)
    sizes = [_size(box) for box in drawing.boxes]
    layout = lay_out(sizes, list(drawing.edges))
    width, height = (_number(length + 2 * MARGIN) for length in (layout.width, layout.height))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="nndsl" role="img" width="{width}" height="{height}" '
        f'viewBox="{-MARGIN} {-MARGIN} {width} {height}">',
        f"<title>{escape(drawing.name)}</title>",
        f"<style>\n{STYLE}</style>",
    ]
    lines += [_edge(points) for points in layout.paths.values()]
    for box, size, centre in zip(drawing.boxes, sizes, layout.centres, strict=True):
        lines += _box(box, size, centre)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _size(box: Box) -> tuple[float, float]:
    widths = [columns(box.title) * TITLE_LETTER, *(columns(line) * LETTER for line in box.lines)]
    return max(NARROWEST, round(max(widths) + 2 * PADDING)), LINE * (1 + len(box.lines)) + PADDING


def _box(box: Box, size: tuple[float, float], centre: Point) -> list[str]:
    (width, height), (x, y) = size, centre
    round_ = height / 2 if box.kind in ("input", "target", "output") else 6
    top = y - height / 2 + PADDING / 2 + 12
    kinds = box.kind if box.trained else f"{box.kind} fixed"
    lines = [
        f'<g class="{kinds}">',
        f'<rect class="box" x="{_number(x - width / 2)}" y="{_number(y - height / 2)}" width="{_number(width)}" '
        f'height="{_number(height)}" rx="{_number(round_)}"/>',
        f'<text class="title" x="{_number(x)}" y="{_number(top)}">{escape(box.title)}</text>',
    ]
    for number, line in enumerate(box.lines, 1):
        lines.append(f'<text x="{_number(x)}" y="{_number(top + number * LINE)}">{escape(line)}</text>')
    return [*lines, "</g>"]


def _edge(points: tuple[Point, ...]) -> str:
    """A curve that leaves and enters upright, with a tip; through a row that it passes it runs straight."""
    path = f"M{_point(points[0])}"
    for (x, y), (next_x, next_y) in pairwise(points):
        middle = (y + next_y) / 2
        if x == next_x:
            path += f" V{_number(next_y)}"
        else:
            path += f" C{_point((x, middle))} {_point((next_x, middle))} {_point((next_x, next_y))}"
    x, y = points[-1]
    tip = f"M{_point((x - 3.5, y - 7))} L{_point((x + 3.5, y - 7))} L{_point((x, y))} Z"
    return f'<path class="edge" d="{path}"/><path class="tip" d="{tip}"/>'


def _point(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    """One decimal, and none where it is 0."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
