"""From a shell to a trained model's file: digits, 30 epochs with validation, whole processes.

    python benchmarks/command.py [--rounds 5] [--out results.json]

Everybody's process in turn, medians of their seconds. nndsl's writes more than the others' (ONNX, NumPy module,
weights, history, checkpoint), but no `history.png`: nobody else draws, so matplotlib is hidden from it. Bytecode is
kept, as installed packages have it, in a folder of its own, which the first round fills.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compare import ENVIRONMENT, results_in
from imports import environment as with_bytecode

HERE = Path(__file__).parent
DIGITS = HERE.parent / "examples" / "digits.nn"


def commands(python: str, folder: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Each contender's command line, and what its environment has besides."""
    start = "import sys; sys.modules['matplotlib'] = None; from nndsl.__main__ import main; main()"
    own = [sys.executable, "-c", start, "train", str(DIGITS), "--quiet", "--set", "train.callbacks=[]"]
    found: dict[str, tuple[list[str], dict[str, str]]] = {
        "nndsl, ONNX Runtime": (own, {}),
        "nndsl, NumPy": ([*own, "--backend", "numpy"], {}),
        "scikit-learn": ([python, str(HERE / "peers" / "sklearn_digits.py")], {}),
    }
    for backend in ("tensorflow", "jax", "torch"):
        script = [python, str(HERE / "peers" / "keras_digits.py")]
        found[f"Keras on {backend}"] = (script, {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=str(ENVIRONMENT / "bin" / "python"), help="the others' interpreter")
    parser.add_argument("--out", type=Path, help="the JSON to add the results to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        field = commands(arguments.python, Path(folder))
        seconds: dict[str, list[float]] = {name: [] for name in field}
        for turn in range(arguments.rounds + 1):
            for name, (command, environment) in field.items():
                out = str(Path(folder) / f"{len(seconds[name])}-{name.replace(' ', '-')}-{turn}")
                last = ["-o", out] if name.startswith("nndsl") else [out]
                began = time.perf_counter()
                environment = {**with_bytecode(folder), **environment}
                subprocess.run([*command, *last], env=environment, cwd=folder, check=True, capture_output=True)
                if turn:  # the first fills the system's caches
                    seconds[name].append(time.perf_counter() - began)
    rows = [
        {"contender": name, "median": statistics.median(times), "least": min(times)} for name, times in seconds.items()
    ]
    for row in rows:
        print(f"{row['contender']:<22}{row['median']:8.2f} s   least {row['least']:6.2f} s")
    if arguments.out:
        results = results_in(arguments.out)
        results["tasks"]["T7"] = {
            "title": "shell to trained model file, digits, 30 epochs, no picture drawn",
            "unit": "s",
            "rounds": arguments.rounds,
            "rows": rows,
        }
        arguments.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
