"""Whole networks against Keras: programs of ours with parameters given, their outputs, losses and gradients."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.load import Case, cases

from nndsl.graph.evaluate import evaluate
from nndsl.model.check import check, load_program
from nndsl.source import Source
from nndsl.transform.differentiate import differentiate
from nndsl.transform.lower import lower_forward, lower_predict

NETWORKS = [case for case in cases("layers") if case.name == "network"]


@pytest.mark.parametrize("case", NETWORKS, ids=str)
def test_network(case: Case) -> None:
    network = check(load_program(Source(f"{case.id}.nn", case.program))).network
    forward = lower_forward(network, training=True)
    assert {state.name for state in forward.states} == set(case.parameters)
    data = {**case.inputs, **case.parameters, "nndsl.step": 0, "nndsl.seed": 0, "nndsl.row": 0}

    # in float64, but for constants such as 0.01, which the graph holds in float32
    predicted = evaluate(lower_predict(network)[0], data, float_dtype="f64")
    for name, value in predicted.items():
        np.testing.assert_allclose(value, case.outputs[name], rtol=1e-6)
    wrt = [name for name in case.gradients if forward.graph.inputs[name].type.dtype == "f32"]
    assert set(case.parameters) <= set(wrt)
    found = evaluate(differentiate(forward.graph, "loss", wrt), data, float_dtype="f64")
    np.testing.assert_allclose(found["loss"], case.outputs["loss"], rtol=1e-6)
    for name in wrt:
        np.testing.assert_allclose(found[f"grad.{name}"], case.gradients[name], rtol=1e-6, atol=1e-8)
