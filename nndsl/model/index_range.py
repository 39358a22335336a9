"""Which indices an `i64` input may hold, where the model says it: `words -> embedding(5000, 16)` is for 0 to 4999."""

from __future__ import annotations

from dataclasses import dataclass

from nndsl.model.lints import reached
from nndsl.model.network import Apply, Input, Network
from nndsl.source import Span


@dataclass(frozen=True)
class IndexRange:
    """Indices from 0 up to, not including, `count`: so many rows has the embedding at `span`."""

    count: int
    span: Span


def index_ranges(network: Network) -> dict[str, IndexRange]:
    """For each `i64` input that an embedding takes as it is, the range of the smallest such."""
    roots = [item.term for items in (network.outputs, network.losses, network.metrics) for item in items]
    found: dict[str, IndexRange] = {}
    for term in reached(roots):
        if not isinstance(term, Apply) or term.composite.name != "embedding":
            continue
        x, count = term.arguments["x"], term.arguments["kinds"]
        if isinstance(x, Input) and x.declared.kind == "i64" and isinstance(count, int):
            known = found.get(x.declared.name)
            if known is None or count < known.count:
                found[x.declared.name] = IndexRange(count, term.span)
    return found
