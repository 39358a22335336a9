"""What `fit` shows while it trains: a line an epoch, or in a notebook a curve that grows."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from nndsl.diagnostics import Failure
from nndsl.errors.commands import BadOption
from nndsl.training.loop import Observer, Trainer
from nndsl.training.results import epoch_line
from nndsl.training.tuning import Tuning


class Lines(Observer):
    """Prints a line after each epoch: `epoch 3/30  loss 0.1234  accuracy 0.97  val_loss …`."""

    epochs = 0

    def start(self, trainer: Trainer) -> None:
        self.epochs = trainer.epochs

    def tuned(self, tuning: Tuning) -> None:
        print(tuning.text(), flush=True)

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        print(epoch_line(epoch, self.epochs, logs), flush=True)

    def stop(self, reason: str) -> None:
        if reason:
            print(f"stopped: {reason}")


def observer_for(verbose: bool | int | str) -> Observer | None:
    """What `verbose` asks for: nothing, lines or a curve; "auto" shows something only where a person is looking on."""
    if verbose not in ("auto", False, True, 2):
        raise Failure(BadOption(None, "verbose", f'it is "auto", False, True or 2 (lines), not {verbose!r}'))
    if verbose is False or verbose == 0:
        return None
    if verbose != 2 and in_notebook():
        from nndsl.notebook import Curve

        return Curve()
    return Lines() if verbose != "auto" or sys.stdout.isatty() else None


def in_notebook() -> bool:
    """Whether this is a kernel, whose outputs are pages."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")
