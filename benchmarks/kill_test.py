"""SIGKILL at random moments: whenever a run is killed, resuming it ends in the bits of the run that was never killed.

python benchmarks/kill_test.py [kills for each backend] [seed]

A small network with dropout, batch norm, a schedule, accumulation and callbacks writes a checkpoint every few steps, so
that many kills fall into a write. Each run is killed and resumed until it ends, then compared file by file; a second
trainer that is started beside it now and then must be refused. Exits 1 at the first difference.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PROGRAM = """\
model small {
  input x: f32[16]
  target kind: class[3]
  h = x -> normalize -> dense(64, relu, l2 = 1e-4) -> batch_norm -> dropout(0.25)
  scores = h -> dense(3)
  output label = argmax(scores)
  loss cross_entropy(scores, kind)
  metric accuracy(scores, kind)
}
data {
  source = npz("small.npz")
  validation = 500
}
train {
  optimizer = adam(lr = cosine_decay(0.02, steps = 120 * epoch, warmup = epoch))
  epochs = 120
  batch_size = 16
  accumulate = 3
  ema = 0.99
  callbacks = [
    checkpoint(every = 7),
    early_stopping(val_loss, patience = 90, restore_best = true),
    reduce_lr_on_plateau(loss, patience = 3, factor = 0.5, min_delta = 0.01)
  ]
}
"""
SAME = ("weights.safetensors", "weights.npz", "model.onnx", "model.py", "history.csv", "train.log", "run.json")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "nndsl", "train", "--quiet", *arguments]


def main(kills: int, seed: int) -> int:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw = np.random.default_rng(0)
        kind = np.arange(3500) % 3
        np.savez(folder / "small.npz", x=draw.normal(size=(3500, 16)).astype(np.float32) + kind[:, None], kind=kind)
        (folder / "small.nn").write_text(PROGRAM)
        for backend in ("onnx", "numpy"):
            begin = time.perf_counter()
            subprocess.run(command("small.nn", "-o", f"{backend}-whole", "--backend", backend), cwd=folder, check=True)
            lasted = time.perf_counter() - begin
            done = {"kills": 0, "while saving": 0, "refused": 0}
            runs = 0
            while done["kills"] < kills:
                runs += 1
                run = f"{backend}-{runs}"
                kill_until_done(folder, run, backend, lasted, chance, done)
                for file in SAME:
                    if (folder / run / file).read_bytes() != (folder / f"{backend}-whole" / file).read_bytes():
                        print(f"{backend}: {file} of run {runs} differs (seed {seed})")
                        return 1
            print(
                f"{backend}: {runs} runs, {', '.join(f'{number} {what}' for what, number in done.items())}; all alike"
            )
    return 0


def kill_until_done(
    folder: Path, run: str, backend: str, lasted: float, chance: random.Random, done: dict[str, int]
) -> None:
    """Start, kill, resume, kill… until the run has ended by itself."""
    while True:
        known = (folder / run / "checkpoints" / "record.json").exists()
        asked = ("--resume", run) if known else ("small.nn", "-o", run, "--backend", backend)
        if not known and (folder / run).exists():  # killed before it had begun
            subprocess.run(["rm", "-r", run], cwd=folder, check=True)
        process = subprocess.Popen(command(*asked), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait = chance.uniform(0.1, 0.6) * lasted
        if chance.random() < 0.1 and known:
            time.sleep(wait / 2)
            second = subprocess.run(command("--resume", run), cwd=folder, capture_output=True, text=True, check=False)
            done["refused"] += "NN530" in second.stderr
        try:
            _, errors = process.communicate(timeout=wait)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            done["kills"] += 1
            done["while saving"] += any((folder / run).rglob("*.part"))
            continue
        if process.returncode == 0:
            return
        if b"NN530" not in errors:
            raise SystemExit(f"{run} ended with {process.returncode}: {errors.decode()}")


if __name__ == "__main__":
    sys.exit(main(*map(int, [*sys.argv[1:], *("50", "0")[len(sys.argv) - 1 :]])))
