"""Metrics of all thresholds at once: the areas under curves that a threshold runs through."""

from __future__ import annotations

from typing import Any, Literal

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.library.arguments import Misuse, Size, Tensor
from nndsl.library.counts import CLASSIFICATION, share
from nndsl.library.losses import paired
from nndsl.library.metrics import From
from nndsl.library.operands import indicator
from nndsl.library.registry import Accumulated, composite


@composite(
    "metric",
    "auc",
    example="z: f32[3], y: binary[3] => auc(z, y, curve = pr)",
    differentiable=False,
    link="sigmoid",
    follows=CLASSIFICATION,
)
def auc(
    prediction: Tensor,
    target: Tensor,
    curve: Literal["roc", "pr"] = "roc",
    num_thresholds: Size = 200,
    *,
    from_: From = "scores",
) -> Accumulated:
    """The area under the curve of true over false positives (`roc`) or of precision over recall (`pr`).

    Keras's: yes and no are counted at so many thresholds from 0 to 1, all elements of [batch, ...] alike; between two
    of them the curve is interpolated. So it differs a little from scikit-learn's, which sorts all rows.
    """
    if target.dtype == "i64":
        raise Misuse("`auc` takes a target of yes and no, but this one is of classes")
    if num_thresholds < 3:
        raise Misuse("`auc` needs three thresholds at least", argument="num_thresholds")
    p, y = paired("auc", prediction, target)
    if from_ == "scores":
        p = ops.sigmoid(p).named("probability")
    last = num_thresholds - 1
    inner = p.builder.constant(list(range(1, last)), p.dtype)
    said = indicator(_column(p * last) > inner).named("said")
    everywhere = tuple(range(p.rank))
    sums = {
        "hits": ops.reduce_sum(said * _column(y), axes=everywhere, keepdims=False),
        "said": ops.reduce_sum(said, axes=everywhere, keepdims=False),
        "yes": ops.reduce_sum(y, axes=everywhere, keepdims=False),
        "no": ops.reduce_sum(1 - y, axes=everywhere, keepdims=False),
    }

    def finish(s: Any) -> Value:
        yes, no = s["yes"], s["no"]
        hits = _ends("hits", yes, s["hits"])
        said = _ends("said", yes + no, s["said"])
        return _under_roc(hits, said, yes, no) if curve == "roc" else _under_precision(hits, said, yes)

    return Accumulated(sums, finish)


def _column(x: Value) -> Value:
    return ops.reshape(x, shape=(*x.shape, 1))


Ends = tuple[Value, Value]


def _ends(name: str, everything: Value, inner: Value) -> Ends:
    """The counts at the lower and at the upper end of each interval between thresholds: below the lowest threshold all
    is said to be yes, above the highest nothing."""
    zero = inner.builder.constant([0], inner.dtype)
    lower = ops.concat(ops.reshape(everything, shape=(1,)), inner, axis=0).named(f"{name}_below")
    return lower, ops.concat(inner, zero, axis=0).named(f"{name}_above")


def _under_roc(hits: Ends, said: Ends, yes: Value, no: Value) -> Value:
    """Trapezoids, as wide as false positives and as high as true positives change."""
    more = (hits[0] - hits[1]).named("more_hits")
    width = (said[0] - said[1] - more).named("more_misses")
    return share(share(_sum(width * (hits[0] + hits[1])) * 0.5, yes).named("area"), no)


def _under_precision(hits: Ends, said: Ends, yes: Value) -> Value:
    """Between two thresholds true positives grow in proportion to what is said to be yes (Davis and Goadrich, 2006)."""
    more = (hits[0] - hits[1]).named("more_hits")
    slope = share(more, said[0] - said[1]).named("slope")
    one = yes.builder.constant(1, yes.dtype)
    ratio = ops.where(said[1] > 0, said[0] / ops.maximum(said[1], one), one).named("ratio")
    area = slope * (more + (hits[1] - slope * said[1]) * ops.log(ratio))
    return share(_sum(area), yes)


def _sum(x: Value) -> Value:
    return ops.reduce_sum(x, axes=(0,), keepdims=False)
