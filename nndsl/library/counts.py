"""Metrics of decisions: how often yes and no, or each class, was said and was true.

Keras's and scikit-learn's numbers of yes and no, [batch, ...] beside [batch, ...]: all elements count alike, and yes is
a probability above the threshold (a score above that of the threshold; the threshold itself is no). For a target of
classes the numbers of each class are averaged as scikit-learn does it. A share of nothing is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.sizes import product, show_shape
from nndsl.library.arguments import Misuse, Positive, Rate, Sizes, Tensor
from nndsl.library.classification import of_classes, one_hot
from nndsl.library.losses import paired
from nndsl.library.metrics import From, is_above
from nndsl.library.operands import indicator, number
from nndsl.library.registry import Accumulated, composite

CLASSIFICATION = "https://keras.io/api/metrics/classification_metrics/"
SEGMENTATION = "https://keras.io/api/metrics/segmentation_metrics/"
SCIKIT = "https://scikit-learn.org/stable/modules/model_evaluation.html"

Averaging = Literal["macro", "micro", "weighted"]
EXAMPLE = "z: f32[3], y: binary[3] => "


def _decisions(name: str, prediction: Value, target: Value, threshold: float, from_: From) -> tuple[Value, Value]:
    """What was said and what is true, 1 for yes and 0 for no; of classes, one-hot along the last axis."""
    if target.dtype != "i64":
        z, y = paired(name, prediction, target)
        return indicator(is_above(z, threshold, from_)).named("answer"), y
    z = number(prediction)
    target, n = of_classes(name, z, target)
    return one_hot(ops.argmax(z, axis=z.rank - 1), n), one_hot(target, n)


def _yes_or_no(name: str, prediction: Value, target: Value, threshold: float, from_: From) -> tuple[Value, Value]:
    if target.dtype == "i64":
        raise Misuse(
            f"`{name}` counts yes and no, but the target is of classes",
            help="`confusion_matrix` counts classes",
        )
    return _decisions(name, prediction, target, threshold, from_)


def _total(x: Value, *, by_class: bool = False) -> Value:
    """How often, over the batch and all positions; `by_class`: for each column of the last axis."""
    return ops.reduce_sum(x, axes=tuple(range(x.rank - by_class)), keepdims=False)


def share(part: Value, whole: Value) -> Value:
    """part / whole of counts, 0 where the whole is 0 (and so its part)."""
    return part / ops.maximum(whole, whole.builder.constant(1, whole.dtype))


# ---------------------------------------------------------------- counts of yes and no


@composite(
    "metric",
    "true_positives",
    example=EXAMPLE + "true_positives(z, y)",
    differentiable=False,
    link="sigmoid",
    follows=CLASSIFICATION,
)
def true_positives(prediction: Tensor, target: Tensor, *, threshold: Rate = 0.5, from_: From = "scores") -> Accumulated:
    """How often yes was said and was true."""
    said, true = _yes_or_no("true_positives", prediction, target, threshold, from_)
    return _count(said * true)


@composite(
    "metric",
    "false_positives",
    example=EXAMPLE + "false_positives(z, y)",
    differentiable=False,
    link="sigmoid",
    follows=CLASSIFICATION,
)
def false_positives(
    prediction: Tensor, target: Tensor, *, threshold: Rate = 0.5, from_: From = "scores"
) -> Accumulated:
    """How often yes was said and no was true."""
    said, true = _yes_or_no("false_positives", prediction, target, threshold, from_)
    return _count(said * (1 - true))


@composite(
    "metric",
    "true_negatives",
    example=EXAMPLE + "true_negatives(z, y)",
    differentiable=False,
    link="sigmoid",
    follows=CLASSIFICATION,
)
def true_negatives(prediction: Tensor, target: Tensor, *, threshold: Rate = 0.5, from_: From = "scores") -> Accumulated:
    """How often no was said and was true."""
    said, true = _yes_or_no("true_negatives", prediction, target, threshold, from_)
    return _count((1 - said) * (1 - true))


@composite(
    "metric",
    "false_negatives",
    example=EXAMPLE + "false_negatives(z, y)",
    differentiable=False,
    link="sigmoid",
    follows=CLASSIFICATION,
)
def false_negatives(
    prediction: Tensor, target: Tensor, *, threshold: Rate = 0.5, from_: From = "scores"
) -> Accumulated:
    """How often no was said and yes was true."""
    said, true = _yes_or_no("false_negatives", prediction, target, threshold, from_)
    return _count((1 - said) * true)


def _count(events: Value) -> Accumulated:
    return Accumulated({"count": _total(events)}, lambda s: s["count"])


@composite(
    "metric",
    "specificity",
    example=EXAMPLE + "specificity(z, y)",
    differentiable=False,
    link="sigmoid",
    follows=SCIKIT,
)
def specificity(prediction: Tensor, target: Tensor, *, threshold: Rate = 0.5, from_: From = "scores") -> Accumulated:
    """The share of what is no that was said to be: true negatives / (true negatives + false positives).

    scikit-learn's `recall_score(pos_label = 0)`.
    """
    said, true = _yes_or_no("specificity", prediction, target, threshold, from_)
    no = 1 - true
    return Accumulated(
        {"right": _total((1 - said) * no), "actual": _total(no)}, lambda s: share(s["right"], s["actual"])
    )


# ---------------------------------------------------------------- shares


@composite(
    "metric",
    "precision",
    example=EXAMPLE + "precision(z, y)",
    differentiable=False,
    link="sigmoid",
    follows=CLASSIFICATION,
)
def precision(
    prediction: Tensor,
    target: Tensor,
    *,
    threshold: Rate = 0.5,
    average: Averaging = "macro",
    from_: From = "scores",
) -> Accumulated:
    """The share of what was said to be yes that is: true positives / (true positives + false positives).

    Of classes, scikit-learn's `precision_score` with its `average`.
    """
    decisions = _decisions("precision", prediction, target, threshold, from_)
    return _scored(*decisions, average, lambda hits, said, true: share(hits, said))


@composite(
    "metric", "recall", example=EXAMPLE + "recall(z, y)", differentiable=False, link="sigmoid", follows=CLASSIFICATION
)
def recall(
    prediction: Tensor,
    target: Tensor,
    *,
    threshold: Rate = 0.5,
    average: Averaging = "macro",
    from_: From = "scores",
) -> Accumulated:
    """The share of what is yes that was said to be: true positives / (true positives + false negatives).

    Of classes, scikit-learn's `recall_score` with its `average`.
    """
    decisions = _decisions("recall", prediction, target, threshold, from_)
    return _scored(*decisions, average, lambda hits, said, true: share(hits, true))


@composite("metric", "f1", example=EXAMPLE + "f1(z, y)", differentiable=False, link="sigmoid", follows=SCIKIT)
def f1(
    prediction: Tensor,
    target: Tensor,
    *,
    threshold: Rate = 0.5,
    average: Averaging = "macro",
    from_: From = "scores",
) -> Accumulated:
    """2 · precision · recall / (precision + recall); of classes, scikit-learn's `f1_score` with its `average`."""
    return _fbeta("f1", prediction, target, 1, threshold, average, from_)


