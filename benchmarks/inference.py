"""Inference of the exported model: microseconds a call at batches of 1 and 1024, everybody with the same weights.

    python benchmarks/inference.py [--tasks T1 T3 T6] [--out results.json]

Every contender is a process of its own, and they take turns in random order, with a rest before each: threads of
whoever had the last one still poll for work. Their probabilities must agree.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from compare import ENVIRONMENT, REST, results_in
from tasks import TASKS, Task, data, program

import nndsl

HERE = Path(__file__).parent
ROUNDS = 15
CALLS = {1: 200, 1024: 10}
"""How often each batch is predicted for one timing."""

NAMES = {
    "nndsl": "nndsl's model.onnx in ONNX Runtime",
    "export": "PyTorch's export in ONNX Runtime",
    "torch": "PyTorch",
    "module": "nndsl's NumPy module",
    "sklearn": "scikit-learn",
}


def train(task: Task, folder: Path) -> None:
    """Fill the folder with what the workers need: an epoch's training and what came of it."""
    x, y = data(task)
    net = nndsl.loads(program(task))
    net.fit(x, y, epochs=1, verbose=False, out=folder)
    (folder / "task").write_text(task.name)
    names = [state.name for state in net.step.parameters]
    (folder / "weights.json").write_text(json.dumps(names))


def measure(task: Task, python: str) -> list[dict[str, Any]]:
    """The rows of a task's table."""
    names = {key: name for key, name in NAMES.items() if len(task.shape) == 1 or key != "sklearn"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        train(task, folder)
        workers = {}
        for key in names:
            command = [python, str(HERE / "peers" / "inference_worker.py"), str(folder), key]
            workers[key] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        try:
            for worker in workers.values():
                ask(worker, None)
            times: dict[tuple[str, int], list[float]] = {}
            first: dict[str, Any] = {}
            for batch, calls in CALLS.items():
                for turn in range(ROUNDS):
                    for key, worker in random.Random(turn).sample([*workers.items()], len(workers)):
                        time.sleep(REST)
                        answer = ask(worker, f"{batch} {calls}")
                        times.setdefault((key, batch), []).append(1e6 * answer["seconds"])
                        first[key] = answer["first"]
        finally:
            for worker in workers.values():
                worker.kill()
                worker.wait()
    for key, probabilities in first.items():
        assert np.allclose(probabilities, first["torch"], atol=1e-4), f"{names[key]} gives other probabilities"
    return [
        {"contender": names[key], "batch": batch, "median": statistics.median(found), "least": min(found)}
        for (key, batch), found in times.items()
    ]


def ask(worker: Any, line: str | None) -> dict[str, Any]:
    """Send a line, if any, and take the answer."""
    if line is not None:
        worker.stdin.write(f"{line}\n")
        worker.stdin.flush()
    said = worker.stdout.readline()
    if not said:
        raise SystemExit(f"{' '.join(worker.args[2:])} ended with {worker.wait()}")
    answer: dict[str, Any] = json.loads(said)
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", nargs="+", choices=["T1", "T3", "T4", "T6"], default=["T1", "T3", "T6"])
    parser.add_argument("--python", default=str(ENVIRONMENT / "bin" / "python"), help="the others' interpreter")
    parser.add_argument("--out", type=Path, help="the JSON to add the results to")
    arguments = parser.parse_args()
    results = results_in(arguments.out)
    for name in arguments.tasks:
        rows = measure(TASKS[name], arguments.python)
        print(f"{name}: {TASKS[name].title}\n")
        for row in rows:
            print(f"  batch {row['batch']:<6}{row['contender']:<38}{row['median']:>12,.1f} µs{row['least']:>12,.1f} µs")
        print()
        results["tasks"][f"T8, {name}"] = {"title": f"inference, {TASKS[name].title}", "rows": rows}
        if arguments.out:
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
