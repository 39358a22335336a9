"""Which scores decide about each class or binary target, and a network that counts these decisions.

    cross_entropy(logits, digit)              the greatest of `logits` is what is said of `digit`
    binary_cross_entropy(z, sick)             yes where z > 0, as `binary_accuracy` decides
    mse(p, sick), where p is a sigmoid's      yes where p > 0.5

What a network is asked for so is a metric more, the `confusion_matrix` of each such target: it adds up over batches,
and both backends know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from nndsl.graph.sizes import BATCH, Dim
from nndsl.graph.types import TensorType
from nndsl.library.registry import Composite, lookup
from nndsl.model.apply import operands
from nndsl.model.expectations import expectations
from nndsl.model.network import Apply, Closure, Declared, Input, Layer, MetricSpec, Network, Number, Term

MOST_CLASSES = 1000
"""A table of more classes than that is not counted: it grows with their square."""

OF_SCORES = frozenset({"hinge", "squared_hinge", "perceptron"})
"""Losses of yes and no that take a score, and have no `from` to say so."""


def counting_decisions(network: Network) -> tuple[Network, Mapping[str, Declared]]:
    """The network with a confusion matrix for each target that it decides about; the targets by their matrix's name.

    The matrices are called `classes.TARGET`, which no metric of a program can be called.
    """
    decisions: dict[Declared, list[Apply]] = {}
    for whole in (*(loss.term for loss in network.losses), *(metric.term for metric in network.metrics)):
        for term in _applied(whole):
            truth = _truth(term)
            matrix = _matrix(term, truth) if truth else None
            if truth and matrix:
                decisions.setdefault(truth.declared, []).append(matrix)
    outputs = {term for output in network.outputs for term in (output.term, *operands(output.term))}
    added: dict[str, Declared] = {}
    metrics: list[MetricSpec] = []
    for declared in network.targets:
        found = decisions.get(declared)
        if found:  # of several scores for one target, those that an output shows
            chosen = next((matrix for matrix in found if matrix.arguments["prediction"] in outputs), found[0])
            metrics.append(MetricSpec(f"classes.{declared.name}", chosen, chosen.span))
            added[metrics[-1].name] = declared
    return replace(network, metrics=(*network.metrics, *metrics)), added


def _applied(term: Term) -> Iterator[Apply]:
    """Every application that a term is made of, itself first."""
    seen: set[Term] = set()
    stack = [term]
    while stack:
        current = stack.pop()
        if isinstance(current, Apply) and current not in seen:
            seen.add(current)
            yield current
            stack += reversed([*operands(current)])


def _compared(composite: Composite) -> list[str]:
    """The parameters of a loss or metric that are the prediction and what it is compared with."""
    return [e.name for e in expectations(composite) if e.tensor and not e.marker][:2]


def _truth(term: Apply) -> Input | None:
    """The class or binary target that a loss or metric compares with."""
    if term.composite.kind not in ("loss", "metric") or len(_compared(term.composite)) < 2:
        return None
    truth = term.arguments.get(_compared(term.composite)[1])
    if isinstance(truth, Input) and truth.declared.role == "target" and truth.declared.kind in ("class", "binary"):
        return truth
    return None


def _matrix(term: Apply, truth: Input) -> Apply | None:
    """The confusion matrix of what a loss or metric compares; None where that is no decision about the target."""
    scores = term.arguments[_compared(term.composite)[0]]
    composite = lookup("confusion_matrix", "metric")
    assert composite is not None
    if not isinstance(scores, Apply) or scores.type.dtype != "f32":
        return None
    declared, count = truth.declared, class_count(truth.declared)
    decided: Term = truth
    if declared.kind == "class" and scores.type.shape == (BATCH, *declared.shape, count):
        given = {"from": "scores"}  # the greatest probability is that of the greatest score
    elif count == 2 and _without_one(scores.type.shape) == _without_one((BATCH, *declared.shape)):
        decided = truth if declared.kind == "binary" else _as_number(truth)
        if term.composite.link == "sigmoid":
            given = {"from": term.arguments.get("from", "scores")}
        elif term.composite.name in OF_SCORES:
            given = {"from": "scores"}
        elif _is_sigmoid(scores):
            given = {"from": "probabilities"}
        else:
            return None
    else:
        return None
    if count is None or count > MOST_CLASSES:
        return None
    layer = Layer(f"classes.{declared.name}", composite, term.span)
    arguments = {"prediction": scores, "target": decided, **given}
    return Apply(composite, arguments, TensorType("f32", (count, count)), layer, term.span)


def class_count(declared: Declared) -> int | None:
    """How many classes a class or binary target has; None where only data can say."""
    if declared.kind == "binary":
        return 2
    return declared.classes.indices if declared.classes else None


def _without_one(shape: tuple[Dim, ...]) -> tuple[Dim, ...]:
    return shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape


def _as_number(truth: Input) -> Apply:
    """One of two classes as 0 or 1."""
    times = lookup("*", "operator")
    assert times is not None
    layer = Layer(f"classes.{truth.declared.name}", times, truth.span)
    return Apply(times, {"a": truth, "b": Number(1.0, truth.span)}, replace(truth.type, dtype="f32"), layer, truth.span)


def _is_sigmoid(term: Apply) -> bool:
    """Whether a term is a sigmoid's direct result: the function's, or a layer's with that activation."""
    activation = term.arguments.get("activation")
    return term.composite.name == "sigmoid" or (isinstance(activation, Closure) and activation.name == "sigmoid")