@composite(
    "metric",
    "fbeta",
    example=EXAMPLE + "fbeta(z, y, beta = 2)",
    differentiable=False,
    link="sigmoid",
    follows=SCIKIT,
)
def fbeta(
    prediction: Tensor,
    target: Tensor,
    beta: Positive = 1.0,
    *,
    threshold: Rate = 0.5,
    average: Averaging = "macro",
    from_: From = "scores",
) -> Accumulated:
    """(1 + β²) · precision · recall / (β² precision + recall): recall counts β times as much as precision.

    Of classes, scikit-learn's `fbeta_score` with its `average`.
    """
    return _fbeta("fbeta", prediction, target, beta, threshold, average, from_)


def _fbeta(
    name: str, prediction: Value, target: Value, beta: float, threshold: float, average: Averaging, from_: From
) -> Accumulated:
    decisions = _decisions(name, prediction, target, threshold, from_)
    return _scored(*decisions, average, lambda hits, said, true: share(hits * (1 + beta**2), true * beta**2 + said))


def _scored(said: Value, true: Value, average: Averaging, score: Callable[[Value, Value, Value], Value]) -> Accumulated:
    """`score(hits, said, true)` of the epoch's counts; of classes, averaged over those that occur.

    `macro`: the mean over classes; `weighted`: by how often a class is true; `micro`: the score of all counts together.
    """
    by_class = true.node.name == "one_hot"
    parts = {"hits": said * true, "said": said, "true": true}
    sums = {name: _total(part, by_class=by_class) for name, part in parts.items()}

    def finish(s: Any) -> Value:
        hits, said, true = s["hits"], s["said"], s["true"]
        if not by_class:
            return score(hits, said, true)
        if average == "micro":
            return score(_total(hits), _total(said), _total(true))
        values = score(hits, said, true).named("by_class")
        if average == "weighted":
            return share(_total(values * true), _total(true))
        occurs = ops.cast(said + true > 0, dtype="f64")
        return share(_total(values), _total(occurs))

    return Accumulated(sums, finish)


