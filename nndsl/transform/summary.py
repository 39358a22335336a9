"""The layers of a network as a table: what `nndsl summary` shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

from nndsl.graph.sizes import show_shape
from nndsl.model.apply import operands
from nndsl.model.naming import has_parameters
from nndsl.model.network import Apply, Input, Layer, Network, Term
from nndsl.model.text import network_terms
from nndsl.transform.step import Step

SHOWN = ("layer", "activation")
"""Kinds of composites that have a row; functions and operators are looked through."""


Owner = tuple[str, bool]
"""The name of a layer and whether it has parameters: one with and one without may share a name, and what is fitted
belongs to the second."""


@dataclass
class LayerStates:
    """What the states of a layer hold in all, and whether training changes its parameters."""

    parameters: int = 0
    trainable: bool = True


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
    network, states = step.network, layer_states(step)
    rows = [
        Row(d.name, d.role, show_shape(("batch", *d.shape)), 0, False, (), d.span.line)  # type: ignore[arg-type]
        for d in network.inputs
    ]
    terms = network_terms(network, metrics=False)
    inside = layers_inside(network, terms)
    seen: set[Owner] = set()
    for term in terms:
        if not isinstance(term, Apply) or term.composite.kind not in SHOWN:
            continue
        own = owner_of(term)
        held = states.get(own, LayerStates())
        first = own not in seen
        seen.add(own)
        sources = tuple(dict.fromkeys(source for operand in operands(term) for source in _sources(operand)))
        rows.append(
            Row(
                term.layer.name,
                term.composite.name,
                show_shape(term.type.shape),
                held.parameters if first else 0,
                held.trainable,
                sources,
                term.span.line,
            )
        )
        # What is used as an activation (`prelu`) has parameters too, and no term but the layer that applies it.
        own_layers = inside.get(term.layer.name, []) if first else []
        for layer in own_layers:
            held = states.get((layer.name, True), LayerStates())
            shape = show_shape(term.type.shape) if layer is own_layers[-1] else ""
            kind, of = layer.composite.name, (term.layer.name,)
            rows.append(Row(layer.name, kind, shape, held.parameters, held.trainable, of, layer.span.line))
    return rows


def layers_inside(network: Network, terms: Iterable[Term]) -> dict[str, list[Layer]]:
    """Layers that are used as activations of others, by the name of the one that they are in."""
    applied = {term.layer for term in terms if isinstance(term, Apply)}
    names = {layer.name for layer in applied}
    found: dict[str, list[Layer]] = {}
    for layer in network.layers:
        owner = layer.name.rpartition(".")[0]
        while owner and owner not in names:
            owner = owner.rpartition(".")[0]
        if owner and layer not in applied:
            found.setdefault(owner, []).append(layer)
    return found


def layer_states(step: Step) -> dict[Owner, LayerStates]:
    """What each layer holds: its parameters and statistics, without the optimizer's slots."""
    found: dict[Owner, LayerStates] = {}
    for state in step.states:
        if state.role != "slot":
            held = found.setdefault((state.name.rpartition(".")[0], not state.fit), LayerStates())
            held.parameters += prod(state.shape)
            held.trainable &= state.role != "parameter" or state.trainable
    return found


def owner_of(term: Apply) -> Owner:
    return term.layer.name, has_parameters(term.composite)


def _sources(term: Term) -> Iterator[str]:
    """What a layer is applied to: the inputs and layers behind a term, looking through arithmetic and functions."""
    if isinstance(term, Input):
        yield term.declared.name
    elif isinstance(term, Apply) and term.composite.kind in SHOWN:
        yield term.layer.name
    else:
        for operand in operands(term):
            yield from _sources(operand)
