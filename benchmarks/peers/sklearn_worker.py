"""scikit-learn's MLPClassifier; `partial_fit` trains one epoch."""

from __future__ import annotations

from serve import serve, two_threads

two_threads()

import numpy as np  # noqa: E402
import sklearn  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402
from tasks import CLASSES, LEARNING_RATE, Task, data, weights  # noqa: E402


def build(task: Task, variant: str):
    x, y = data(task)
    units = [arguments[0] for kind, *arguments in task.layers if kind == "dense"][:-1]
    network = MLPClassifier(
        units, alpha=0, batch_size=task.batch, learning_rate_init=LEARNING_RATE, random_state=0, shuffle=True
    )
    network.partial_fit(x[: task.batch], y[: task.batch], classes=np.arange(CLASSES))
    for own, given in zip(network.coefs_, weights(task), strict=True):
        own[...] = given
    for own in network.intercepts_:
        own[...] = 0
    network._optimizer.t = 0
    for slot in (*network._optimizer.ms, *network._optimizer.vs):
        slot[...] = 0

    def train(epochs: int) -> float:
        for _ in range(epochs):
            network.partial_fit(x, y)
        return float(network.loss_)

    return train


serve(build, lambda: f"scikit-learn {sklearn.__version__}")
