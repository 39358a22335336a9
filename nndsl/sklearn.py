"""Networks as scikit-learn's estimators: in pipelines, cross-validation and searches (extra `[sklearn]`).

classifier = NetClassifier("digits.nn", random_state=0)
cross_val_score(classifier, X, y)
GridSearchCV(classifier, {"train.epochs": [10, 30], "train.optimizer": ["adam(1e-3)", "sgd(0.1)"]}).fit(X, y)

An estimator is trained on what `fit` is given; of the program's `data` section only the bindings of columns count.
https://scikit-learn.org/stable/developers/develop.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from nndsl.api import Net
from nndsl.estimators import CLASSIFIER, NEEDED_FOR, REGRESSOR, Array, NetEstimator, base, validation
from nndsl.extras import optional
from nndsl.model.network import Apply, Declared, OutputSpec

__all__ = ["CLASSIFIER", "REGRESSOR", "NetClassifier", "NetRegressor"]

metaestimators, multiclass, weighting = (
    optional(f"sklearn.utils.{module}", "sklearn", NEEDED_FOR)
    for module in ("metaestimators", "multiclass", "class_weight")
)
ClassifierMixin: Any = base.ClassifierMixin
RegressorMixin: Any = base.RegressorMixin


def _has_probabilities(estimator: NetClassifier) -> bool:
    """Whether the fitted network has an output of probabilities (one that is not fitted is taken to have one)."""
    net = getattr(estimator, "net_", None)
    return net is None or estimator._probabilities(net) is not None


class NetClassifier(ClassifierMixin, NetEstimator):  # type: ignore[misc]
    """A network that tells classes apart, as a scikit-learn classifier.

    - `program`: the path or the text of a program with one target, a `class` or `binary`; without it, a network with
      one hidden layer. A bare `class` takes any labels; `class[n]` the labels 0 to n - 1 or any n; names as they are.
    - `set`: overrides, as `nndsl.load` takes them; `set_params` and searches take them by their own names.
    - `model`: which of several models. `backend`: `onnx` or `numpy`. `verbose`: as for `Net.fit`.
    - `class_weight`: `"balanced"`, or a mapping from labels to weights, as for scikit-learn's classifiers.
    - `validation_split`: a share of the rows, from the end, which callbacks watch instead of training on them.
    - `random_state`: in place of the program's `seed`.

    Its outputs: `predict` gives the `argmax` output's classes, or the likeliest; `predict_proba` the output that is a
    `softmax` or `sigmoid`. After `fit` there are `net_`, `history_`, `classes_`, `n_features_in_`.
    """

    _program = CLASSIFIER

    def __init__(
        self,
        program: str | os.PathLike[str] | None = None,
        *,
        set: Mapping[str, object] | None = None,
        model: str | None = None,
        class_weight: str | Mapping[Any, float] | None = None,
        validation_split: float = 0.0,
        backend: str = "onnx",
        random_state: Any = None,
        verbose: bool | int | str = False,
    ):
        self.program = program
        self.set = set
        self.model = model
        self.class_weight = class_weight
        self.validation_split = validation_split
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NetClassifier:
        """Train anew on rows X and their labels y; weights are scaled to 1 on average, rows of weight 0 left out.

        Raises `ValueError` for whatever does not fit the program, with the message of the compiler.
        """
        net = self._opened()
        target = self._target(net)
        if target.kind not in ("class", "binary"):
            raise ValueError(f"a classifier needs a target of a class or binary; `{target.name}` is {target.kind}")
        X, y = self._checked_x(net, X, y=y) if self._takes_matrix(net) else (self._checked_x(net, X), y)
        multiclass.check_classification_targets(y)
        y = validation.column_or_1d(y, warn=True)
        if sample_weight is not None or self.class_weight is not None:
            sample_weight = validation._check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
            sample_weight = sample_weight * weighting.compute_sample_weight(self.class_weight, y)
        kinds = np.unique(y if sample_weight is None else y[sample_weight > 0])
        if len(kinds) < 2:
            raise ValueError(f"a classifier needs rows of two classes at least, and y holds one class: {kinds[0]}")
        self.classes_, labels = self._labels(target, kinds, y)
        self._fit(net, X, labels, sample_weight)
        return self

    def _labels(self, target: Declared, kinds: Array, y: Array) -> tuple[Array, Array]:
        """The classes in the network's order, and y as the program takes it."""
        names = target.classes.names if target.classes else None
        if names:
            return np.array(names), y
        count = 2 if target.kind == "binary" else target.classes.count if target.classes else len(kinds)
        if kinds.dtype.kind in "iub" and kinds.min() >= 0 and kinds.max() < count:
            return np.arange(count).astype(kinds.dtype), y.astype(np.int64)
        if len(kinds) != count:
            raise ValueError(f"`{target.name}` has {count} classes, and y holds {len(kinds)}")
        return kinds, np.minimum(np.searchsorted(kinds, y), count - 1)

    def predict(self, X: Any) -> Array:
        """The class of each row: `[rows]`."""
        outputs, net = self._outputs(X), self.net_
        for output in net.checked.network.outputs:
            if output.classes is not None and output.classes.classes is not None:
                labels = outputs[output.name]
                return labels if output.classes.classes.names else self._named(labels)
        name = self._probabilities(net)
        if name is None:
            raise ValueError("the program has no output of classes: add `output label = argmax(…)`")
        return self._named(self._as_table(outputs[name]).argmax(axis=1))

    def _named(self, indices: Array) -> Array:
        labels: Array = self.classes_[indices]
        return labels

    @metaestimators.available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of `classes_`: `[rows, classes]`."""
        outputs = self._outputs(X)
        name = self._probabilities(self.net_)
        assert name is not None
        return self._as_table(outputs[name])

    def _probabilities(self, net: Net) -> str | None:
        """The output that holds probabilities of the target's classes."""
        wanted = "softmax" if self._target(net).kind == "class" else "sigmoid"
        names = [output.name for output in net.checked.network.outputs if _made_by(output, wanted)]
        return names[0] if names else None

    def _as_table(self, values: Array) -> Array:
        """A probability of yes as those of no and yes; float64, whose rows add up to 1."""
        values = values.astype(np.float64)
        if self._target(self.net_).kind == "binary":
            yes = values.reshape(len(values))
            return np.stack([1 - yes, yes], axis=1)
        return np.asarray(values / values.sum(axis=1, keepdims=True))


