"""nndsl's `fit`; the variant is its backend, `onnx` or `numpy`. One call trains all: it waits in a callback."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import Any

from serve import answer, answers_alone, resident, two_threads

two_threads()

import numpy as np  # noqa: E402
from tasks import TASKS, Task, data, program, weights  # noqa: E402

import nndsl  # noqa: E402

Array = np.ndarray[Any, Any]


class Turns:
    """Answers after the epochs it was asked for, and waits for the next."""

    def __init__(self) -> None:
        self.out = answers_alone()
        self.left = 0
        self.began = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float]) -> None:
        if self.left:
            return
        line = sys.stdin.readline()
        if not line.strip():
            raise nndsl.StopTraining("there is nothing more to do")
        self.left, self.began = int(line), time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.left -= 1
        if not self.left:
            answer(self.out, seconds=time.perf_counter() - self.began, loss=logs["loss"])


def main(task: Task, backend: str) -> None:
    import_module(f"nndsl.codegen.{backend}.session")  # it would be when it is needed, and is to count as imported
    imported = resident()
    x, y = data(task)
    net = nndsl.loads(program(task))
    given = iter(weights(task))
    for name, value in net.weights.items():
        net.weights[name] = next(given) if name.endswith(".W") else np.zeros_like(value)
    fit(net, x, y, backend, imported=imported)


def fit(net: nndsl.Net, x: Array, y: Array, backend: str, **ready: object) -> None:
    """Say that all is ready, and train in turns."""
    turns = Turns()
    answer(turns.out, ready=f"nndsl {nndsl.__version__}", **ready)
    net.fit(x, y, epochs=10**9, backend=backend, callbacks=[turns], verbose=False)


if __name__ == "__main__":
    main(TASKS[sys.argv[1]], sys.argv[2])
