"""Where a run went wrong: training is a pure function, so the steps of its last epoch can be taken again, with care."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nndsl.codegen.backend import Arrays, Session, all_finite
from nndsl.data.dataset import Dataset
from nndsl.errors.commands import Diverged
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph, Node
from nndsl.training.batches import Rows, gather
from nndsl.training.snapshot import Snapshot
from nndsl.transform.names import LR, LR_SCALE, ROW, SEED, STEP
from nndsl.transform.step import Step

Array = np.ndarray[Any, Any]


def wrong_state(state: Arrays) -> str | None:
    """The name of the first state that holds an infinite number or none at all."""
    if all_finite(state.values()):
        return None
    return next((name for name, array in state.items() if not np.isfinite(array).all()), None)


def explain_divergence(
    session: Session, step: Step, data: Dataset, batches: Iterable[Rows], good: Snapshot
) -> Diverged:
    """The message for a run that diverged after the moment `good`, whose state the session holds; `batches` are those
    of its epoch from there on.

    The steps are taken again up to the first whose loss or new state is not finite; that one is computed value by value
    to find the first that is not.
    """
    loss = lr = math.nan
    taken, row, every = good.steps, int(good.accumulated.get("rows", 0)), step.train.accumulate
    before = session.state()
    waiting = list(batches)
    for number, rows in enumerate(waiting, good.batch + 1):
        gather(session, data, rows)
        batch = session.buffers(len(rows))
        point = {**before, **batch, SEED: step.train.seed, STEP: taken, ROW: row, LR_SCALE: good.lr_scale}
        sums: Arrays = {}
        if every == 1:
            results = session.train_step(len(rows), taken, good.lr_scale)
            loss, lr = float(results["loss"]), float(results[LR])
            taken += 1
        else:
            loss = float(session.accumulate(len(rows), taken, row)["loss"])
            row += len(rows)
            sums = session.accumulated()
            if number % every == 0 or rows is waiting[-1]:
                lr = float(session.apply(taken, good.lr_scale)[LR])
                taken, row = taken + 1, 0
        after = session.state()
        wrong = wrong_state(sums) or wrong_state(after)
        if not math.isfinite(loss) or wrong is not None:
            span, culprit = _culprit(step, point, sums)
            what, value = "the loss", loss
            if math.isfinite(loss) and wrong is not None:
                what, value = f"`{wrong}`", _first_wrong({**after, **sums}[wrong])
            return Diverged(span, what, str(value), max(taken, 1), good.epoch + 1, f"{lr:g}", culprit)
        before = after
    return Diverged(None, "the loss", str(loss), taken, good.epoch + 1, f"{lr:g}")


def _culprit(step: Step, point: Mapping[str, Any], sums: Arrays) -> tuple[Any, str]:
    """The place of the first value that is not finite in a step from this point, and words about it; `sums` are the
    gradients of all its rows where several batches make a step."""
    node, value = _first_wrong_node(step.gradients, point)
    if node is None:
        gradients = {name: total / sums["rows"] for name, total in sums.items()} or evaluate(step.gradients, point)
        node, value = _first_wrong_node(step.apply, {**point, **gradients})
    fallback = step.train.spans.get("optimizer", step.train.span)
    if node is None:
        return fallback, ""
    name = node.origin.name or node.name
    of = {"forward": "", "backward": "the gradient at ", "update": "the update of "}[node.origin.phase]
    return node.origin.span or fallback, f"{of}`{name}` is the first that is not finite: {value}"


def _first_wrong_node(graph: Graph, point: Mapping[str, Any]) -> tuple[Node | None, float]:
    """The first node that is not finite among those that a result which is not finite was computed from."""
    named = {f"{i}": node for i, node in enumerate(graph.nodes)}
    values = evaluate(Graph(graph.name, graph.inputs, {**named, **graph.outputs}), point)
    wrong = {name: node for name, node in graph.outputs.items() if not np.isfinite(values[name]).all()}
    sources = set(Graph(graph.name, {}, wrong).nodes)
    for name, node in named.items():
        if node in sources and node.op not in ("input", "constant") and not np.isfinite(values[name]).all():
            return node, _first_wrong(values[name])
    return None, math.nan


def _first_wrong(array: Array) -> float:
    return float(array[~np.isfinite(array)].flat[0])
