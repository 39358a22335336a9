"""Which numbers an `i64` input or target may hold, where the model says it: `words -> embedding(5000, 16)` is for 0 to
4999, and `cross_entropy(scores, y)` of three scores for 0 to 2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nndsl.model.lints import reached
from nndsl.model.network import Apply, Input, Network, Term
from nndsl.source import Span

CLASSIFYING = frozenset(["cross_entropy", "focal", "categorical_hinge"])
"""Losses whose target may be classes by number."""


@dataclass(frozen=True)
class IndexRange:
    """Numbers from 0 up to, not including, `count`, and `ignored`: what `taker` at `span` takes, which has so many
    `things`."""

    count: int
    taker: str
    things: str
    span: Span
    ignored: int | None = None


def index_ranges(network: Network, *, predicting: bool = False) -> dict[str, list[IndexRange]]:
    """The ranges of each `i64` input and target that an embedding or a loss takes as it is, the smallest first;
    `predicting`: where losses and metrics are not computed."""
    roots = [output.term for output in network.outputs]
    if not predicting:
        roots += [item.term for items in (network.losses, network.metrics) for item in items]
    found: dict[str, list[IndexRange]] = {}
    for term in reached(roots):
        for taken, range_ in _taken(term):
            if isinstance(taken, Input) and taken.declared.kind == "i64":
                found.setdefault(taken.declared.name, []).append(range_)
    return {name: sorted(ranges, key=lambda range_: range_.count) for name, ranges in found.items()}


def _taken(term: Term) -> Iterator[tuple[object, IndexRange]]:
    """What a term takes as indices, and which it may take."""
    if not isinstance(term, Apply):
        return
    name, arguments = term.composite.name, term.arguments
    if name == "embedding" and isinstance(count := arguments["kinds"], int):
        yield arguments["x"], IndexRange(count, "this embedding", "rows", term.span)
    elif name in CLASSIFYING and isinstance(count := arguments["prediction"].type.shape[-1], int):
        yield arguments["target"], IndexRange(count, f"`{name}`", "classes", term.span, arguments.get("ignore"))
