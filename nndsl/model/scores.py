"""Scores and probabilities: which of the two a loss or metric is given, the scores behind a direct `softmax` or
`sigmoid`, whether scores fit a target's classes, and what weights classes have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nndsl.diagnostics import Edit
from nndsl.errors.calls import WrongArgument
from nndsl.errors.losses import ChangedProbabilities, WrongClassWeights, WrongLink
from nndsl.errors.shapes import Misused, ScoresMismatch
from nndsl.errors.static import NeedsData
from nndsl.graph.sizes import BATCH, product, show_shape
from nndsl.graph.types import TensorType
from nndsl.library.registry import Composite
from nndsl.model.apply import operands
from nndsl.model.expectations import expectations
from nndsl.model.network import Apply, Balanced, Closure, Declared, Hole, Input, Number, Term
from nndsl.model.static import computable
from nndsl.model.values import Found, Word, describe, is_number, show, show_declared
from nndsl.model.work import Work
from nndsl.source import Span

LINKS = ("softmax", "sigmoid")
LOSS_OF = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}
FOCAL_OF = {"softmax": "focal", "sigmoid": "binary_focal"}

CLASSIFYING = frozenset(
    "accuracy top_k_accuracy categorical_hinge log_loss precision recall f1 fbeta confusion_matrix iou mean_iou".split()
)
"""What compares scores with classes as `cross_entropy` does."""

YES_OR_NO = frozenset("binary_cross_entropy binary_focal hinge squared_hinge perceptron".split())
"""Losses of a target of yes and no."""

KEEPING = frozenset(
    "+ - * / ^ clip abs square sqrt mean sum max min where stack slice gather transpose flatten reshape concat add "
    "subtract multiply average maximum minimum dropout rescale split".split()
)
"""What makes of probabilities something that still looks like them."""


def note(work: Work, term: Apply) -> None:
    """Remember what is known of a new term: whether it is a number of an epoch, whether it looks like probabilities."""
    terms = [operand for operand in operands(term) if not isinstance(operand, Number)]
    if term.composite.kind == "metric" or any(operand in work.epochs for operand in terms):
        work.epochs.add(term)
    if link(work, term) or (
        term.composite.name in KEEPING and terms and all(operand in work.probabilities for operand in terms)
    ):
        work.probabilities.add(term)


def link(work: Work, term: Term) -> str | None:
    """`softmax` or `sigmoid` if the term is its direct result, as a function or as a layer's activation."""
    if not isinstance(term, Apply):
        return None
    if term.composite.kind == "activation":
        return term.composite.name if term.composite.name in LINKS else None
    closure = term.arguments.get("activation")
    return work.links.get(closure) if isinstance(closure, Closure) else None


def note_closure(work: Work, closure: Closure, argument: Term, result: Term) -> None:
    """Remember that a function given as argument is `softmax` or `sigmoid`."""
    found = link(work, result) if isinstance(result, Apply) and result.composite.kind == "activation" else None
    if found is not None and list(operands(result)) == [argument]:
        work.links[closure] = found


def behind(work: Work, term: Term) -> tuple[str, Term] | None:
    """The link that a term is the direct result of, and the scores behind it."""
    found = link(work, term)
    if found is None or not isinstance(term, Apply):
        return None
    if term not in work.behind:
        if term.composite.kind == "activation":
            work.behind[term] = next(operands(term))
        else:
            # The same layer without its activation: it shares the parameters by their names.
            work.behind[term] = replace(term, arguments={**term.arguments, "activation": None}, name="")
    return found, work.behind[term]


def scores_of(work: Work, term: Term) -> Term:
    """The scores behind a direct `softmax`, else the term itself."""
    found = behind(work, term)
    return found[1] if found and found[0] == "softmax" else term


# ---------------------------------------------------------------- losses and metrics


def prepare(
    work: Work, composite: Composite, arguments: Mapping[str, Any], spans: Mapping[str, Span], span: Span
) -> Mapping[str, Any] | None:
    """A loss's or metric's arguments as it takes them, or None if what is wrong with them was said before."""
    if composite.name in ("embedding", "one_hot"):
        _enough_kinds(composite, arguments["x"], arguments["kinds"], spans.get("kinds", span))
    if composite.kind not in ("loss", "metric"):
        return arguments
    names = [e.name for e in expectations(composite) if e.tensor and not e.marker]
    if len(names) < 2:
        return arguments
    prediction, target = names[:2]
    given = dict(arguments)
    if composite.link is not None or composite.name in CLASSIFYING:
        _in_order(composite, given[prediction], given[target], [spans.get(name, span) for name in names[:2]], span)
    if composite.link is not None:
        given = _linked(work, composite, given, prediction, spans, span)
    scores, truth = given[prediction], given[target]
    if isinstance(truth, Input) and truth.declared.kind == "class":
        if (composite.link == "softmax" and given.get("from") != "probabilities") or composite.name in CLASSIFYING:
            if (scores, truth.declared) in work.silent:
                return None
            _fitting(work, composite, scores_of(work, scores), truth, span)
        if composite.name in YES_OR_NO:
            _two_kinds(composite, truth, span)
        if composite.link == "softmax" and composite.kind == "loss":
            work.scored.append((scores, truth.declared))
    for e in expectations(composite):
        if e.marker == "ClassWeights" and given.get(e.name) is not None:
            given[e.name] = _weights(given[e.name], composite, scores, truth, target, spans.get(e.name, span))
    return given


