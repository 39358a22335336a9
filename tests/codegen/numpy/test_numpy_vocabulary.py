"""Every word of the vocabulary in a module of its own: it computes what the graphs do, and holds what is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy_programs import compiled_text, examples
from test_numpy_safety import check

from nndsl.codegen.numpy.module import generate
from nndsl.codegen.numpy.session import load_module
from nndsl.graph.evaluate import evaluate
from nndsl.library.registry import COMPOSITES, INITIALIZERS, METRICS, OPERATORS, Composite
from nndsl.library.vocabulary import load
from nndsl.transform.names import ROW, SEED, STEP
from nndsl.transform.state import initial_state

load()

WORDS = [*COMPOSITES.values(), *METRICS.values(), *OPERATORS.values(), *INITIALIZERS.values()]


def program(composite: Composite) -> str:
    """The registry's example (`x: f32[4] => dense(x, 3)`) as a model that can be trained, by a layer of its own too."""
    declared, expression = composite.example.split(" => ")
    lines = [f"  input {item}" for item in declared.replace("], ", "]\n").splitlines()]
    first = declared.split(":")[0]
    lines.append(f"  own = {first} * 0.5 -> flatten -> dense(2, tanh)")
    if composite.kind == "loss":
        lines.append(f"  loss {expression}")
    elif composite.kind == "metric":
        lines.append(f"  metric {expression}")
    else:
        lines += [f"  word = {expression}", "  output word", "  loss mean((word * 0.5 + 0) ^ 2)"]
    return "\n".join(["model example {", *lines, "  output own", "  loss mean(own ^ 2)", "}"])


def close(found: Any, expected: Any, name: str) -> None:
    """float32, added up and rounded in another order."""
    np.testing.assert_allclose(found, expected, rtol=5e-5, atol=5e-6, err_msg=name)


@pytest.mark.parametrize("composite", WORDS, ids=lambda composite: f"{composite.kind}-{composite.name}")
def test_a_word(composite: Composite, tmp_path: Path) -> None:
    step = compiled_text(program(composite), tmp_path / "example.nn")
    text = generate(step).text
    check(text)
    module: Any = load_module("example", text)
    state = module.init_state(seed=1)
    for name, array in initial_state(step.states, 1).items():
        np.testing.assert_array_equal(state[name], array, name)
    batch = examples(step, 4)
    inputs = {item.name: batch[item.name] for item in step.network.inputs}

    expected = evaluate(step.predict, {**state, **inputs})
    for name, value in module.predict(state, **inputs).items():
        assert value.dtype == expected[name].dtype
        close(value, expected[name], name)
    expected = evaluate(step.evaluate, {**state, **batch})
    for name, value in module.evaluate(state, **batch).items():
        close(value, expected[name], name)
    expected = evaluate(step.gradients, {**state, **batch, STEP: 2, SEED: 3, ROW: 0})
    result, grads = module.loss_and_grads(state, **batch, step=2, seed=3)
    for name, value in {**result, **{f"grad.{key}": grad for key, grad in grads.items()}}.items():
        close(value, expected[name], name)
        assert np.asarray(value).dtype in (np.float32, np.int64, np.float64 if "metric" in name else np.float32)


@pytest.mark.parametrize("composite", WORDS, ids=lambda composite: f"{composite.kind}-{composite.name}")
def test_a_word_without_optimisations(composite: Composite, tmp_path: Path) -> None:
    """Graphs as they were made: Python numbers stand where simplification would have left none."""
    step = compiled_text(program(composite), tmp_path / "example.nn", optimise=False)
    text = generate(step).text
    check(text)
    module: Any = load_module("example", text)
    state, batch = module.init_state(seed=1), examples(step, 4)
    expected = evaluate(step.gradients, {**state, **batch, STEP: 2, SEED: 3, ROW: 0})
    result, grads = module.loss_and_grads(state, **batch, step=2, seed=3)
    for name, value in {**result, **{f"grad.{key}": grad for key, grad in grads.items()}}.items():
        close(value, expected[name], name)
