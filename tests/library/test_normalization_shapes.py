"""Normalising layers over random shapes, a batch of one and odd sizes included: NumPy's definition and the slope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.load import Case
from test_keras import Application, batched, total

from nndsl.library.registry import COMPOSITES
from nndsl.library.vocabulary import load

load()

Array = np.ndarray[Any, Any]
EPSILON = 1e-3


def standard(x: Array, axes: tuple[int, ...]) -> Array:
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + np.float32(EPSILON))


def by_groups(x: Array, groups: int) -> Array:
    parts = np.split(x, groups, axis=-1)
    return np.concatenate([standard(part, tuple(range(1, x.ndim))) for part in parts], axis=-1)


DEFINITIONS: Mapping[str, Callable[..., Array]] = {
    "batch_norm": lambda x: standard(x, tuple(range(x.ndim - 1))),
    "layer_norm": lambda x, axis=(-1,): standard(x, tuple(a + 1 if a >= 0 else a for a in axis)),
    "group_norm": by_groups,
    "rms_norm": lambda x: x / np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + np.float32(1e-6)),
    "unit_norm": lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True),
}

shapes = st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple)


@st.composite
def uses(draw: st.DrawFn) -> tuple[str, tuple[int, ...], dict[str, Any]]:
    name = draw(st.sampled_from(sorted(DEFINITIONS)))
    shape = draw(shapes)
    if name == "group_norm":
        d = shape[-1]
        return name, shape, {"groups": draw(st.sampled_from([g for g in range(1, d + 1) if d % g == 0]))}
    if name == "layer_norm" and draw(st.booleans()):
        axes = draw(st.sets(st.integers(0, len(shape) - 2), min_size=1))
        return name, shape, {"axis": tuple(sorted(axes))}
    return name, shape, {}


@given(uses(), st.integers(0, 1000))
@settings(deadline=None, max_examples=80)
def test_values_and_slopes(use: tuple[str, tuple[int, ...], dict[str, Any]], seed: int) -> None:
    name, shape, args = use
    rng = np.random.default_rng(seed)
    x, c, direction = (rng.uniform(0.2, 2, shape) * rng.choice([-1, 1], shape) for _ in range(3))
    applied = Application(COMPOSITES[name], Case("", name, args), {"x": batched(x)})
    states = applied.collected.states.values()
    start = {s.name: rng.uniform(0.5, 2, s.shape) for s in states}
    gains = {**start, **{n: np.ones_like(v) for n, v in start.items() if n.endswith("gamma")}}
    plain = {**gains, **{n: np.zeros_like(v) for n, v in start.items() if n.endswith("beta")}}
    y = applied.evaluate({"y": applied.result}, {"x": x, **plain}, "f64")["y"]
    assert y.shape == shape
    np.testing.assert_allclose(y, DEFINITIONS[name](x, **args), rtol=1e-6, atol=1e-9)

    objective = total(applied.result, applied.graph.input("c", applied.result.type))
    data = {"x": x, "c": c, **start}
    gradient = applied.gradients(objective, ["x"], data, "f64")["x"]
    step = 1e-6
    ends = [
        float(applied.evaluate({"y": objective}, {**data, "x": x + sign * step * direction}, "f64")["y"])
        for sign in (1, -1)
    ]
    # a group of one has a spread of √0.001, so third derivatives of up to 1e5: their error is of 1e-12 times these
    np.testing.assert_allclose((gradient * direction).sum(), (ends[0] - ends[1]) / (2 * step), rtol=1e-5, atol=1e-6)