def _enough_kinds(composite: Composite, x: Term, kinds: int, span: Span) -> None:
    """Refuse indices for which there is no row."""
    if not isinstance(x, Input) or x.declared.classes is None or x.declared.classes.indices <= kinds:
        return
    name = x.declared.name
    message = f"`{composite.name}` is for {kinds} kinds, and `{name}` is {show_declared(x)}"
    label = f"has no index {x.declared.classes.indices - 1}"
    raise Found(Misused(span, message, label, ((x.span, "declared here"),), f"`{name}.classes` is how many there are"))


def _in_order(composite: Composite, first: Term, second: Term, places: Sequence[Span], span: Span) -> None:
    """Refuse a target in the place of the prediction."""
    if not (isinstance(first, Input) and _is_target(first)) or _is_target(second):
        return
    message = f"`{composite.name}` takes the prediction first, then the target"
    label = f"`{first.declared.name}` is a target"
    a, b = places
    edit = None
    if span.start <= a.start and a.end <= b.start and b.end <= span.end:
        between = span.source.text[a.end : b.start]
        edit = Edit(a.to(b), f"{b.text}{between}{a.text}")
    raise Found(Misused(a, message, label, (), "change their order", edit))


def renamed(span: Span, name: str) -> Edit | None:
    """The edit that makes a call one of another function."""
    written = re.match(r"\w+(?=\s*\()", span.text)
    return Edit(Span(span.source, span.start, span.start + len(written[0])), name) if written else None


def _two_kinds(composite: Composite, truth: Input, span: Span) -> None:
    """Refuse a target of more than two classes, whose indices would be taken for 0 and 1."""
    declared = truth.declared
    if declared.classes is None or declared.classes.indices <= 2:
        return
    message = f"`{composite.name}` takes a target of yes and no, but `{declared.name}` is {show_declared(truth)}"
    better = "categorical_hinge" if "hinge" in composite.name else "cross_entropy"
    remedy = f"for classes there is `{better}`"
    places = ((truth.span, "declared here"),)
    raise Found(Misused(span, message, "", places, remedy, renamed(span, better)))


def _is_target(term: Term) -> bool:
    return isinstance(term, Input) and term.declared.role == "target"


def _linked(
    work: Work, composite: Composite, given: dict[str, Any], prediction: str, spans: Mapping[str, Span], span: Span
) -> dict[str, Any]:
    """The scores behind a direct link in its place; `from` says what the loss is given."""
    term = given[prediction]
    where = spans.get(prediction, span)
    found = behind(work, term)
    if found is not None and found[0] == composite.link and found[1] not in work.probabilities:
        return {**given, prediction: found[1], "from": "scores"}
    if "from" in given:
        return given
    if composite.kind == "metric":
        return {**given, "from": "probabilities"} if term in work.probabilities else given
    if found is not None and found[1] not in work.probabilities:
        other = (FOCAL_OF if composite.name in FOCAL_OF.values() else LOSS_OF)[found[0]]
        expects = f"takes the scores before a `{composite.link}`"
        remedy = f"give it the scores, or use `{other}`; `from = probabilities` takes them as they are"
        places = () if term.span == where else ((term.span, f"made by `{found[0]}`"),)
        raise Found(WrongLink(where, composite.name, found[0], expects, places, remedy))
    if term in work.probabilities:
        insert = Edit(Span(span.source, span.end - 1, span.end - 1), ", from = probabilities")
        places = () if term.span == where else ((term.span, "calculated here"),)
        raise Found(ChangedProbabilities(where, composite.name, places, insert))
    return given


