"""A program with everything that a step can hold, and ways to stop its training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

import nndsl
from nndsl.training.loop import Observer, StopTraining

PROGRAM = """\
model small {
  input x: f32[4]
  target kind: class[3]
  h = x -> normalize -> dense(8, relu, l2 = 1e-4) -> batch_norm -> dropout(0.25)
  scores = h -> dense(3)
  output label = argmax(scores)
  loss cross_entropy(scores, kind)
  metric accuracy(scores, kind)
  metric confusion_matrix(scores, kind)
}
data {
  source = npz("small.npz")
  validation = 12
}
train {
  optimizer = adam(lr = cosine_decay(0.02, steps = 5 * epoch, warmup = epoch))
  epochs = 5
  batch_size = 8
  clip_norm = 1
  callbacks = [
    early_stopping(val_loss, patience = 3, restore_best = true),
    reduce_lr_on_plateau(loss, patience = 0, factor = 0.5, min_delta = 0.2)
  ]
}
"""
"""60 rows: 48 to train on, 6 batches an epoch, the last one whole."""

SHARES = PROGRAM.replace("batch_size = 8", "batch_size = 7\n  accumulate = 3\n  ema = 0.9")
"""Seven batches an epoch, the last one short; updates take 3, 3 and 1 of them."""


def write_program(folder: Path, text: str = PROGRAM) -> Path:
    random = np.random.default_rng(0)
    kind = np.arange(60) % 3
    np.savez(folder / "small.npz", x=random.normal(size=(60, 4)).astype(np.float32) + kind[:, None], kind=kind)
    (folder / "small.nn").write_text(text)
    return folder / "small.nn"


def net_of(path: Path, **settings: object) -> nndsl.Net:
    return nndsl.load(path, set={f"train.{name}": value for name, value in settings.items()})


class Stop(Observer):
    """An observer that ends training after a batch of an epoch (both from 0), or after the epoch (batch None)."""

    def __init__(self, epoch: int, batch: int | None):
        self.place = epoch, batch

    def batch(self, epoch: int, batch: int, loss: float) -> None:
        if (epoch, batch) == self.place:
            raise StopTraining("asked to")

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        if (epoch, None) == self.place:
            raise StopTraining("asked to")


RESULTS = ("weights.safetensors", "weights.npz", "model.onnx", "model.py", "history.csv", "train.log", "run.json")


def assert_same_run(one: Path, two: Path) -> None:
    """The two runs ended alike, byte by byte, with the same last checkpoint."""
    for name in RESULTS:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    last = [sorted((run / "checkpoints").glob("*.safetensors"))[-1] for run in (one, two)]
    assert last[0].name == last[1].name
    assert last[0].read_bytes() == last[1].read_bytes()
