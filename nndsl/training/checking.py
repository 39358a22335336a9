"""Checks on a user's own model and data: gradients against finite differences, one backend against the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

MOVED = 1e-6
"""How far parameters are moved, as a part of them, to see what rounding does: `batch_norm` takes means away, so that
gradients before it nearly cancel, and of a million relus some lie so near their kink that two backends differ."""

MOVED_DATA = 2.0**-24
"""The same for inputs, half a float32's last bit: columns far from 0 cancel too, where their mean is taken away."""

NEIGHBOURS = 8
"""How often they are: each time other relus change sides."""

ROUNDING = 4
"""How many times as much as in the worst of these two backends may differ. In four networks with `batch_norm` on noise,
of whose steps most differ by more than usual, it was 1.8 times at most."""


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
    """The parameter whose gradients differ most, relative to their norm (if that is not small: `SMALL`), or to what
    rounding explains, if that is less."""
    passed: bool
    rounding: float = 0.0
    """How much the worst parameter's gradient changes on one backend alone where parameters and data hardly move; only
    found out, and more than nothing, where backends differ by more than usual."""


def check_backends(
    first: Session, second: Session, step: Step, data: Dataset, batches: Iterable[np.ndarray[Any, Any]]
) -> Iterator[BackendCheck]:
    """Train the first session; before each of its steps give its state to the second, and compare what they compute.

    They may differ by more than the tolerances as far as one of them does by itself where parameters hardly move.
    """
    for number, rows in enumerate(batches):
        state = first.state()
        second.set_state(state)
        gather(first, data, rows)
        gather(second, data, rows)
        a, b = (_copies(session.gradients(len(rows), number)) for session in (first, second))
        found = _differences(step, a, b)
        if found.are_usual:
            worst = max(found.gradients, key=found.gradients.__getitem__, default="")
            yield BackendCheck(number, found.loss, found.gradients.get(worst, 0.0), worst, passed=True)
        else:
            nearby = [_differences(step, b, other) for other in _nearby(second, step, state, len(rows), number)]
            yield _explained(number, found, [other for other in nearby if other.are_finite])
        first.train_step(len(rows), number)


@dataclass(frozen=True)
class Differences:
    """Of the loss, and of each parameter's gradient."""

    loss: float
    gradients: Mapping[str, float]

    @property
    def are_usual(self) -> bool:
        return self.loss <= LOSS_TOLERANCE and all(value <= BACKEND_TOLERANCE for value in self.gradients.values())

    @property
    def are_finite(self) -> bool:
        return all(map(math.isfinite, (self.loss, *self.gradients.values())))


def _explained(number: int, found: Differences, nearby: Sequence[Differences]) -> BackendCheck:
    """The check of a step whose differences are unusual, by those from one backend's results to nearby ones."""
    rounding = {name: max((other.gradients[name] for other in nearby), default=0.0) for name in found.gradients}
    excess = {k: v / max(BACKEND_TOLERANCE, ROUNDING * rounding[k]) for k, v in found.gradients.items()}
    unexplained = {name: times for name, times in excess.items() if times > 1}
    of = unexplained or found.gradients
    worst = max(of, key=of.__getitem__, default="")
    allowed = max(LOSS_TOLERANCE, ROUNDING * max((other.loss for other in nearby), default=0.0))
    passed = found.loss <= allowed and not unexplained
    return BackendCheck(
        number, found.loss, found.gradients.get(worst, 0.0), worst, passed=passed, rounding=rounding.get(worst, 0.0)
    )


def _copies(results: Arrays) -> Arrays:
    """Results of a session, which the next ones would overwrite."""
    return {name: np.array(value) for name, value in results.items()}


def _differences(step: Step, a: Arrays, b: Arrays) -> Differences:
    """Relative to the first results; infinite where there is no number."""
    names = [parameter.name for parameter in step.trainable]
    whole = math.hypot(*(float(np.linalg.norm(a[f"grad.{name}"])) for name in names))
    found = {}
    for name in names:
        x, y = a[f"grad.{name}"], b[f"grad.{name}"]
        difference = float(np.linalg.norm(x - y)) / max(float(np.linalg.norm(x)), SMALL * whole, 1e-12)
        found[name] = math.inf if math.isnan(difference) else difference
    loss = abs(float(a["loss"]) - float(b["loss"])) / max(abs(float(a["loss"])), 1e-12)
    return Differences(math.inf if math.isnan(loss) else loss, found)


def _nearby(session: Session, step: Step, state: Arrays, rows: int, number: int) -> Iterator[Arrays]:
    """The gradients of a step with parameters and inputs that are moved by a few times as much as they are rounded."""
    random = np.random.default_rng(number)
    buffers = session.buffers(rows)
    inputs = {item.name: buffers[item.name].copy() for item in step.network.inputs if item.dtype == "f32"}
    for _ in range(NEIGHBOURS):
        moved = {p.name: _moved(random, state[p.name], MOVED) for p in step.trainable}
        session.set_state({**state, **moved})
        for name, array in inputs.items():
            buffers[name][...] = _moved(random, array, MOVED_DATA)
        yield session.gradients(rows, number)


def _moved(random: np.random.Generator, array: np.ndarray[Any, Any], by: float) -> np.ndarray[Any, Any]:
    moved: np.ndarray[Any, Any] = array * (1 + random.uniform(-by, by, array.shape))
    return moved.astype(np.float32)
