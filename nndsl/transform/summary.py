"""The layers of a network as a table: what `nndsl summary` shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from nndsl.graph.sizes import show_shape
from nndsl.model.apply import operands
from nndsl.model.naming import has_parameters
from nndsl.model.network import Apply, Input, Term
from nndsl.model.text import network_terms
from nndsl.transform.step import Step

SHOWN = ("layer", "activation")
"""Kinds of composites that have a row; functions and operators are looked through."""


@dataclass(frozen=True)
class Row:
    """One layer: its name in artifacts, the vocabulary's word for it, its result's shape, what it is applied to."""

    name: str
    kind: str
    shape: str
    parameters: int
    trainable: bool
    inputs: tuple[str, ...]
    line: int


def layer_table(step: Step) -> list[Row]:
    """The inputs and the layers that outputs and losses need, in order of the program."""
    network = step.network
    # A layer with parameters and one without may share a name: what is fitted belongs to the second.
    counts: Counter[tuple[str, bool]] = Counter()
    frozen: set[str] = set()
    for state in step.states:
        owner = state.name.rpartition(".")[0]
        if state.role != "slot":
            counts[owner, not state.fit] += prod(state.shape)
            if state.role == "parameter" and not state.trainable:
                frozen.add(owner)
    rows = [
        Row(d.name, d.role, show_shape(("batch", *d.shape)), 0, False, (), d.span.line)  # type: ignore[arg-type]
        for d in network.inputs
    ]
    seen: set[tuple[str, bool]] = set()
    for term in network_terms(network, metrics=False):
        if not isinstance(term, Apply) or term.composite.kind not in SHOWN:
            continue
        own = (term.layer.name, has_parameters(term.composite))
        first = own not in seen
        seen.add(own)
        sources = tuple(dict.fromkeys(source for operand in operands(term) for source in _sources(operand)))
        rows.append(
            Row(
                term.layer.name,
                term.composite.name,
                show_shape(term.type.shape),
                counts[own] if first else 0,
                term.layer.name not in frozen,
                sources,
                term.span.line,
            )
        )
    return rows


def _sources(term: Term) -> Iterator[str]:
    """What a layer is applied to: the inputs and layers behind a term, looking through arithmetic and functions."""
    if isinstance(term, Input):
        yield term.declared.name
    elif isinstance(term, Apply) and term.composite.kind in SHOWN:
        yield term.layer.name
    else:
        for operand in operands(term):
            yield from _sources(operand)
