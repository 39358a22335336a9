"""Writes keras_fit.json: what Keras's `fit` makes of weights of rows and classes, and of validation rows.

    oracle-env/bin/python tests/oracles/keras_fit.py [folder]

`program` is the network as ours, `inputs` the rows, `args` what `fit` is given besides (`validation_data` counts the
rows that `inputs` ends with), `parameters` the weights before, `outputs` the history by its
names and the weights after.
"""

import sys
from pathlib import Path
from typing import Any

from keras_oracle import Array, Case, write

# keras_oracle sets Keras up, so it comes first
# isort: split
import keras
import numpy as np
from keras import layers, optimizers, regularizers

ROWS, BATCH, EPOCHS, VALIDATION = 22, 5, 3, 6
"""The last batch is short, so that a mean of means would be another number."""

PROGRAM = """\
model weighed {
  input  x: f32[3]
  target kind: class[3]
  scores = x -> dense(3, l2 = 0.01)
  output label = argmax(scores)
  loss cross_entropy(scores, kind)
  metric accuracy(scores, kind)
}
train { optimizer = sgd(0.5)
        epochs = 3
        batch_size = 5
        shuffle = false }
"""


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    rng = np.random.default_rng(7)
    x, kind = rng.integers(-64, 65, (ROWS, 3)) / 64, rng.integers(0, 3, ROWS)
    weights = rng.integers(0, 9, ROWS) / 4
    start = {"scores.W": rng.integers(-32, 33, (3, 3)) / 64, "scores.b": np.array([0.25, -0.5, 0.0])}
    asked: dict[str, dict[str, Any]] = {
        "plain": {},
        "validation split": {"validation_split": 0.3},
        "sample weights": {"sample_weight": True, "validation_split": 0.25},
        "class weights": {"class_weight": {0: 3.0, 2: 0.5}, "validation_split": 0.25},
        "weights of validation rows": {"sample_weight": True, "validation_data": VALIDATION},
        "class weights beside validation rows": {"class_weight": {1: 4.0}, "validation_data": VALIDATION},
    }
    cases = [case(name, args, x, kind, weights, start) for name, args in asked.items()]
    write(folder, "fit", cases, shared={"name": "fit", "program": PROGRAM, "parameters": start})


def case(name: str, args: dict[str, Any], x: Array, kind: Array, weights: Array, start: dict[str, Array]) -> Case:
    model = keras.Sequential([layers.Input([3]), layers.Dense(3, kernel_regularizer=regularizers.L2(0.01))])
    model.set_weights([start["scores.W"], start["scores.b"]])
    model.compile(
        optimizers.SGD(0.5), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    given = {key: value for key, value in args.items() if key not in ("sample_weight", "validation_data")}
    weigh, held = "sample_weight" in args, args.get("validation_data", 0)
    cut = ROWS - held
    if held:
        given["validation_data"] = (x[cut:], kind[cut:], weights[cut:]) if weigh else (x[cut:], kind[cut:])
    if weigh:
        given["sample_weight"] = weights[:cut]
    history = model.fit(x[:cut], kind[:cut], BATCH, EPOCHS, verbose=0, shuffle=False, **given)
    kernel, bias = model.get_weights()
    if "class_weight" in args:
        args = {**args, "class_weight": {str(key): value for key, value in args["class_weight"].items()}}
    return {
        "id": name,
        "args": args,
        "inputs": {"x": x, "kind": kind, "weights": weights},
        "outputs": {
            **{key: np.array(value) for key, value in history.history.items()},
            "scores.W": kernel,
            "scores.b": bias,
        },
    }


if __name__ == "__main__":
    main()