class NetRegressor(RegressorMixin, NetEstimator):  # type: ignore[misc]
    """A network that predicts numbers, as a scikit-learn regressor.

    - `program`: the path or the text of a program with one target, `f32` or `f32[n]`, and an output of its shape;
      without it, a network with one hidden layer. The other arguments are those of `NetClassifier`.

    After `fit` there are `net_`, `history_`, `n_features_in_`.
    """

    _program = REGRESSOR

    def __init__(
        self,
        program: str | os.PathLike[str] | None = None,
        *,
        set: Mapping[str, object] | None = None,
        model: str | None = None,
        validation_split: float = 0.0,
        backend: str = "onnx",
        random_state: Any = None,
        verbose: bool | int | str = False,
    ):
        self.program = program
        self.set = set
        self.model = model
        self.validation_split = validation_split
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NetRegressor:
        """Train anew on rows X and their numbers y; weights are scaled to 1 on average, rows of weight 0 left out.

        Raises `ValueError` for whatever does not fit the program, with the message of the compiler.
        """
        net = self._opened()
        target = self._target(net)
        if target.kind != "f32":
            raise ValueError(f"a regressor needs a target of numbers; `{target.name}` is {target.kind}")
        several = bool(target.shape)
        if self._takes_matrix(net):
            X, y = self._checked_x(net, X, y=y, multi_output=several, y_numeric=True)
        else:
            X, y = self._checked_x(net, X), np.asarray(y)
        if not several:
            y = validation.column_or_1d(y, warn=True)
        if sample_weight is not None:
            sample_weight = validation._check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
        self._fit(net, X, y, sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """What is predicted for each row: `[rows]`, or `[rows, n]` for a target `f32[n]`."""
        outputs, target = self._outputs(X), self._target(self.net_)
        shape = self.net_.checked.network.targets[0].shape
        fitting = [name for name, values in outputs.items() if values.shape[1:] in (shape, (*shape, 1))]
        if len(fitting) != 1:
            found = ", ".join(f"`{name}`" for name in outputs)
            raise ValueError(f"one output has to have the shape of `{target.name}`; there are {found}")
        values = outputs[fitting[0]].astype(np.float64)
        return values if shape else values.reshape(len(values))


def _made_by(output: OutputSpec, word: str) -> bool:
    """Whether an output is the result of that function."""
    return isinstance(output.term, Apply) and output.term.composite.name == word
