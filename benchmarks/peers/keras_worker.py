"""Keras's `fit`; the variant is its backend: `tensorflow`, `jax` or `torch`."""

from __future__ import annotations

import os
import sys

from serve import THREADS, serve, two_threads

two_threads()
os.environ["KERAS_BACKEND"] = sys.argv[2]
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if sys.argv[2] == "tensorflow":
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(THREADS)
    tensorflow.config.threading.set_inter_op_parallelism_threads(THREADS)

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402
from tasks import LEARNING_RATE, Task, data, weights  # noqa: E402


def build(task: Task, variant: str):
    x, y = data(task)
    made = {
        "dense": layers.Dense,
        "conv": lambda filters, padding: layers.Conv2D(filters, 3, padding=padding),
        "relu": layers.ReLU,
        "pool": lambda: layers.MaxPooling2D(2),
        "flatten": layers.Flatten,
        "dropout": layers.Dropout,
    }
    network = keras.Sequential([keras.Input(task.shape), *(made[kind](*arguments) for kind, *arguments in task.layers)])
    network.set_weights([array for W in weights(task) for array in (W, np.zeros(W.shape[-1], np.float32))])
    network.compile(keras.optimizers.Adam(LEARNING_RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def train(epochs: int) -> float:
        history = network.fit(x, y, batch_size=task.batch, epochs=epochs, verbose=0)
        return float(history.history["loss"][-1])

    return train


serve(build, lambda: f"Keras {keras.__version__} on {keras.backend.backend()}")
