"""How far a training step on ONNX Runtime is from what the machine could do, and what the rest of the time is for.

python benchmarks/floors.py [--tasks T3 T4] [--rounds 5] [--out results.json]

The floor of a step is its multiplications and additions at the rate of a large matrix product on all processors, and
the bytes of its update (parameters and slots read and written, gradients read: 28 for each parameter with Adam) at the
rate of a copy of as many; both are measured in the same run, between the steps. The profile is ONNX Runtime's own, of a
second session, by what a node is for; profiling makes small nodes dearer, so its parts are given as shares.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from compare import results_in
from onnx import TensorProto, helper
from tasks import TASKS, Task, data, multiplications, program

import nndsl
from nndsl.codegen.onnx.choices import Choices

BYTES_OF_UPDATE = 28
SIDE = 1536
"""Of the square matrices whose product is the machine's rate."""

PRODUCTS = {"Gemm", "FusedGemm", "MatMul", "FusedMatMul", "Conv", "FusedConv", "ConvTranspose"}
POOLS = {"MaxPool", "AveragePool", "Resize"}
MOVES = {"Transpose", "Reshape", "Split", "Concat", "Slice", "Pad", "ReorderInput", "ReorderOutput", "Expand", "Gather"}

Timer = Callable[[], float]


def product_rate() -> Timer:
    """Seconds of a product of two square matrices, on all processors."""
    kinds = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [SIDE, SIDE]) for name in "abc"]
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", kinds[:2], kinds[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    binding = session.io_binding()
    for name in "ab":
        binding.bind_cpu_input(name, np.ones((SIDE, SIDE), np.float32))
    binding.bind_output("c")
    return partial(timed, lambda: session.run_with_iobinding(binding))


def copy_rate(moved: int) -> Timer:
    """Seconds of a copy that reads and writes so many bytes together, on one thread or two, whichever is quicker."""
    source, target = np.ones(moved // 8, np.float32), np.ones(moved // 8, np.float32)
    middle = len(source) // 2
    halves = [(target[:middle], source[:middle]), (target[middle:], source[middle:])]
    threads = ThreadPoolExecutor(2)
    alone = partial(np.copyto, target, source)
    return lambda: min(timed(alone), timed(lambda: list(threads.map(lambda pair: np.copyto(*pair), halves))))


def step_of(task: Task) -> Timer:
    """Seconds of a step of the task."""
    session = _session(task, Choices())
    return partial(timed, lambda: session.train_step(task.batch, 0))


def timed(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _session(task: Task, choices: Choices) -> Any:
    net = nndsl.loads(program(task))
    session = net.session(net.initial_state(), "onnx", choices=choices)
    x, y = data(task)
    buffers = session.buffers(task.batch)
    buffers["x"][:], buffers["y"][:] = x[: task.batch], y[: task.batch]
    return session


def profile(task: Task, steps: int) -> dict[str, float]:
    """The share of each purpose in the time of a step's nodes."""
    usual = onnxruntime.SessionOptions
    with tempfile.TemporaryDirectory() as folder:

        def profiled() -> Any:
            options = usual()
            options.enable_profiling = True
            options.profile_file_prefix = str(Path(folder) / "step")
            return options

        onnxruntime.SessionOptions = profiled
        try:
            session = _session(task, Choices(polls=True))
            for _ in range(steps):
                session.train_step(task.batch, 0)
        finally:
            onnxruntime.SessionOptions = usual
        files = [one.end_profiling() for one in session._programs.values()]
        events = [event for file in files for event in json.loads(Path(file).read_text())]
    times: Counter[str] = Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            times[purpose(event["args"]["op_name"], event["name"].removesuffix("_kernel_time"))] += event["dur"]
    whole = sum(times.values())
    return {name: time / whole for name, time in times.most_common()}


def purpose(operator: str, name: str) -> str:
    """What a node is for, by its operator and by what the program calls its output."""
    gradient = name.startswith(("d_", "nndsl.lane.grad."))
    in_lane = name.startswith("nndsl.lane.") and not gradient
    if "/update/" in name or ".next" in name or in_lane or name in ("alpha", "t", "nndsl.lr"):
        return "optimizer"
    if "pool2d" in name or operator in POOLS:
        return "pools and their gradients"
    if "dropout" in name:
        return "dropout"
    phase = "backward" if gradient or "/backward/" in name else "forward"
    if operator in PRODUCTS:
        return f"products {phase}"
    return "copies and layout" if operator in MOVES else f"element-wise and sums {phase}"


def measure(task: Task, rounds: int) -> dict[str, Any]:
    """The task's row: the step, its floors and its profile."""
    parameters = sum(value.size for value in nndsl.loads(program(task)).weights.values())
    flops, moved = 2 * multiplications(task), BYTES_OF_UPDATE * parameters
    timers = {"step": step_of(task), "product": product_rate(), "copy": copy_rate(moved)}
    for timer in timers.values():
        for _ in range(60 if timer is timers["step"] else 3):  # until it is settled how threads wait
            timer()
    times: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(rounds):
        for name, timer in timers.items():
            times[name].append(statistics.median(timer() for _ in range(15)))
    step, product, copy = (min(times[name]) for name in timers)
    rate = 2 * SIDE**3 / product
    return {
        "median": 1e6 * statistics.median(times["step"]),
        "least": 1e6 * step,
        "gflops": rate / 1e9,
        "gbytes": moved / copy / 1e9,
        "compute": 1e6 * flops / rate,
        "memory": 1e6 * copy,
        "profile": profile(task, 30),
    }


def text(name: str, row: dict[str, Any]) -> str:
    floor = row["compute"] + row["memory"]
    lines = [
        f"{name}: {row['least']:,.0f} µs a step at the least, {row['median']:,.0f} in the median; floor {floor:,.0f} "
        f"(products {row['compute']:,.0f} at {row['gflops']:.0f} GFLOP/s, update {row['memory']:,.0f} at "
        f"{row['gbytes']:.0f} GB/s): {row['least'] / floor:.2f} times that"
    ]
    lines += [f"  {share:6.1%}  {part}" for part, share in row["profile"].items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=["T3", "T4", "T5", "T6"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="the JSON to write; what else it has is kept")
    arguments = parser.parse_args()
    results = results_in(arguments.out)
    for name in arguments.tasks:
        row = measure(TASKS[name], arguments.rounds)
        print(text(name, row), flush=True)
        results.setdefault("floors", {})[name] = row
        if arguments.out:
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
