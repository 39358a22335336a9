"""Writes keras_averages.json: averages of the parameters, as an optimizer with `use_ema` keeps them.

    oracle-env/bin/python tests/oracles/keras_averages.py [folder]

In the format of keras_optimizers.json; `outputs` holds beside each parameter its average, `W.ema` and `b.ema`.
"""

import sys
from pathlib import Path
from typing import Any

from keras_oracle import GRADIENTS, RENAMED, START, STEPS, Array, Case, identifier, write

# keras_oracle sets Keras up, so it comes first
# isort: split
import keras
import numpy as np
from keras import ops, optimizers


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    cases = [
        average_case("sgd", {"lr": 0.01}, optimizers.SGD, {"ema": 0.9}),
        average_case("sgd", {"lr": 0.01, "momentum": 0.9}, optimizers.SGD, {"ema": 0.5, "clip_norm": 1.5}),
        average_case("adam", {}, optimizers.Adam, {"ema": 0.99}),
        average_case("adamw", {"weight_decay": 0.01}, optimizers.AdamW, {"ema": 0.999}),
    ]
    write(folder, "averages", cases, shared={"inputs": GRADIENTS, "parameters": START})


def average_case(name: str, args: dict[str, Any], make: Any, train: dict[str, Any]) -> Case:
    """The parameters and their averages after each step."""
    settings = {RENAMED.get(key, key): value for key, value in (args | train).items() if key != "ema"}
    optimizer = make(use_ema=True, ema_momentum=train["ema"], **settings)
    variables = {key: keras.Variable(value, dtype="float64", name=key) for key, value in START.items()}
    trace: dict[str, list[Array]] = {name: [] for key in variables for name in (key, f"{key}.ema")}
    for step in range(STEPS):
        optimizer.apply([ops.convert_to_tensor(GRADIENTS[key][step]) for key in variables], list(variables.values()))
        for (key, variable), average in zip(variables.items(), optimizer._model_variables_moving_average, strict=True):
            trace[key].append(np.asarray(variable.value))
            trace[f"{key}.ema"].append(np.asarray(average.value))
    return {
        "id": f"{identifier(name, args)} with {identifier('train', train)}",
        "name": name,
        "args": args,
        "train": train,
        "outputs": {key: np.stack(values) for key, values in trace.items()},
    }


if __name__ == "__main__":
    main()
