"""Optimizers written out: in place, one loop for parameters that are updated alike, the same numbers as the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nndsl.codegen.numpy.expressions import name
from nndsl.codegen.numpy.session import load_module
from nndsl.codegen.numpy.updates import update_body
from nndsl.graph.builder import Builder, Value
from nndsl.graph.evaluate import evaluate
from nndsl.graph.node import Graph
from nndsl.graph.types import TensorType
from nndsl.library.arguments import Initial
from nndsl.library.building import State
from nndsl.library.vocabulary import load
from nndsl.model.network import Network
from nndsl.model.sections import Configured, TrainSection
from nndsl.source import Source, Span
from nndsl.transform.names import LR, LR_SCALE, STEP
from nndsl.transform.simplify import simplify
from nndsl.transform.step import Step
from nndsl.transform.update import singles, update

load()

SOURCE = Source("test.nn", "")
EMPTY = Graph("", {}, {})


def parameters(**shapes: tuple[int, ...]) -> tuple[State, ...]:
    return tuple(State(f"a.{key}", shape, "parameter", Initial("zeros", {})) for key, shape in shapes.items())


PARAMETERS = parameters(W=(3, 4), b=(4,))
OF_ONE_ELEMENT = parameters(W=(1, 1), b=(1,), scale=())

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {"lr": 0.1}),
    ("sgd", {"lr": 0.1, "momentum": 0.9}),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("adam", {"lr": 1e-3}),
    ("adam", {"lr": 1e-3, "amsgrad": True}),
    ("adamw", {"lr": 1e-3, "weight_decay": 0.01}),
    ("rmsprop", {"lr": 1e-3, "momentum": 0.9, "centered": True}),
    ("adagrad", {"lr": 0.1}),
    ("adamax", {"lr": 1e-3}),
    ("nadam", {"lr": 1e-3}),
    ("adadelta", {"lr": 1.0}),
    ("ftrl", {"lr": 0.1, "l1": 0.01, "l2": 0.1, "l2_shrinkage": 0.1, "beta": 0.5}),
    ("lion", {"lr": 1e-3, "weight_decay": 0.1}),
    ("lamb", {"lr": 1e-3, "weight_decay": 0.1, "decay_bias": False}),
    ("lamb", {"lr": 1e-3, "weight_decay": 0.1, "decay_bias": True}),
]


def step_with(
    apply: Graph, slots: tuple[State, ...], optimizer: str, parameters: tuple[State, ...] = PARAMETERS
) -> Step:
    network = Network("test", (), (), (), (), (), (), Span(SOURCE, 0, 0))
    train = TrainSection(Configured(optimizer, {}, None))
    return Step(network, train, SOURCE, (*parameters, *slots), EMPTY, apply, EMPTY, EMPTY, EMPTY, ())


def compiled(
    optimizer: str, arguments: dict[str, Any], parameters: tuple[State, ...] = PARAMETERS, **settings: Any
) -> Step:
    graph, slots = update(TrainSection(Configured(optimizer, arguments, None), **settings), singles(parameters))
    return step_with(simplify(graph), tuple(state for slot in slots for state in slot.states()), optimizer, parameters)


def text(step: Step) -> str:
    graph = step.apply
    bound = {graph.inputs[STEP]: name("step"), graph.inputs[LR_SCALE]: name("lr_scale")}
    return "\n".join(f"    {line}" for line in update_body(step, bound))


def run(step: Step, state: dict[str, Any], grads: dict[str, Any], number: int, lr_scale: float) -> float:
    module: Any = load_module(
        "update", f"import numpy as np\ndef update(state, grads, step, lr_scale):\n{text(step)}\n"
    )
    return float(module.update(state, grads, number, lr_scale))


def arrays(step: Step, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    random = np.random.default_rng(seed)
    state = {s.name: random.uniform(0.1, 1, s.shape).astype(np.float32) for s in step.states}
    for key in state:
        if key.endswith("_v"):
            state[key] += 1  # a mean of squares is no less than the square of the mean
    return state, {s.name: random.normal(size=s.shape).astype(np.float32) for s in step.states if s.role == "parameter"}


@pytest.mark.parametrize("parameters", [PARAMETERS, OF_ONE_ELEMENT], ids=["some", "one"])
@pytest.mark.parametrize(("optimizer", "arguments"), OPTIMIZERS, ids=lambda x: x if isinstance(x, str) else "-".join(x))
def test_an_optimizer_computes_what_its_graph_does(
    optimizer: str, arguments: dict[str, Any], parameters: tuple[State, ...]
) -> None:
    step = compiled(optimizer, arguments, parameters)
    state, grads = arrays(step, 0)
    kept = {key: array.copy() for key, array in state.items()}
    inputs = {**kept, **{f"grad.{key}": g for key, g in grads.items()}, STEP: 4, LR_SCALE: 0.5}
    expected = evaluate(step.apply, inputs)
    before = {key: id(array) for key, array in state.items()}
    lr = run(step, state, grads, 4, 0.5)
    assert lr == pytest.approx(float(expected[LR]))
    assert {key: id(array) for key, array in state.items()} == before, "arrays are changed in place"
    for key, array in state.items():
        # float32: a learning rate in Python's own floats is rounded later than one in float32
        np.testing.assert_allclose(array, expected[f"{key}.next"], rtol=2e-6, atol=1e-7, err_msg=text(step))


def test_adam_reads_as_in_the_paper() -> None:
    assert text(compiled("adam", {"lr": 1e-3})).splitlines() == [
        "    lr = 0.001 * lr_scale",
        "    t = step + 1",
        "    alpha = lr * np.float32(np.sqrt((1 - 0.999**t) / 0.001) / ((1 - 0.9**t) / 0.1))",
        "    for name, g in grads.items():",
        '        p, m, v = state[name], state[name + ".adam_m"], state[name + ".adam_v"]',
        "        m *= 0.9",
        "        m += g",
        "        v *= 0.999",
        "        v += g**2",
        "        p -= alpha * m / (np.sqrt(v) + 3.1622776e-6)",
        "    return lr",
    ]


def test_a_norm_over_all_gradients_is_one_sum() -> None:
    arguments = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "decay_bias": False}
    step = compiled("sgd", arguments, clip_norm=5.0)
    assert text(step).splitlines() == [
        "    lr = 0.1 * lr_scale",
        "    decay = 0.01 * lr",
        "    norm = np.sqrt(sum((g**2).sum() for g in grads.values()))",
        "    excess = np.maximum(norm, 5) / 5",
        '    for name in ("a.W",):',
        "        g = grads[name]",
        '        p, m = state[name], state[name + ".sgd_m"]',
        "        clipped = g / excess",
        "        m *= 0.9",
        "        m -= lr * clipped",
        "        p -= p * decay",
        "        p += m",
        '    for name in ("a.b",):',
        "        g = grads[name]",
        '        p, m = state[name], state[name + ".sgd_m"]',
        "        clipped = g / excess",
        "        m *= 0.9",
        "        m -= lr * clipped",
        "        p += m",
        "    return lr",
    ]
    state, grads = arrays(step, 3)
    inputs = {key: array.copy() for key, array in state.items()} | {f"grad.{key}": 9 * g for key, g in grads.items()}
    expected = evaluate(step.apply, {**inputs, STEP: 0, LR_SCALE: 1.0})
    run(step, state, {key: 9 * g for key, g in grads.items()}, 0, 1.0)
    for key, array in state.items():
        np.testing.assert_allclose(array, expected[f"{key}.next"], rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("settings", [{"clip_value": 0.5}, {"clip_value": 0.5, "clip_norm": 1.0}], ids=str)
def test_clipping_computes_what_its_graph_does(settings: dict[str, float]) -> None:
    step = compiled("adam", {"lr": Configured("one_cycle", {"peak": 0.1, "steps": 100}, None)}, **settings)
    state, grads = arrays(step, 4)
    inputs = {key: array.copy() for key, array in state.items()} | {f"grad.{key}": g for key, g in grads.items()}
    expected = evaluate(step.apply, {**inputs, STEP: 7, LR_SCALE: 0.5})
    assert run(step, state, grads, 7, 0.5) == pytest.approx(float(expected[LR]), rel=1e-6)
    for key, array in state.items():
        np.testing.assert_allclose(array, expected[f"{key}.next"], rtol=2e-6, atol=1e-7)


def rule(p: Any, g: Any, m: Any) -> dict[str, Any]:
    """Reads the old m after the new one is made: no order of changes in place does it."""
    return {"m": p + g, "p": p - m * g}


def test_an_old_value_that_is_read_later_changes_last() -> None:
    b = Builder()
    scale = b.input(LR_SCALE, TensorType("f32", ()))
    b.input(STEP, TensorType("i64", ()))
    outputs: dict[str, Value] = {}
    for s in PARAMETERS:
        p, g, m = (b.input(f"{k}", TensorType("f32", s.shape)) for k in (s.name, f"grad.{s.name}", f"{s.name}.swap_m"))
        made = rule(p, g, m)
        outputs |= {f"{s.name}.next": made["p"], f"{s.name}.swap_m.next": made["m"]}
    slots = tuple(State(f"{s.name}.swap_m", s.shape, "slot", Initial("zeros", {})) for s in PARAMETERS)
    step = step_with(b.graph("apply", {**outputs, LR: scale * 1.0}), slots, "swap")
    state, grads = arrays(step, 1)
    expected = {s.name: rule(state[s.name].copy(), grads[s.name], state[f"{s.name}.swap_m"].copy()) for s in PARAMETERS}
    run(step, state, grads, 0, 1.0)
    for key, made in expected.items():
        np.testing.assert_array_equal(state[key], made["p"])
        np.testing.assert_array_equal(state[f"{key}.swap_m"], made["m"])


def test_parameters_that_are_updated_in_another_way_have_a_loop_of_their_own() -> None:
    b = Builder()
    scale = b.input(LR_SCALE, TensorType("f32", ()))
    b.input(STEP, TensorType("i64", ()))
    outputs: dict[str, Value] = {}
    for s, decay in zip(PARAMETERS, (0.5, 0.0), strict=True):
        p, g = (b.input(k, TensorType("f32", s.shape)) for k in (s.name, f"grad.{s.name}"))
        outputs[f"{s.name}.next"] = p * (1 - decay) - scale * g if decay else p - scale * g
    step = step_with(b.graph("apply", {**outputs, LR: scale}), (), "sgd")
    assert text(step).count("for name in") == 2
    state, grads = arrays(step, 2)
    expected = {"a.W": state["a.W"] * np.float32(0.5) - grads["a.W"], "a.b": state["a.b"] - grads["a.b"]}
    run(step, state, grads, 0, 1.0)
    for key, array in expected.items():
        np.testing.assert_array_equal(state[key], array)
