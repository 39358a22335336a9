"""What training takes of memory, in nndsl and in PyTorch: the most that a process holds while it trains, in MB.

    python benchmarks/memory.py [--tasks T3 T6] [--only nndsl "PyTorch default"] [--epochs 2] [--out results.json]

The processes, networks and batches are those of `compare.py`. `imported` is what the framework's own code takes before
there is a network. `training` is what the peak has beyond that and the rows of the data, which everybody holds once:
parameters and slots, activations, what the engine keeps for itself, what compiling takes. The bar is 1.3 x PyTorch's.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from compare import ENVIRONMENT, Contender, contenders, results_in
from tasks import TASKS, Task, data

MB = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=["T3", "T4", "T5", "T6"])
    parser.add_argument("--only", nargs="+", default=["nndsl", "PyTorch default"], metavar="WORD")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--python", default=str(ENVIRONMENT / "bin" / "python"), help="PyTorch's interpreter")
    parser.add_argument("--out", type=Path, help="the JSON to write; what else it has is kept")
    arguments = parser.parse_args()
    results = results_in(arguments.out)
    for name in arguments.tasks:
        task = TASKS[name]
        rows = sum(array.nbytes for array in data(task)) / MB
        print(f"{task.name}: {task.title}; {rows:.0f} MB of data\n")
        print(f"  {'':<24}{'peak':>8}{'imported':>10}{'training':>10}{'ratio':>8}")
        found = [
            (one.name, *measured(one, task, arguments.epochs))
            for one in contenders(task, arguments.python)
            if any(word in one.name for word in arguments.only)
        ]
        own = {name: peak - imported - rows for name, imported, peak in found}
        usual = own.get("PyTorch default", float("nan"))
        for name, imported, peak in found:
            print(f"  {name:<24}{peak:>8.0f}{imported:>10.0f}{own[name]:>10.0f}{own[name] / usual:>8.2f}")
        print(flush=True)
        results.setdefault("memory", {})[task.name] = own
        if arguments.out:
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")


def measured(one: Contender, task: Task, epochs: int) -> tuple[float, float]:
    """What the framework's code takes, and the most that is held from then on while it trains."""
    one.start(task)
    try:
        process = Path(f"/proc/{one.process.pid}")
        (process / "clear_refs").write_text("5")  # the peak so far, that of making the data, is forgotten
        one.train(epochs)
        if one.failed:
            raise SystemExit(f"{one.name}: {one.failed}")
        return one.imported / MB, held(process, "VmHWM") / MB
    finally:
        one.stop()


def held(process: Path, what: str) -> int:
    """Bytes of memory that a process holds: `VmRSS` now, `VmHWM` at the most."""
    lines = (process / "status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(what))


if __name__ == "__main__":
    main()
