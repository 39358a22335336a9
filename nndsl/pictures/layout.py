"""Where boxes stand: in rows from top to bottom, so that edges lead downwards, cross seldom and run straight.

The steps of Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981):

    rows       each box below all that it takes; a box that takes nothing right above the first that takes it
    crossings  an edge over several rows passes through a point in each; rows go by the barycentre of neighbours
    places     within a row boxes go as near to their neighbours as order and gaps allow (least squares, exactly)

Everything is a function of the sizes and edges alone: the same network, the same picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP = 28.0
"""Between two boxes of a row."""

PASSING = 16.0
"""Between an edge that passes through a row and its neighbours."""

ROW_GAP = 34.0
SWEEPS = 25
BESIDE = 1e-3
"""How little an edge that passes through a row weighs against a box: it gives way to what it goes past."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """The centre of each box, the points that each edge runs through (from bottom to top side), and the whole size."""

    centres: tuple[Point, ...]
    paths: dict[tuple[int, int], tuple[Point, ...]]
    width: float
    height: float


def lay_out(sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]) -> Layout:
    """Place boxes of these widths and heights; an edge leads from a box to a later one."""
    grid = _Grid(sizes, edges)
    grid.reduce_crossings()
    grid.place()
    return grid.layout()


class _Grid:
    """Boxes and, behind them in the same numbering, the points where long edges pass through rows."""

    def __init__(self, sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]):
        self.sizes = list(sizes)
        self.edges = edges
        self.boxes = len(sizes)
        self.row = _rows(len(sizes), edges)
        self.above: list[list[int]] = [[] for _ in sizes]
        self.below: list[list[int]] = [[] for _ in sizes]
        self.chains: dict[tuple[int, int], list[int]] = {}
        for source, target in edges:
            chain = [source, *(self._point(row) for row in range(self.row[source] + 1, self.row[target])), target]
            self.chains[source, target] = chain
            for upper, lower in pairwise(chain):
                self.below[upper].append(lower)
                self.above[lower].append(upper)
        self.rows: list[list[int]] = [[] for _ in range(max(self.row, default=-1) + 1)]
        for node in self._in_depth():
            self.rows[self.row[node]].append(node)
        self.x = [0.0] * len(self.sizes)

    def _point(self, row: int) -> int:
        self.sizes.append((0.0, 0.0))
        self.row.append(row)
        self.above.append([])
        self.below.append([])
        return len(self.sizes) - 1

    def _in_depth(self) -> Iterator[int]:
        """Every node, each with what hangs together with it one after another: a first order with few crossings."""
        seen: set[int] = set()
        for root in range(len(self.sizes)):
            stack = [root]
            while stack:
                node = stack.pop()
                if node not in seen:
                    seen.add(node)
                    yield node
                    stack += [*reversed(self.below[node]), *reversed(self.above[node])]

    # ---------------------------------------------------------------- crossings

    def reduce_crossings(self) -> None:
        best, fewest = [list(row) for row in self.rows], self._crossings()
        for sweep in range(SWEEPS):
            if not fewest:
                break
            order, near = (self.rows, self.above) if sweep % 2 == 0 else (self.rows[::-1], self.below)
            for beside, row in pairwise(order):
                place = {node: float(i) for i, node in enumerate(beside)}
                own = {node: float(i) for i, node in enumerate(row)}
                wishes = {node: _mean([place[n] for n in near[node]], own[node]) for node in row}
                row.sort(key=wishes.__getitem__)
            count = self._crossings()
            if count < fewest:
                best, fewest = [list(row) for row in self.rows], count
        self.rows = best

    def _crossings(self) -> int:
        """Pairs of edges between neighbouring rows that cross."""
        total = 0
        for upper, lower in pairwise(self.rows):
            place = {node: i for i, node in enumerate(lower)}
            ends = [place[n] for node in upper for n in sorted(self.below[node], key=place.__getitem__)]
            passed = [0] * len(lower)
            for count, end in enumerate(ends):
                total += count - sum(passed[: end + 1])
                passed[end] += 1
        return total

    # ---------------------------------------------------------------- places

    def place(self) -> None:
        for row in self.rows:
            self._settle(row, [0.0] * len(row), [1.0] * len(row))
        for sweep in range(
            SWEEPS
        ):  # the last one goes down again: what hangs under one box alone stands right under it
            down = sweep % 2 == 0
            for row in self.rows if down else reversed(self.rows):
                wishes, weights = [], []
                for node in row:
                    near = (self.above if down else self.below)[node]
                    shares = [self._weight(other) for other in near]
                    wish = sum(self.x[other] * share for other, share in zip(near, shares, strict=True))
                    wishes.append(wish / sum(shares) if near else self.x[node])
                    weights.append(self._weight(node) if near else BESIDE)
                self._settle(row, wishes, weights)
        self.x = [float(round(x)) for x in self.x]

    def _weight(self, node: int) -> float:
        return 1.0 if node < self.boxes else BESIDE

    def _settle(self, row: list[int], wishes: list[float], weights: list[float]) -> None:
        """Give the nodes of a row the places nearest to what they wish (weighted least squares) in their order and with
        their gaps: neighbours that come too near to one another are moved as one block (pool adjacent violators)."""
        offsets, offset = [0.0], 0.0
        for left, right in pairwise(row):
            gap = GAP if left < self.boxes and right < self.boxes else PASSING
            offset += (self.sizes[left][0] + self.sizes[right][0]) / 2 + gap
            offsets.append(offset)
        blocks: list[tuple[float, float, int]] = []  # where it wants to be, its weight, how many it holds
        for wish, weight, offset in zip(wishes, weights, offsets, strict=True):
            place, total, count = wish - offset, weight, 1
            while blocks and blocks[-1][0] > place:
                before, other, held = blocks.pop()
                place, total, count = (
                    (before * other + place * total) / (other + total),
                    other + total,
                    held + count,
                )
            blocks.append((place, total, count))
        places = [place for place, _, count in blocks for _ in range(count)]
        for node, place, offset in zip(row, places, offsets, strict=True):
            self.x[node] = place + offset

    # ---------------------------------------------------------------- result

    def layout(self) -> Layout:
        left = min((self.x[n] - self.sizes[n][0] / 2 for n in range(len(self.sizes))), default=0.0)
        right = max((self.x[n] + self.sizes[n][0] / 2 for n in range(len(self.sizes))), default=0.0)
        tops, heights, y = [], [], 0.0
        for row in self.rows:
            height = max(self.sizes[node][1] for node in row)
            tops.append(y)
            heights.append(height)
            y += height + ROW_GAP
        centres = [(self.x[n] - left, tops[self.row[n]] + heights[self.row[n]] / 2) for n in range(len(self.sizes))]
        paths = {}
        for edge, chain in self.chains.items():
            points: list[Point] = []
            for node in chain:
                x, y = centres[node]
                half = self.sizes[node][1] / 2 if node < self.boxes else heights[self.row[node]] / 2
                points += [(x, y - half)] if node != chain[0] else []
                points += [(x, y + half)] if node != chain[-1] else []
            paths[edge] = tuple(points)
        height = tops[-1] + heights[-1] if tops else 0.0
        return Layout(tuple(centres[: self.boxes]), paths, right - left, height)


def _rows(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The row of each box: as far up as what it takes allows; what takes nothing as far down as its takers allow."""
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    row = [0] * count
    for node in range(count):
        row[node] = max((row[source] + 1 for source in above[node]), default=0)
    for node in range(count):
        if not above[node] and below[node]:
            row[node] = min(row[target] for target in below[node]) - 1
    return row


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
