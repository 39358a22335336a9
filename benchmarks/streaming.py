"""Data larger than memory: how much of it a training process holds, and what reading from the disk costs.

python benchmarks/streaming.py speed            an epoch from the disk (page cache warm) and from memory, same batches
python benchmarks/streaming.py memory npy 4e9   peak of `nndsl train` on a file of so many bytes, new and known
python benchmarks/streaming.py memory csv 4e9

Files are made in a temporary folder (`TMPDIR`), which needs half as much again for what is stored of a CSV file.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

import nndsl
from nndsl.codegen.backend import Session
from nndsl.data.cache import FOLDER, Cache
from nndsl.data.dataset import Dataset
from nndsl.data.load import load
from nndsl.data.table import Array
from nndsl.training.batches import batches_of_epoch, gather

MLP = """
model mlp {{
  input  x: f32[{width}]
  target y: class[10]
  logits = x -> dense({hidden}, relu) -> dense(100, relu) -> dense(10)
  output label = argmax(logits)
  loss   cross_entropy(logits, y)
  metric accuracy(logits, y)
}}
data {{
  source = {source}
  validation = 1000
}}
train {{
  optimizer  = adam(1e-3)
  epochs     = 1
  batch_size = 32
}}
"""
WIDTH, HIDDEN = 784, 300
EPOCHS, TURN = 2, 50
CSV_COLUMNS = 30


def write_npy(folder: Path, rows: int, width: int) -> str:
    """Random numbers and classes; gives the program's source."""
    rng = np.random.default_rng(0)
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (rows, width))
    for start in range(0, rows, 10_000):
        x[start : start + 10_000] = rng.random(x[start : start + 10_000].shape, np.float32)
    del x
    np.save(folder / "y.npy", rng.integers(0, 10, rows).astype(np.uint8))
    return 'npy(x = "x.npy", y = "y.npy")'


def write_csv(folder: Path, size: int) -> str:
    """Rows of numbers with six digits and a class; no two are the same."""
    rng = np.random.default_rng(0)
    values = np.abs(rng.normal(size=(100_000, CSV_COLUMNS))).round(6)
    classes = rng.integers(0, 10, len(values))
    lines = [",".join(map(repr, row)) + f",{y}" for row, y in zip(values.tolist(), classes, strict=True)]
    with open(folder / "big.csv", "w") as file:
        file.write(",".join(f"x{i}" for i in range(CSV_COLUMNS)) + ",y\n")
        block = 0
        while file.tell() < size:
            block += 1
            file.write("".join(f"{block}{line}\n" for line in lines))
    return 'csv("big.csv")  x = columns("x*")'


def steps(session: Session, data: Dataset, batches: Iterable[Array], taken: int) -> tuple[float, float, float]:
    """Seconds of the thread's own time for a batch and for its step (other work on the machine is not counted), and the
    last step's loss."""
    batch = step = 0.0
    first = taken
    for rows in batches:
        start = time.thread_time()
        gather(session, data, rows)
        middle = time.thread_time()
        results = session.train_step(len(rows), taken)
        batch, step = batch + middle - start, step + time.thread_time() - middle
        taken += 1
    return batch / (taken - first), step / (taken - first), float(results["loss"])


def speed(folder: Path, rows: int = 60_000) -> None:
    source = write_npy(folder, rows, WIDTH)
    (folder / "mlp.nn").write_text(MLP.format(width=WIDTH, hidden=HIDDEN, source=source))
    net = nndsl.load(folder / "mlp.nn")
    assert isinstance(net, nndsl.Net)
    section, declared = net.declared.data, net.declared.declared
    assert section is not None
    for copied in (False, True):
        cache = Cache(folder / FOLDER, above=0)
        if copied:  # as it is with a CSV file: the numbers are in the cache too
            np.savez(folder / "xy.npz", x=np.load(folder / "x.npy"), y=np.load(folder / "y.npy"))
            (folder / "mlp.nn").write_text(MLP.format(width=WIDTH, hidden=HIDDEN, source='npz("xy.npz")'))
            net = nndsl.load(folder / "mlp.nn")
            assert isinstance(net, nndsl.Net)
            section = net.declared.data
            assert section is not None
        sets = {"memory": load(section, declared).train, "disk": load(section, declared, cache=cache).train}
        net.read_data()
        sessions = {name: net.session(net.initial_state(), "onnx") for name in sets}
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in sets}
        rows = sets["memory"].rows
        for number in range(EPOCHS):
            batches = list(batches_of_epoch(net.step.train, rows, number))
            for first in range(0, len(batches), TURN):  # in turns, so that other work on the machine meets both
                losses = set()
                for name, data in sets.items():
                    batch, step, loss = steps(sessions[name], data, batches[first : first + TURN], first)
                    times[name].append((batch, step))
                    losses.add(loss)
                assert len(losses) == 1, "the same batches give the same loss, to the last bit"
        print("npz, through the cache" if copied else "npy, in place")
        medians = {name: np.median(values, axis=0) * 1e6 for name, values in times.items()}
        for name, (batch, step) in medians.items():
            print(f"  from {name}: {batch:.0f} µs a batch, {step:.0f} µs a step")
        step = float(np.median([step for values in times.values() for _, step in values])) * 1e6  # it is the same work
        ratio = (medians["disk"][0] + step) / (medians["memory"][0] + step)
        print(f"  {ratio:.3f} times (medians of {len(times['disk'])} turns of {TURN} steps)", flush=True)


def memory(folder: Path, kind: str, size: int) -> None:
    width = WIDTH if kind == "npy" else 32 if kind == "narrow" else CSV_COLUMNS
    source = write_csv(folder, size) if kind == "csv" else write_npy(folder, size // (4 * width), width)
    (folder / "mlp.nn").write_text(MLP.format(width=width, hidden=HIDDEN, source=source.replace("  ", "\n  ")))
    for run in ("new", "known"):
        start = time.perf_counter()
        command = [sys.executable, "-m", "nndsl", "train", "mlp.nn", "-o", f"run-{run}", "--quiet"]
        subprocess.run([*command, "--set", "train.steps=1000"], cwd=folder, check=True)
        # The largest of all children up to now: that of the second run is no more than it says.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        print(f"{kind}, {run}: at most {peak / 1e6:.0f} MB, {time.perf_counter() - start:.0f} s", flush=True)


def main(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if arguments[:1] == ["memory"]:
            memory(Path(folder), arguments[1], int(float(arguments[2])))
        else:
            speed(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
