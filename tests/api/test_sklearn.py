"""Networks as scikit-learn's estimators: its own checks, and the tools that people use them with."""

from __future__ import annotations

import pickle
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import nndsl
from nndsl.sklearn import CLASSIFIER, REGRESSOR, NetClassifier, NetRegressor

EXAMPLES = Path(__file__).parents[2] / "examples"
X, SPECIES = load_iris(return_X_y=True)
NAMES = load_iris().target_names[SPECIES]

EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "a weight multiplies the loss of one row of a batch; so many equal"
    " rows would stand in several batches, in another order, and be fitted by `normalize` each"
}
"""The checks that fail, and why."""

BINARY = """
model yes_or_no {
  input  x: f32[n]
  target holds: binary
  score = x -> normalize -> dense(4, tanh) -> dense(1)
  output probability = sigmoid(score)
  loss binary_cross_entropy(score, holds)
}
train { optimizer = adam(0.05)
        epochs = 20 }
"""


# ---------------------------------------------------------------- scikit-learn's own checks


@pytest.mark.parametrize("estimator", [NetClassifier(), NetRegressor()], ids=lambda each: type(each).__name__)
def test_the_checks_of_scikit_learn(estimator: Any) -> None:
    results = check_estimator(estimator, expected_failed_checks=EXPECTED, on_fail=None, on_skip=None)
    status = {name: [r["check_name"] for r in results if r["status"] == name] for name in ("failed", "xfail", "passed")}
    assert status["failed"] == []
    assert status["xfail"] == list(EXPECTED)
    assert len(status["passed"]) > 50


# ---------------------------------------------------------------- programs


def test_a_program_of_ones_own_by_path_or_text(tmp_path: Path) -> None:
    path = tmp_path / "own.nn"
    path.write_text(CLASSIFIER)
    by_path, by_text = NetClassifier(path, random_state=3), NetClassifier(CLASSIFIER, random_state=3)
    np.testing.assert_array_equal(by_path.fit(X, NAMES).predict_proba(X), by_text.fit(X, NAMES).predict_proba(X))
    assert by_path.score(X, NAMES) > 0.95
    assert by_path.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert len(by_path.history_["loss"]) == 50
    net = nndsl.loads(CLASSIFIER, set={"train.seed": by_path.net_.checked.train.seed})
    net.fit(X.astype(np.float32), SPECIES)
    np.testing.assert_array_equal(net.predict(X)["probability"], by_path.net_.predict(X)["probability"])


@pytest.mark.parametrize("kind", ["class", "class[3]", 'class["setosa", "virginica", "versicolor"]'])
def test_labels_of_every_declaration(kind: str) -> None:
    text = CLASSIFIER.replace("kind:     class", f"kind: {kind}")
    classifier = NetClassifier(text).fit(X, NAMES)
    assert classifier.score(X, NAMES) > 0.95
    probability = classifier.predict_proba(X)
    np.testing.assert_array_equal(classifier.classes_[probability.argmax(axis=1)], classifier.predict(X))
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)


def test_labels_that_are_numbers() -> None:
    fixed = CLASSIFIER.replace("kind:     class", "kind: class[5]")
    classifier = NetClassifier(fixed).fit(X, SPECIES)
    assert classifier.classes_.tolist() == [0, 1, 2, 3, 4]
    assert classifier.predict_proba(X).shape == (150, 5)
    shifted = NetClassifier().fit(X, SPECIES + 7)
    assert set(shifted.predict(X)) == {7, 8, 9}


def test_yes_or_no() -> None:
    classifier = NetClassifier(BINARY).fit(X, NAMES == "setosa")
    assert classifier.predict(X).dtype == bool
    assert classifier.score(X, NAMES == "setosa") == 1
    assert classifier.predict_proba(X).shape == (150, 2)
    words = NetClassifier(BINARY).fit(X, np.where(SPECIES == 0, "first", "other"))
    assert words.classes_.tolist() == ["first", "other"]
    assert words.score(X, np.where(SPECIES == 0, "first", "other")) == 1


def test_frames_whose_columns_go_where_the_program_says() -> None:
    text = """
    model mixed {
      input  length: f32
      input  colour: class
      target big: class
      h = concat(normalize(length), one_hot(colour, colour.classes)) -> dense(8, tanh)
      scores = h -> dense(2)
      output label = argmax(scores)
      output probability = softmax(scores)
      loss cross_entropy(scores, big)
    }
    train { optimizer = adam(0.05)
            epochs = 40 }"""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"colour": rng.choice(["red", "blue"], 80), "length": rng.normal(size=80)})
    big = np.where((frame.length > 0) ^ (frame.colour == "red"), "yes", "no")
    classifier = NetClassifier(text)
    assert cross_val_score(classifier, frame, big, cv=2).min() > 0.7
    assert classifier.fit(frame, big).feature_names_in_.tolist() == ["colour", "length"]


