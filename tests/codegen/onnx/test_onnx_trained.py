"""The trained model: raw data in, weights inside, classes by name both ways."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_checks import run
from onnx_networks import SOURCE, digits, digits_batch, initial_state, mixed, mixed_batch

from nndsl.codegen.onnx.trained import trained_model
from nndsl.graph.evaluate import evaluate
from nndsl.model.network import Classes
from nndsl.transform.step import Step

NAMES = np.array(["Bern", "Oslo", "Rom"])


def with_classes(step: Step, name: str, classes: Classes) -> Step:
    """The step with another input's or target's classes."""

    def changed(item: Any) -> Any:
        return replace(item, classes=classes) if item is not None and item.name == name else item

    network = step.network
    return replace(
        step,
        network=replace(
            network,
            inputs=tuple(map(changed, network.inputs)),
            targets=tuple(map(changed, network.targets)),
            outputs=tuple(replace(output, classes=changed(output.classes)) for output in network.outputs),
        ),
    )


def inputs_of(batch: dict[str, Any]) -> dict[str, Any]:
    return {name: batch[name] for name in ("signal", "unused")} | {"city": NAMES[batch["city"]].astype(object)}


def test_takes_raw_data_and_has_the_weights_inside() -> None:
    step, batch = digits(), digits_batch(7)
    state = initial_state(step)
    data = trained_model(step, state)
    model = onnx.load_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    assert [value.name for value in model.graph.input] == ["pixels"]
    assert {t.name for t in model.graph.initializer} >= {s.name for s in step.parameters}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["nndsl.source"] == SOURCE.text
    assert [entry["tensor"] for entry in json.loads(metadata["nndsl.states"])] == [s.name for s in step.parameters]
    found = run(data, {"pixels": batch["pixels"]})
    expected = evaluate(step.predict, {**batch, **state})
    np.testing.assert_allclose(found["probability"], expected["probability"], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found["label"], expected["label"])


def test_classes_go_in_and_come_out_by_name() -> None:
    step, batch = mixed(), mixed_batch(7)
    state = initial_state(step)
    data = trained_model(step, state)
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    found = run(data, inputs_of(batch))
    expected = evaluate(step.predict, {**batch, **state})
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-5, atol=1e-6)
    assert found["label"].tolist() == [("no", "yes")[index] for index in expected["label"]]


KINDS = {
    "strings": (("Bern", "Oslo", "Rom"), ["Ulm", "", "bern", "Oslo ", "0"]),
    "numbers": ((10, 20, 40), [0, 1, -1, 3, 30, -10]),
    "indices": (None, [-1, -3, 3, 4, 2**40, -(2**63)]),
}
"""The names of three kinds, and what is none of them."""


def cities(names: tuple[str | int, ...] | None, indices: list[int]) -> list[str | int]:
    return [names[index] if names else index for index in indices]


def as_given(values: list[str | int]) -> np.ndarray[Any, Any]:
    return np.array(values, object if isinstance(values[0], str) else np.int64)


@pytest.mark.parametrize("kinds", KINDS)
def test_what_is_no_kind_fails_the_run(kinds: str) -> None:
    """Whatever stands beside it, and although a negative index would count from the end for ONNX's `Gather`."""
    names, others = KINDS[kinds]
    step = with_classes(mixed(), "city", Classes(3, names))
    data = trained_model(step, initial_state(step))
    inputs = inputs_of(mixed_batch(2))
    run(data, inputs | {"city": as_given(cities(names, [0, 2]))})
    for other in others:
        with pytest.raises(Exception, match="out of data bounds"):
            run(data, inputs | {"city": as_given([*cities(names, [1]), other])})


@pytest.mark.parametrize("kinds", KINDS)
def test_what_is_no_kind_is_one_more_where_the_program_says_so(kinds: str) -> None:
    """With two kinds for the three rows of the embedding, the third is what everything else gets."""
    names, others = KINDS[kinds]
    step = with_classes(mixed(), "city", Classes(2, names and names[:2], unknown="other"))
    state = initial_state(step)
    rows = len(others) + 2
    batch = {**mixed_batch(rows), "city": np.array([0, 1] + [2] * len(others))}
    inputs = inputs_of(batch | {"city": np.zeros(rows, int)}) | {"city": as_given(cities(names, [0, 1]) + others)}
    expected = evaluate(step.predict, {**batch, **state})
    np.testing.assert_allclose(
        run(trained_model(step, state), inputs)["score"], expected["score"], rtol=1e-5, atol=1e-6
    )


def test_numbers_as_kinds() -> None:
    step = with_classes(mixed(), "city", Classes(3, (10, 20, 40)))
    step = with_classes(step, "kind", Classes(2, (5, 7)))
    state = initial_state(step)
    batch = mixed_batch(6)
    inputs = {**inputs_of(batch), "city": np.array([10, 20, 40])[batch["city"]]}
    found = run(trained_model(step, state), inputs)
    expected = evaluate(step.predict, {**batch, **state})
    np.testing.assert_array_equal(found["label"], np.array([5, 7])[expected["label"]])


def test_the_same_bytes_each_time() -> None:
    assert trained_model(mixed(), initial_state(mixed())) == trained_model(mixed(), initial_state(mixed()))
