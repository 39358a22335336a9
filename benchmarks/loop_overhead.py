"""What the training loop adds to a step: `Trainer.run` against the bare session call and batch copy, alternating.

python benchmarks/loop_overhead.py [steps a round] [rounds]

The digits network on batches of 32, no callbacks, no validation, with epochs of 40 steps (its own rows) and of 629
(these sixteen times). Both sides take the same steps over the same rows; the median of the differences is the loop's
own cost, with the shuffle and all that comes at the end of epochs. Times are the thread's own (the network is computed
on one), since other work on a machine moves the clock by more than what is measured. Other work slows the caches down
too: each run of the loop stands between two bare ones, and counts only where these agree to a twentieth.
"""

from __future__ import annotations

import statistics
import sys
import time
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np

import nndsl
from nndsl.codegen.backend import Session
from nndsl.data.dataset import Dataset
from nndsl.model.sections import TrainSection
from nndsl.training.batches import batches_of_epoch, gather
from nndsl.training.loop import Examples, Trainer

PROGRAM = Path(__file__).parent.parent / "examples" / "digits.nn"


def bare(session: Session, data: Dataset, settings: TrainSection, epochs: int) -> float:
    """Seconds a step of nothing but copies and session calls; the rows are drawn beforehand."""
    batches = [rows for epoch in range(epochs) for rows in batches_of_epoch(settings, data.rows, epoch)]
    begin = time.thread_time()
    for number, rows in enumerate(batches):
        gather(session, data, rows)
        session.train_step(len(rows), number)
    return (time.thread_time() - begin) / len(batches)


def looped(net: nndsl.Net, session: Session, data: Dataset, epochs: int) -> float:
    """Seconds a step of a whole run."""
    trainer = Trainer(session, net.step, Examples(data), epochs=epochs)
    begin = time.thread_time()
    trainer.run()
    return (time.thread_time() - begin) / trainer.control.steps


def main(steps: int, rounds: int) -> None:
    net = nndsl.load(PROGRAM)
    few = net.read_data().train
    settings = net.step.train
    print(f"batches of {settings.batch_size}, {rounds} rounds of about {steps} steps; µs a step")
    names: tuple[Literal["onnx", "numpy"], ...] = ("onnx", "numpy")
    for times, backend in product((1, 16), names):
        arrays = {name: np.tile(values[:], (times, *[1] * (values.ndim - 1))) for name, values in few.arrays.items()}
        data = Dataset(arrays, np.arange(few.rows * times))
        epochs = max(1, steps * 32 // data.rows)
        session = net.session(net.initial_state(), backend)
        bare(session, data, settings, 1)
        pairs = []
        for _ in range(rounds):
            before = bare(session, data, settings, epochs)
            whole = looped(net, session, data, epochs)
            after = bare(session, data, settings, epochs)
            if abs(after - before) < before / 20:
                pairs.append(((before + after) / 2, whole))
        if len(pairs) < 2:
            raise SystemExit("the machine is too busy: hardly two bare runs agreed")
        differences = [1e6 * (whole - alone) for alone, whole in pairs]
        alone, whole = (1e6 * statistics.median(times) for times in zip(*pairs, strict=True))
        low, middle, high = statistics.quantiles(differences, n=4)
        print(
            f"{backend:5}  epochs of {-(-data.rows // 32):3}  bare {alone:6.1f}  loop {whole:6.1f}  "
            f"adds {middle:5.1f} (quartiles {low:.1f} to {high:.1f}; {len(pairs)} rounds)"
        )


if __name__ == "__main__":
    main(*map(int, [*sys.argv[1:], *("800", "50")[len(sys.argv) - 1 :]]))