def test_regression() -> None:
    data, progression = load_diabetes(return_X_y=True)
    regressor = NetRegressor(set={"units": 16}).fit(data, progression)
    assert regressor.predict(data).shape == (442,)
    assert regressor.score(data, progression) > 0.3
    two = REGRESSOR.replace("value:    f32", "value: f32[2]").replace("dense(1)", "dense(2)")
    both = np.stack([progression, -progression], axis=1)
    assert NetRegressor(two).fit(data, both).predict(data).shape == (442, 2)


# ---------------------------------------------------------------- tools


def test_searches_over_what_set_takes() -> None:
    grid = {"train.epochs": [1, 15], "train.optimizer": ["adam(1e-2)", "sgd(1e-9)"], "units": [8]}
    search = GridSearchCV(NetClassifier(random_state=0), grid, cv=2).fit(X, NAMES)
    assert search.best_params_ == {"train.epochs": 15, "train.optimizer": "adam(1e-2)", "units": 8}
    assert len(search.best_estimator_.history_) == 15
    assert search.best_estimator_.net_.weights["hidden.W"].shape == (4, 8)


def test_pipelines() -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("net", NetClassifier())])
    pipeline.set_params(**{"net__train.epochs": 2, "net__train__batch_size": 50, "net__units": 4})
    assert pipeline["net"].get_params()["train.batch_size"] == 50
    assert clone(pipeline)["net"].set == {"train.epochs": 2, "train.batch_size": 50, "units": 4}
    pipeline.fit(X, NAMES)
    assert pipeline["net"].net_.progress.steps == 2 * 3
    assert pipeline.score(X, NAMES) > 0.3


def test_a_fitted_estimator_survives_pickling() -> None:
    classifier = NetClassifier(set={"train.epochs": 3}).fit(X, NAMES)
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))
    assert again.history_ == classifier.history_


def test_weights_of_rows_and_classes() -> None:
    """Rows of weight 0 are as none, and only the weights' proportions count."""
    weights = np.where(SPECIES == 2, 0, 5.0)
    weighed = NetClassifier(random_state=0).fit(X, NAMES, sample_weight=weights)
    without = NetClassifier(random_state=0).fit(X[:100], NAMES[:100])
    np.testing.assert_array_equal(weighed.predict_proba(X), without.predict_proba(X))
    noisy = np.random.default_rng(0).normal(size=(150, 2))
    shares = [
        (NetClassifier(class_weight=weight).fit(noisy, NAMES).predict(noisy) == "virginica").mean()
        for weight in (None, {"virginica": 50.0})
    ]
    assert shares[0] < 0.6 < 0.95 < shares[1]


@pytest.mark.filterwarnings("ignore:warning.NN609")  # iris has two equal flowers
def test_validation_rows_for_the_programs_callbacks() -> None:
    overrides = {"train.callbacks": "[early_stopping(val_loss, min_delta = 9, patience = 2)]"}
    with pytest.raises(ValueError, match="no validation rows"):
        NetClassifier(set=overrides).fit(X, NAMES)
    assert len(NetClassifier(set=overrides, validation_split=0.2).fit(X, NAMES).history_) == 3


def test_what_is_wrong_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="`train` has no setting `epoch`"):
        NetClassifier(set={"train.epoch": 3}).fit(X, NAMES)
    with pytest.raises(ValueError, match=r"`features` is f32\[9\]"):
        NetClassifier(CLASSIFIER.replace("f32[columns]", "f32[9]")).fit(X, NAMES)
    with pytest.raises(ValueError, match="target of a class or binary"):
        NetClassifier(REGRESSOR).fit(X, NAMES)
    with pytest.raises(ValueError, match="target of numbers"):
        NetRegressor(CLASSIFIER).fit(X, SPECIES)
    with pytest.raises(ValueError, match="has 3 classes, and y holds 2"):
        NetClassifier(CLASSIFIER.replace("kind:     class", "kind: class[3]")).fit(X[:100], NAMES[:100])
    with pytest.raises(ValueError, match="Invalid parameter 'width'"):
        NetClassifier().set_params(width=3)
    with pytest.raises(ValueError, match="there is no such file"):
        NetClassifier("none.nn").fit(X, NAMES)
    with pytest.raises(NotFittedError):
        NetClassifier().predict(X)
    only_labels = CLASSIFIER.replace("  output probability = softmax(logits)\n", "")
    assert not hasattr(NetClassifier(only_labels).fit(X, NAMES), "predict_proba")


def test_without_scikit_learn_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.delitem(sys.modules, "nndsl.estimators")
    with pytest.raises(nndsl.Failure) as failure:
        import_module("nndsl.estimators")
    assert 'pip install "nndsl[sklearn]"' in str(failure.value)


def test_the_examples_are_estimators() -> None:
    classifier = NetClassifier(EXAMPLES / "iris.nn", set={"train.epochs": 20}, validation_split=0.2)
    order = np.random.default_rng(0).permutation(150)
    assert classifier.fit(X[order], NAMES[order]).score(X, NAMES) > 0.6
