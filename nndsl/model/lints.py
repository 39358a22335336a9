"""Warnings: what a checked network says that was probably not meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nndsl.diagnostics import Diagnostic
from nndsl.errors.lints import (
    AfterLastLayer,
    ConstantTarget,
    UntrainedOutput,
    UnusedConst,
    UnusedInput,
    UnusedLayer,
    WrongLossForLink,
)
from nndsl.model.apply import operands
from nndsl.model.expectations import expectations
from nndsl.model.naming import has_parameters
from nndsl.model.network import Apply, Input, Layer, LayerState, Network, Term
from nndsl.model.program import Loaded
from nndsl.model.scores import LOSS_OF, link
from nndsl.model.values import Shared
from nndsl.model.work import Work
from nndsl.syntax import tree

DISTURBING = ("dropout", "gaussian_dropout", "alpha_dropout", "spatial_dropout2d", "gaussian_noise", "batch_norm")
SLOW = ("mse", "mae", "huber", "log_cosh", "msle", "hinge", "squared_hinge", "perceptron", "categorical_hinge")
"""Losses that are not made for probabilities."""


def reached(roots: Sequence[Term]) -> dict[Term, None]:
    """Every term that the roots depend on, themselves included, in no particular order but always the same."""
    found: dict[Term, None] = {}
    stack = list(reversed(roots))
    while stack:
        term = stack.pop()
        if term not in found:
            found[term] = None
            stack += operands(term)
    return found


def layers_in(terms: dict[Term, None]) -> dict[str, None]:
    """The names of the layers with parameters among terms."""
    names: dict[str, None] = {}
    for term in terms:
        if isinstance(term, Apply) and term.composite.kind == "layer" and has_parameters(term.composite):
            names.setdefault(term.layer.name)
        elif isinstance(term, LayerState):
            names.setdefault(term.name.rpartition(".")[0])
    return names


def lint(work: Work, loaded: Loaded, network: Network, shared: Sequence[Shared]) -> Iterator[Diagnostic]:
    """All warnings about a network that has no error."""
    outputs = reached([output.term for output in network.outputs])
    losses = reached([loss.term for loss in network.losses])
    metrics = reached([metric.term for metric in network.metrics])
    everything = outputs | losses | metrics
    yield from _unused_inputs(network, everything)
    yield from _unused_consts(loaded)
    yield from _unused_layers(list(work.layers.values()), layers_in(everything), shared)
    if network.losses:
        yield from _untrained(network, layers_in(losses))
    yield from _after_last(network)
    yield from _slow(losses)
    for target in network.targets:
        if target.classes is not None and target.classes.indices == 1:
            yield ConstantTarget(target.span, target.name)


def _unused_inputs(network: Network, everything: dict[Term, None]) -> Iterator[Diagnostic]:
    used = {term.declared.name for term in everything if isinstance(term, Input)}
    for declared in network.inputs:
        if declared.name not in used:
            yield UnusedInput(declared.span, "input", declared.name)


def _unused_consts(loaded: Loaded) -> Iterator[Diagnostic]:
    for name, entry in loaded.main.names.items():
        if isinstance(entry.tree, tree.Const) and entry.file is loaded.main and not entry.used:
            yield UnusedConst(entry.tree.name.span, name)


def _unused_layers(layers: Sequence[Layer], used: dict[str, None], shared: Sequence[Shared]) -> Iterator[Diagnostic]:
    for layer in layers:
        if has_parameters(layer.composite) and layer.name not in used:
            yield UnusedLayer(layer.span, layer.name)
    for layer_ in shared:
        if not layer_.uses:
            yield UnusedLayer(layer_.span, layer_.name)


def _untrained(network: Network, trained: dict[str, None]) -> Iterator[Diagnostic]:
    for output in network.outputs:
        lost = next((name for name in layers_in(reached([output.term])) if name not in trained), None)
        if lost is not None:
            yield UntrainedOutput(output.span, output.name, lost)


def _after_last(network: Network) -> Iterator[Diagnostic]:
    """Walk back from predictions to the last layer with parameters."""
    roots = [(output.term, f"the output `{output.name}`") for output in network.outputs]
    roots += [(loss.term, "what the loss compares") for loss in network.losses]
    seen: set[Layer] = set()
    for root, what in roots:
        stack, visited = [root], set[Term]()
        while stack:
            term = stack.pop()
            if term in visited or not isinstance(term, Apply):
                continue
            visited.add(term)
            name = term.composite.name
            if term.composite.kind == "layer" and name in DISTURBING:
                behind = layers_in(reached(list(operands(term))))
                if behind and term.layer not in seen:
                    seen.add(term.layer)
                    yield AfterLastLayer(term.span, name, what)
                continue
            if term.composite.kind == "layer" and has_parameters(term.composite):
                continue
            stack += operands(term)


def _slow(losses: dict[Term, None]) -> Iterator[Diagnostic]:
    for term in losses:
        if not isinstance(term, Apply) or term.composite.kind != "loss" or term.composite.name not in SLOW:
            continue
        prediction = term.arguments.get(expectations(term.composite)[0].name)
        found = link(prediction) if isinstance(prediction, Apply) else None
        if found is not None:
            made = prediction.span if prediction is not None and prediction.span != term.span else None
            yield WrongLossForLink(term.span, term.composite.name, found, LOSS_OF[found], made)
