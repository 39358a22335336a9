"""Whether anything has become slower: ratios to fixed work in the same run, held against `guard.json`.

    python benchmarks/guard.py              # a report; exit code 1 where a ratio is above its bound
    python benchmarks/guard.py --renew      # write down what is measured now

A ratio moves little from machine to machine and hour to hour, where seconds do not mean anything. Steps are compared
with a step that is written by hand in NumPy (64-32-16-10, Adam, batch 32), compiling with counting words in a
dictionary, a command with Python importing NumPy. Each pair takes turns; a ratio is the median over the rounds. A bound
is 1.3 times what was measured when it was renewed: `--renew` belongs to a change that is slower for a reason, and to
one that is faster.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from compile_time import program, stages
from imports import environment

import nndsl

HERE = Path(__file__).parent
RECORD = HERE / "guard.json"
DIGITS = HERE.parent / "examples" / "digits.nn"
SLACK = 1.3
LAYERS = 150

NETWORK = """model guard {
  input x: f32[64]
  target y: class[10]
  z = x -> dense(32, activation = relu) -> dense(16, activation = relu) -> dense(10)
  loss cross_entropy(z, y)
  output p = softmax(z)
}
train {
  optimizer = adam(0.001)
  batch_size = 32
}
"""

Work = Callable[[], object]


def by_hand() -> Work:
    """Two hundred training steps as one would write them in NumPy."""
    random = np.random.default_rng(0)
    x, y = random.random((32, 64), np.float32), random.integers(0, 10, 32)
    sizes = [64, 32, 16, 10]
    shapes = [shape for a, b in pairwise(sizes) for shape in ((a, b), (b,))]
    parameters = [random.standard_normal(shape).astype(np.float32) * np.float32(0.1) for shape in shapes]
    m, v = [np.zeros_like(p) for p in parameters], [np.zeros_like(p) for p in parameters]
    rate, first, second = np.float32(1e-3), np.float32(0.9), np.float32(0.999)

    def step() -> None:
        values = [x]
        for W, b in zip(parameters[::2], parameters[1::2], strict=True):
            values.append(np.maximum(values[-1] @ W + b, 0) if len(values) < 3 else values[-1] @ W + b)
        e = np.exp(values[-1] - values[-1].max(axis=1, keepdims=True))
        g = e / e.sum(axis=1, keepdims=True)
        g[np.arange(32), y] -= 1
        g /= np.float32(32)
        gradients: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
        for i in (2, 1, 0):
            gradients = [values[i].T @ g, g.sum(axis=0), *gradients]
            g = (g @ parameters[2 * i].T) * (values[i] > 0)
        for p, g, a, b in zip(parameters, gradients, m, v, strict=True):
            a += (1 - first) * (g - a)
            b += (1 - second) * (g * g - b)
            p -= rate * a / (np.sqrt(b) + np.float32(1e-7))

    return lambda: [step() for _ in range(200)]


def by_session(backend: str) -> Work:
    """As many steps of the same network by one of the backends."""
    net = nndsl.loads(NETWORK)
    session = net.session(net.initial_state(), "onnx" if backend == "onnx" else "numpy")
    random = np.random.default_rng(0)
    buffers = session.buffers(32)
    buffers["x"][...] = random.random((32, 64), np.float32)
    buffers["y"][...] = random.integers(0, 10, 32)
    return lambda: [session.train_step(32, step) for step in range(200)]


def counting() -> None:
    """Work of a compiler's kind: small objects, tuples, dictionaries."""
    counts: dict[tuple[str, int], int] = {}
    for i in range(200_000):
        key = (f"word{i % 997}", i % 31)
        counts[key] = counts.get(key, 0) + 1


def process(folder: str, *command: str) -> Work:
    return lambda: subprocess.run(
        [sys.executable, *command], env=environment(folder), cwd=folder, check=True, capture_output=True
    )


def ratio(ours: Work, theirs: Work, rounds: int) -> float:
    """The median of how many times as long `ours` takes, after one round that does not count."""
    found = [_seconds(ours) / _seconds(theirs) for _ in range(rounds + 1)]
    return statistics.median(found[1:])


def _seconds(work: Work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measured(rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        numpy = process(folder, "-c", "import numpy")
        deep = program("written", LAYERS)
        pairs: Mapping[str, tuple[Work, Work]] = {
            "a step on ONNX Runtime / by hand": (by_session("onnx"), by_hand()),
            "a step on NumPy / by hand": (by_session("numpy"), by_hand()),
            f"compiling {LAYERS} layers / counting": (lambda: stages(deep), counting),
            "nndsl --version / import numpy": (process(folder, "-m", "nndsl", "--version"), numpy),
            "nndsl check / import numpy": (process(folder, "-m", "nndsl", "check", str(DIGITS)), numpy),
        }
        return {name: ratio(ours, theirs, rounds) for name, (ours, theirs) in pairs.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--renew", action="store_true", help="write the ratios into guard.json")
    arguments = parser.parse_args()
    now = measured(arguments.rounds)
    if arguments.renew:
        RECORD.write_text(json.dumps({name: round(value, 3) for name, value in now.items()}, indent=1) + "\n")
    then: dict[str, float] = json.loads(RECORD.read_text())
    print(f"{'':<36}{'ratio':>8}{'was':>8}{'bound':>8}")
    for name, value in now.items():
        bound = SLACK * then[name]
        print(f"{name:<36}{value:8.3f}{then[name]:8.3f}{bound:8.3f}{'' if value <= bound else '  slower'}")
    return int(any(value > SLACK * then[name] for name, value in now.items()))


if __name__ == "__main__":
    sys.exit(main())
