"""Schedules against Keras (and PyTorch's definition of one_cycle): the rate at given steps, in both engines."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.load import Case, cases
from test_onnxruntime import run

from nndsl.graph.builder import Builder
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.graph.types import TensorType
from nndsl.library.arguments import Misuse
from nndsl.library.registry import SCHEDULES
from nndsl.library.vocabulary import load
from nndsl.transform.simplify import simplify

load()

CASES = [case for oracle in ("schedules", "more") for case in cases(oracle) if "step" in case.inputs]


def rate(name: str, **arguments: object) -> Graph:
    builder = Builder()
    step = builder.input("step", TensorType("f64", ()))
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
    return builder.graph(name, {"lr": SCHEDULES[name].function(step, **given)})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_schedule(case: Case) -> None:
    graph = rate(case.name, **case.args)
    for step, expected in zip(case.inputs["step"], case.outputs["lr"], strict=True):
        data = {"step": np.float64(step)}
        found = evaluate(graph, data)["lr"]
        assert found.dtype == np.float64
        # Keras calculates in float32, where 1 + cos near its end cancels
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
        (by_onnx,) = run(simplify(graph), {"step": np.array(step, np.float64)}).values()
        np.testing.assert_allclose(by_onnx, found, rtol=1e-12, atol=1e-18)


def test_every_schedule_has_an_oracle() -> None:
    assert {case.name for case in CASES} == set(SCHEDULES)


def test_polynomial_cycles_begin_anew() -> None:
    """Keras's `cycle`: at step 15 of 10, the second cycle ends at 20, so a quarter of the way is left."""
    graph = rate("polynomial_decay", initial_learning_rate=1.0, decay_steps=10.0, end_learning_rate=0.0, cycle=True)
    found = [float(evaluate(graph, {"step": np.float64(step)})["lr"]) for step in (0, 5, 10, 15, 20, 21)]
    np.testing.assert_allclose(found, [1, 0.5, 0, 0.25, 0, 0.3])


@pytest.mark.parametrize("t_mul", [1.0, 1.1, 1.5, 2.0, 3.0])
def test_restarts_come_on_time(t_mul: float) -> None:
    """At the very step of a restart the rate is at its height, whatever the logarithm rounds to."""
    graph = rate("cosine_restarts", initial_learning_rate=0.5, first_decay_steps=1000.0, t_mul=t_mul)
    step = 0.0
    for restart in range(8):
        assert evaluate(graph, {"step": np.float64(step)})["lr"] == pytest.approx(0.5), restart
        step += 1000 * t_mul**restart


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("piecewise", {"boundaries": (1.0, 2.0), "values": (1.0, 2.0)}),
        ("piecewise", {"boundaries": (2.0, 1.0), "values": (1.0, 2.0, 3.0)}),
        ("cosine_restarts", {"initial_learning_rate": 1.0, "first_decay_steps": 10.0, "t_mul": 0.5}),
        ("one_cycle", {"peak": 1.0, "steps": 2.0}),
    ],
)
def test_misuse(name: str, arguments: dict[str, object]) -> None:
    with pytest.raises(Misuse):
        rate(name, **arguments)
