"""Optimizers against Keras: two parameters after each of twelve steps on given gradients."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from oracles.load import Case, cases

from nndsl import ops
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.types import TensorType
from nndsl.library.registry import OPTIMIZERS
from nndsl.library.vocabulary import load

load()

CASES = [case for case in cases("optimizers") if case.name in OPTIMIZERS and not case.train]
Precision = Literal["f32", "f64"]


class Update:
    """The `UpdateBuilder` of one parameter: slots are graph inputs, what they become are outputs."""

    def __init__(self, shape: tuple[int, ...]):
        self.graph = Builder()
        self.type = TensorType("f32", shape)
        self.bias = False
        self.step = self.graph.input("t", TensorType("f64", ()))
        self.initial: dict[str, float] = {}
        self.outputs: dict[str, Value] = {}

    def slot(self, name: str, value: float = 0.0) -> Value:
        self.initial[name] = value
        return self.graph.input(name, self.type)

    def set(self, name: str, value: Value) -> None:
        self.outputs[name] = value

    def norm(self, x: Value) -> Value:
        return ops.sqrt(ops.reduce_sum(x**2, axes=tuple(range(x.rank)), keepdims=False))


def run(case: Case, name: str, precision: Precision) -> np.ndarray[Any, Any]:
    """The parameter after each step."""
    p = case.parameters[name]
    b = Update(p.shape)
    optimizer = OPTIMIZERS[case.name]
    arguments = dict(case.args)
    default = next(q.default for q in optimizer.parameters if q.name == "lr")
    lr = b.graph.constant(arguments.pop("lr", default), "f32")
    following = optimizer.function(b, b.graph.input("p", b.type), b.graph.input("g", b.type), lr=lr, **arguments)
    assert set(b.outputs) == set(b.initial), "every slot that is read is written"
    assert all(slot.startswith(f"{case.name}_") for slot in b.initial)
    graph = b.graph.graph("update", {"p": following, **b.outputs})
    state: dict[str, Any] = {"p": p, **{slot: np.full(p.shape, value) for slot, value in b.initial.items()}}
    path = []
    for t, g in enumerate(case.inputs[name], start=1):
        state = evaluate(graph, {**state, "g": g, "t": t}, float_dtype=precision)
        path.append(state["p"])
    return np.stack(path)


@pytest.mark.parametrize("precision", ["f32", "f64"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_optimizer(case: Case, precision: Precision) -> None:
    # In f64 the graph's constants are still f32 (0.999): the bias correction 1 - 0.999^t is off by up to 1e-5.
    tolerance: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-6} if precision == "f64" else {"rtol": 2e-5, "atol": 5e-6}
    for name in ("W", "b"):
        np.testing.assert_allclose(run(case, name, precision), case.outputs[name], **tolerance)


def test_every_optimizer_has_an_oracle() -> None:
    assert {case.name for case in CASES} == set(OPTIMIZERS)


def test_the_first_step_of_adam_is_the_learning_rate() -> None:
    """Whatever the gradient's size, bias correction makes m / √v its sign."""
    case = Case(
        "adam", "adam", {"lr": 0.5}, parameters={"W": np.zeros(3)}, inputs={"W": np.array([[1e-3, -2.0, 300.0]])}
    )
    np.testing.assert_allclose(run(case, "W", "f32")[0], [-0.5, 0.5, -0.5], rtol=1e-2)  # ε beside √v = 3e-5
