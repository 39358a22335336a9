"""What the estimators of `nndsl.sklearn` have in common: programs, parameters, overrides, the fitted network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from nndsl.api import Net, load, loads
from nndsl.diagnostics import Failure
from nndsl.extras import optional
from nndsl.model.network import Declared
from nndsl.syntax import tree

NEEDED_FOR = "nndsl.sklearn"
base, utils, validation = (
    optional(f"sklearn.{module}", "sklearn", NEEDED_FOR) for module in ("base", "utils", "utils.validation")
)
BaseEstimator: Any = base.BaseEstimator

Array = np.ndarray[Any, Any]

CLASSIFIER = """\
# Any table of numbers, any classes: a network with one hidden layer.
const units = 64

model classifier {
  input  features: f32[columns]
  target kind:     class

  hidden = features -> normalize -> dense(units, relu)
  logits = hidden -> dense(kind.classes)

  output label       = argmax(logits)
  output probability = softmax(logits)

  loss   cross_entropy(logits, kind)
  metric accuracy(logits, kind)
}

train {
  optimizer = adam(1e-2)
  epochs    = 50
}
"""

REGRESSOR = """\
# Any table of numbers, any number to predict: a network with one hidden layer.
const units = 64

model regressor {
  input  features: f32[columns]
  target value:    f32

  hidden = features -> normalize -> dense(units, relu)

  output prediction = hidden -> dense(1)

  loss   mse(prediction, value)
  metric mae(prediction, value)
}

train {
  optimizer = adam(1e-2)
  epochs    = 50
}
"""

SETTING = re.compile(r"(train|data)(?:\.|__)(\w+)")
"""`train.epochs`, or `train__epochs` where a name with a dot will not do."""


class NetEstimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: the program, its overrides, the network that is fitted."""

    _program = ""
    """The text that is taken where no program is given."""

    program: Any
    set: Any
    model: Any
    validation_split: Any
    backend: Any
    random_state: Any
    verbose: Any

    # ------------------------------------------------------------ parameters

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments of the estimator; with `deep` also each override by its own name, such as `train.epochs`."""
        params: dict[str, Any] = super().get_params(deep=deep)
        return {**params, **self.set} if deep and isinstance(self.set, Mapping) else params

    def set_params(self, **params: Any) -> NetEstimator:
        """Set arguments, and overrides by the names that `--set` takes: settings (`train.epochs`, or `train__epochs`)
        and the program's consts."""
        own = self._get_param_names()
        overrides = {}
        for name in [name for name in params if name not in own]:
            match = SETTING.fullmatch(name)
            if match or name in self._consts():
                overrides[f"{match[1]}.{match[2]}" if match else name] = params.pop(name)
        super().set_params(**params)
        if overrides:
            self.set = {**(self.set or {}), **overrides}
        return self

    def _consts(self) -> list[str]:
        """The program's consts; none where it cannot be read, which `fit` says."""
        try:
            items = self._new_net().program.main.names.values()
        except Failure:
            return []
        return [item.tree.name.text for item in items if isinstance(item.tree, tree.Const)]

    def _new_net(self) -> Net:
        overrides = dict(self.set or {})
        if self.random_state is not None:
            overrides["train.seed"] = utils.check_random_state(self.random_state).randint(2**31 - 1)
        program = self._program if self.program is None else self.program
        if isinstance(program, str) and "{" in program:
            return loads(program, set=overrides, model=self.model)
        return load(program, set=overrides, model=self.model)

    def _opened(self) -> Net:
        """A new network of the program, whose declarations are without errors."""
        try:
            net = self._new_net()
            net.declared  # noqa: B018 (what is wrong with the program is said here)
        except Failure as failure:
            raise ValueError(str(failure)) from failure
        return net

    # ------------------------------------------------------------ data

    def _takes_matrix(self, net: Net) -> bool:
        """Whether X is the only input, an array of numbers; else it is a frame whose columns go where the program
        says."""
        inputs = net.declared.inputs
        return len(inputs) == 1 and inputs[0].kind == "f32"

    def _target(self, net: Net) -> Declared:
        targets = net.declared.targets
        if len(targets) != 1:
            names = ", ".join(item.name for item in targets) or "none"
            raise ValueError(f"{type(self).__name__} takes a program with one target; this one has {names}")
        return targets[0]

    def _checked_x(self, net: Net, X: Any, **options: Any) -> Any:
        """X, and with `y` in the options both, as scikit-learn checks them."""
        if not self._takes_matrix(net):
            return validation.validate_data(self, X, skip_check_array=True, **options)
        several = len(net.declared.inputs[0].shape) != 1
        missing = net.declared.data is not None and net.declared.data.missing == "keep"
        finite = "allow-nan" if missing else True
        checks = {"dtype": np.float32, "allow_nd": several, "ensure_all_finite": finite}
        return validation.validate_data(self, X, **checks, **options)

    def _fit(self, net: Net, X: Any, y: Array, sample_weight: Array | None) -> None:
        target = self._target(net)
        if sample_weight is not None:
            counted = sample_weight > 0  # a row of no weight is as none, also to what is fitted before training
            if not counted.any():
                raise ValueError("every row has the weight 0")
            X, y, weights = utils._safe_indexing(X, counted), y[counted], sample_weight[counted]
            sample_weight = weights / weights.mean()
        validation_split = self.validation_split or 0.0
        try:
            run = net.fit(
                X,
                {target.name: y},
                sample_weight=sample_weight,
                validation_split=validation_split,
                backend=self.backend,
                verbose=self.verbose,
            )
        except Failure as failure:
            raise ValueError(str(failure)) from failure
        self.net_ = net
        self.history_ = run.history

    def _outputs(self, X: Any) -> dict[str, Array]:
        """What the network answers. A row that comes alone is asked twice: engines multiply a single row in another
        order, and the same row is to have the same answer to the last bit."""
        validation.check_is_fitted(self)
        X = self._checked_x(self.net_, X, reset=False)
        rows = validation._num_samples(X)
        try:
            outputs = self.net_.predict(X if rows > 1 else utils._safe_indexing(X, [0, 0]))
        except Failure as failure:
            raise ValueError(str(failure)) from failure
        return {name: values[:rows] for name, values in outputs.items()}


def checked_weights(weights: Any, X: Any) -> Array:
    checked: Array = validation._check_sample_weight(weights, X, dtype=np.float64, ensure_non_negative=True)
    return checked
