"""How long whole processes take that only start: the interpreter, imports, small commands, a generated module.

    python benchmarks/imports.py [--rounds 15]

All in turn, medians of milliseconds. Bytecode is kept, as an installed package has it, in a folder of its own, which
the first round fills.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nndsl

DIGITS = Path(__file__).parent.parent / "examples" / "digits.nn"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        nndsl.load(DIGITS).compile(folder, "numpy")
        field = {
            "python -c pass": ["-c", "pass"],
            "import nndsl": ["-c", "import nndsl"],
            "nndsl --version": ["-m", "nndsl", "--version"],
            "nndsl --help": ["-m", "nndsl", "--help"],
            "import numpy": ["-c", "import numpy"],
            "import of the generated module": ["-c", "import digits"],
            "import nndsl.api": ["-c", "import nndsl.api"],
            "import onnxruntime": ["-c", "import onnxruntime"],
            "import onnx": ["-c", "import onnx"],
            "nndsl check digits.nn": ["-m", "nndsl", "check", str(DIGITS)],
            "nndsl compile digits.nn": ["-m", "nndsl", "compile", str(DIGITS), "--out", str(Path(folder) / "build")],
        }
        times: dict[str, list[float]] = {name: [] for name in field}
        for turn in range(arguments.rounds + 1):
            for name, command in field.items():
                began = time.perf_counter()
                subprocess.run(
                    [sys.executable, *command], env=environment(folder), cwd=folder, check=True, capture_output=True
                )
                if turn:
                    times[name].append(1000 * (time.perf_counter() - began))
    for name, found in times.items():
        print(f"{name:<32}{statistics.median(found):7.0f} ms   least {min(found):5.0f}")


def environment(folder: str) -> dict[str, str]:
    """This process's environment, with bytecode kept in a folder."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode")}


if __name__ == "__main__":
    main()
