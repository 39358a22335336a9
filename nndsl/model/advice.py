"""What to do where a loss or metric is refused: the one that fits the target, or the layer that fits the loss."""

from __future__ import annotations

from collections.abc import Mapping

from nndsl.diagnostics import Edit
from nndsl.graph.sizes import BATCH
from nndsl.library.registry import TABLES
from nndsl.model.expectations import expectations
from nndsl.model.network import Apply, Input, Term
from nndsl.model.scores import CLASSIFYING, mend, renamed
from nndsl.model.values import show_declared

FITTING: Mapping[tuple[str, str], str] = {
    ("class", "loss"): "cross_entropy",
    ("class", "metric"): "accuracy",
    ("binary", "loss"): "binary_cross_entropy",
    ("binary", "metric"): "binary_accuracy",
    ("f32", "loss"): "mse",
    ("f32", "metric"): "mae",
}
"""What compares a prediction with a target of that kind."""


def advice(term: Apply) -> tuple[str, Edit | None] | None:
    """The help for a refused loss or metric and the edit that does it, or None where nothing better is known."""
    composite = term.composite
    names = [e.name for e in expectations(composite) if e.tensor and not e.marker]
    if composite.kind not in ("loss", "metric") or len(names) < 2:
        return None
    scores, truth = (term.arguments[name] for name in names[:2])
    if not isinstance(scores, Term) or not isinstance(truth, Input):
        return None
    declared = truth.declared
    of_classes = composite.link == "softmax" or composite.name in CLASSIFYING
    if of_classes == (declared.kind == "class"):
        return None if of_classes else _one_number(scores, truth)
    fitting = FITTING.get((declared.kind, composite.kind))
    if declared.kind == "class" and composite.name not in TABLES["expression"]:
        return None  # what is a metric alone says itself what there is for classes
    if fitting is None or (declared.kind != "class" and declared.shape not in ((), (1,))):
        return None
    return f"`{declared.name}` is {show_declared(truth)}: for that there is `{fitting}`", renamed(term.span, fitting)


def _one_number(scores: Term, truth: Input) -> tuple[str, Edit | None] | None:
    """The last layer with one unit, where a target of one number meets several."""
    if truth.declared.shape not in ((), (1,)):
        return None
    _, _, edit = mend(scores, (BATCH, 1))
    return (f"`{truth.declared.name}` is one number for each example: 1 unit gives that", edit) if edit else None
