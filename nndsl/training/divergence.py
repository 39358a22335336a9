"""Where a run went wrong: training is a pure function, so the steps of its last epoch can be taken again, with care."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nndsl.codegen.backend import Arrays, Session
from nndsl.data.dataset import Dataset
from nndsl.errors.commands import Diverged
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph, Node
from nndsl.training.batches import Rows, gather
from nndsl.transform.names import LR_SCALE, ROW, SEED, STEP
from nndsl.transform.step import Step

Array = np.ndarray[Any, Any]


def wrong_state(state: Arrays) -> str | None:
    """The name of the first state that holds an infinite number or none at all."""
    return next((name for name, array in state.items() if not np.isfinite(array).all()), None)


def explain_divergence(
    session: Session, step: Step, data: Dataset, batches: Iterable[Rows], taken: int, epoch: int, lr_scale: float
) -> Diverged:
    """The message for an epoch that diverged. The session holds the state before it, `taken` are the steps before it.

    The epoch's steps are taken again up to the first whose loss or new state is not finite; that one is computed value
    by value to find the first that is not.
    """
    loss = lr = math.nan
    for rows in batches:
        before = session.state()
        gather(session, data, rows)
        results = session.train_step(len(rows), taken, lr_scale)
        loss, lr = float(results["loss"]), float(results["nndsl.lr"])
        taken += 1
        after = session.state()
        wrong = wrong_state(after)
        if not math.isfinite(loss) or wrong is not None:
            batch = {name: array[rows] for name, array in data.arrays.items()}
            scalars = {SEED: step.train.seed, STEP: taken - 1, ROW: 0, LR_SCALE: lr_scale}
            span, culprit = _culprit(step, {**before, **batch, **scalars})
            what, value = "the loss", loss
            if math.isfinite(loss) and wrong is not None:
                what, value = f"`{wrong}`", _first_wrong(after[wrong])
            return Diverged(span, what, str(value), taken, epoch + 1, f"{lr:g}", culprit)
    return Diverged(None, "the loss", str(loss), taken, epoch + 1, f"{lr:g}")


def _culprit(step: Step, point: Mapping[str, Any]) -> tuple[Any, str]:
    """The place of the first value that is not finite in a step from this point, and words about it."""
    node, value = _first_wrong_node(step.gradients, point)
    if node is None:
        gradients = evaluate(step.gradients, point)
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
