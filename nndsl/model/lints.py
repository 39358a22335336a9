"""Warnings: what a checked network says that was probably not meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from nndsl.diagnostics import Diagnostic
from nndsl.errors.lints import (
    AfterLastLayer,
    ChannelsFirst,
    ConstantTarget,
    KindsAsNumbers,
    OneScore,
    UndoneBias,
    UntrainedOutput,
    UnusedConst,
    UnusedInput,
    UnusedLayer,
    WrongLossForLink,
)
from nndsl.graph.sizes import show_shape
from nndsl.library.windows import channels_first
from nndsl.model.apply import operands
from nndsl.model.expectations import expectations
from nndsl.model.naming import has_parameters
from nndsl.model.network import Apply, Closure, Input, Layer, LayerState, Network, Term
from nndsl.model.program import Loaded
from nndsl.model.scores import LOSS_OF, link
from nndsl.model.values import Shared
from nndsl.model.work import Work
from nndsl.syntax import tree

DISTURBING = ("dropout", "gaussian_dropout", "alpha_dropout", "spatial_dropout2d", "gaussian_noise", "batch_norm")
OF_NUMBERS = ("mse", "mae", "huber", "log_cosh", "msle")
OF_IMAGES = {"conv2d", "conv3d", "depthwise_conv2d", "separable_conv2d", "conv2d_transpose"}
OF_IMAGES |= {f"{kind}_pool{n}d" for kind in ("max", "avg", "global_max", "global_avg") for n in (2, 3)}
SLOW = (*OF_NUMBERS, "hinge", "squared_hinge", "perceptron", "categorical_hinge")
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


def layers_of(work: Work, terms: Iterable[Term]) -> dict[Layer, None]:
    """The layers that terms apply, those inside of functions given as arguments too."""
    found: dict[Layer, None] = {}
    for term in terms:
        if not isinstance(term, Apply):
            continue
        found.setdefault(term.layer)
        for argument in term.arguments.values():
            if isinstance(argument, Closure):
                found.update(dict.fromkeys(work.inside.get(argument, {}).values()))
    return found


def trained_in(work: Work, terms: Iterable[Term]) -> dict[str, None]:
    """The names of the layers with parameters that terms depend on."""
    terms = list(terms)
    names = [layer.name for layer in layers_of(work, terms) if _has_parameters(layer)]
    names += [term.name.rpartition(".")[0] for term in terms if isinstance(term, LayerState)]
    return dict.fromkeys(names)


def _has_parameters(layer: Layer) -> bool:
    return layer.composite.kind == "layer" and has_parameters(layer.composite)


def lint(work: Work, loaded: Loaded, network: Network) -> Iterator[Diagnostic]:
    """All warnings about a network that has no error."""
    outputs = reached([output.term for output in network.outputs])
    losses = reached([loss.term for loss in network.losses])
    metrics = reached([metric.term for metric in network.metrics])
    everything = outputs | losses | metrics
    yield from _unused_inputs(network, everything)
    yield from _unused_consts(loaded)
    yield from _unused_layers(list(work.layers.values()), trained_in(work, everything), work.shared)
    if network.losses:
        yield from _untrained(work, network, trained_in(work, losses))
    after_last = list(_after_last(work, network))
    yield from after_last
    yield from _slow(work, losses)
    yield from _channels_first(everything)
    misplaced = {warning.span for warning in after_last}
    yield from (warning for warning in _undone_biases(everything) if warning.span not in misplaced)
    yield from _one_score(work, everything)
    yield from _kinds_as_numbers(losses)
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
        if _has_parameters(layer) and layer.name not in used:
            yield UnusedLayer(layer.span, layer.name)
    for layer_ in shared:
        if not layer_.uses:
            yield UnusedLayer(layer_.span, layer_.name)


def _untrained(work: Work, network: Network, trained: dict[str, None]) -> Iterator[Diagnostic]:
    for output in network.outputs:
        lost = next((name for name in trained_in(work, reached([output.term])) if name not in trained), None)
        if lost is not None:
            yield UntrainedOutput(output.span, output.name, lost)


def _after_last(work: Work, network: Network) -> Iterator[Diagnostic]:
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
                behind = trained_in(work, reached(list(operands(term))))
                if behind and term.layer not in seen:
                    seen.add(term.layer)
                    yield AfterLastLayer(term.span, name, what)
                continue
            if _has_parameters(term.layer):
                continue
            stack += operands(term)


def _slow(work: Work, losses: dict[Term, None]) -> Iterator[Diagnostic]:
    for term in losses:
        if not isinstance(term, Apply) or term.composite.kind != "loss" or term.composite.name not in SLOW:
            continue
        prediction = term.arguments.get(expectations(term.composite)[0].name)
        found = link(work, prediction) if isinstance(prediction, Apply) else None
        if found == "sigmoid" and term.composite.name in OF_NUMBERS and not _of_classes(term):
            continue  # numbers from 0 to 1, such as grey values
        if found is not None:
            made = prediction.span if prediction is not None and prediction.span != term.span else None
            yield WrongLossForLink(term.span, term.composite.name, found, LOSS_OF[found], made)


def _channels_first(everything: Iterable[Term]) -> Iterator[Diagnostic]:
    """Inputs that go into layers for images as they are, but for arithmetic on their elements."""
    for term in everything:
        if not isinstance(term, Apply) or term.composite.name not in OF_IMAGES:
            continue
        image = next(operands(term))
        source = image
        while isinstance(source, Apply):
            behind = next(operands(source), None)
            if behind is None or behind.type.shape != image.type.shape:
                break
            source = behind
        remedy = channels_first(source.type.shape[1:])
        if isinstance(source, Input) and remedy:
            shape = source.type.shape
            yield ChannelsFirst(
                term.span, term.composite.name, show_shape(shape), str(shape[-1]), remedy, source.declared.span
            )


def _of_classes(loss: Apply) -> bool:
    """Whether a loss compares with a class or a truth value."""
    return any(
        isinstance(term, Input) and term.declared.role == "target" and term.declared.kind in ("class", "binary")
        for term in reached([loss])
    )


def _undone_biases(everything: Iterable[Term]) -> Iterator[Diagnostic]:
    """Layers with a bias whose result goes into `batch_norm` as it is, and nowhere else."""
    terms = [term for term in everything if isinstance(term, Apply)]
    uses = Counter(operand for term in terms for operand in operands(term))
    applied = Counter(term.layer for term in terms)
    for term in terms:
        if term.composite.name != "batch_norm" or not term.arguments.get("trainable", True):
            continue
        maker = next(operands(term))
        if (
            isinstance(maker, Apply)
            and any(parameter.name == "bias" for parameter in maker.composite.parameters)
            and maker.arguments.get("bias", True)
            and maker.arguments.get("activation") is None
            and uses[maker] == applied[maker.layer] == 1
        ):
            yield UndoneBias(term.span, maker.composite.name, maker.span)


ALWAYS = {
    "softmax": ("1", "for yes or no there is `sigmoid`"),
    "argmax": ("0", "for yes or no compare the score: `z > 0`"),
}
"""What compares scores with each other: what it makes of a single one, and what was probably meant."""


def _one_score(work: Work, everything: Iterable[Term]) -> Iterator[Diagnostic]:
    for term in everything:
        if not isinstance(term, Apply):
            continue
        if term.composite.kind == "layer" and link(work, term) == "softmax":
            name, compared = "softmax", term.type.shape
        elif term.composite.name in ALWAYS and term.arguments.get("axis", -1) == -1:
            name, compared = term.composite.name, next(operands(term)).type.shape
        else:
            continue
        if compared[1:] and compared[-1] == 1:
            result, remedy = ALWAYS[name]
            yield OneScore(term.span, name, result, show_shape(compared), remedy)


def _kinds_as_numbers(losses: dict[Term, None]) -> Iterator[Diagnostic]:
    """Losses of numbers of a class of more than two kinds; two are a number, 0 or 1."""
    for term in losses:
        if not isinstance(term, Apply) or term.composite.name not in OF_NUMBERS:
            continue
        for operand in operands(term):
            if isinstance(operand, Input) and operand.declared.classes is not None:
                declared, last = operand.declared, operand.declared.classes.indices - 1
                if declared.role == "target" and last > 1:
                    yield KindsAsNumbers(term.span, term.composite.name, declared.name, last, declared.span)
