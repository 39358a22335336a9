"""Checks on a user's own model and data: gradients against finite differences, one backend against the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nndsl.codegen.backend import Arrays, Session
from nndsl.data.dataset import Dataset
from nndsl.graph.evaluate import evaluate
from nndsl.training.batches import gather
from nndsl.transform.names import ROW, SEED, STEP
from nndsl.transform.step import Step

NUDGE = 0.01
"""How far parameters are moved from their initial values at most, so that none of the values lies on a kink."""

DIFFERENCES = (1e-6, 3e-8)
"""Half the distance of the two points of a finite difference, in float64. The second is for places where the first is
off, since a kink may lie between its points: a convolutional network has a hundred thousand relus. A wrong rule is
wrong with both."""

GRADIENT_TOLERANCE = 1e-5
"""Of a parameter's largest gradient: central differences at 1e-6 are good to about 1e-9 of the loss; this leaves room
for strong curvature, and a wrong rule is off by far more."""

SMALL = 0.1
"""A parameter's gradient that is smaller than this share of the whole one's is measured against this share: that of a
bias in front of `batch_norm`, which takes it away again, is 0 but for rounding."""

LOSS_TOLERANCE = 1e-6
BACKEND_TOLERANCE = 1e-5
"""Of a loss, and of a gradient's norm: float32 sums that two libraries add up in different order."""


@dataclass(frozen=True)
class GradientCheck:
    """One parameter: `difference` between the computed and the numeric gradient, relative to the largest of them."""

    parameter: str
    elements: int
    difference: float

    @property
    def passed(self) -> bool:
        return self.difference <= GRADIENT_TOLERANCE


def check_gradients(step: Step, state: Arrays, batch: Mapping[str, Any], elements: int = 12) -> Iterator[GradientCheck]:
    """Each trainable parameter's gradient at up to `elements` places (drawn at random, the same each time).

    Parameters are moved a little first: with biases of 0, a row of zeros would put every relu on its kink.
    """
    random = np.random.default_rng(0)
    state = {**state, **{p.name: state[p.name] + random.uniform(-NUDGE, NUDGE, p.shape) for p in step.trainable}}
    point = {**state, **batch, SEED: step.train.seed, STEP: 0, ROW: 0}
    gradients = evaluate(step.gradients, point, float_dtype="f64")
    largest = max((float(np.abs(gradients[f"grad.{p.name}"]).max(initial=0.0)) for p in step.trainable), default=0.0)
    for parameter in step.trainable:
        value = np.asarray(state[parameter.name], np.float64)
        gradient = gradients[f"grad.{parameter.name}"]
        places = random.choice(value.size, size=min(elements, value.size), replace=False)
        exact = gradient.reshape(-1)[places]
        numeric = np.zeros(len(places))
        off = np.full(len(places), np.inf)
        scale = max(float(np.abs(gradient).max(initial=0.0)), SMALL * largest, 1e-8)
        for difference in DIFFERENCES:
            for k in np.flatnonzero(off > GRADIENT_TOLERANCE):
                numeric[k] = _central_difference(step, point, parameter.name, value, int(places[k]), difference)
            scale = max(scale, float(np.abs(numeric).max(initial=0.0)))
            off = np.abs(exact - numeric) / scale
        yield GradientCheck(parameter.name, len(places), float(off.max(initial=0.0)))


def _central_difference(
    step: Step, point: Mapping[str, Any], name: str, value: np.ndarray[Any, Any], i: int, difference: float
) -> float:
    losses = []
    for sign in (1.0, -1.0):
        moved = value.copy()
        moved.reshape(-1)[i] += sign * difference
        losses.append(float(evaluate(step.loss_only, {**point, name: moved}, float_dtype="f64")["loss"]))
    return (losses[0] - losses[1]) / (2 * difference)


@dataclass(frozen=True)
class BackendCheck:
    """One step of two backends from the same state: relative differences of the loss and of the worst gradient."""

    step: int
    loss: float
    gradient: float
    worst: str
    """The parameter whose gradients differ most, relative to their norm (if that is not small: `SMALL`)."""

    @property
    def passed(self) -> bool:
        return self.loss <= LOSS_TOLERANCE and self.gradient <= BACKEND_TOLERANCE


def check_backends(
    first: Session, second: Session, step: Step, data: Dataset, batches: Iterable[np.ndarray[Any, Any]]
) -> Iterator[BackendCheck]:
    """Train the first session; before each of its steps give its state to the second, and compare what they compute."""
    for number, rows in enumerate(batches):
        second.set_state(first.state())
        gather(first, data, rows)
        gather(second, data, rows)
        a = {name: np.array(value) for name, value in first.gradients(len(rows), number).items()}
        b = second.gradients(len(rows), number)
        whole = math.hypot(*(float(np.linalg.norm(a[f"grad.{p.name}"])) for p in step.trainable))
        worst, largest = "", 0.0
        for parameter in step.trainable:
            name = f"grad.{parameter.name}"
            norm = max(float(np.linalg.norm(a[name])), SMALL * whole, 1e-12)
            difference = float(np.linalg.norm(a[name] - b[name])) / norm
            if math.isnan(difference):
                difference = math.inf
            if difference >= largest:
                worst, largest = parameter.name, difference
        loss = abs(float(a["loss"]) - float(b["loss"])) / max(abs(float(a["loss"])), 1e-12)
        yield BackendCheck(number, loss, largest, worst)
        first.train_step(len(rows), number)
