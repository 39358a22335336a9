"""How long a deep program takes to compile to both backends, by stage, and that twice the layers take twice as long.

    python benchmarks/compile_time.py [--layers 250 500 1000 2000] [--shapes repeat written residual]

Dense layers of 64 with relu and Adam: by `repeat`, one statement each, or each added to its input. Nothing is written
to the disk. The last line is the whole command `nndsl compile` for 1000 layers.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import nndsl
from nndsl.__main__ import GARBAGE
from nndsl.api.options import backend_named

UNITS = 64


def program(shape: str, layers: int) -> str:
    dense = f"dense({UNITS}, activation = relu)"
    if shape == "repeat":
        body = [f"h = x -> {dense} -> repeat {layers - 2} {{ {dense} }}"]
    else:
        step = {"written": "{0} -> {1}", "residual": "{0} + ({0} -> {1})"}[shape]
        names = ["x", *(f"h{i}" for i in range(1, layers - 1)), "h"]
        body = [f"{new} = {step.format(old, dense)}" for old, new in pairwise(names)]
    lines = [f"input x: f32[{UNITS}]", "target y: class[10]", *body, "z = h -> dense(10)"]
    lines += ["loss cross_entropy(z, y)", "output p = softmax(z)"]
    return "model deep {\n  " + "\n  ".join(lines) + "\n}\ntrain { optimizer = adam(0.001) }\n"


def stages(text: str) -> dict[str, float]:
    """Seconds of each stage."""
    found: dict[str, float] = {}

    def timed(name: str, run: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = run()
        found[name] = time.perf_counter() - began
        return result

    net = timed("parse", lambda: nndsl.loads(text))
    timed("check", lambda: net.checked)
    timed("graphs", lambda: net.stages)
    state = timed("state", lambda: net.initial_state())
    for backend in ("onnx", "numpy"):
        timed(backend, lambda name=backend: backend_named(name).artifacts(net.step, state))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--layers", type=int, nargs="+", default=[250, 500, 1000, 2000])
    parser.add_argument("--shapes", nargs="+", default=["repeat", "written", "residual"])
    arguments = parser.parse_args()
    gc.set_threshold(GARBAGE)  # as the command does
    stages(program("repeat", 10))  # imports
    print(f"{'shape':<10}{'layers':>7}" + "".join(f"{name:>9}" for name in (*stages(program("repeat", 10)), "all")))
    for shape in arguments.shapes:
        for layers in arguments.layers:
            gc.collect()
            seconds = [*stages(program(shape, layers)).values()]
            row = "".join(f"{value:9.2f}" for value in (*seconds, sum(seconds)))
            print(f"{shape:<10}{layers:>7}{row}   {1000 * sum(seconds) / layers:.2f} ms a layer", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deep.nn"
        path.write_text(program("written", 1000), encoding="utf-8")
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "nndsl", "compile", str(path)], cwd=folder, check=True, capture_output=True
        )
        print(f"nndsl compile, 1000 layers, with its start and what it writes: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
