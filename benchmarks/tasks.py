"""The networks that everybody trains: the same layers, data, initial weights, batch and optimizer (Adam, 1e-3).

A task is described by plain values, so that a worker of any framework can build it; this file needs numpy alone.
Shapes are channels last, kernels `[height, width, in, out]`, a dense layer's weights `[in, out]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

Layer = tuple[Any, ...]
"""`("dense", units)`, `("conv", filters, padding)` (3 x 3), `("pool",)` (2 x 2), `("relu",)`, `("flatten",)` or
`("dropout", rate)`."""

LEARNING_RATE = 1e-3
CLASSES = 10


@dataclass(frozen=True)
class Task:
    """A network and how it is trained; the last layer gives the scores of ten classes for cross-entropy."""

    name: str
    title: str
    shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    batch: int
    rows: int
    passes: int
    """Epochs that are timed together, so that a timing takes long enough to be one."""
    warm_up: int = 3
    """Epochs before the losses are compared and time begins to count; of fifty steps at least, in which nndsl finds out
    how its threads should wait."""
    source: str = ""
    """`digits`: the bundled images; else classes that are clouds of points."""

    @property
    def steps(self) -> int:
        """Training steps of an epoch, the short last batch included."""
        return -(-self.rows // self.batch)


def _mlp(*units: int) -> tuple[Layer, ...]:
    hidden = [layer for n in units for layer in (("dense", n), ("relu",))]
    return (*hidden, ("dense", CLASSES))


def _convolutions(*filters: int) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    for n in filters:
        layers += [("conv", n, "same"), ("relu",), ("conv", n, "same"), ("relu",), ("pool",)]
    return tuple(layers)


TASKS = {
    task.name: task
    for task in (
        Task("T1", "digits 64-32-16-10, batch 32", (64,), _mlp(32, 16), 32, 1797, 20, 40, "digits"),
        Task("T2", "digits 64-32-16-10, batch 5", (64,), _mlp(32, 16), 5, 1797, 4, 10, "digits"),
        Task("T3", "784-300-100-10, batch 32", (784,), _mlp(300, 100), 32, 9600, 4),
        Task("T4", "784-1024-1024-10, batch 256", (784,), _mlp(1024, 1024), 256, 7680, 1),
        Task(
            "T5",
            "CIFAR, six convolutions, batch 64",
            (32, 32, 3),
            (*_convolutions(32, 64, 128), ("flatten",), ("dense", 128), ("relu",), ("dense", CLASSES)),
            64,
            960,
            1,
            5,
        ),
        Task(
            "T6",
            "MNIST, two convolutions, batch 128",
            (28, 28, 1),
            (
                *(("conv", 32, "valid"), ("relu",), ("pool",)),
                *(("conv", 64, "valid"), ("relu",), ("pool",)),
                *(("dropout", 0.25), ("flatten",), ("dense", CLASSES)),
            ),
            128,
            3840,
            1,
        ),
    )
}


def data(task: Task) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The examples: float32 `[rows, *shape]` and int64 class indices `[rows]`, the same for everybody."""
    if task.source == "digits":
        path = Path(__file__).parent.parent / "examples" / "data" / "digits.csv"
        table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32)
        return np.ascontiguousarray(table[:, :-1]) / np.float32(16), table[:, -1].astype(np.int64)
    random = np.random.default_rng(0)
    y = random.integers(0, CLASSES, task.rows)
    centres = random.normal(0, 0.35, (CLASSES, *task.shape))
    x = np.maximum(centres[y] + random.normal(0, 1, (task.rows, *task.shape)), 0)
    return x.astype(np.float32), y


def shapes(task: Task) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The shape of what goes into each layer, and of its weights (empty without any)."""
    shape, found = task.shape, []
    for kind, *arguments in task.layers:
        weights: tuple[int, ...] = ()
        before = shape
        if kind == "dense":
            weights = (shape[0], arguments[0])
            shape = (arguments[0],)
        elif kind == "conv":
            weights = (3, 3, shape[2], arguments[0])
            lost = 0 if arguments[1] == "same" else 2
            shape = (shape[0] - lost, shape[1] - lost, arguments[0])
        elif kind == "pool":
            shape = (shape[0] // 2, shape[1] // 2, shape[2])
        elif kind == "flatten":
            shape = (prod(shape),)
        found.append((before, weights))
    return found


def weights(task: Task) -> list[np.ndarray[Any, Any]]:
    """The initial weights, in the order of the layers (Glorot's uniform; biases are 0)."""
    random = np.random.default_rng(1)
    found = []
    for _, shape in shapes(task):
        if shape:
            field = prod(shape[:-2])
            bound = np.sqrt(6 / (field * (shape[-2] + shape[-1])))
            found.append(random.uniform(-bound, bound, shape).astype(np.float32))
    return found


def multiplications(task: Task) -> int:
    """Multiplications of a step: forward, and twice as many backward (but for the first layer's input)."""
    total = 0
    for i, (before, shape) in enumerate(shapes(task)):
        if not shape:
            continue
        places = 1
        if len(shape) == 4:
            lost = 0 if task.layers[i][2] == "same" else 2
            places = (before[0] - lost) * (before[1] - lost)
        total += prod(shape) * places * task.batch * (2 if i == 0 else 3)
    return total


def program(task: Task, data: str = "") -> str:
    """The task in nndsl's language; `data` is the path of an npz with `x` and `y`, if its data are to be in a file."""
    names = {"dense": "dense({})", "conv": "conv2d({}, 3, padding = {})", "pool": "max_pool2d(2)"}
    layers = " -> ".join(names.get(kind, kind + ("({})" if args else "")).format(*args) for kind, *args in task.layers)
    shape = ", ".join(map(str, task.shape))
    section = f'data {{\n  train = npz("{data}")\n}}\n' if data else ""
    return f"""model task {{
  input  x: f32[{shape}]
  target y: class[{CLASSES}]
  scores = x -> {layers}
  output probability = softmax(scores)
  loss   cross_entropy(scores, y)
}}

{section}
train {{
  optimizer  = adam({LEARNING_RATE})
  batch_size = {task.batch}
  epochs     = 1
}}
"""
