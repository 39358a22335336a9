"""Everybody trains the same networks: microseconds a step in nndsl, PyTorch, JAX, Keras and scikit-learn.

    python benchmarks/compare.py --setup          # once: a virtual environment with the others, some 3 GB
    python benchmarks/compare.py [--tasks T1 T3] [--rounds 7] [--out results.json]

Every contender is a process of its own (`peers/serve.py`), pinned to the same two processors. They start from the same
weights; after some epochs all must have come to the same loss, or their time does not count. Then they take turns in
random order, a few epochs each, so that what else the machine does falls on all of them; a figure is the median over
the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks import TASKS, Task

HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".venv-peers"
PEERS = ("torch==2.13.0", "jax", "keras", "tensorflow", "scikit-learn", "onnx", "onnxscript", "onnxruntime")

REST = 0.3
"""Seconds before each turn: threads of whoever had the last one poll for more work some time longer."""

SAME_LOSS = 0.4
"""How far a contender's loss may be from the median of all, relative to it: they shuffle differently, and where there
is a dropout they drop differently. A network that does not train, or another one, is off by far more."""

NO_LOSS = 1e-3
"""A loss of as little counts as this much: a network that knows its rows by heart is near zero, each in its own way."""


@dataclass
class Contender:
    """A framework and how it is used; `python` runs its worker."""

    name: str
    worker: str
    variant: str
    python: str
    process: Any = None
    version: str = ""
    imported: int = 0
    """What the framework's own code takes of memory, in bytes."""
    parameters: int = 0
    """Numbers that are trained, where a worker tells."""
    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    failed: str = ""

    def start(self, task: Task) -> None:
        command = [self.python, str(HERE / "peers" / f"{self.worker}_worker.py"), task.name, self.variant]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        ready = self._answer()
        self.version, self.imported = ready.get("ready", ""), ready.get("imported", 0)
        self.parameters = ready.get("parameters", 0)

    def train(self, epochs: int) -> tuple[float, float]:
        """Seconds, and the mean loss of the last epoch."""
        if self.failed:
            return float("nan"), float("nan")
        try:
            self.process.stdin.write(f"{epochs}\n")
            self.process.stdin.flush()
        except OSError:
            self._fail()
            return float("nan"), float("nan")
        answer = self._answer()
        return answer.get("seconds", float("nan")), answer.get("loss", float("nan"))

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            self._fail()
            return {}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _fail(self) -> None:
        said = self.process.stderr.read().strip().splitlines()
        self.failed = said[-1] if said else f"exit code {self.process.wait()}"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def contenders(task: Task, python: str) -> list[Contender]:
    """Who takes part in a task; `python` is that of the peers' environment."""
    images = len(task.shape) == 3
    own = [Contender(f"nndsl, {name}", "nndsl", variant, sys.executable) for name, variant in OWN]
    torch = ["default", "fused", "compile", *(["channels_last"] if images else [])]
    others = [
        *(Contender(f"PyTorch {variant.replace('_', ' ')}", "torch", variant, python) for variant in torch),
        Contender("JAX jit", "jax", "jit", python),
        *([] if images else [Contender("JAX scan", "jax", "scan", python)]),  # its convolutions take 28 times as long
        Contender("Keras on TensorFlow", "keras", "tensorflow", python),
        Contender("Keras on JAX", "keras", "jax", python),
    ]
    if not images:
        others.append(Contender("scikit-learn", "sklearn", "adam", python))
    return own + others


OWN = (("ONNX Runtime", "onnx"), ("NumPy", "numpy"))


def measure(task: Task, rounds: int, python: str, only: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a task's table: microseconds a step (median, least), and the loss after the warm-up."""
    field = [one for one in contenders(task, python) if not only or any(word in one.name for word in only)]
    try:
        for one in field:
            print(f"  starting {one.name}", file=sys.stderr, flush=True)
            one.start(task)
            one.losses.append(one.train(task.warm_up)[1])
        for turn in range(rounds):  # in another order each: who follows whom matters more than it should
            for one in random.Random(turn).sample(field, len(field)):
                time.sleep(REST)
                seconds, loss = one.train(task.passes)
                one.seconds.append(seconds)
                one.losses.append(loss)
    finally:
        for one in field:
            if one.process:
                one.stop()
    usual = statistics.median(one.losses[0] for one in field if not one.failed)
    rows = []
    for one in field:
        if not one.failed and abs(one.losses[0] - usual) > SAME_LOSS * max(usual, NO_LOSS):
            one.failed = f"came to a loss of {one.losses[0]:.4f} where the others have {usual:.4f}"
        steps = task.steps * task.passes
        times = [1e6 * seconds / steps for seconds in one.seconds]
        rows.append(
            {
                "contender": one.name,
                "version": one.version,
                "loss": one.losses[0],
                **({"failed": one.failed} if one.failed else {"median": statistics.median(times), "least": min(times)}),
            }
        )
    return rows


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = platform.processor()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), model)
    return {"processor": model, "processors": os.cpu_count(), "python": platform.python_version()}


def results_in(path: Path | None) -> dict[str, Any]:
    """What a JSON file has already, if there is one, to which results on this machine are added."""
    results: dict[str, Any] = json.loads(path.read_text()) if path and path.exists() else {"tasks": {}}
    return {**results, "machine": machine()}


def table(task: Task, rows: list[dict[str, Any]]) -> str:
    """A task's results as text, the fastest first, each beside its ratio to nndsl on ONNX Runtime."""
    own = next((row["median"] for row in rows if row["contender"] == "nndsl, ONNX Runtime" and "median" in row), None)
    lines = [f"{task.name}: {task.title}", ""]
    for row in sorted(rows, key=lambda row: row.get("median", float("inf"))):
        if "failed" in row:
            lines.append(f"  {row['contender']:<24}  {row['failed'][:90]}")
            continue
        ratio = f"{row['median'] / own:6.2f} x" if own else ""
        lines.append(f"  {row['contender']:<24}{row['median']:>12,.0f} µs{row['least']:>12,.0f} µs  {ratio}")
    return "\n".join(lines) + "\n"


def setup() -> None:
    """Make the peers' environment beside this file."""
    subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
    subprocess.run([str(ENVIRONMENT / "bin" / "pip"), "install", "--quiet", *PEERS], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--setup", action="store_true", help="make the others' virtual environment and end")
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="contenders whose names have these words")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--python", default=str(ENVIRONMENT / "bin" / "python"), help="the others' interpreter")
    parser.add_argument("--out", type=Path, help="the JSON to write; tasks that it has already are replaced")
    arguments = parser.parse_args()
    if arguments.setup:
        setup()
        return
    results = results_in(arguments.out)
    for name in arguments.tasks:
        rows = measure(TASKS[name], arguments.rounds, arguments.python, arguments.only)
        print(table(TASKS[name], rows), flush=True)
        results["tasks"][name] = {"title": TASKS[name].title, "rounds": arguments.rounds, "rows": rows}
        if arguments.out:
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
