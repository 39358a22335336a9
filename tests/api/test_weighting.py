"""Weights of rows and classes in `fit` and `evaluate`: as Keras has them, on networks that say nothing of weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles.load import Case, cases

import nndsl

BACKENDS = ("onnx", "numpy")

PROGRAM = """\
model weighed {
  input  x: f32[3]
  target kind: KIND
  hidden = x -> dense(5, tanh)
  scores = hidden -> dense(3)
  output label = argmax(scores)
  output probability = softmax(scores)
  loss cross_entropy(scores, kind)
  metric accuracy(scores, kind)
}
train { optimizer = sgd(0.5)
        epochs = 2
        shuffle = false }
"""

RNG = np.random.default_rng(1)
X = RNG.normal(size=(40, 3))
KIND = np.arange(40) % 3
WEIGHTS = RNG.integers(0, 5, 40)


def network(kind: str = "class[3]", **options: Any) -> nndsl.Net:
    return nndsl.loads(PROGRAM.replace("KIND", kind), **options)


def refused(do: Any) -> str:
    with pytest.raises(nndsl.Failure) as failure:
        do()
    return str(failure.value)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", cases("fit"), ids=str)
def test_fit_does_what_keras_does(case: Case, backend: Any) -> None:
    net = nndsl.loads(case.program)
    for name, value in case.parameters.items():
        net.weights[name] = value
    x, kind, weights = case.inputs["x"], case.inputs["kind"].astype(int), case.inputs["weights"]
    args = dict(case.args)
    held = args.pop("validation_data", 0)
    cut = len(x) - held
    weigh = args.pop("sample_weight", False)
    if held:
        args["validation_data"] = (x[cut:], kind[cut:], *([weights[cut:]] if weigh else []))
    if weigh:
        args["sample_weight"] = weights[:cut]
    if "class_weight" in args:
        args["class_weight"] = {int(key): value for key, value in args["class_weight"].items()}
    run = net.fit(x[:cut], kind[:cut], backend=backend, **args)
    for name, expected in case.outputs.items():
        found = net.weights[name] if name in net.weights else run.history[name]
        # Keras computed in float64; fifteen steps in float32 stay this close.
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6, err_msg=name)


def test_a_weight_counts_as_often_as_a_row_with_one_batch_of_all() -> None:
    """sum(w l) / n over n rows is k / n times the mean over the k = sum(w) repeated rows, so the rate makes it even."""
    repeated = np.repeat(np.arange(40), WEIGHTS)
    weighed = network(set={"train.batch_size": "all"})
    many = network(set={"train.batch_size": "all", "train.optimizer": f"sgd({0.5 * WEIGHTS.sum() / 40})"})
    weighed.fit(X, KIND, sample_weight=WEIGHTS)
    many.fit(X[repeated], KIND[repeated])
    for name, value in weighed.weights.items():
        np.testing.assert_allclose(value, many.weights[name], atol=1e-6, err_msg=name)  # sums in another order


def test_weights_come_and_go_between_fits() -> None:
    """The graphs with weights and those without work on the same state."""
    ones, none = network(), network()
    ones.fit(X, KIND, sample_weight=np.ones(40))
    ones.fit(X, KIND)
    none.fit(X, KIND)
    none.fit(X, KIND, class_weight=[1, 1, 1])
    for name, value in ones.state.items():
        np.testing.assert_array_equal(value, none.state[name])


def test_class_weights_by_name_by_place_and_balanced() -> None:
    names = np.array(["blue", "green", "red"])[KIND]
    counts = np.bincount(KIND)
    balanced = 40 / (3 * counts)
    trained = []
    for kind, y, weight in (
        ('class["blue", "green", "red"]', names, dict(zip(("blue", "green", "red"), balanced, strict=True))),
        ("class", names, balanced.tolist()),
        ("class[3]", KIND, {np.int64(i): w for i, w in enumerate(balanced)}),
        ("class", KIND, "balanced"),
    ):
        net = network(kind)
        net.fit(X, y, class_weight=weight)
        trained.append(net.state)
    by_row = network()
    by_row.fit(X, KIND, sample_weight=balanced[KIND])
    for state in trained:
        for name, value in state.items():
            np.testing.assert_array_equal(value, by_row.state[name], err_msg=name)


def test_both_weights_are_multiplied() -> None:
    both, product = network(), network()
    both.fit(X, KIND, sample_weight=WEIGHTS, class_weight={1: 3})
    product.fit(X, KIND, sample_weight=WEIGHTS * np.where(KIND == 1, 3, 1))
    assert both.history == product.history


@pytest.mark.parametrize("backend", BACKENDS)
def test_evaluation_with_weights(backend: Any) -> None:
    net = network()
    net.fit(X, KIND, epochs=1, backend=backend)
    plain, doubled = net.evaluate(X, KIND), net.evaluate(X, KIND, sample_weight=np.full(40, 2))
    assert doubled["loss"] == pytest.approx(2 * plain["loss"])
    assert doubled["accuracy"] == plain["accuracy"]
    p = net.predict(X)["probability"].astype(np.float64)
    losses = -np.log(p[np.arange(40), KIND])
    weighed = net.evaluate(X, KIND, sample_weight=WEIGHTS)["loss"]
    assert weighed == pytest.approx((WEIGHTS * losses).mean(), rel=1e-6)  # float32 losses
    assert net.evaluate(X, KIND) == pytest.approx(plain)  # the network takes weights now, and needs none


def test_a_program_may_call_something_sample_weight_itself() -> None:
    text = PROGRAM.replace("KIND", "class[3]").replace("  hidden", "  target sample_weight: f32\n  hidden")
    own = nndsl.loads(text.replace("loss cross", "loss sample_weight * cross"))
    own.fit(X, {"kind": KIND, "sample_weight": WEIGHTS})
    twice = nndsl.loads(text.replace("loss cross", "loss sample_weight * cross"))
    with pytest.warns(UserWarning, match="`sample_weight` is 1.0 in every training row"):
        twice.fit(X, {"kind": KIND, "sample_weight": np.ones(40)}, sample_weight=WEIGHTS)
    for name, value in own.state.items():
        np.testing.assert_array_equal(value, twice.state[name])


def test_weights_that_are_none() -> None:
    net = network()
    assert "`sample_weight` 7 rows" in refused(lambda: net.fit(X, KIND, sample_weight=np.ones(7)))
    assert "[2] for each row" in refused(lambda: net.fit(X, KIND, sample_weight=np.ones((40, 2))))
    assert "`sample_weight.ravel()`" in refused(lambda: net.fit(X, KIND, sample_weight=np.ones((40, 1))))
    for value, shown in ((np.nan, "NaN"), (-1.5, "-1.5"), (np.inf, "inf")):
        weights = np.where(np.arange(40) == 7, value, 1)
        said = refused(lambda weights=weights: net.fit(X, KIND, sample_weight=weights))
        assert f"sample_weight: row 7 (from 0) is {shown}" in said
        assert "input" not in said  # no place in the program
        assert "sample_weight: row 7" in refused(lambda weights=weights: net.evaluate(X, KIND, sample_weight=weights))
    assert "is text" in refused(lambda: net.fit(X, KIND, sample_weight=["1"] * 40))
    assert "no class 7" in refused(lambda: net.fit(X, KIND, class_weight={7: 1}))
    assert "2 numbers for 3 classes" in refused(lambda: net.fit(X, KIND, class_weight=[1, 2]))
    assert "number from 0" in refused(lambda: net.fit(X, KIND, class_weight={1: -1}))
    assert "number from 0" in refused(lambda: net.fit(X, KIND, class_weight={1: 1e39}))
    assert '"even" is not known' in refused(lambda: net.fit(X, KIND, class_weight="even"))
    assert "a mapping, a list or a word" in refused(lambda: net.fit(X, KIND, class_weight=3))
    text = "model m { input x: f32[3]\n target y: f32\n p = x -> dense(1)\n output p = p\n loss mse(p, y) }"
    line = nndsl.loads(text.replace("output p = p", "output q = p"))
    assert "no target is one class" in refused(lambda: line.fit(X, X[:, 0], class_weight="balanced"))
    whole = nndsl.loads(text.replace("output p = p", "output q = p").replace("mse(p, y)", "sum(p.W ^ 2)"))
    assert "numbers of the whole batch" in refused(lambda: whole.fit(X, X[:, 0], sample_weight=np.ones(40)))
