"""The program of `examples/digits.nn` as a Keras script: from a CSV to a trained model's file. `python … OUT`"""

import sys
from pathlib import Path

import keras
import numpy as np

table = np.loadtxt(
    Path(__file__).parents[2] / "examples" / "data" / "digits.csv", delimiter=",", skiprows=1, dtype=np.float32
)
table = np.random.default_rng(0).permutation(table)
x, y = table[:, :-1], table[:, -1].astype(np.int64)
held = round(0.15 * len(x))
network = keras.Sequential(
    [
        keras.Input((64,)),
        keras.layers.Rescaling(1 / 16),
        keras.layers.Dense(64, "relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(10, "softmax"),
    ]
)
network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
network.fit(
    x[2 * held :],
    y[2 * held :],
    epochs=30,
    batch_size=32,
    validation_data=(x[:held], y[:held]),
    verbose=0,
)
network.evaluate(x[held : 2 * held], y[held : 2 * held], verbose=0)
network.save(sys.argv[1] + ".keras")