def _fitting(work: Work, composite: Composite, scores: Term, truth: Input, span: Span) -> None:
    """Refuse scores whose shape is not the target's with one more axis, of its classes."""
    declared = truth.declared
    if declared.classes is None or scores.type.dtype == "i64":
        return
    expected = (BATCH, *declared.shape, declared.classes.indices)
    if scores.type.shape == expected:
        return
    work.silent.add((scores, declared))
    places, remedy, edit = mend(scores, expected)
    raise Found(
        ScoresMismatch(
            span,
            composite.name,
            show_shape(scores.type.shape) if scores.type.shape else "that are one number",
            show_declared(truth),
            show_shape(expected),
            places,
            remedy,
            edit,
        )
    )


def mend(scores: Term, expected: tuple[Any, ...]) -> tuple[tuple[tuple[Span, str], ...], str, Edit | None]:
    """The layer that gave scores their shape, and how it would give the expected one."""
    maker = scores
    while (isinstance(maker, Apply) and maker.composite.kind in ("operator", "activation")) or _keeps(maker):
        before = [operand for operand in operands(maker) if operand.type.shape == maker.type.shape]
        if not before:
            break
        maker = before[0]
    if not isinstance(maker, Apply) or maker.composite.kind != "layer":
        return (
            ((maker.span, f"this is {show_shape(maker.type.shape)}"),) if not isinstance(maker, Hole) else (),
            "",
            None,
        )
    x = next(operands(maker))
    given, made = show_shape(x.type.shape), show_shape(maker.type.shape)
    if maker.composite.name != "dense":
        return ((maker.span, f"gives {made}"),), "", None
    if len(maker.type.shape) > len(expected) and maker.type.shape[-1] == expected[-1] and len(expected) == 2:
        label = f"acts on the last axis: {given} -> {made}"
        remedy = f"flatten before it, to {show_shape((BATCH, product(x.type.shape[1:])))}"
        stage = not isinstance(x, Hole) and x.span.end <= maker.span.start
        edit = Edit(Span(maker.span.source, maker.span.start, maker.span.start), "flatten -> ") if stage else None
        return ((maker.span, label),), remedy, edit
    if maker.type.shape[:-1] == expected[:-1]:
        units = re.search(rf"\b{maker.arguments.get('units')}\b", maker.span.text)
        start = maker.span.start + (units.start() if units else 0)
        edit = Edit(Span(maker.span.source, start, start + len(units[0])), str(expected[-1])) if units else None
        return ((maker.span, f"gives {made}"),), f"a score for each class takes {expected[-1]} units", edit
    return ((maker.span, f"acts on the last axis: {given} -> {made}"),), "", None


def _keeps(term: Term) -> bool:
    return isinstance(term, Apply) and term.composite.name in ("dropout", "activity")


# ---------------------------------------------------------------- weights


def _weights(value: Any, composite: Composite, scores: Term, truth: Term, target: str, span: Span) -> Any:
    """`class_weight` as a constant of one weight per class, or `Balanced`."""
    if isinstance(value, Number):
        return value
    classes = truth.declared.classes if isinstance(truth, Input) and truth.declared.kind == "class" else None
    if classes is not None:
        count: Any = classes.indices
    else:
        count = 2 if composite.name in YES_OR_NO else scores.type.shape[-1] if scores.type.shape else 0
    if not isinstance(count, int):
        raise Found(NeedsData(span, "the number of classes", "needed here", "write it where the target is declared"))
    shown = show_declared(truth) if isinstance(truth, Input) else f"{count} classes"
    if isinstance(value, Word) and value.name == "balanced":
        return Balanced(count, target)
    if isinstance(value, dict):
        keys = list(classes.names) if classes is not None and classes.names else list(range(count))
        strange = next((key for key in value if key not in keys), None)
        if strange is not None:
            raise Found(WrongClassWeights(span, composite.name, shown, f"{show(strange)} is none of its classes"))
        value = tuple(value.get(key, 1) for key in keys)
    if not isinstance(value, tuple) or not all(map(is_number, value)):
        expects = "`balanced`, a list in class order or a map from class to weight"
        raise Found(WrongArgument(span, composite.name, "class_weight", expects, describe(value)))
    if len(value) != count:
        raise Found(WrongClassWeights(span, composite.name, shown, f"{len(value)} weights for {count} classes"))
    if any(weight < 0 for weight in value):
        raise Found(WrongClassWeights(span, composite.name, shown, "a weight is at least 0"))
    computable(value, span)
    return Number(tuple(map(float, value)), span, TensorType("f32", (count,)))


def classes_of_output(work: Work, term: Term) -> list[Declared]:
    """The targets whose classes an `argmax` gives: as it says itself, else those whose loss uses its scores."""
    if not isinstance(term, Apply) or term.composite.name != "argmax":
        return []
    if term in work.of:
        return [work.of[term]]
    scores = scores_of(work, next(operands(term)))
    return list(dict.fromkeys(declared for used, declared in work.scored if used is scores))