# ---------------------------------------------------------------- classes against classes


@composite(
    "metric",
    "confusion_matrix",
    example="z: f32[4], y: class[4] => confusion_matrix(z, y)",
    differentiable=False,
    link="sigmoid",
    follows=SCIKIT,
)
def confusion_matrix(
    prediction: Tensor, target: Tensor, *, threshold: Rate = 0.5, from_: From = "scores"
) -> Accumulated:
    """How often class i was said to be class j: row i, column j of [n, n] (scikit-learn's). Of yes and no: [2, 2].

    A table and not a number: evaluation reports it, epochs of training do not.
    """
    said, true = _decisions("confusion_matrix", prediction, target, threshold, from_)
    if target.dtype != "i64":
        said, true = (one_hot(ops.cast(x, dtype="i64"), 2) for x in (said, true))
    said, true = (ops.reshape(x, shape=(product(x.shape[:-1]), x.shape[-1])) for x in (said, true))
    counts = ops.matmul(ops.transpose(true, axes=(1, 0)), said)
    return Accumulated({"counts": counts}, lambda s: s["counts"])


@composite("metric", "iou", example=EXAMPLE + "iou(z, y)", differentiable=False, link="sigmoid", follows=SEGMENTATION)
def iou(
    prediction: Tensor,
    target: Tensor,
    target_class_ids: Sizes | None = None,
    *,
    threshold: Rate = 0.5,
    from_: From = "scores",
) -> Accumulated:
    """Said and true / (said or true), for yes; of classes, the mean over those in `target_class_ids` that occur."""
    said, true = _decisions("iou", prediction, target, threshold, from_)
    if target.dtype == "i64":
        if target_class_ids is None:
            raise Misuse(
                "`iou` of classes is of some of them",
                help="`target_class_ids = [1]` says of which; `mean_iou` is of all",
            )
        n = said.shape[-1]
        if not all(isinstance(n, int) and 0 <= i < n for i in target_class_ids):
            raise Misuse(
                f"`iou` is asked for classes {list(target_class_ids)} of scores {show_shape(prediction.shape)}",
                argument="target_class_ids",
            )
        chosen = said.builder.constant(list(target_class_ids), "i64")
        said, true = (ops.gather(x, chosen, axis=x.rank - 1) for x in (said, true))
    return _mean_iou(said, true, by_class=target.dtype == "i64")


@composite(
    "metric",
    "mean_iou",
    example="z: f32[4], y: class[4] => mean_iou(z, y)",
    differentiable=False,
    link="sigmoid",
    follows=SEGMENTATION,
)
def mean_iou(prediction: Tensor, target: Tensor, *, threshold: Rate = 0.5, from_: From = "scores") -> Accumulated:
    """Said and true / (said or true), the mean over the classes that occur; of yes and no, over both."""
    said, true = _decisions("mean_iou", prediction, target, threshold, from_)
    if target.dtype != "i64":
        said, true = (one_hot(ops.cast(x, dtype="i64"), 2) for x in (said, true))
    return _mean_iou(said, true, by_class=True)


def _mean_iou(said: Value, true: Value, *, by_class: bool) -> Accumulated:
    both, either = said * true, ops.maximum(said, true)
    sums = {"both": _total(both, by_class=by_class), "either": _total(either, by_class=by_class)}

    def finish(s: Any) -> Value:
        values = share(s["both"], s["either"]).named("by_class")
        return share(_total(values), _total(ops.cast(s["either"] > 0, dtype="f64"))) if by_class else values

    return Accumulated(sums, finish)
