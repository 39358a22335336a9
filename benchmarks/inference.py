"""Inference of the exported model: microseconds a call at batches of 1 and 1024, everybody with the same weights.

python benchmarks/inference.py [--tasks T1 T3 T6] [--out results.json]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from compare import ENVIRONMENT, machine
from tasks import TASKS, Task, data, program

import nndsl

HERE = Path(__file__).parent


def measure(task: Task, python: str) -> list[dict[str, Any]]:
    """Train nndsl's network for an epoch, and let the worker time what came of it beside the others'."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        x, y = data(task)
        np.savez(folder / "data.npz", x=x, y=y)
        (folder / "task.nn").write_text(program(task, "data.npz"))
        net = nndsl.load(folder / "task.nn")
        assert isinstance(net, nndsl.Net)
        run = net.train(folder / "run", picture=False)
        (folder / "run" / "task").write_text(task.name)
        names = [state.name for state in run.net.step.parameters]
        (folder / "run" / "weights.json").write_text(json.dumps(names))
        worker = [python, str(HERE / "peers" / "inference_worker.py"), str(folder / "run")]
        said = subprocess.run(worker, capture_output=True, text=True)
        if said.returncode:
            raise SystemExit(said.stderr)
        rows: list[dict[str, Any]] = json.loads(said.stdout.splitlines()[-1])
        return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", nargs="+", choices=["T1", "T3", "T4", "T6"], default=["T1", "T3", "T6"])
    parser.add_argument("--python", default=str(ENVIRONMENT / "bin" / "python"), help="the others' interpreter")
    parser.add_argument("--out", type=Path, help="the JSON to add the results to")
    arguments = parser.parse_args()
    results: dict[str, Any] = {"tasks": {}}
    if arguments.out and arguments.out.exists():
        results = json.loads(arguments.out.read_text())
    results["machine"] = machine()
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
