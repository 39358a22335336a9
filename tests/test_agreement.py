"""The two backends compute the same thing, step by step, on the digits network."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

import nndsl
from nndsl.codegen.numpy.session import load_module
from nndsl.training.batches import gather, training_batches

DIGITS = Path(__file__).parent.parent / "examples" / "digits.nn"


def digits() -> nndsl.Net:
    net = nndsl.load(DIGITS)
    assert isinstance(net, nndsl.Net)
    net.read_data()
    return net


def test_800_steps_from_the_same_state() -> None:
    """float32 sums that two libraries add up in different order: losses to 1e-6, gradients to 1e-5 of their norms."""
    net = digits()
    state, data = net.initial_state(), net.data.train
    onnx, numpy = net.session(state, "onnx"), net.session(state, "numpy")
    for step, rows in enumerate(islice(training_batches(net.step.train, data.rows), 800)):
        numpy.set_state(onnx.state())
        gather(onnx, data, rows)
        gather(numpy, data, rows)
        expected = {name: np.array(value) for name, value in onnx.gradients(len(rows), step).items()}
        found = numpy.gradients(len(rows), step)
        np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-6)
        for parameter in net.step.trainable:
            name = f"grad.{parameter.name}"
            difference = np.linalg.norm(found[name] - expected[name])
            assert difference <= 1e-5 * np.linalg.norm(expected[name]), (name, step)
        onnx.train_step(len(rows), step)
    assert step == 799


def test_100_free_steps() -> None:
    """Each session on its own way from the same start: rounding adds up, to less than 1e-5 of the loss."""
    net = digits()
    state = net.initial_state()
    losses = []
    for backend in ("onnx", "numpy"):
        session = net.session(state, backend)
        own = []
        for step, rows in enumerate(islice(training_batches(net.step.train, net.data.train.rows), 100)):
            gather(session, net.data.train, rows)
            own.append(float(session.train_step(len(rows), step)["loss"]))
        losses.append(own)
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_gradients_are_the_derivatives_of_the_loss() -> None:
    checks = list(digits().check_gradients())
    assert {check.parameter for check in checks} == {"hidden.W", "hidden.b", "logits.W", "logits.b"}
    assert all(check.passed for check in checks)


def test_the_generated_module_begins_with_the_fitted_state(tmp_path: Path) -> None:
    """`init_state` of the NumPy module is the state file, fitted statistics included."""
    net = nndsl.load(DIGITS.parent / "iris.nn")
    assert isinstance(net, nndsl.Net)
    net.compile(tmp_path)
    own = load_module("iris", (tmp_path / "iris.py").read_text()).init_state()
    state = net.initial_state()
    assert own.keys() == state.keys()
    for name, value in state.items():
        np.testing.assert_array_equal(own[name], value)
    assert not np.allclose(own["hidden.mean"], 0)
